// SPDX-License-Identifier: BSL-1.0
// What a node knows of others by what they said: how far somebody committed, and from whom it takes entries.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_SUITE(hearsay)

namespace {

using namespace replicator;
using support::at;
using support::epoch_of;
using support::one;
using support::two;

}  // namespace

BOOST_AUTO_TEST_CASE(the_newest_commit_that_was_heard_of_counts_unless_a_forced_epoch_replaced_it) {
    support::OneNode<support::PartsOf<>> node;
    const auto known_after = [&node](Position position, Epoch newest_forced = {}) {
        node.local.learn_commit(position, newest_forced);
        return node.local.known_commit;
    };
    BOOST_TEST((known_after(at(2, 5)) == at(2, 5)));
    BOOST_TEST((known_after(at(2, 4)) == at(2, 5)));
    BOOST_TEST((known_after(at(1, 9)) == at(2, 5)));
    BOOST_TEST((known_after(at(3, 1)) == at(3, 1)));
    // An epoch that was forced since may lack it.
    BOOST_TEST((known_after(at(2, 4), epoch_of(3)) == at(3, 1)));
    BOOST_TEST((known_after(at(2, 4), epoch_of(4)) == at(2, 4)));
}

BOOST_AUTO_TEST_CASE(who_lost_its_leader_takes_entries_from_nobody) {
    support::Majority group(3);
    const auto& local = testing::Inspect::engine(group.at(2)).local();
    BOOST_REQUIRE((local.leader == one && local.source == one));
    group.network.cut(one, two);
    BOOST_TEST((local.leader == NodeId{} && local.source == NodeId{}));
}

BOOST_AUTO_TEST_SUITE_END()
