// SPDX-License-Identifier: BSL-1.0
// What becomes of writes while a needed follower is missing: they wait, fail, or are acknowledged by fewer. And the
// stage `applied`, at which a holder counts only once it shows the write.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>

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
