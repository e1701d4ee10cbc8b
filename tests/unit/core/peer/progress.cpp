// SPDX-License-Identifier: BSL-1.0
// The states of a follower, as its leader sees them: each change is told once, whatever brings it about.

#include "support/cluster.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/core/peer/progress.hpp>
#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(progress_of_followers)

namespace {

using namespace replicator;
using namespace replicator::core;
using Lines = std::vector<std::string>;

/// A follower, and what is told of it.
struct Watched {
    auto tell() {
        return [this](FollowerState state) { told.emplace_back(to_string(state)); };
    }
    Lines news() { return std::exchange(told, {}); }

    Progress follower;
    Lines told;
};

constexpr Position nothing{};

}  // namespace

BOOST_AUTO_TEST_CASE(each_change_is_told_and_what_changes_nothing_is_not) {
    Watched watched;
    Progress& follower = watched.follower;
    follower.down(watched.tell());
    BOOST_TEST((watched.news() == Lines{}));
    follower.begin(Incarnation{22}, nothing, Index{}, watched.tell());
    BOOST_TEST((watched.news() == Lines{}));
    follower.probe(watched.tell());
    follower.probe(watched.tell());
    BOOST_TEST((watched.news() == Lines{"probing"}));
    follower.catch_up(watched.tell());
    follower.stream(watched.tell());
    follower.stream(watched.tell());
    BOOST_TEST((watched.news() == Lines{"catching up", "streaming"}));
    follower.need_state(Index{}, nothing, Instant{}, Duration{}, watched.tell());
    BOOST_TEST((watched.news() == Lines{"snapshot"}));
    follower.down(watched.tell());
    BOOST_TEST((watched.news() == Lines{"down"}));
}

BOOST_AUTO_TEST_CASE(a_link_that_begins_anew_ends_the_one_before) {
    Watched watched;
    Progress& follower = watched.follower;
    follower.begin(Incarnation{22}, nothing, Index{}, watched.tell());
    follower.stream(watched.tell());
    follower.lost_seat = true;
    follower.in_flight.sent(Index{5}, 40);
    follower.received = Index{4};
    watched.news();
    follower.begin(Incarnation{22}, {{1, NodeId{1}, 1}, Index{7}}, Index{4}, watched.tell());
    BOOST_TEST((watched.news() == Lines{"down"}));
    BOOST_TEST((follower.state() == FollowerState::down && follower.in_flight.empty()));
    BOOST_TEST((follower.received == Index{} && follower.vouched == Index{4}));
    BOOST_TEST((follower.lost_seat && follower.began_with.index == Index{7}));
}

BOOST_AUTO_TEST_CASE(an_epoch_that_ends_forgets_the_follower_and_says_so) {
    Watched watched;
    watched.follower.stream(watched.tell());
    watched.follower.counts = true;
    watched.news();
    watched.follower.forget(watched.tell());
    BOOST_TEST((watched.news() == Lines{"down"}));
    BOOST_TEST(!watched.follower.counts);
}

// Who gives way to a higher epoch does not see its followers any more.
BOOST_AUTO_TEST_CASE(a_leader_that_steps_down_tells_of_each_follower) {
    support::Cluster<support::Node<ack::Majority<>>> group(3);
    group.write(1);
    group.network.settle();
    auto& told = group.events_of(1);
    told.lines.clear();
    BOOST_REQUIRE(group.at(2).promote());
    group.network.settle();
    BOOST_REQUIRE((group.at(2).role() == Role::leader && group.at(1).role() == Role::follower));
    BOOST_TEST(told.count("follower 2 down") == 1u);
    BOOST_TEST(told.count("follower 3 down") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
