// SPDX-License-Identifier: BSL-1.0
// A node that was busy for longer than others wait for it says so: ticks that came late, and whether it was applying.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(slow_applies)

using support::SemiSync;

BOOST_AUTO_TEST_CASE(late_ticks_are_counted_and_told_apart_from_those_behind_an_apply) {
    SemiSync group(2);
    const Duration patience = support::Small::failure_timeout;
    const auto counters = [&group] { return group.at(1).status().counters; };
    support::pass(group, 100);
    BOOST_TEST(counters().late_ticks == 0u);

    // The process stood still.
    group.network.tick(patience);
    group.network.settle();
    BOOST_TEST(counters().late_ticks == 1u);
    BOOST_TEST(counters().slow_applies == 0u);

    // The same, and commands were applied before.
    support::pass(group, 1000);
    group.write(7);
    group.network.run();
    BOOST_TEST(counters().applied == 1u);
    group.network.tick(milliseconds(700));
    BOOST_TEST(counters().late_ticks == 2u);
    BOOST_TEST(counters().slow_applies == 1u);
    BOOST_TEST(counters().slow_apply_longest.microseconds == 700'000u);

    // One that took less is no longer the longest.
    support::pass(group, 1000);
    group.write(7);
    group.network.run();
    group.network.tick(patience);
    BOOST_TEST(counters().slow_applies == 2u);
    BOOST_TEST(counters().slow_apply_longest.microseconds == 700'000u);
    support::pass(group, 1000);
    BOOST_TEST(counters().late_ticks == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
