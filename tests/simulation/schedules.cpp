// SPDX-License-Identifier: BSL-1.0
// Random scenarios over every acknowledgement policy and every log. REPLICATOR_SEEDS sets how many altogether,
// REPLICATOR_SEED runs a single one.

#include "simulation/journal.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/explore.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

namespace {

using namespace replicator;
using namespace replicator::tests;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

template <class Log, class Ack, class Limits = SmallOptions>
void explore_composition(std::size_t nodes_min, bool leaders_fail = false) {
    constexpr std::uint64_t compositions = 34;
    using Node = Replicator<Journal, Log, Ack, transport::Manual, Limits>;
    const std::uint64_t single = number_from("REPLICATOR_SEED", 0);
    sim::ExploreOptions options;
    options.first_seed = single != 0 ? single : number_from("REPLICATOR_FIRST_SEED", 1);
    options.seeds = single != 0 ? 1 : (number_from("REPLICATOR_SEEDS", 100'000) + compositions - 1) / compositions;
    options.bounds.nodes_min = nodes_min;
    options.bounds.leaders_fail = leaders_fail;
    const sim::Exploration found = sim::explore<Node>(options, make_journal_command);
    BOOST_TEST(static_cast<bool>(found), "REPLICATOR_SEED=" << found.failing_seed << "\n" << found.report);
    BOOST_TEST_MESSAGE(found.seeds << " scenarios, " << found.events << " events, " << found.acknowledged
                                   << " writes acknowledged, trace " << found.trace);
    if (single == 0) BOOST_TEST(found.acknowledged > found.seeds / 2);
}

template <class Log, class Ack>
void explore_succession(std::size_t nodes_min) {
    explore_composition<Log, Ack, SuccessionOptions>(nodes_min, true);
}

template <class Ack>
void explore_on_disk(std::size_t nodes_min, bool leaders_fail) {
    explore_composition<SmallFile, Ack, DiskOptions>(nodes_min, leaders_fail);
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(async_ring) { explore_composition<SmallRing, ack::Async<>>(2); }
BOOST_AUTO_TEST_CASE(sync_ring) { explore_composition<SmallRing, ack::Sync<>>(2); }
BOOST_AUTO_TEST_CASE(semi_sync_ring) { explore_composition<SmallRing, ack::SemiSync<>>(2); }
BOOST_AUTO_TEST_CASE(quorum_ring) { explore_composition<SmallRing, ack::Quorum<2>>(2); }
BOOST_AUTO_TEST_CASE(majority_ring) { explore_composition<SmallRing, ack::Majority<>>(2); }
BOOST_AUTO_TEST_CASE(async_memory) { explore_composition<SmallMemory, ack::Async<>>(2); }
BOOST_AUTO_TEST_CASE(sync_applied) { explore_composition<SmallMemory, ack::Sync<Stage::applied>>(2); }
BOOST_AUTO_TEST_CASE(semi_sync_memory) { explore_composition<SmallMemory, ack::SemiSync<>>(2); }
BOOST_AUTO_TEST_CASE(quorum_memory) { explore_composition<SmallMemory, ack::Quorum<3>>(3); }
BOOST_AUTO_TEST_CASE(majority_applied) { explore_composition<SmallMemory, ack::Majority<Stage::applied>>(2); }

BOOST_AUTO_TEST_CASE(async_file) { explore_on_disk<ack::Async<>>(2, false); }
BOOST_AUTO_TEST_CASE(sync_file) { explore_on_disk<ack::Sync<>>(2, false); }
BOOST_AUTO_TEST_CASE(semi_sync_file) { explore_on_disk<ack::SemiSync<>>(2, false); }
BOOST_AUTO_TEST_CASE(quorum_file) { explore_on_disk<ack::Quorum<3>>(3, false); }
BOOST_AUTO_TEST_CASE(majority_file) { explore_on_disk<ack::Majority<>>(2, false); }
BOOST_AUTO_TEST_CASE(received_file) { explore_on_disk<ack::Majority<Stage::received>>(2, false); }

BOOST_AUTO_TEST_SUITE_END()

// The same when leaders crash and others are promoted.
BOOST_AUTO_TEST_SUITE(successions)

BOOST_AUTO_TEST_CASE(async_ring) { explore_succession<SuccessionRing, ack::Async<>>(2); }
BOOST_AUTO_TEST_CASE(sync_ring) { explore_succession<SuccessionRing, ack::Sync<>>(2); }
BOOST_AUTO_TEST_CASE(semi_sync_ring) { explore_succession<SuccessionRing, ack::SemiSync<>>(2); }
BOOST_AUTO_TEST_CASE(quorum_ring) { explore_succession<SuccessionRing, ack::Quorum<2>>(2); }
BOOST_AUTO_TEST_CASE(majority_ring) { explore_succession<SuccessionRing, ack::Majority<>>(2); }
BOOST_AUTO_TEST_CASE(async_memory) { explore_succession<SuccessionMemory, ack::Async<>>(2); }
BOOST_AUTO_TEST_CASE(sync_applied) { explore_succession<SuccessionMemory, ack::Sync<Stage::applied>>(2); }
BOOST_AUTO_TEST_CASE(semi_sync_memory) { explore_succession<SuccessionMemory, ack::SemiSync<>>(2); }
BOOST_AUTO_TEST_CASE(quorum_memory) { explore_succession<SuccessionMemory, ack::Quorum<3>>(3); }
BOOST_AUTO_TEST_CASE(majority_applied) { explore_succession<SuccessionMemory, ack::Majority<Stage::applied>>(2); }
// Nodes that remember two epochs, and have to find out where their logs part all the same.
BOOST_AUTO_TEST_CASE(semi_sync_forgetful) {
    explore_composition<SuccessionRing, ack::SemiSync<>, ForgetfulOptions>(2, true);
}
BOOST_AUTO_TEST_CASE(majority_forgetful) {
    explore_composition<SuccessionRing, ack::Majority<>, ForgetfulOptions>(2, true);
}
BOOST_AUTO_TEST_CASE(async_file) { explore_on_disk<ack::Async<>>(2, true); }
BOOST_AUTO_TEST_CASE(sync_file) { explore_on_disk<ack::Sync<>>(2, true); }
BOOST_AUTO_TEST_CASE(semi_sync_file) { explore_on_disk<ack::SemiSync<>>(2, true); }
BOOST_AUTO_TEST_CASE(quorum_file) { explore_on_disk<ack::Quorum<3>>(3, true); }
BOOST_AUTO_TEST_CASE(majority_file) { explore_on_disk<ack::Majority<>>(2, true); }
BOOST_AUTO_TEST_CASE(received_file) { explore_on_disk<ack::Majority<Stage::received>>(2, true); }

BOOST_AUTO_TEST_SUITE_END()

// Seeds that once found a fault of the library, which each case names.
BOOST_AUTO_TEST_SUITE(found_before)

namespace {

template <class Log, class Ack, class Limits = SuccessionOptions>
void run_again(std::uint64_t seed) {
    using Node = Replicator<Journal, Log, Ack, transport::Manual, Limits>;
    sim::ExploreOptions options{.first_seed = seed, .seeds = 1, .bounds = {}, .shrinks = false};
    options.bounds.leaders_fail = true;
    const sim::Exploration found = sim::explore<Node>(options, make_journal_command);
    BOOST_TEST(static_cast<bool>(found), found.report);
}

template <class Ack>
void run_again_on_disk(std::uint64_t seed) {
    run_again<SmallFile, Ack, DiskOptions>(seed);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_begins_anew_under_its_old_number) { run_again<SuccessionRing, ack::Majority<>>(6540); }
BOOST_AUTO_TEST_CASE(a_bound_of_what_is_common_is_taken_for_it) { run_again<SuccessionRing, ack::Quorum<2>>(7699); }
BOOST_AUTO_TEST_CASE(who_gave_up_entries_vouches_for_them) { run_again<SuccessionRing, ack::SemiSync<>>(15317); }
BOOST_AUTO_TEST_CASE(a_snapshot_of_nothing_is_complete_at_once) { run_again<SuccessionRing, ack::SemiSync<>>(1071); }
BOOST_AUTO_TEST_CASE(forgotten_epochs_are_confused) { run_again<SuccessionMemory, ack::Majority<Stage::applied>>(23); }
BOOST_AUTO_TEST_CASE(another_line_is_taken_for_damage) { run_again<SuccessionRing, ack::Async<>>(7842); }
BOOST_AUTO_TEST_CASE(two_that_forgot_ask_each_other_for_ever) {
    run_again<SuccessionRing, ack::Majority<>, ForgetfulOptions>(7699);
}
BOOST_AUTO_TEST_CASE(a_node_keeps_a_person_from_promoting_it) { run_again_on_disk<ack::Majority<>>(524); }
BOOST_AUTO_TEST_CASE(an_epoch_that_is_forgotten_is_taken_for_the_oldest) { run_again_on_disk<ack::Sync<>>(103250); }
BOOST_AUTO_TEST_CASE(an_epoch_that_was_cut_is_remembered) { run_again_on_disk<ack::Sync<>>(302553); }
BOOST_AUTO_TEST_CASE(a_suspicion_ends_before_the_disk_has_what_was_lacking) { run_again_on_disk<ack::Sync<>>(504456); }
BOOST_AUTO_TEST_CASE(metadata_are_lost_while_a_log_is_opened) { run_again_on_disk<ack::Sync<>>(902907); }
BOOST_AUTO_TEST_CASE(a_dead_process_makes_the_living_one_a_duplicate) { run_again_on_disk<ack::Async<>>(705807); }

BOOST_AUTO_TEST_SUITE_END()
