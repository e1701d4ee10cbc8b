// SPDX-License-Identifier: BSL-1.0
// A leader that gives way, step by step: what it sends at once, whom it remembers to have tried, and what its word is
// worth.

#include "support/cluster.hpp"

#include <replicator/api/drain.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>

BOOST_AUTO_TEST_SUITE(draining)

namespace {

using namespace replicator;
using core::FrameType;
using support::one;
using support::pass;
using support::three;
using support::two;

constexpr Duration patience = milliseconds(5000);

}  // namespace

BOOST_AUTO_TEST_CASE(who_was_tried_last_is_remembered_while_nobody_can_be_tried) {
    support::Majority group(3);
    pass(group, 100);
    group.network.loses = [](const support::Frame& frame) { return frame.type() == FrameType::hand_over; };
    BOOST_REQUIRE(group.at(1).drain(patience));
    group.network.run();
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::handing_over));
    const NodeId tried = group.at(1).drain_status().successor;
    BOOST_REQUIRE(tried != NodeId{});
    // Both go away, so that the hand-over ends and nobody takes its place.
    group.network.cut(one, two);
    group.network.cut(one, three);
    pass(group, 100);
    BOOST_TEST(group.at(1).drain_status().successor == tried);
}

// Fenced by a successor that dies, and the first thing that it is told after that is that its time is over.
BOOST_AUTO_TEST_CASE(a_leader_that_was_fenced_while_it_drained_asks_to_lead_however_late_it_is_told_the_time) {
    support::Majority group(3);
    pass(group, 100);
    group.network.loses = [](const support::Frame& frame) { return frame.type() == FrameType::promise_reply; };
    BOOST_REQUIRE(group.at(1).drain(milliseconds(200)));
    group.network.run();
    BOOST_REQUIRE(group.at(1).role() == Role::follower);
    group.stop(value(group.at(1).drain_status().successor));
    group.network.loses = nullptr;
    group.network.tick(milliseconds(240));
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::late));
    pass(group, 3000);
    BOOST_TEST(group.at(1).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(who_takes_over_with_the_word_of_its_leader_need_not_hear_the_others) {
    support::Async group(3);  // else all three would be heard
    group.write(1);
    pass(group, 100);
    group.stop(3);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    pass(group, 100);
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(2).promotion().missing_count == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
