// SPDX-License-Identifier: BSL-1.0
// What a node does of its own accord, and how long it waits before: the wish to lead again. How soon a leader may
// lengthen its log by itself is in roster_tables.cpp.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/promote/return_to_lead.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

BOOST_AUTO_TEST_SUITE(own_accord)

namespace {

using namespace replicator;
using namespace replicator::core;
using Parts = support::PartsOf<>;
using Limits = Parts::Limits;
using Return = ReturnToLead<Parts>;
constexpr Duration moment{1};

/// How long node 1 of three waits; nodes behind it wait longer.
constexpr Duration first_wait = Limits::failure_timeout;

}  // namespace

BOOST_AUTO_TEST_CASE(a_restarted_leader_asks_at_once_and_again_until_somebody_leads) {
    support::OneNode<Parts> node;
    Return wish;
    BOOST_TEST(!wish.due(node.self));
    wish.begin_at_once();
    BOOST_TEST(wish.due(node.self));
    BOOST_TEST(!wish.due(node.self));
    node.pass({first_wait.microseconds - 1});
    BOOST_TEST(!wish.due(node.self));
    node.pass(moment);
    BOOST_TEST(wish.due(node.self));
    node.self.leader = NodeId{2};
    node.pass(first_wait);
    BOOST_TEST(!wish.due(node.self));
    // From then on it is over.
    node.self.leader = NodeId{};
    node.pass(first_wait);
    BOOST_TEST(!wish.due(node.self));
    wish.begin_at_once();
    wish.end();
    BOOST_TEST(!wish.due(node.self));
    wish.begin_at_once();
    node.self.role = Role::leader;
    BOOST_TEST(!wish.due(node.self));
}

BOOST_AUTO_TEST_CASE(a_fenced_leader_waits_and_each_node_a_little_longer_than_the_one_before) {
    for (const std::uint32_t number : {1u, 2u, 3u}) {
        support::OneNode<Parts> node;
        node.self.id = NodeId{number};
        Return wish;
        wish.begin(node.self);
        const std::uint64_t wait = first_wait.microseconds + (number - 1) * Limits::retry_interval.microseconds;
        node.pass({wait - 1});
        BOOST_TEST(!wish.due(node.self));
        node.pass(moment);
        BOOST_TEST(wish.due(node.self));
        node.pass({wait - 1});
        BOOST_TEST(!wish.due(node.self));
        // A node that was away itself counts from its return.
        node.pass(milliseconds(5000));
        wish.was_absent(node.self);
        node.pass({wait - 1});
        BOOST_TEST(!wish.due(node.self));
        node.pass(moment);
        BOOST_TEST(wish.due(node.self));
    }
    // Unless it just came back from its disk.
    support::OneNode<Parts> node;
    Return wish;
    wish.begin_at_once();
    wish.was_absent(node.self);
    BOOST_TEST(wish.due(node.self));
}

BOOST_AUTO_TEST_SUITE_END()
