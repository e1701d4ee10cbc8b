// SPDX-License-Identifier: BSL-1.0
// Where a call may apply only so much, what is committed at once is applied in portions: in order, all of it, by
// leaders and followers, and the transport is asked for the calls that go on.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <utility>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(portions)

namespace {

constexpr std::uint64_t entries_per_call = 3;

struct InPortions : support::Small {
    static constexpr std::size_t apply_bytes_per_call = entries_per_call * support::write_bytes;
};

template <class Ack>
using Group = support::Cluster<support::Node<Ack, support::Sum, log::Ring<4096>, InPortions>>;

/// What the node applied since `before`.
template <class Node>
std::uint64_t applied_since(const Node& node, std::uint64_t& before) {
    return node.applied().value - std::exchange(before, node.applied().value);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_leader_that_commits_alone_applies_no_more_until_the_next_call) {
    Group<ack::Async<>> group(2);
    group.network.flushes = false;
    auto& leader = group.at(1);
    std::uint64_t before = leader.applied().value;
    Ticket last;
    group.network.tick(milliseconds(1));
    for (std::uint64_t i = 0; i < 10; ++i) last = group.write(i);
    BOOST_TEST(leader.commit() == leader.last().index);
    BOOST_TEST(applied_since(leader, before) == entries_per_call);
    BOOST_TEST((leader.outcome(last).state == WriteState::pending));
    group.network.flush();
    BOOST_TEST(applied_since(leader, before) == entries_per_call);
    group.network.tick(milliseconds(1));
    BOOST_TEST(applied_since(leader, before) == entries_per_call);
    group.network.flush();
    BOOST_TEST(applied_since(leader, before) == 1u);
    BOOST_TEST((leader.outcome(last).state == WriteState::acknowledged));
    BOOST_TEST(leader.outcome(last).result_kept);
    group.network.flush();
    BOOST_TEST(applied_since(leader, before) == 0u);
    group.network.flushes = true;
    group.network.settle();
    support::expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(a_follower_does_so_too_and_needs_no_word_from_the_leader) {
    Group<ack::Sync<>> group(2);
    group.network.settle();
    group.network.flushes = false;
    auto& follower = group.at(2);
    std::uint64_t before = follower.applied().value;
    for (std::uint64_t i = 0; i < 20; ++i) group.write(i);
    std::uint64_t most = 0;
    for (int i = 0; i < 100 && follower.commit() < group.at(1).last().index; ++i) {
        while (group.network.run_some(1)) most = std::max(most, applied_since(follower, before));
        group.network.tick(milliseconds(1));
        most = std::max(most, applied_since(follower, before));
    }
    BOOST_TEST(most == entries_per_call);
    BOOST_TEST(follower.commit() == group.at(1).last().index);
    BOOST_TEST(follower.applied() < follower.commit());
    support::isolate(group, 2);
    for (bool flushes = true; follower.applied() < follower.commit(); flushes = !flushes) {
        flushes ? group.network.flush() : group.network.tick(milliseconds(1));
        const std::uint64_t applied = applied_since(follower, before);
        BOOST_TEST_REQUIRE(applied > 0u);
        BOOST_TEST_REQUIRE(applied <= entries_per_call);
    }
    BOOST_TEST(follower.state().count == 20u);
}

BOOST_AUTO_TEST_CASE(a_policy_that_waits_for_apply_is_told_of_every_portion) {
    Group<ack::Sync<Stage::applied>> group(3);
    group.network.settle();
    Ticket last;
    for (std::uint64_t i = 0; i < 20; ++i) last = group.write(i);
    // Less than a heartbeat interval goes by.
    group.network.advance(milliseconds(20));
    BOOST_TEST(group.acknowledged(last));
    support::expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(a_transport_that_is_asked_for_nothing_gets_there_with_ticks) {
    Group<ack::Majority<>> group(3);
    group.network.settle();
    group.network.flushes = false;
    Ticket last;
    for (std::uint64_t i = 0; i < 20; ++i) last = group.write(i);
    support::pass(group, 300);
    BOOST_TEST(group.acknowledged(last));
    support::expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(whoever_leads_next_goes_on_with_what_is_left) {
    Group<ack::Majority<>> group(3);
    group.network.settle();
    for (std::uint64_t i = 0; i < 20; ++i) group.write(i);
    group.network.flushes = false;
    group.network.run();
    support::isolate(group, 1);
    group.network.flushes = true;
    support::promote(group, 2);
    BOOST_TEST(group.at(2).state().count == 20u);
    support::join_all(group);
    support::pass(group, 1000);
    support::expect_all_equal(group);
}

BOOST_AUTO_TEST_SUITE_END()
