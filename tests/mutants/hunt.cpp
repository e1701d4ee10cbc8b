// SPDX-License-Identifier: BSL-1.0
// Runs all compositions of the simulator, with groups of three, two and five nodes, seed after seed, until one fails.
// What failed is not made shorter.
//
//     hunt <first seed> <last seed>

#include "simulation/compositions/composition.hpp"

#include <replicator/sim/explore.hpp>

#include <cstdint>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace replicator;

/// False when the seed fails.
bool run(const tests::Composition& composition, std::size_t nodes, std::uint64_t seed) {
    sim::ExploreOptions options;
    options.first_seed = seed;
    options.seeds = 1;
    options.bounds = tests::long_bounds(composition, nodes);
    options.shrinks = false;
    const sim::Exploration found = composition.explore(options);
    if (found) return true;
    std::printf("%s/%zu, seed %llu: %s\n", composition.name.data(), nodes, static_cast<unsigned long long>(seed),
                found.failure.substr(0, found.failure.find('\n')).c_str());
    return false;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 3) return 2;
    const std::uint64_t last = std::strtoull(arguments[2], nullptr, 0);
    for (std::uint64_t seed = std::strtoull(arguments[1], nullptr, 0); seed <= last; ++seed) {
        for (const std::size_t nodes : {3u, 2u, 5u}) {
            bool good = true;
            tests::for_each_composition([&](const tests::Composition& composition) {
                if (good && nodes >= composition.nodes_min) good = run(composition, nodes, seed);
            });
            if (!good) return 1;
        }
    }
}
