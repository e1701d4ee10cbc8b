// SPDX-License-Identifier: BSL-1.0
// A leader that stops in order: what it answered is held elsewhere, and somebody else leads, or it is said what was
// missing.

#include "support/cluster.hpp"

#include <replicator/api/drain.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

namespace {

constexpr Duration patience = milliseconds(5000);

/// Lets time go by until the drain of node 1 has ended; how long that took.
template <class Group>
std::uint64_t drained_after(Group& group) {
    std::uint64_t passed = 0;
    for (; passed <= 20'000; passed += 10) {
        const DrainStep step = group.at(1).drain_status().step;
        if (step == DrainStep::done || step == DrainStep::late) break;
        pass(group, 10);
    }
    return passed;
}

/// The node that leads, other than node 1.
template <class Group>
std::size_t new_leader(Group& group) {
    std::size_t leader = 0;
    for (std::size_t i = 2; i <= group.nodes.size(); ++i) {
        if (group.nodes[i - 1] && group.at(i).role() == Role::leader) leader = i;
    }
    return leader;
}

/// Writes that are answered, and some on the way; then node 1 drains and ends, and its copy with it.
template <class Group>
void stop_in_order(std::size_t nodes) {
    Group group(nodes);
    pass(group, 500);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    std::vector<Ticket> tickets;
    for (std::uint64_t i = 11; i <= 20; ++i) tickets.push_back(group.write(i));
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::none));
    BOOST_REQUIRE(group.at(1).drain(patience));
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::draining));
    BOOST_TEST(group.at(1).write({1}).error() == Error::handing_over);
    BOOST_TEST(group.at(1).status().handing_over);
    BOOST_TEST(group.at(1).drain(patience).error() == Error::handing_over);
    BOOST_TEST(group.at(1).hand_over(two).error() == Error::handing_over);
    BOOST_TEST(drained_after(group) <= 1000u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    BOOST_TEST(group.at(1).drain_status().error == Error::none);
    for (const Ticket& ticket : tickets) {
        BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
    }
    const std::size_t leader = new_leader(group);
    BOOST_TEST_REQUIRE(leader != 0u);
    BOOST_TEST(group.at(1).drain_status().successor == Group::id(leader));
    BOOST_TEST(group.at(1).leader() == Group::id(leader));
    BOOST_TEST((group.at(leader).state() == sum_of(group.written)));

    group.stop(1);
    pass(group, 1000);
    BOOST_TEST(group.at(leader).role() == Role::leader);
    BOOST_TEST((group.at(leader).state() == sum_of(group.written)));
}

/// Node 1 answers what no follower has: the followers are behind a line that carries nothing for a while.
void lag(Async& group) {
    pass(group, 500);
    group.network.cut(one, two);
    group.network.cut(one, three);
    for (std::uint64_t i = 1; i <= 20; ++i) BOOST_REQUIRE(group.acknowledged(group.write(i)));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(drain_scenarios)

BOOST_AUTO_TEST_CASE(each_policy_stops_without_a_loss) {
    for (const std::size_t nodes : {2u, 3u, 5u}) {
        BOOST_TEST_CONTEXT(nodes << " nodes") {
            stop_in_order<Async>(nodes);
            stop_in_order<SemiSync>(nodes);
            stop_in_order<Cluster<Node<ack::Quorum<2>>>>(nodes);
            stop_in_order<Majority>(nodes);
            stop_in_order<Sync>(nodes);
        }
    }
}

BOOST_AUTO_TEST_CASE(what_only_the_leader_held_is_waited_for) {
    Async group(3);
    lag(group);
    BOOST_REQUIRE(group.at(1).drain(patience));
    pass(group, 800);
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::draining));
    group.network.join(one, three);
    BOOST_TEST(drained_after(group) <= 1000u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    group.stop(1);
    pass(group, 1000);
    BOOST_TEST(group.at(3).role() == Role::leader);
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(it_hands_over_to_whoever_holds_everything) {
    Async group(3);
    pass(group, 500);
    group.network.cut(one, two);
    for (std::uint64_t i = 1; i <= 20; ++i) group.write(i);
    BOOST_REQUIRE(group.at(1).drain(patience));
    drained_after(group);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    BOOST_TEST(group.at(1).leader() == three);
}

BOOST_AUTO_TEST_CASE(when_the_deadline_comes_first_it_says_so_and_leads_on) {
    Async group(3);
    lag(group);
    // They are heard, and take nothing.
    group.network.join(one, two);
    group.network.join(one, three);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::append; };
    BOOST_REQUIRE(group.at(1).drain(milliseconds(1500)));
    const std::uint64_t took = drained_after(group);
    BOOST_TEST(took >= 1000u);
    BOOST_TEST(took <= 1600u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::late));
    BOOST_TEST(group.at(1).drain_status().error != Error::none);
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST(!group.at(1).status().handing_over);
    group.write(21);
    // And again, when it can be done.
    group.network.loses = nullptr;
    BOOST_REQUIRE(group.at(1).drain(patience));
    drained_after(group);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    BOOST_TEST((group.at(new_leader(group)).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(nobody_is_waited_for_when_everybody_is_gone) {
    SemiSync group(3);
    group.write(1);
    pass(group, 500);
    group.stop(2);
    group.stop(3);
    BOOST_REQUIRE(group.at(1).drain(patience));
    BOOST_TEST(drained_after(group) <= 1100u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::late));
    BOOST_TEST(group.at(1).drain_status().error == Error::not_enough_followers);
}

BOOST_AUTO_TEST_CASE(a_successor_that_dies_before_it_was_told_is_replaced) {
    SemiSync group(3);
    group.write(1);
    pass(group, 500);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::hand_over; };
    BOOST_REQUIRE(group.at(1).drain(patience));
    group.network.settle();
    const NodeId first = group.at(1).drain_status().successor;
    BOOST_TEST_REQUIRE(first != NodeId{});
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::handing_over));
    group.stop(value(first));
    group.network.loses = nullptr;
    BOOST_TEST(drained_after(group) <= 3000u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    BOOST_TEST(group.at(1).leader() == SemiSync::id(5 - value(first)));
}

BOOST_AUTO_TEST_CASE(a_successor_that_does_not_lead_gives_way_to_the_other) {
    SemiSync group(3);
    group.write(1);
    pass(group, 500);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::hand_over && frame.to == two; };
    BOOST_REQUIRE(group.at(1).drain(patience));
    BOOST_TEST(drained_after(group) <= 3000u);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::done));
    BOOST_TEST(group.at(1).leader() == three);
}

BOOST_AUTO_TEST_CASE(a_leader_that_was_fenced_while_it_drained_asks_to_lead_only_after_that) {
    SemiSync group(3);
    group.write(1);
    pass(group, 500);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::promise_reply; };
    BOOST_REQUIRE(group.at(1).drain(patience));
    group.network.settle();
    BOOST_TEST(group.at(1).role() == Role::follower);
    const NodeId dead = group.at(1).drain_status().successor;
    group.stop(value(dead));
    group.network.loses = nullptr;
    pass(group, 4500);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST((group.at(1).promotion().step == PromotionStep::none));
    drained_after(group);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::late));
    BOOST_TEST(group.at(1).drain_status().error == Error::nodes_missing);
    pass(group, 3000);
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST(group.at(1).confirmed());
}

BOOST_AUTO_TEST_CASE(one_that_was_fenced_before_anybody_had_everything_says_so) {
    Async group(3);
    lag(group);
    // They are heard, and take nothing.
    group.network.join(one, two);
    group.network.join(one, three);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::append; };
    BOOST_REQUIRE(group.at(1).drain(milliseconds(2500)));
    pass(group, 500);
    // A person does not wait for that, and the candidate dies before it has what is missing.
    BOOST_REQUIRE(group.at(2).promote());
    group.network.settle();
    BOOST_TEST(group.at(1).role() == Role::follower);
    group.stop(2);
    drained_after(group);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::late));
    BOOST_TEST(group.at(1).drain_status().successor == NodeId{});
    // Not that nothing is lost.
    BOOST_TEST(group.at(1).drain_status().error == Error::busy);
}

BOOST_AUTO_TEST_CASE(a_policy_that_lacks_a_follower_is_not_waited_for) {
    Sync group(3);
    group.write(1);
    pass(group, 500);
    group.stop(3);
    const Ticket ticket = group.write(2);
    BOOST_REQUIRE(group.at(1).drain(patience));
    BOOST_TEST(drained_after(group) <= 5100u);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::unknown));
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(2).last().index >= ticket.position.index);
}

BOOST_AUTO_TEST_CASE(two_that_drain_do_not_pass_the_lead_to_and_fro) {
    Sync group(3);
    group.write(1);
    pass(group, 500);
    // Nothing is committed without it, so neither drain is done.
    group.stop(3);
    BOOST_REQUIRE(group.at(1).drain(patience));
    for (std::size_t i = 0; i < 200 && group.at(2).role() != Role::leader; ++i) pass(group, 10);
    BOOST_TEST(group.at(2).role() == Role::leader);
    const Epoch epoch = group.at(2).last().epoch;
    BOOST_REQUIRE(group.at(2).drain(patience));
    drained_after(group);
    pass(group, 5000);
    BOOST_TEST((group.at(2).drain_status().step == DrainStep::late));
    BOOST_TEST(group.at(2).last().epoch == epoch);
}

BOOST_AUTO_TEST_CASE(only_a_leader_drains) {
    SemiSync group(3);
    BOOST_TEST(group.at(2).drain(patience).error() == Error::not_leader);
    BOOST_TEST((group.at(2).drain_status().step == DrainStep::none));
}

BOOST_AUTO_TEST_SUITE_END()
