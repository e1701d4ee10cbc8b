// SPDX-License-Identifier: BSL-1.0
// Counts the seeds until a planted bug shows. Compiled against headers into which the bug was put; COMPOSITION says how.

#include "simulation/journal.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/sim/explore.hpp>
#include <replicator/transport/manual.hpp>

#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <unistd.h>

namespace {

using namespace replicator;
using namespace replicator::tests;

namespace composition {
using majority = ack::Majority<>;
using semi_sync = ack::SemiSync<>;
using sync = ack::Sync<>;
using quorum3 = ack::Quorum<3>;
}  // namespace composition
using Node = Replicator<Journal, SmallRing, composition::COMPOSITION, transport::Manual, SmallOptions>;

volatile std::sig_atomic_t seed_now = 0;

/// An assertion of the library is a find as well.
void crashed(int) {
    char text[64];
    const int size = std::snprintf(text, sizeof text, "%d seeds, an assertion\n", static_cast<int>(seed_now));
    static_cast<void>(!::write(1, text, static_cast<std::size_t>(size)));
    ::_exit(0);
}

}  // namespace

int main(int count, char** arguments) {
    const std::uint64_t seeds = count > 1 ? std::strtoull(arguments[1], nullptr, 0) : 10'000;
    for (const int signal : {SIGILL, SIGTRAP, SIGABRT, SIGSEGV}) std::signal(signal, crashed);
    for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
        seed_now = static_cast<std::sig_atomic_t>(seed);
        sim::ExploreOptions options;
        options.first_seed = seed;
        options.seeds = 1;
        options.bounds.nodes_min = 3;
        const auto found = sim::explore<Node>(options, make_journal_command);
        if (found) continue;
        const std::string first_line = found.failure.substr(0, found.failure.find('\n'));
        std::printf("%llu seeds, %zu events in the shortest: %s\n", static_cast<unsigned long long>(seed),
                    found.shortest.events.size(), first_line.c_str());
        return 0;
    }
    std::printf("not found in %llu seeds\n", static_cast<unsigned long long>(seeds));
    return 1;
}
