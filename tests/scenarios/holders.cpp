// SPDX-License-Identifier: BSL-1.0
// How many nodes hold a write, as its outcome says: only those whose copies count.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(holders_of_writes)

using namespace replicator;
using namespace support;

BOOST_AUTO_TEST_CASE(a_node_that_does_not_count_is_no_holder) {
    Async group(3);
    group.write(1);
    group.network.settle();
    // Node 3 comes back blank, and nobody but the leader can say that it may count again.
    group.stop(2);
    group.stop(3);
    pass(group, 600);
    group.start(3);
    pass(group, 600);
    const Ticket ticket = group.write(2);
    pass(group, 100);
    BOOST_REQUIRE(group.acknowledged(ticket));
    BOOST_TEST((group.at(3).last() == group.at(1).last()));
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.holders == 1u);
    BOOST_REQUIRE(group.at(1).admit(three));
    pass(group, 100);
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.holders == 2u);
}

BOOST_AUTO_TEST_CASE(a_node_that_lacks_the_write_is_no_holder) {
    Async group(3);
    group.network.settle();
    group.network.cut(NodeId{1}, NodeId{3});
    const Ticket ticket = group.write(1);
    pass(group, 100);
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.holders == 2u);
    group.network.join(NodeId{1}, NodeId{3});
    pass(group, 600);
    BOOST_TEST(group.at(1).outcome(ticket).acknowledgement.holders == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
