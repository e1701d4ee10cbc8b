// SPDX-License-Identifier: BSL-1.0
// Nodes over a log that counts its places from another point after each reset, and at times gives nothing.

#include "support/cluster.hpp"
#include "support/history.hpp"
#include "support/odd_log.hpp"
#include "support/one_leader.hpp"

#include <replicator/core/follow/follower.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>

BOOST_AUTO_TEST_SUITE(odd_logs)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::two;

using Odd = support::Odd<log::Ring<4096>>;
using Parts =
    Composition<support::Sum, codec::Raw<support::Sum::Command>, Odd, ack::SemiSync<>, support::Small, NoObserver>;
using Group = support::Cluster<support::Node<ack::Majority<>, support::Sum, Odd>>;

Odd& log_of(Group& group, std::size_t number) {
    return support::log_of(testing::Inspect::inside(group.at(number)).self());
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_history_begins_wherever_a_log_counts_its_places_from) {
    Group group(3);
    for (std::uint64_t i = 1; i <= 30; ++i) group.write(i);
    group.network.settle();
    support::pass(group, 100);
    support::expect_all_equal(group);
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(who_cannot_read_its_log_for_a_moment_answers_a_candidate_later) {
    Group group(3);
    BOOST_REQUIRE(group.at(2).promote());
    group.network.collect();
    for (const support::Frame& frame : std::exchange(group.network.queue, {})) {
        if (frame.type() == FrameType::promise_request) group.network.inject(frame);
    }
    support::Bytes buffer(4096);
    log_of(group, 3).stalls = true;
    BOOST_TEST(group.at(3).transmit(two, buffer) == 0u);
    log_of(group, 3).stalls = false;
    BOOST_TEST(group.at(3).transmit(two, buffer) > 0u);
    BOOST_TEST((load_header(buffer.data()).type == FrameType::promise_reply));
    group.network.woken_twice = group.network.not_woken = 0;  // the test took these frames past the network
}

BOOST_AUTO_TEST_CASE(entries_that_cannot_be_compared_for_a_moment_are_taken_when_they_come_again) {
    support::OneNode<Parts> leader;
    leader.open_epoch(1);
    leader.write(4);
    support::OneNode<Parts> node;
    node.self.epoch = node.self.promised = support::epoch_of(1);
    Follower<Parts> follower;
    const auto begin = [&] {
        Append append;
        append.previous_chain = leader.self.log().base().chain;
        append.count = 5;
        return follower.begin_append(node.self, append);
    };
    const EntryRun run = leader.self.log().read(leader.self.log().begin());
    BOOST_REQUIRE(run.count == 5u);
    const auto feed = [&] { return follower.entries(node.self, node.applier, run.bytes, true); };
    follower.linked({});
    BOOST_REQUIRE((begin() && feed() == Error::none));
    // On the next link all of them are here already.
    follower.linked({});
    BOOST_REQUIRE(begin());
    support::log_of(node.self).stalls = true;
    BOOST_TEST(feed() == Error::none);
    BOOST_TEST((node.self.role == Role::follower));
    BOOST_TEST(follower.make_ack(node.self, node.applier).received == Index{});
    support::log_of(node.self).stalls = false;
    BOOST_REQUIRE(begin());
    BOOST_TEST(feed() == Error::none);
    BOOST_TEST(follower.make_ack(node.self, node.applier).received == Index{5});
}

BOOST_AUTO_TEST_CASE(a_leader_that_cannot_tell_where_to_go_on_behind_a_state_finds_out_later) {
    support::one_leader::LeaderOf<Parts> leading;
    leading.begin_streaming();
    leading.write(3);
    leading.drop_through(8);
    BOOST_REQUIRE(leading.transmit() > 0u);
    Progress& follower = leading.follower();
    BOOST_REQUIRE((follower.state() == FollowerState::snapshot));
    Ack begun = leading.an_ack(5);
    begun.snapshot = SnapshotOffset{follower.snapshot.id, 0};
    leading.take(begun);
    BOOST_REQUIRE(follower.snapshot.begun);
    leading.write(1);
    support::log_of(leading.self).stalls = true;
    leading.ack(8);
    BOOST_TEST((follower.state() == FollowerState::snapshot));
    support::log_of(leading.self).stalls = false;
    leading.ack(8);
    BOOST_TEST((follower.state() == FollowerState::catching_up));
    BOOST_TEST((follower.previous == at(1, 8)));
    BOOST_TEST(leading.entries() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
