// SPDX-License-Identifier: BSL-1.0
// When a leader that gives up its place tells a follower to lead, as a table, and how a drain ends.

#include "support/parts.hpp"
#include "support/progress.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/core/promote/drain.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

BOOST_AUTO_TEST_SUITE(giving_way)

namespace {

using namespace replicator;
using namespace replicator::core;
using Parts = support::PartsOf<ack::Async<>>;

/// Node 1 leads, with five entries. Nodes 2 and 3 follow, and hold all of them.
struct Leading : support::OneNode<Parts> {
    Leading() {
        open_epoch(1);
        write(4);
        self.role = Role::leader;
        for (std::size_t i = 0; i < peers.size(); ++i) {
            peers[i].id = NodeId{static_cast<std::uint32_t>(i + 2)};
            support::set_state(peers[i].progress, FollowerState::streaming);
            peers[i].progress.counts = true;
            peers[i].progress.received = Index{5};
        }
    }
    bool review(bool is_awaited = false) { return giving.review(self, peers, is_awaited); }
    bool tells(std::size_t place) const { return peers[place].hand_over_owed; }

    std::array<Peer, 2> peers{};
    GivingWay<Parts> giving;
};

struct Case {
    const char* what;
    FollowerState state;
    bool counts;
    bool stuck;
    std::uint64_t received;
    bool is_awaited;
    bool is_told;      // to lead
    bool is_given_up;  // the hand-over
};
constexpr std::array cases{
    Case{"it holds everything", FollowerState::streaming, true, false, 5, false, true, false},
    Case{"a write is awaited", FollowerState::streaming, true, false, 5, true, false, false},
    Case{"it lacks an entry", FollowerState::streaming, true, false, 4, false, false, false},
    Case{"it lacks an entry, and a write is awaited", FollowerState::streaming, true, false, 4, true, false, false},
    Case{"its link is gone", FollowerState::down, true, false, 5, false, false, true},
    Case{"it catches up again", FollowerState::catching_up, true, false, 5, false, false, true},
    Case{"it does not count any more", FollowerState::streaming, false, false, 5, false, false, true},
    Case{"it stands still", FollowerState::streaming, true, true, 5, false, false, true},
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_successor_is_told_to_lead_when_nothing_is_missing_and_no_write_awaited) {
    for (const Case& each : cases) {
        BOOST_TEST_CONTEXT(each.what) {
            Leading node;
            BOOST_REQUIRE(node.giving.hand_over(node.self, node.peers, NodeId{2}));
            Progress& follower = node.peers[0].progress;
            support::set_state(follower, each.state);
            follower.counts = each.counts;
            follower.stuck = each.stuck;
            follower.received = Index{each.received};
            BOOST_TEST(!node.review(each.is_awaited));
            BOOST_TEST(node.tells(0) == each.is_told);
            BOOST_TEST(!node.tells(1));
            BOOST_TEST((node.self.successor == NodeId{}) == each.is_given_up);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_drain_takes_whoever_would_be_told_to_lead) {
    for (const Case& each : cases) {
        BOOST_TEST_CONTEXT(each.what) {
            Leading node;
            node.peers[1].progress = Progress{};
            BOOST_REQUIRE(node.giving.drain(node.self, node.peers, milliseconds(500)));
            Progress& follower = node.peers[0].progress;
            support::set_state(follower, each.state);
            follower.counts = each.counts;
            follower.stuck = each.stuck;
            follower.received = Index{each.received};
            BOOST_TEST(!node.review(each.is_awaited));
            BOOST_TEST(node.tells(0) == each.is_told);
            BOOST_TEST((node.self.successor == NodeId{2}) == each.is_told);
            BOOST_TEST(node.self.draining);
        }
    }
}

BOOST_AUTO_TEST_CASE(only_a_leader_gives_way_and_once_at_a_time) {
    Leading node;
    BOOST_TEST((node.giving.hand_over(node.self, node.peers, NodeId{9}).error() == Error::not_enough_followers));
    node.self.role = Role::follower;
    BOOST_TEST((node.giving.hand_over(node.self, node.peers, NodeId{2}).error() == Error::not_leader));
    BOOST_TEST((node.giving.drain(node.self, node.peers, milliseconds(500)).error() == Error::not_leader));
    node.self.role = Role::leader;
    BOOST_REQUIRE(node.giving.hand_over(node.self, node.peers, NodeId{2}));
    BOOST_TEST((node.giving.hand_over(node.self, node.peers, NodeId{3}).error() == Error::handing_over));
    BOOST_REQUIRE(node.giving.drain(node.self, node.peers, milliseconds(500)));
    BOOST_TEST((node.giving.drain(node.self, node.peers, milliseconds(500)).error() == Error::handing_over));
}

BOOST_AUTO_TEST_CASE(a_drain_that_ends_without_a_leader_says_so) {
    for (const NodeId leader : {NodeId{}, NodeId{2}}) {
        Leading node;
        BOOST_REQUIRE(node.giving.drain(node.self, node.peers, milliseconds(500)));
        node.self.role = Role::follower;
        node.self.leader = leader;
        BOOST_TEST(!node.review());
        BOOST_TEST(node.self.draining);
        node.pass(milliseconds(500));
        BOOST_TEST(node.review() == (leader == NodeId{}));
        BOOST_TEST(!node.self.draining);
    }
}

BOOST_AUTO_TEST_SUITE_END()
