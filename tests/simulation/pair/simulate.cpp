// SPDX-License-Identifier: BSL-1.0
// Runs the simulated pairs.
//
//     simulate_pair [--first N] [--seeds N] [--composition N] [--verbose]
//
// Ends with status 1 at the first seed that shows a fault, and names it.

#include "world.hpp"

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

using namespace replicator;
using namespace pair_simulation;

struct Small : pair::Options {
    using Delivery = pair::delivery::Frames;
    using Transfer = pair::transfer::Pieces<40>;
    static constexpr std::size_t command_bytes_max = 28;
    static constexpr std::size_t log_entries_max = 8;
    static constexpr std::size_t log_bytes_max = 128;
    static constexpr std::size_t frame_bytes_max = 80;
};
struct Whole : pair::Options {
    using Delivery = pair::delivery::Frames;
    using Transfer = pair::transfer::Whole;
    static constexpr std::size_t command_bytes_max = 28;
    static constexpr std::size_t frame_bytes_max = 160;
};
/// Positions go around after a few writes.
struct Around : Small {
    static constexpr std::uint32_t before_first = 0xffffffff - 40;
};
struct NoHandOver : Whole {
    static constexpr bool can_hand_over = false;
};

struct Ending {
    std::string problem;
    Tally tally;
};
template <class Ack, class Limits>
Ending run(std::uint64_t seed, bool verbose) {
    World<Ack, Limits> world(seed, verbose);
    std::string problem = world.run(300 + seed % 7 * 100);
    return {problem, world.tally};
}
using Run = Ending (*)(std::uint64_t, bool);
constexpr Run compositions[] = {
    run<ack::SemiSync<>, Small>, run<ack::Async<>, Small>,     run<ack::SemiSync<>, Whole>,
    run<ack::Async<>, Around>,   run<ack::SemiSync<>, Around>, run<ack::SemiSync<>, NoHandOver>,
};
constexpr std::size_t count = sizeof compositions / sizeof *compositions;

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 1, seeds = 1000, only = count;
    bool verbose = false;
    for (int i = 1; i < argc; ++i) {
        const auto number = [&] { return i + 1 < argc ? std::strtoull(argv[++i], nullptr, 10) : 0; };
        if (std::strcmp(argv[i], "--first") == 0)
            first = number();
        else if (std::strcmp(argv[i], "--seeds") == 0)
            seeds = number();
        else if (std::strcmp(argv[i], "--composition") == 0)
            only = number();
        else if (std::strcmp(argv[i], "--verbose") == 0)
            verbose = true;
        else
            return std::fprintf(stderr, "unknown: %s\n", argv[i]), 2;
    }
    Tally tally;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        const std::size_t composition = only < count ? only : seed % count;
        const Ending result = compositions[composition](seed, verbose);
        tally += result.tally;
        if (!result.problem.empty()) {
            std::printf("seed %llu, composition %zu: %s\n", static_cast<unsigned long long>(seed), composition,
                        result.problem.c_str());
            return 1;
        }
    }
    const auto show = [](const char* name, std::uint64_t value) {
        std::printf(" %s %llu", name, static_cast<unsigned long long>(value));
    };
    std::printf("%llu seeds:", static_cast<unsigned long long>(seeds));
    show("accepted", tally.accepted), show("acknowledged", tally.acknowledged), show("promotions", tally.promotions);
    show("forced", tally.forced), show("hand-overs", tally.hand_overs), show("crashes", tally.crashes);
    show("discarded", tally.discarded), show("states", tally.states), show("unsettled", tally.unsettled);
    std::printf("\n");
}
