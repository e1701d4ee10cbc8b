// SPDX-License-Identifier: BSL-1.0
// Takeovers alone: scenarios in which nothing happens but that one node leads in the place of another, and that a node
// may die at any step of it. Nothing is lost on the way, so that the time counts in which somebody must lead.
#pragma once

#include "../../types.hpp"
#include "../random.hpp"
#include "../scenario.hpp"

#include <cstdint>

namespace replicator::sim {

namespace detail {

/// A group that is in order, and how long its messages take.
[[nodiscard]] inline Scenario draw_calm(Random& random, std::uint64_t seed, const ScenarioBounds& bounds) {
    Scenario scenario;
    scenario.seed = seed;
    scenario.leaders_fail = scenario.nobody_comes = true;
    scenario.nodes = random.between(bounds.nodes_min, bounds.nodes_max);
    scenario.clock_skews.resize(scenario.nodes);
    scenario.network.stream = random.below(2) == 0;
    scenario.network.delay_max = Duration{scenario.network.delay_min.microseconds + random.below(2'000)};
    return scenario;
}

}  // namespace detail

/// A hand-over or a promotion while the first leader lives, whose candidate dies at any step of it.
[[nodiscard]] inline Scenario draw_takeover(std::uint64_t seed, const ScenarioBounds& bounds) {
    Random random(seed);
    Scenario scenario = detail::draw_calm(random, seed, bounds);
    const Duration begins{random.between(40'000, 80'000)};
    const Duration dies{begins.microseconds + random.below(12 * scenario.network.delay_max.microseconds)};
    const auto candidate = static_cast<std::uint32_t>(random.between(1, scenario.nodes - 1));
    const EventKind kind = random.below(2) == 0 ? EventKind::hand_over : EventKind::promote;
    scenario.events = {{milliseconds(5), EventKind::write, 0, 0, static_cast<std::uint32_t>(random.between(1, 20))},
                       {milliseconds(30), EventKind::write, 0, 0, static_cast<std::uint32_t>(random.between(1, 5))},
                       {begins, kind, candidate, 0, 0},
                       {dies, EventKind::crash, candidate, 0, 0}};
    scenario.length = Duration{dies.microseconds + 5'000};  // so that it comes to that
    return scenario;
}

/// An orderly stop of the first leader, which writes as it is told to, on ways that stand still for a moment. In two of
/// three, one of the nodes dies at any step of it. The time that is given is far too short in one of four.
[[nodiscard]] inline Scenario draw_orderly_stop(std::uint64_t seed, const ScenarioBounds& bounds) {
    Random random(seed);
    Scenario scenario = detail::draw_calm(random, seed, bounds);
    const Duration begins{random.between(60'000, 80'000)};
    const auto follower = static_cast<std::uint32_t>(random.between(1, scenario.nodes - 1));
    const bool short_of_time = random.below(4) == 0;
    const auto within = static_cast<std::uint32_t>(short_of_time ? random.between(1, 15) : random.between(400, 800));
    const auto clogged = static_cast<std::uint32_t>(random.between(1, 20));
    const auto writes = [&random] { return static_cast<std::uint32_t>(random.between(1, 8)); };
    const Duration late{begins.microseconds - 2'000};
    scenario.events = {{milliseconds(5), EventKind::write, 0, 0, writes()},
                       {milliseconds(30), EventKind::write, 0, 0, writes()},
                       {late, EventKind::clog, 0, follower, clogged},
                       {late, EventKind::write, 0, 0, writes()},
                       {begins, EventKind::drain, 0, 0, within},
                       {begins, EventKind::write, 0, 0, writes()}};
    Duration ends = begins;
    if (random.below(3) != 0) {
        ends.microseconds += random.below(12 * scenario.network.delay_max.microseconds);
        const std::uint32_t dies = random.below(4) == 0 ? 0 : follower;
        scenario.events.push_back({ends, EventKind::crash, dies, 0, 0});
    }
    scenario.length = Duration{ends.microseconds + 5'000};
    return scenario;
}

/// The scenario of a seed, of the kind that the bounds name.
[[nodiscard]] inline Scenario draw(std::uint64_t seed, const ScenarioBounds& bounds) {
    if (bounds.orderly_stops) return draw_orderly_stop(seed, bounds);
    return bounds.takeovers ? draw_takeover(seed, bounds) : draw_scenario(seed, bounds);
}

}  // namespace replicator::sim
