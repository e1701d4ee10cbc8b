// SPDX-License-Identifier: BSL-1.0
// Takeovers whose candidate dies at any step, and orderly stops of a leader in which any node dies: somebody leads in
// time, although nobody promotes again. REPLICATOR_TAKEOVERS sets how many for each composition.

#include "simulation/compositions/composition.hpp"

#include <replicator/sim/explore.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string_view>

using namespace replicator;

namespace {

sim::ExploreOptions options_of_three() {
    const char* const wanted = std::getenv("REPLICATOR_TAKEOVERS");
    sim::ExploreOptions options;
    options.seeds = wanted == nullptr ? 300 : std::strtoull(wanted, nullptr, 0);
    options.bounds.nodes_min = 3;
    return options;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(takeovers)

BOOST_AUTO_TEST_CASE(somebody_leads_after_a_candidate_died_at_any_step) {
    sim::ExploreOptions options = options_of_three();
    options.bounds.takeovers = true;
    std::size_t explored = 0;
    tests::for_each_composition([&](const tests::Composition& composition) {
        // Where all nodes hold a write, or the dead one alone may hold it, nobody may go on without it.
        const std::string_view name = composition.name;
        const bool can = name.rfind("semi-sync/", 0) == 0 || name.rfind("majority/", 0) == 0;
        if (!can || !composition.leaders_fail) return;
        const sim::Exploration found = composition.explore(options);
        BOOST_TEST(static_cast<bool>(found), name << ": " << found.report);
        ++explored;
    });
    BOOST_TEST(explored >= 4u);
}

BOOST_AUTO_TEST_CASE(somebody_leads_after_a_leader_was_stopped_in_order) {
    sim::ExploreOptions options = options_of_three();
    options.bounds.orderly_stops = true;
    std::size_t explored = 0;
    tests::for_each_composition([&](const tests::Composition& composition) {
        if (!composition.leaders_fail) return;
        const sim::Exploration found = composition.explore(options);
        BOOST_TEST(static_cast<bool>(found), composition.name << ": " << found.report);
        ++explored;
    });
    BOOST_TEST(explored >= 8u);
}

BOOST_AUTO_TEST_SUITE_END()
