// SPDX-License-Identifier: BSL-1.0
// The newest forced epoch of a log, also when it is forgotten, and when it was cut.

#include <replicator/core/history/epochs.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

BOOST_AUTO_TEST_SUITE(forced_epochs)

namespace {

using namespace replicator;
using namespace replicator::core;

EpochStart start_of(std::uint64_t counter, std::uint64_t first, bool forced) {
    return {{counter, NodeId{1}, 1}, Index{first}, Chain{}, forced};
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_newest_one_is_known) {
    Epochs<4> epochs;
    BOOST_TEST((epochs.newest_forced() == Position{}));
    epochs.push(start_of(1, 10, true));
    epochs.push(start_of(2, 20, true));
    epochs.push(start_of(3, 30, false));
    BOOST_TEST((epochs.newest_forced() == Position{{2, NodeId{1}, 1}, Index{20}}));
}

BOOST_AUTO_TEST_CASE(one_that_was_cut_is_none) {
    Epochs<4> epochs;
    epochs.push(start_of(1, 10, true));
    epochs.push(start_of(2, 20, true));
    epochs.cut(Index{21});
    BOOST_TEST((epochs.newest_forced() == Position{{2, NodeId{1}, 1}, Index{20}}));
    epochs.cut(Index{20});
    BOOST_TEST((epochs.newest_forced() == Position{{1, NodeId{1}, 1}, Index{10}}));
    epochs.cut(Index{10});
    BOOST_TEST((epochs.newest_forced() == Position{}));
}

BOOST_AUTO_TEST_CASE(one_that_is_forgotten_is_known_until_it_is_cut) {
    for (const std::uint64_t from : {11u, 10u}) {
        Epochs<2> epochs;
        epochs.push(start_of(1, 10, true));
        epochs.push(start_of(2, 20, false));
        epochs.push(start_of(3, 30, false));
        BOOST_TEST((epochs.newest_forced() == Position{{1, NodeId{1}, 1}, Index{10}}));
        BOOST_TEST((epochs.forced_before() == epochs.newest_forced()));
        epochs.cut(Index{from});
        BOOST_TEST((epochs.newest_forced() == Position{}) == (from == 10));
    }
}

BOOST_AUTO_TEST_SUITE_END()
