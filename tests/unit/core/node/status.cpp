// SPDX-License-Identifier: BSL-1.0
// What a node shows of itself and of its peers.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(statuses)

namespace {

using namespace replicator;
using support::one;
using support::pass;
using support::three;
using support::two;

PeerStatus peer_of(support::SemiSync& group, std::size_t node, NodeId peer) {
    const auto status = group.at(node).status();
    for (const PeerStatus& each : status.peers()) {
        if (each.node == peer) return each;
    }
    BOOST_FAIL("no such peer");
    return {};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_leader_shows_what_its_followers_acknowledged) {
    support::SemiSync group(3);
    for (std::uint64_t i = 0; i < 3; ++i) group.write(i);
    pass(group, 100);
    auto status = group.at(1).status();
    const Index last = group.at(1).last().index;
    BOOST_TEST((status.node == one && status.role == Role::leader && status.leader == one));
    BOOST_TEST((status.fault == Error::none && status.history == HistoryId{77}));
    BOOST_TEST((status.epoch == group.at(1).last().epoch && status.promised == status.epoch));
    BOOST_TEST((status.first == Index{1} && status.last == last && status.committed == last));
    BOOST_TEST((status.acknowledged == last && status.applied == last && status.suspect_from == Index{}));
    BOOST_TEST((status.writes_pending == 0u && !status.oldest_pending));
    BOOST_TEST((status.satisfiable && status.confirmed && !status.handing_over && !status.installing));
    BOOST_TEST((status.promotion == PromotionStep::none));
    BOOST_TEST((!status.durable && !status.state));  // it has no disk
    BOOST_REQUIRE(status.peers().size() == 2u);
    // Entry 1 opens the epoch, two entries admit the others, one gives the seat.
    BOOST_TEST(status.log_bytes == entry_bytes(core::epoch_start_bytes(3)) + 2 * entry_bytes(core::AdmitBody::bytes) +
                                       entry_bytes(core::SeatBody::bytes) + 3 * 16);

    group.network.cut(one, three);
    group.network.cut(one, two);
    group.write(4);
    pass(group, 20);
    status = group.at(1).status();
    BOOST_TEST((status.writes_pending == 1u && status.acknowledged == last));
    BOOST_REQUIRE(status.oldest_pending);
    BOOST_TEST((*status.oldest_pending == milliseconds(20)));
    BOOST_TEST(!status.satisfiable);
}

BOOST_AUTO_TEST_CASE(a_follower_shows_its_leader_and_vouches_for_nothing) {
    support::SemiSync group(3);
    group.write(1);
    pass(group, 100);
    const auto status = group.at(2).status();
    BOOST_TEST((status.node == two && status.role == Role::follower && status.leader == one));
    BOOST_TEST((status.epoch == group.at(1).last().epoch && status.history == HistoryId{77}));
    BOOST_TEST((status.last == group.at(1).last().index && status.committed == status.last));
    BOOST_TEST((status.acknowledged == Index{} && !status.confirmed && !status.satisfiable));
    BOOST_TEST((status.writes_pending == 0u && !status.oldest_pending && !status.handing_over));
    const PeerStatus leader = peer_of(group, 2, one);
    BOOST_TEST((leader.connected && leader.refusal == Error::none && leader.blank == false));
    BOOST_TEST(bool(leader.silence));
    // What only a leader knows is not shown.
    BOOST_TEST((!leader.received && !leader.applied && !leader.lag_entries && !leader.lag_bytes && !leader.lag_time));
    BOOST_TEST((leader.state == FollowerState::down && !leader.counts && !leader.seat && !leader.stuck));
    BOOST_TEST(!peer_of(group, 2, three).connected);  // followers need no link
}

BOOST_AUTO_TEST_CASE(how_a_follower_lags_is_shown_while_its_link_holds) {
    support::SemiSync group(3);
    group.write(1);
    pass(group, 100);
    PeerStatus peer = peer_of(group, 1, two);
    BOOST_TEST((peer.connected && peer.counts && peer.seat && !peer.stuck && peer.state == FollowerState::streaming));
    BOOST_TEST((peer.received == group.at(1).last().index && peer.lag_entries == 0u && peer.lag_bytes == 0u));
    BOOST_TEST(!peer.durable);
    BOOST_TEST((!peer.bytes_to_loss && peer.snapshots == 0u && peer.snapshots_in_vain == 0u));
    BOOST_TEST(peer.snapshot_bytes == 0u);
    BOOST_TEST(!peer_of(group, 1, three).seat);
    // The follower says nothing for a while.
    const Index before = group.at(1).last().index;
    group.network.run();
    const Index applied = *peer_of(group, 1, two).applied;
    BOOST_TEST(applied == before);
    const Duration lag = *peer.lag_time;
    group.network.loses = [](const support::Frame& frame) { return frame.from == two; };
    for (std::uint64_t i = 0; i < 3; ++i) group.write(i);
    pass(group, 200);
    peer = peer_of(group, 1, two);
    BOOST_TEST((peer.received == before && peer.lag_entries == 3u && peer.lag_bytes == 48u));
    BOOST_TEST(peer.silence->microseconds >= 200'000u);
    BOOST_TEST(peer.lag_time->microseconds >= lag.microseconds + 200'000u - 50'000u);
    pass(group, 400);
    peer = peer_of(group, 1, two);
    BOOST_TEST((!peer.connected && !peer.received && !peer.applied));
    BOOST_TEST((!peer.lag_entries && !peer.lag_bytes && !peer.lag_time));
    BOOST_TEST((peer.state == FollowerState::down && !peer.seat));
    BOOST_TEST(peer_of(group, 1, three).seat);
}

BOOST_AUTO_TEST_CASE(a_peer_that_is_refused_is_shown_so_until_it_links) {
    support::Sync group(2);
    core::Hello hello;
    group.network.loses = [&hello](const support::Frame& frame) {
        if (frame.type() == core::FrameType::hello && frame.from == two) hello = core::read_hello(frame.bytes.data());
        return false;
    };
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.run();
    group.network.loses = nullptr;
    hello.group = GroupId{9};
    BOOST_TEST(bool(group.at(1).receive(two, support::hello_frame(hello))));
    // The link that stands is not touched.
    BOOST_TEST((group.at(1).status().peers()[0].refusal == Error::wrong_group));
    BOOST_TEST((group.at(1).status().peers()[0].state == FollowerState::streaming));
    group.network.cut(one, two);
    BOOST_TEST((group.at(1).status().peers()[0].state == FollowerState::refused));
    group.network.join(one, two);
    pass(group, 200);
    BOOST_TEST((group.at(1).status().peers()[0].state == FollowerState::streaming));
    BOOST_TEST((group.at(1).status().peers()[0].refusal == Error::none));
}

BOOST_AUTO_TEST_CASE(a_promotion_and_a_hand_over_are_shown_while_they_last) {
    support::Async group(3);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    BOOST_TEST(group.at(1).status().handing_over);
    BOOST_REQUIRE(group.at(3).promote());
    BOOST_TEST((group.at(3).status().promotion == PromotionStep::asking));
    BOOST_TEST((group.at(3).promotion().missing_count == 2u && group.at(3).promotion().heard == 1u));
    BOOST_TEST((group.at(2).promotion().missing_count == 0u));
    group.network.queue.clear();
}

BOOST_AUTO_TEST_CASE(a_state_under_way_is_shown_on_both_sides) {
    support::AsyncTexts group(2);
    group.network.cut(one, two);
    const std::vector<std::byte> piece(100, std::byte{'x'});
    for (int i = 0; i < 40; ++i) BOOST_REQUIRE(group.at(1).write(piece));
    group.network.join(one, two);
    std::size_t pieces = 0;
    group.network.loses = [&pieces](const support::Frame& frame) {
        return frame.type() == core::FrameType::snapshot_piece && ++pieces > 5;
    };
    group.network.run();
    BOOST_TEST(group.at(2).status().installing);
    const PeerStatus peer = group.at(1).status().peers()[0];
    BOOST_TEST((peer.state == FollowerState::snapshot));
    BOOST_TEST((peer.snapshots == 1u && peer.snapshot_bytes == 5 * support::Small::snapshot_piece_bytes_max));
    BOOST_TEST((!peer.received && !peer.lag_entries && !peer.lag_time));
    BOOST_TEST(group.at(1).status().first > Index{1});
    group.network.loses = nullptr;
    pass(group, 2000);
    BOOST_TEST(!group.at(2).status().installing);
    BOOST_TEST(group.at(2).status().first > Index{1});
}

BOOST_AUTO_TEST_CASE(a_node_that_failed_says_why) {
    support::Sync group(2);
    testing::Inspect::inside(group.at(1)).self().fail(Error::log_failed);
    BOOST_TEST((group.at(1).status().role == Role::faulted && group.at(1).status().fault == Error::log_failed));
    BOOST_TEST(group.events_of(1).count("fault") == 1u);
    BOOST_TEST(group.events_of(1).lines.back() == "role faulted 1");
    // The first reason stands.
    testing::Inspect::inside(group.at(1)).self().fail(Error::diverged);
    BOOST_TEST((group.at(1).status().fault == Error::log_failed));
    BOOST_TEST(group.events_of(1).count("fault") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
