// SPDX-License-Identifier: BSL-1.0
// Sessions and leases over a change of leaders.

#include "support/cluster.hpp"

#include <replicator/api/session.hpp>
#include <replicator/authority/lease.hpp>

#include <boost/test/unit_test.hpp>

using namespace replicator;
using namespace support;

BOOST_AUTO_TEST_SUITE(sessions)

namespace {

struct Leased : Small {
    using Authority = authority::Lease;
};

using LeasedAsync = Cluster<Node<ack::Async<>, Sum, log::Ring<4096>, Leased>>;

}  // namespace

BOOST_AUTO_TEST_CASE(case_39_a_session_never_goes_back_in_time) {
    Async group(3);
    group.write(1);
    group.network.settle();
    Session session;
    BOOST_REQUIRE(group.at(2).read(session));
    BOOST_TEST((session.newest() == group.at(2).position()));

    // Its own write, which node 3 does not hold yet.
    group.network.cut(NodeId{1}, NodeId{3});
    session.saw(group.write(2).position);
    group.network.settle();
    BOOST_TEST(group.at(3).read(session).error() == Error::not_yet);
    BOOST_REQUIRE(group.at(2).read(session));
    BOOST_TEST(group.at(2).state().total == 5u);

    // A takeover that loses that write says so, once it knows.
    group.stop(1);
    group.stop(2);
    pass(group, 600);
    BOOST_REQUIRE(group.at(3).promote({.may_lose = true, .last_leader = {}}));
    pass(group, 3000);
    BOOST_REQUIRE(group.at(3).role() == Role::leader);
    BOOST_TEST(group.at(3).read(session).error() == Error::discarded);
    session.forget();
    BOOST_TEST(bool(group.at(3).read(session)));
}

BOOST_AUTO_TEST_CASE(case_28_a_lease_bounds_what_a_leader_acknowledges_alone) {
    LeasedAsync group(3, false);
    BOOST_TEST(group.at(2).promote().error() == Error::not_bootstrapped);
    const Instant now = group.network.now();
    group.at(1).authority().grant(7, now + milliseconds(100));
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{5}));
    BOOST_TEST(group.at(1).last().epoch.counter == 7u);
    group.network.settle();
    BOOST_TEST(bool(group.at(1).write({1}, group.network.now())));
    BOOST_TEST(group.at(1).confirmed());
    BOOST_TEST(group.at(1).write({1}, now + milliseconds(100)).error() == Error::lease_over);
    BOOST_TEST(!group.at(1).confirmed());
    group.at(1).authority().grant(7, now + milliseconds(200));
    BOOST_TEST(bool(group.at(1).write({1}, now + milliseconds(150))));
    group.at(1).authority().revoke();
    BOOST_TEST(group.at(1).write({1}).error() == Error::lease_over);

    group.network.tick(milliseconds(150));  // node 1 was told so already, and time does not go back
    pass(group, 300);
    BOOST_TEST(group.at(2).promote().error() == Error::lease_over);
    group.at(2).authority().grant(9, group.network.now() + milliseconds(5000));
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(2).last().epoch.counter == 9u);
    BOOST_TEST(group.at(3).leader() == two);
}

BOOST_AUTO_TEST_SUITE_END()
