// SPDX-License-Identifier: BSL-1.0
// Runs seed after seed through every composition, for as long as one likes. Prints one line for each second or so, the
// shortest failing scenario when there is one, and at the end one number that is equal for equal runs.

#include "simulation/journal.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/explore.hpp>
#include <replicator/transport/manual.hpp>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace replicator;
using namespace replicator::tests;

struct Composition {
    const char* name;
    std::size_t nodes_min;
    bool leaders_fail;
    sim::Exploration (*explore)(const sim::ExploreOptions&);
};

template <class Log, class Ack, class Limits = SmallOptions>
sim::Exploration explore(const sim::ExploreOptions& options) {
    return sim::explore<Replicator<Journal, Log, Ack, transport::Manual, Limits>>(options, make_journal_command);
}
template <class Ack>
sim::Exploration explore_on_disk(const sim::ExploreOptions& options) {
    return explore<SmallFile, Ack, DiskOptions>(options);
}

constexpr Composition compositions[] = {
    {"async/ring", 2, false, explore<SmallRing, ack::Async<>>},
    {"semi-sync/ring", 2, false, explore<SmallRing, ack::SemiSync<>>},
    {"sync/ring", 2, false, explore<SmallRing, ack::Sync<>>},
    {"quorum/ring", 2, false, explore<SmallRing, ack::Quorum<2>>},
    {"majority/ring", 2, false, explore<SmallRing, ack::Majority<>>},
    {"async/memory", 2, false, explore<SmallMemory, ack::Async<>>},
    {"semi-sync/memory", 2, false, explore<SmallMemory, ack::SemiSync<>>},
    {"sync/memory", 2, false, explore<SmallMemory, ack::Sync<Stage::applied>>},
    {"quorum/memory", 3, false, explore<SmallMemory, ack::Quorum<3>>},
    {"majority/memory", 2, false, explore<SmallMemory, ack::Majority<Stage::applied>>},
    {"async/file", 2, false, explore_on_disk<ack::Async<>>},
    {"semi-sync/file", 2, false, explore_on_disk<ack::SemiSync<>>},
    {"sync/file", 2, false, explore_on_disk<ack::Sync<>>},
    {"quorum/file", 3, false, explore_on_disk<ack::Quorum<3>>},
    {"majority/file", 2, false, explore_on_disk<ack::Majority<>>},
    {"async/file-failover", 2, true, explore_on_disk<ack::Async<>>},
    {"semi-sync/file-failover", 2, true, explore_on_disk<ack::SemiSync<>>},
    {"sync/file-failover", 2, true, explore_on_disk<ack::Sync<>>},
    {"quorum/file-failover", 3, true, explore_on_disk<ack::Quorum<3>>},
    {"majority/file-failover", 2, true, explore_on_disk<ack::Majority<>>},
};
constexpr std::size_t group_sizes[] = {2, 3, 5};

struct Wanted {
    std::uint64_t first = 1;
    std::uint64_t seeds = 10'000;
    std::string only;
    bool quiet = false;
};

int usage() {
    std::puts("simulate [--seeds N] [--first SEED] [--only POLICY/LOG/NODES] [--quiet]\n"
              "  policies: async semi-sync sync quorum majority; logs: ring memory file, and file-failover, where leaders fail;\n"
              "  nodes: 2 3 5");
    return 2;
}

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t trace = 0;
};

/// False when the seed failed, which was then said.
bool run_seed(const Composition& composition, std::size_t nodes, std::uint64_t seed, Totals& totals) {
    sim::ExploreOptions options;
    options.first_seed = seed;
    options.seeds = 1;
    // Long enough for about 5,000 events.
    options.bounds = {.nodes_min = nodes, .nodes_max = nodes, .length_min = milliseconds(300),
                      .length_max = milliseconds(3000), .writes_at_once_max = 60,
                      .fault_length_max = milliseconds(120), .leaders_fail = composition.leaders_fail};
    const sim::Exploration found = composition.explore(options);
    totals.seeds += 1;
    totals.events += found.events;
    totals.acknowledged += found.acknowledged;
    totals.trace = core::mix(totals.trace, found.trace);
    if (found) return true;
    std::printf("FAILED; to run it again:\n    bash tests/simulate.sh --only %s/%zu --first %llu --seeds 1\n%s\n",
                composition.name, nodes, static_cast<unsigned long long>(seed), found.report.c_str());
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
    for (std::uint64_t seed = wanted.first; totals.seeds < wanted.seeds; ++seed) {
        const std::uint64_t before = totals.seeds;
        for (const Composition& composition : compositions) {
            for (const std::size_t nodes : group_sizes) {
                const std::string name = std::string(composition.name) + '/' + std::to_string(nodes);
                if (nodes < composition.nodes_min || name.rfind(wanted.only, 0) != 0) continue;
                if (totals.seeds == wanted.seeds) break;
                if (!run_seed(composition, nodes, seed, totals)) return 1;
            }
        }
        if (totals.seeds == before) return usage();  // nothing has that name
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
