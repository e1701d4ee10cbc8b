// SPDX-License-Identifier: BSL-1.0
// Runs seed after seed through every composition, for as long as one likes. Prints one line for each second or so, the
// shortest failing scenario when there is one, and at the end one number that is equal for equal runs.

#include "simulation/compositions/composition.hpp"

#include <replicator/core/wire/hello.hpp>
#include <replicator/sim/explore.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

namespace {

using namespace replicator;
using tests::Composition;

struct Group {
    Composition composition;
    std::size_t nodes;
};

/// Those whose POLICY/LOG/NODES begins so.
std::vector<Group> groups_of(const std::string& prefix) {
    std::vector<Group> groups;
    tests::for_each_composition([&](const Composition& composition) {
        for (const std::size_t nodes : {2u, 3u, 5u}) {
            const std::string name = std::string(composition.name) + '/' + std::to_string(nodes);
            if (nodes >= composition.nodes_min && name.rfind(prefix, 0) == 0) groups.push_back({composition, nodes});
        }
    });
    return groups;
}

struct Wanted {
    std::uint64_t first = 1;
    std::uint64_t seeds = 10'000;
    std::string only;
    bool quiet = false;
};

int usage() {
    std::puts(
        "simulate [--seeds N] [--first SEED] [--only POLICY/LOG/NODES] [--quiet]\n"
        "where POLICY/LOG is one of these, and NODES is 2, 3 or 5:");
    tests::for_each_composition([](const Composition& each) { std::printf("  %s\n", each.name.data()); });
    return 2;
}

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t trace = 0;
};

/// False when the seed failed, which was then said.
bool run_seed(const Group& group, std::uint64_t seed, Totals& totals) {
    const auto& [composition, nodes] = group;
    sim::ExploreOptions options;
    options.first_seed = seed;
    options.seeds = 1;
    options.bounds = tests::long_bounds(composition, nodes);
    const sim::Exploration found = composition.explore(options);
    totals.seeds += 1;
    totals.events += found.events;
    totals.acknowledged += found.acknowledged;
    totals.trace = core::mix(totals.trace, found.trace);
    if (found) return true;
    std::printf("FAILED; to run it again:\n    bash tests/simulate.sh --only %s/%zu --first %llu --seeds 1\n%s\n",
                composition.name.data(), nodes, static_cast<unsigned long long>(seed), found.report.c_str());
    return false;
}

int run(const Wanted& wanted) {
    using Clock = std::chrono::steady_clock;
    const auto began = Clock::now();
    auto said = began;
    Totals totals;
    const auto say = [&](const char* what) {
        const double seconds = std::chrono::duration<double>(Clock::now() - began).count();
        std::printf("%s%llu seeds, %.0f a second, %.0f events each, %llu writes acknowledged\n", what,
                    static_cast<unsigned long long>(totals.seeds), static_cast<double>(totals.seeds) / seconds,
                    static_cast<double>(totals.events) / static_cast<double>(totals.seeds),
                    static_cast<unsigned long long>(totals.acknowledged));
        std::fflush(stdout);
    };
    const std::vector<Group> groups = groups_of(wanted.only);
    if (groups.empty()) return usage();
    for (std::uint64_t seed = wanted.first; totals.seeds < wanted.seeds; ++seed) {
        for (const Group& group : groups) {
            if (totals.seeds == wanted.seeds) break;
            if (!run_seed(group, seed, totals)) return 1;
        }
        if (!wanted.quiet && Clock::now() - said > std::chrono::seconds(2)) {
            said = Clock::now();
            say("  ");
        }
    }
    say("no failure in ");
    std::printf("trace %016llx\n", static_cast<unsigned long long>(totals.trace));
    return 0;
}

}  // namespace

int main(int count, char** arguments) {
    Wanted wanted;
    for (int i = 1; i < count; ++i) {
        const bool has_value = i + 1 < count;
        if (std::strcmp(arguments[i], "--quiet") == 0) {
            wanted.quiet = true;
        } else if (has_value && std::strcmp(arguments[i], "--seeds") == 0) {
            wanted.seeds = std::strtoull(arguments[++i], nullptr, 0);
        } else if (has_value && std::strcmp(arguments[i], "--first") == 0) {
            wanted.first = std::strtoull(arguments[++i], nullptr, 0);
        } else if (has_value && std::strcmp(arguments[i], "--only") == 0) {
            wanted.only = arguments[++i];
        } else {
            return usage();
        }
    }
    return run(wanted);
}
