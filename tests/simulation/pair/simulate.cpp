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

using namespace pair_simulation;

}  // namespace

int main(int argc, char** argv) {
    std::uint64_t first = 1, seeds = 1000, only = composition_count;
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
        const Composition& composition = compositions[only < composition_count ? only : seed % composition_count];
        World world(composition, seed, verbose);
        const std::string problem = world.run(300 + seed % 7 * 100);
        tally += world.tally;
        if (!problem.empty()) {
            std::printf("seed %llu (%s): %s\n", static_cast<unsigned long long>(seed), composition.name,
                        problem.c_str());
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
    show("damaged", tally.damaged), show("reads", tally.reads), show("refused epochs", tally.spent);
    std::printf("\n");
}
