// SPDX-License-Identifier: BSL-1.0
// The simulator itself: it repeats itself exactly, finds what is wrong, makes it short, and says it readably.

#include "simulation/journal.hpp"

#include <replicator/ack/sync.hpp>
#include <replicator/sim/explore.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(explore)

namespace {

using namespace replicator;
using namespace replicator::tests;

template <class Machine>
using NodeOf = Replicator<Machine, SmallRing, ack::Sync<>, transport::Manual, SmallOptions>;

/// Counts its own calls, of which a node that got a snapshot has fewer.
struct Forgetful {
    struct Command {
        std::uint64_t id;
    };
    std::uint64_t sum = 0;
    std::uint64_t calls = 0;

    void apply(const Command& command) { sum += command.id * ++calls; }
    [[nodiscard]] std::uint64_t digest() const noexcept { return sum; }

    // The bug: the number of calls is not in the snapshot.
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        if (offset != 0) return 0;
        store(piece.data(), sum);
        return sizeof sum;
    }
    [[nodiscard]] bool load(std::span<const std::byte> piece) {
        if (piece.size() != sizeof sum) return false;
        sum = replicator::load<std::uint64_t>(piece.data());
        return true;
    }
};

Forgetful::Command make_forgetful_command(sim::Random& random) { return {random.below(1000)}; }

/// Its state is right, and its results are not: they count the calls, too, which nothing else shows.
struct Chatty : Forgetful {
    std::uint64_t apply(const Command& command) {
        sum += command.id;
        return ++calls;
    }
};

std::size_t count(const sim::Scenario& scenario, sim::EventKind kind) {
    return static_cast<std::size_t>(std::count_if(scenario.events.begin(), scenario.events.end(),
                                                  [kind](const sim::Event& event) { return event.kind == kind; }));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_same_seeds_give_the_same_runs) {
    const auto run = [] { return sim::explore<NodeOf<Journal>>({.seeds = 50}, make_journal_command); };
    const sim::Exploration first = run();
    const sim::Exploration second = run();
    BOOST_TEST(static_cast<bool>(first), first.report);
    BOOST_TEST(first.trace == second.trace);
    BOOST_TEST(first.events == second.events);
    BOOST_TEST(first.acknowledged == second.acknowledged);
}

BOOST_AUTO_TEST_CASE(other_seeds_give_other_runs) {
    const auto run = [](std::uint64_t seed) {
        return sim::explore<NodeOf<Journal>>({.first_seed = seed, .seeds = 5}, make_journal_command).trace;
    };
    BOOST_TEST(run(1) != run(100));
}

BOOST_AUTO_TEST_CASE(a_state_that_is_not_all_in_its_snapshot_is_found_and_made_short) {
    const auto found = sim::explore<NodeOf<Forgetful>>({.seeds = 1000}, make_forgetful_command);
    BOOST_TEST_REQUIRE(!found.failure.empty());
    BOOST_TEST(found.failure.find("is not what the commands make it") != std::string::npos, found.failure);
    BOOST_TEST(found.shortest.events.size() <= 12u, found.report);
    BOOST_TEST(!sim::run_scenario<NodeOf<Forgetful>>(found.shortest, make_forgetful_command));
    BOOST_TEST(found.report.find("snapshot of ") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_result_that_differs_between_nodes_is_found) {
    for (const bool leaders_fail : {false, true}) {
        const auto explored = sim::explore<NodeOf<Chatty>>({.seeds = 1000, .bounds = {.leaders_fail = leaders_fail}},
                                                           make_forgetful_command);
        BOOST_TEST(explored.failure.find("a result of apply on node ") != std::string::npos, explored.failure);
    }
}

BOOST_AUTO_TEST_CASE(shrinking_leaves_out_what_does_not_matter) {
    sim::Scenario scenario = sim::draw_scenario(7, {});
    for (std::uint32_t i = 0; i < 5; ++i)
        scenario.events.push_back({.at{}, .kind = sim::EventKind::crash, .node = 1, .other = 0, .amount = 1});
    const std::size_t crashes = count(scenario, sim::EventKind::crash);
    const auto fails = [](const sim::Scenario& s) {
        return count(s, sim::EventKind::crash) >= 2 && count(s, sim::EventKind::write) >= 1;
    };
    const sim::Scenario shortest = sim::shrink(scenario, fails);
    BOOST_TEST(crashes >= 5u);
    BOOST_TEST(shortest.events.size() == 3u);
    BOOST_TEST(fails(shortest));
    BOOST_TEST(shortest.network.loss == 0u);
}

BOOST_AUTO_TEST_CASE(a_scenario_is_written_as_it_is_typed) {
    const sim::Scenario scenario{
        .seed = 12u,
        .nodes = 2,
        .network = {.stream = false,
                    .loss = 5,
                    .duplication = 0,
                    .corruption = 0,
                    .truncation = 0,
                    .delay_min{100},
                    .delay_max{100},
                    .one_byte_reads = 0,
                    .split_reads = 0,
                    .in_flight_bytes_max = 700},
        .clock_skews = {3, -4},
        .events = {{.at{53}, .kind = sim::EventKind::crash, .node = 1, .other = 0, .amount = 4}},
        .length{1000},
    };
    BOOST_TEST(sim::to_cpp(scenario) ==
               "replicator::sim::Scenario{\n"
               "    .seed = 12u, .nodes = 2,\n"
               "    .network = {.stream = false, .loss = 5, .duplication = 0, .corruption = 0, .truncation = 0,\n"
               "                .delay_min{100}, .delay_max{100}, .one_byte_reads = 0, .split_reads = 0,\n"
               "                .in_flight_bytes_max = 700},\n"
               "    .disks = {.flush_delay_max{100}, .sync_polls = 0, .leads_again = false},\n"
               "    .clock_skews = {3, -4, },\n"
               "    .events = {\n"
               "        {.at{53}, .kind = replicator::sim::EventKind::crash, .node = 1, .other = 0, .amount = 4},\n"
               "    },\n"
               "    .length{1000},\n"
               "    .leaders_fail = false, .nobody_comes = false,\n"
               "}");
}

BOOST_AUTO_TEST_CASE(orderly_stops_are_drawn_beside_all_else) {
    sim::ScenarioBounds bounds{.leaders_fail = true};
    std::size_t drains = 0;
    std::size_t deaths = 0;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const sim::Scenario with = sim::draw_scenario(seed, bounds);
        bounds.drains = false;
        const sim::Scenario without = sim::draw_scenario(seed, bounds);
        bounds.drains = true;
        const std::size_t stops = count(with, sim::EventKind::drain) + count(with, sim::EventKind::stop);
        const std::size_t more = with.events.size() - without.events.size();
        BOOST_TEST_REQUIRE((more >= stops && more <= 2 * stops));
        BOOST_TEST(count(without, sim::EventKind::drain) + count(without, sim::EventKind::stop) == 0u);
        BOOST_TEST(count(with, sim::EventKind::promote) == count(without, sim::EventKind::promote));
        drains += count(with, sim::EventKind::drain);
        deaths += more - stops;
    }
    BOOST_TEST(drains > 50u);
    BOOST_TEST(deaths > 20u);
    bounds.leaders_fail = false;
    BOOST_TEST(count(sim::draw_scenario(1, bounds), sim::EventKind::drain) == 0u);
}

BOOST_AUTO_TEST_CASE(scenarios_are_drawn_within_their_bounds) {
    const sim::ScenarioBounds bounds{.nodes_min = 3, .nodes_max = 4};
    bool has_stream = false;
    bool has_datagrams = false;
    bool has_crash = false;
    for (std::uint64_t seed = 1; seed <= 200; ++seed) {
        const sim::Scenario scenario = sim::draw_scenario(seed, bounds);
        BOOST_TEST_REQUIRE((scenario.nodes >= 3 && scenario.nodes <= 4));
        BOOST_TEST_REQUIRE(std::is_sorted(scenario.events.begin(), scenario.events.end(),
                                          [](const sim::Event& a, const sim::Event& b) { return a.at < b.at; }));
        for (const sim::Event& event : scenario.events) {
            BOOST_TEST_REQUIRE((event.node < scenario.nodes && event.other < scenario.nodes));
            BOOST_TEST_REQUIRE((event.kind != sim::EventKind::crash || event.node != 0));
        }
        has_stream = has_stream || scenario.network.stream;
        has_datagrams = has_datagrams || !scenario.network.stream;
        has_crash = has_crash || count(scenario, sim::EventKind::crash) > 0;
    }
    BOOST_TEST((has_stream && has_datagrams && has_crash));
}

BOOST_AUTO_TEST_SUITE_END()
