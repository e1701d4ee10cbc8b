// SPDX-License-Identifier: BSL-1.0
// The way into the simulator: runs a node type of yours through many scenarios, and explains the first that fails.
#pragma once

#include "frame_listing.hpp"
#include "group/takeover.hpp"
#include "scenario.hpp"
#include "sentence.hpp"
#include "shrink.hpp"
#include "succession.hpp"
#include "world.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <utility>

namespace replicator::sim {

struct ExploreOptions {
    std::uint64_t first_seed = 1;
    std::uint64_t seeds = 1000;
    ScenarioBounds bounds{};
    bool shrinks = true;  ///< a failing scenario is made short before it is told
};

struct Exploration {
    std::uint64_t seeds = 0;  ///< that were run
    std::uint64_t events = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t trace = 0;         ///< of all runs together
    std::uint64_t failing_seed = 0;  ///< meaningful when `failure` is not empty
    std::string failure;
    Scenario shortest;   ///< fails as well, with as few events as could be found
    std::string report;  ///< failure, the shortest scenario as C++, and its frames

    [[nodiscard]] explicit operator bool() const noexcept { return failure.empty(); }
};

/// Runs one scenario, and shows `watch` every frame that arrives.
template <class UserNode, class MakeCommand>
[[nodiscard]] Verdict run_scenario(const Scenario& scenario, MakeCommand make_command, Network::Watch watch = {}) {
    const auto run = [&watch](auto&& world) {
        world.watch(std::move(watch));
        return world.run();
    };
    // Where nobody can be promoted, the leader lives for ever.
    if constexpr (UserNode::can_be_promoted) {
        if (scenario.leaders_fail) return run(Succession<UserNode, MakeCommand>(scenario, std::move(make_command)));
    }
    return run(World<UserNode, MakeCommand>(scenario, std::move(make_command)));
}

namespace detail {

/// What one node type does in a scenario.
using Run = std::function<Verdict(const Scenario&, Network::Watch)>;

/// The frames of one scenario, as text.
[[nodiscard]] inline std::string chart_of(const Run& run, const Scenario& scenario) {
    FrameListing listing;
    static_cast<void>(run(scenario, [&listing](Instant now, NodeId from, NodeId to, std::span<const std::byte> bytes) {
        listing.watch(now, from, to, bytes);
    }));
    return listing.text();
}

/// Compiled once for all node types.
[[nodiscard]] inline Exploration explore(const ExploreOptions& options, const ScenarioBounds& bounds, const Run& run) {
    Exploration found;
    for (; found.seeds < options.seeds; ++found.seeds) {
        const std::uint64_t seed = options.first_seed + found.seeds;
        const Scenario scenario = draw(seed, bounds);
        const Verdict verdict = run(scenario, {});
        found.events += verdict.events;
        found.acknowledged += verdict.acknowledged;
        found.trace = core::mix(found.trace, verdict.trace);
        if (verdict) continue;

        found.failing_seed = seed;
        found.failure = verdict.failure;
        found.shortest = scenario;
        if (options.shrinks) {
            found.shortest = shrink(scenario, [&run](const Scenario& shorter) { return !run(shorter, {}); });
        }
        append(found.report,
               {"seed ", seed, ": ", found.failure.c_str(), "\n\nThe shortest scenario that fails:\n",
                to_cpp(found.shortest).c_str(), "\n\nIts frames:\n", chart_of(run, found.shortest).c_str()});
        return found;
    }
    return found;
}

}  // namespace detail

/// Runs `UserNode`, over a simulated network in place of its own transport, through one scenario per seed, until one
/// fails. `make_command(Random&)` gives commands; it must draw from that source alone. The same seeds give the same
/// runs.
///
///     const auto found = sim::explore<MyNode>({.seeds = 10'000}, [](sim::Random& random) { return MyCommand{...}; });
///     BOOST_TEST_REQUIRE(static_cast<bool>(found), found.report);
///
/// The machine is compared by its `digest()`, or by its snapshot.
template <class UserNode, class MakeCommand>
[[nodiscard]] Exploration explore(const ExploreOptions& options, MakeCommand make_command) {
    ScenarioBounds bounds = options.bounds;
    bounds.disks = bounds.disks || Simulated<UserNode>::is_durable;
    return detail::explore(options, bounds, [&](const Scenario& scenario, Network::Watch watch) {
        return run_scenario<UserNode>(scenario, make_command, std::move(watch));
    });
}

}  // namespace replicator::sim
