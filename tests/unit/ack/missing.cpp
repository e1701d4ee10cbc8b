// SPDX-License-Identifier: BSL-1.0
// What becomes of writes while a needed follower is missing: they wait, fail, or are acknowledged by fewer. And the
// stage `applied`, at which a holder counts only once it shows the write.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

using namespace replicator;
using namespace support;

BOOST_AUTO_TEST_SUITE(missing_followers)

namespace {

constexpr AskedStage as_log{};

using Fails = Cluster<Node<ack::Sync<as_log, WhenMissing::fail>>>;
using Degrades = Cluster<Node<ack::Sync<as_log, WhenMissing::degrade>>>;
using SemiSyncDegrades = Cluster<Node<ack::SemiSync<as_log, WhenMissing::degrade>>>;
using Applied = Cluster<Node<ack::Sync<Stage::applied>>>;

}  // namespace

BOOST_AUTO_TEST_CASE(writes_wait_and_say_since_when) {
    Sync group(3);
    group.network.cut(one, three);
    const Ticket ticket = group.write(1);
    group.network.advance(milliseconds(1000), milliseconds(10));
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    const auto status = group.at(1).status();
    BOOST_TEST(!status.satisfiable);
    BOOST_TEST(status.writes_pending == 1u);
    BOOST_REQUIRE(status.oldest_pending);
    BOOST_TEST(status.oldest_pending->microseconds == 1'000'000u);
    group.network.join(one, three);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(!group.at(1).status().oldest_pending);
}

BOOST_AUTO_TEST_CASE(writes_fail_and_those_under_way_are_unknown) {
    Fails group(2);
    const Ticket first = group.write(1);
    group.network.settle();
    const Ticket second = group.write(2);
    group.network.cut(one, two);
    BOOST_TEST((group.at(1).outcome(first).state == WriteState::acknowledged));
    BOOST_TEST((group.at(1).outcome(second).state == WriteState::unknown));
    const Position last = group.at(1).last();
    BOOST_TEST(group.at(1).write({3}).error() == Error::not_enough_followers);
    BOOST_TEST((group.at(1).last() == last));
    group.network.join(one, two);
    group.network.settle();
    const Ticket third = group.write(4);
    group.network.settle();
    BOOST_TEST(group.acknowledged(third));
    BOOST_TEST((group.at(1).state() == group.at(2).state()));
}

BOOST_AUTO_TEST_CASE(writes_are_acknowledged_by_fewer_and_the_acknowledgement_says_so) {
    Degrades group(3);
    const Ticket whole = group.write(1);
    group.network.settle();
    BOOST_TEST(!group.at(1).outcome(whole).acknowledgement.degraded);
    BOOST_TEST(group.at(1).outcome(whole).acknowledgement.holders == 3u);
    group.network.cut(one, three);
    const Ticket fewer = group.write(2);
    BOOST_TEST(!group.acknowledged(fewer));  // the other one is there, and is waited for
    group.network.settle();
    BOOST_TEST(group.acknowledged(fewer));
    BOOST_TEST(group.at(1).outcome(fewer).acknowledgement.degraded);
    BOOST_TEST(group.at(1).outcome(fewer).acknowledgement.holders == 2u);
    group.network.cut(one, two);
    const Ticket alone = group.write(3);
    BOOST_TEST(group.acknowledged(alone));
    BOOST_TEST(group.at(1).outcome(alone).acknowledgement.holders == 1u);
    using Ack = ack::Sync<as_log, WhenMissing::degrade>;
    BOOST_TEST(Node<Ack>::guarantee(3).holders == 1u);
    // When all are back, all hold it again.
    group.network.join(one, two);
    group.network.join(one, three);
    group.network.settle();
    BOOST_TEST(group.at(1).outcome(alone).acknowledgement.holders == 3u);
    BOOST_TEST(!group.at(1).outcome(alone).acknowledgement.degraded);
}

BOOST_AUTO_TEST_CASE(semi_sync_degrades_only_when_nobody_can_take_the_seat) {
    SemiSyncDegrades group(3);
    group.network.cut(one, two);
    const Ticket replaced = group.write(1);
    BOOST_TEST(!group.acknowledged(replaced));
    group.network.settle();
    BOOST_TEST(group.acknowledged(replaced));
    BOOST_TEST(group.at(1).outcome(replaced).acknowledgement.holders == 2u);
    group.network.cut(one, three);
    const Ticket alone = group.write(2);
    BOOST_TEST(group.acknowledged(alone));
    BOOST_TEST(group.at(1).outcome(alone).acknowledgement.degraded);
    group.network.join(one, three);
    group.network.settle();
    BOOST_TEST(!group.at(1).outcome(alone).acknowledgement.degraded);
}

namespace {

using SemiSyncFails = Cluster<Node<ack::SemiSync<as_log, WhenMissing::fail>>>;
using MajorityDegrades = Cluster<Node<ack::Majority<as_log, WhenMissing::degrade>>>;
using MajorityFails = Cluster<Node<ack::Majority<as_log, WhenMissing::fail>>>;

/// From now on these nodes answer and hold no more than they do.
template <class Group>
void stick(Group& group, std::vector<NodeId> nodes) {
    group.network.loses = [nodes](const Frame& frame) {
        return std::find(nodes.begin(), nodes.end(), frame.to) != nodes.end() &&
               frame.type() == core::FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
}
template <class Group>
void unstick(Group& group) {
    group.network.loses = nullptr;
    pass(group, 150);
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_stuck_is_missing_and_writes_fail) {
    Fails group(3);
    stick(group, {two});
    const Ticket ticket = group.write(1);
    pass(group, 450);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    BOOST_TEST(group.at(1).status().satisfiable);
    pass(group, 100);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::unknown));
    BOOST_TEST(!group.at(1).status().satisfiable);
    BOOST_TEST(group.at(1).write({2}).error() == Error::not_enough_followers);
    unstick(group);
    BOOST_TEST(group.at(1).status().satisfiable);
    const Ticket later = group.write(3);
    group.network.settle();
    BOOST_TEST(group.acknowledged(later));
}

BOOST_AUTO_TEST_CASE(who_is_stuck_is_missing_and_writes_are_acknowledged_by_fewer) {
    Degrades group(3);
    stick(group, {two});
    const Ticket ticket = group.write(1);
    pass(group, 450);
    BOOST_TEST(!group.acknowledged(ticket));
    pass(group, 100);
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.degraded);
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.holders == 2u);
    // At once, while it is stuck; and it is waited for again once it moves.
    const Ticket next = group.write(2);
    group.network.settle();
    BOOST_TEST(group.acknowledged(next));
    unstick(group);
    BOOST_TEST(!group.at(1).outcome(next).acknowledgement.degraded);
    group.network.cut_one_way(two, one);
    const Ticket waits = group.write(3);
    group.network.settle();
    BOOST_TEST(!group.acknowledged(waits));
}

BOOST_AUTO_TEST_CASE(a_quorum_misses_only_who_it_needs) {
    MajorityFails fails(3);
    stick(fails, {two});
    fails.write(1);
    pass(fails, 1000);
    BOOST_TEST(fails.at(1).status().satisfiable);
    stick(fails, {two, three});
    const Ticket ticket = fails.write(2);
    pass(fails, 600);
    BOOST_TEST(!fails.at(1).status().satisfiable);
    BOOST_TEST((fails.at(1).outcome(ticket).state == WriteState::unknown));

    MajorityDegrades degrades(3);
    stick(degrades, {two, three});
    const Ticket alone = degrades.write(1);
    pass(degrades, 450);
    BOOST_TEST(!degrades.acknowledged(alone));
    pass(degrades, 100);
    BOOST_TEST(degrades.acknowledged(alone));
    BOOST_TEST(degrades.at(1).outcome(alone).acknowledgement.holders == 1u);
}

BOOST_AUTO_TEST_CASE(semi_sync_misses_its_only_follower_when_it_is_stuck) {
    SemiSyncFails fails(2);
    stick(fails, {two});
    const Ticket ticket = fails.write(1);
    pass(fails, 450);
    BOOST_TEST(fails.at(1).status().satisfiable);
    pass(fails, 100);
    BOOST_TEST(!fails.at(1).status().satisfiable);
    BOOST_TEST((fails.at(1).outcome(ticket).state == WriteState::unknown));
    BOOST_TEST(fails.at(1).write({2}).error() == Error::not_enough_followers);
    BOOST_TEST(fails.at(1).status().peers()[0].connected);
    unstick(fails);
    fails.write(3);

    SemiSyncDegrades degrades(2);
    stick(degrades, {two});
    const Ticket alone = degrades.write(1);
    pass(degrades, 600);
    BOOST_TEST(degrades.acknowledged(alone));
    BOOST_TEST(degrades.at(1).outcome(alone).acknowledgement.degraded);
    unstick(degrades);
    BOOST_TEST(!degrades.at(1).outcome(alone).acknowledgement.degraded);
}

BOOST_AUTO_TEST_CASE(at_stage_applied_the_stage_beneath_shows_who_is_stuck) {
    // Node 3 cannot apply what node 2 keeps from being committed, and is not stuck.
    Cluster<Node<ack::SemiSync<Stage::applied>>> group(3);
    stick(group, {two});
    const Ticket ticket = group.write(1);
    pass(group, 600);
    const auto status = group.at(1).status();
    BOOST_TEST(status.peers()[0].stuck);
    BOOST_TEST(!status.peers()[1].stuck);
    BOOST_TEST(status.peers()[1].seat);
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(without_anybody_to_wait_for_a_stuck_node_is_only_shown) {
    Async group(2);
    stick(group, {two});
    const Ticket ticket = group.write(1);
    pass(group, 600);
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(group.at(1).status().satisfiable);
    BOOST_TEST(group.at(1).status().peers()[0].stuck);
    unstick(group);
    BOOST_TEST(!group.at(1).status().peers()[0].stuck);
}

BOOST_AUTO_TEST_CASE(a_loss_bound_refuses_writes_that_no_follower_would_hold) {
    Cluster<Node<ack::Async<as_log, 4>>> group(3);
    group.network.cut(one, two);
    group.network.cut(one, three);
    for (std::uint64_t i = 0; i < 4; ++i) BOOST_TEST(group.acknowledged(group.write(i)));
    const Position last = group.at(1).last();
    BOOST_TEST(group.at(1).write({9}).error() == Error::not_enough_followers);
    BOOST_TEST((group.at(1).last() == last));
    // One follower is enough.
    group.network.join(one, three);
    group.network.settle();
    for (std::uint64_t i = 0; i < 4; ++i) group.write(i);
    BOOST_TEST(group.at(1).write({9}).error() == Error::not_enough_followers);
    group.network.settle();
    group.write(1);
}

BOOST_AUTO_TEST_CASE(at_stage_applied_a_write_is_acknowledged_when_all_show_it) {
    Applied group(2);
    for (std::uint64_t round = 0; round < 5; ++round) {
        const Ticket ticket = group.write(round);
        for (group.network.collect(); !group.network.queue.empty(); group.network.collect()) {
            const Frame frame = group.network.queue.front();
            group.network.queue.pop_front();
            group.network.deliver(frame);
            if (group.acknowledged(ticket)) BOOST_TEST(group.at(2).applied() >= ticket.position.index);
        }
        // No time had to pass.
        BOOST_TEST(group.acknowledged(ticket));
        BOOST_TEST((group.at(1).outcome(ticket).acknowledgement.stage == Stage::applied));
    }
    BOOST_TEST(bool(group.at(2).read(group.at(1).last())));
}

BOOST_AUTO_TEST_SUITE_END()
