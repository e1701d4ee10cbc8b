// SPDX-License-Identifier: BSL-1.0
// Random scenarios over every acknowledgement policy and every log. REPLICATOR_SEEDS sets how many altogether,
// REPLICATOR_SEED runs a single one.

#include "simulation/compositions/composition.hpp"

#include <replicator/sim/explore.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace replicator;
using tests::Composition;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

Composition composition(std::string_view name) {
    Composition found{};
    tests::for_each_composition([&](const Composition& each) {
        if (each.name == name) found = each;
    });
    BOOST_TEST_REQUIRE(found.explore != nullptr, "no composition has the name " << name);
    return found;
}

void explore(const Composition& explored) {
    std::uint64_t compositions = 0;
    tests::for_each_composition([&](const Composition&) { ++compositions; });
    const std::uint64_t single = number_from("REPLICATOR_SEED", 0);
    sim::ExploreOptions options;
    options.first_seed = single != 0 ? single : number_from("REPLICATOR_FIRST_SEED", 1);
    options.seeds = single != 0 ? 1 : (number_from("REPLICATOR_SEEDS", 40'000) + compositions - 1) / compositions;
    options.bounds.nodes_min = explored.nodes_min;
    options.bounds.leaders_fail = explored.leaders_fail;
    options.bounds.slow = explored.slow;
    options.bounds.copies_go_back = explored.copies_go_back;
    options.bounds.length_max = milliseconds(150);  // simulate.sh runs longer ones
    const sim::Exploration found = explored.explore(options);
    BOOST_TEST(static_cast<bool>(found), "REPLICATOR_SEED=" << found.failing_seed << "\n" << found.report);
    BOOST_TEST_MESSAGE(found.seeds << " scenarios, " << found.events << " events, " << found.acknowledged
                                   << " writes acknowledged, trace " << found.trace);
    if (single == 0) BOOST_TEST(found.acknowledged > found.seeds / 2);
}

/// Registers `schedules/<policy>_<log>` for every composition that there is.
struct Schedules {
    Schedules() {
        auto* const suite = BOOST_TEST_SUITE("schedules");
        tests::for_each_composition([suite](const Composition& each) {
            std::string name(each.name);
            std::replace(name.begin(), name.end(), '/', '_');
            suite->add(boost::unit_test::make_test_case([each] { explore(each); }, name, __FILE__, __LINE__));
        });
        boost::unit_test::framework::master_test_suite().add(suite);
    }
};
const Schedules schedules;

/// One seed that once found a fault.
void run_again(std::string_view name, std::uint64_t seed) {
    sim::ExploreOptions options{.first_seed = seed, .seeds = 1, .bounds = {}, .shrinks = false};
    options.bounds.leaders_fail = true;
    options.bounds.disks_hang = options.bounds.drains = false;  // as it was then
    const sim::Exploration found = composition(name).explore(options);
    BOOST_TEST(static_cast<bool>(found), found.report);
}

/// The same with the bounds that simulate.sh had when the seeds were found.
void run_long(std::string_view name, std::size_t nodes, std::uint64_t seed) {
    const Composition again = composition(name);
    sim::ExploreOptions options{
        .first_seed = seed, .seeds = 1, .bounds = tests::long_bounds(again, nodes), .shrinks = false};
    options.bounds.length_min = milliseconds(300);
    options.bounds.length_max = milliseconds(3000);
    options.bounds.disks_hang = options.bounds.drains = false;
    const sim::Exploration found = again.explore(options);
    BOOST_TEST(static_cast<bool>(found), found.report);
}

}  // namespace

// Seeds that once found a fault of the library, which each case names.
BOOST_AUTO_TEST_SUITE(found_before)

BOOST_AUTO_TEST_CASE(a_link_begins_anew_under_its_old_number) { run_again("majority/ring-failover", 6540); }
BOOST_AUTO_TEST_CASE(a_bound_of_what_is_common_is_taken_for_it) { run_again("quorum/ring-failover", 7699); }
BOOST_AUTO_TEST_CASE(who_gave_up_entries_vouches_for_them) { run_again("semi-sync/ring-failover", 15317); }
BOOST_AUTO_TEST_CASE(a_snapshot_of_nothing_is_complete_at_once) { run_again("semi-sync/ring-failover", 1071); }
BOOST_AUTO_TEST_CASE(forgotten_epochs_are_confused) { run_again("majority-applied/memory-failover", 23); }
BOOST_AUTO_TEST_CASE(another_line_is_taken_for_damage) { run_again("async/ring-failover", 7842); }
BOOST_AUTO_TEST_CASE(two_that_forgot_ask_each_other_for_ever) { run_again("majority/ring-forgetful", 7699); }
BOOST_AUTO_TEST_CASE(a_node_keeps_a_person_from_promoting_it) { run_again("majority/file-failover", 524); }
BOOST_AUTO_TEST_CASE(an_epoch_that_is_forgotten_is_taken_for_the_oldest) { run_again("sync/file-failover", 103250); }
BOOST_AUTO_TEST_CASE(an_epoch_that_was_cut_is_remembered) { run_again("sync/file-failover", 302553); }
BOOST_AUTO_TEST_CASE(a_suspicion_ends_before_the_disk_has_what_was_lacking) { run_again("sync/file-failover", 504456); }
BOOST_AUTO_TEST_CASE(metadata_are_lost_while_a_log_is_opened) { run_again("sync/file-failover", 902907); }
BOOST_AUTO_TEST_CASE(an_ack_comes_late_for_what_a_forced_epoch_dropped) { run_long("majority/file-failover", 3, 1785); }
BOOST_AUTO_TEST_CASE(an_epoch_is_learned_for_more_than_the_end_of_a_log) {
    run_long("sync/file-failover", 3, 1000001365);
}
BOOST_AUTO_TEST_CASE(an_old_ack_of_nothing_is_taken_for_agreement) { run_long("sync/file-failover", 3, 1000004269); }
BOOST_AUTO_TEST_CASE(a_state_that_is_here_is_offered_again) { run_long("semi-sync/ring-forgetful", 3, 403); }
BOOST_AUTO_TEST_CASE(an_epoch_is_forced_by_a_node_that_stops_before_anybody_sees_it) {
    run_long("async/file-failover", 2, 5162);
}
BOOST_AUTO_TEST_CASE(a_dead_process_makes_the_living_one_a_duplicate) { run_again("async/file-failover", 705807); }

BOOST_AUTO_TEST_SUITE_END()
