// SPDX-License-Identifier: BSL-1.0
// Runs one composition through scenarios until one fails, and prints in one line after how many seeds that was. run.sh
// compiles it against headers with a bug, and against clean ones.
//
//     hunt <first seed> <seeds>
//
//     found <seeds> <events of the shortest scenario> <why>
//     clean <seeds> <writes acknowledged>

#include "simulation/journal.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/explore.hpp>
#include <replicator/transport/manual.hpp>

#include <unistd.h>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>

namespace {

using namespace replicator;
using namespace replicator::tests;

/// What the patches name.
namespace compositions {

template <class Log, class Ack, std::size_t NodesMin = 2, class Limits = SmallOptions>
struct Composition {
    using Node = Replicator<Journal, Log, Ack, transport::Manual, Limits>;
    static constexpr std::size_t nodes_min = NodesMin;
    static constexpr bool leaders_fail = false;
    static constexpr bool lines = false;
    static constexpr bool slow = false;
    static constexpr bool takeovers = false;
    static constexpr bool orderly_stops = false;
    static constexpr bool drains = false;
    static constexpr bool copies_go_back = false;
};
using async_ring = Composition<SmallRing, ack::Async<>>;
using sync_ring = Composition<SmallRing, ack::Sync<>>;
using semi_sync_ring = Composition<SmallRing, ack::SemiSync<>>;
using majority_ring = Composition<SmallRing, ack::Majority<>>;
using quorum_memory = Composition<SmallMemory, ack::Quorum<3>, 3>;
using sync_applied = Composition<SmallMemory, ack::Sync<Stage::applied>>;
using majority_memory = Composition<SmallMemory, ack::Majority<>>;

/// The same when leaders crash and others are promoted.
template <class Ack>
struct Succession : Composition<SuccessionRing, Ack, 2, SuccessionOptions> {
    static constexpr bool leaders_fail = true;
};
using async_succession = Succession<ack::Async<>>;
using sync_succession = Succession<ack::Sync<>>;
using semi_sync_succession = Succession<ack::SemiSync<>>;
using quorum_succession = Succession<ack::Quorum<2>>;
using majority_succession = Succession<ack::Majority<>>;

/// In which nothing happens but that whoever takes over dies.
struct majority_takeover : Composition<SuccessionRing, ack::Majority<>, 3, SuccessionOptions> {
    static constexpr bool takeovers = true;
};

/// Nodes are stopped in order, too.
struct async_drains : async_succession {
    static constexpr bool drains = true;
};
struct sync_drains : sync_succession {
    static constexpr bool drains = true;
};
struct majority_drains : majority_succession {
    static constexpr bool drains = true;
};
/// In which nothing happens but an orderly stop.
struct majority_orderly_stop : Composition<SuccessionRing, ack::Majority<>, 3, SuccessionOptions> {
    static constexpr bool orderly_stops = true;
};

/// On serial lines.
struct majority_line_succession : majority_succession {
    static constexpr bool lines = true;
};

/// Over slow lines.
struct slow_ring : Composition<SmallRing, ack::Majority<>, 2, SlowOptions> {
    static constexpr bool slow = true;
};

/// Over logs on disks.
using majority_file = Composition<SmallFile, ack::Majority<>, 2, DiskOptions>;
using semi_sync_file = Composition<SmallFile, ack::SemiSync<>, 2, DiskOptions>;
struct majority_file_succession : majority_file {
    static constexpr bool leaders_fail = true;
};
struct async_file_drains : Composition<SmallFile, ack::Async<>, 2, DiskOptions> {
    static constexpr bool leaders_fail = true;
    static constexpr bool drains = true;
};
struct majority_file_drains : majority_file_succession {
    static constexpr bool drains = true;
};
struct received_file_succession : Composition<SmallFile, ack::Majority<Stage::received>, 2, DiskOptions> {
    static constexpr bool leaders_fail = true;
};

/// Nodes start from older copies, and under run numbers that they had before.
struct majority_ring_past : majority_ring {
    static constexpr bool copies_go_back = true;
};
struct majority_file_past : majority_file {
    static constexpr bool copies_go_back = true;
};
struct majority_file_past_succession : majority_file_succession {
    static constexpr bool copies_go_back = true;
};
struct received_file_past_succession : received_file_succession {
    static constexpr bool copies_go_back = true;
};

}  // namespace compositions

using Hunted = compositions::REPLICATOR_COMPOSITION;
using Node = Hunted::Node;

volatile std::sig_atomic_t seeds_run = 0;

/// A scenario that stops the program, or never ends, is a find as well.
extern "C" void stopped(int signal) {
    char line[80];
    const char* const why = signal == SIGALRM  ? "it never ends"
                            : signal == SIGILL ? "an assertion fails"
                                               : "it crashes";
    const int size = std::snprintf(line, sizeof line, "found %d - %s\n", static_cast<int>(seeds_run), why);
    const bool written = write(STDOUT_FILENO, line, static_cast<std::size_t>(size)) == size;
    _exit(written ? 0 : 1);
}

/// How many events a short scenario has that fails as this one does.
std::size_t shortest_events(const sim::Scenario& scenario) {
    const auto fails = [](const sim::Scenario& s) { return !sim::run_scenario<Node>(s, make_journal_command); };
    return sim::shrink(scenario, fails, 400).events.size();
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const std::uint64_t first = std::strtoull(arguments[1], nullptr, 0);
    const std::uint64_t seeds = std::strtoull(arguments[2], nullptr, 0);
    for (const int signal : {SIGILL, SIGTRAP, SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGALRM}) std::signal(signal, stopped);
    constexpr unsigned patience_seconds = 20;
    std::uint64_t acknowledged = 0;
    for (std::uint64_t i = 1; i <= seeds; ++i) {
        seeds_run = static_cast<std::sig_atomic_t>(i);
        alarm(patience_seconds);
        sim::ExploreOptions options;
        options.first_seed = first + i - 1;
        options.seeds = 1;
        options.bounds.nodes_min = Hunted::nodes_min;
        options.bounds.leaders_fail = Hunted::leaders_fail;
        options.bounds.lines = Hunted::lines;
        options.bounds.takeovers = Hunted::takeovers;
        options.bounds.orderly_stops = Hunted::orderly_stops;
        options.bounds.drains = Hunted::drains;
        options.bounds.slow = Hunted::slow;
        options.bounds.copies_go_back = Hunted::copies_go_back;
        options.shrinks = false;
        const sim::Exploration found = sim::explore<Node>(options, make_journal_command);
        acknowledged += found.acknowledged;
        if (found) continue;
        const std::string why = found.failure.substr(0, found.failure.find('\n'));
        std::printf("found %llu %zu %s\n", static_cast<unsigned long long>(i), shortest_events(found.shortest),
                    why.c_str());
        return 0;
    }
    std::printf("clean %llu %llu\n", static_cast<unsigned long long>(seeds),
                static_cast<unsigned long long>(acknowledged));
    return 0;
}
