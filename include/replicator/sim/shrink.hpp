// SPDX-License-Identifier: BSL-1.0
// Makes a failing scenario as short as it can be while it still fails, and writes it down as C++.
#pragma once

#include "scenario.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// Leaves out events in ever smaller groups, then whole kinds of faults, for as long as `fails(scenario)` is true
/// (delta debugging, Zeller and Hildebrandt, "Simplifying and Isolating Failure-Inducing Input", 2002, section 3).
/// Calls `fails` at most `attempts_max` times.
[[nodiscard]] inline Scenario shrink(Scenario scenario, const std::function<bool(const Scenario&)>& fails,
                                     std::size_t attempts_max = 5000) {
    const auto still_fails = [&](const Scenario& shorter) {
        return attempts_max > 0 && (--attempts_max, fails(shorter));
    };

    for (std::size_t group = std::max<std::size_t>(scenario.events.size() / 2, 1); group > 0;) {
        bool shortened = false;
        for (std::size_t at = 0; at < scenario.events.size();) {
            Scenario shorter = scenario;
            const auto begin = shorter.events.begin() + static_cast<std::ptrdiff_t>(at);
            const std::size_t count = (std::min)(group, scenario.events.size() - at);
            shorter.events.erase(begin, begin + static_cast<std::ptrdiff_t>(count));
            if (still_fails(shorter)) {
                scenario = std::move(shorter);
                shortened = true;
            } else {
                at += count;
            }
        }
        if (!shortened || group > 1) group /= 2;
    }

    const auto try_instead = [&](Scenario&& simpler) {
        const bool fails_too = still_fails(simpler);
        if (fails_too) scenario = std::move(simpler);
        return fails_too;
    };
    constexpr void (*changes[])(Scenario&) = {
        [](Scenario& s) { s.network.loss = 0; },
        [](Scenario& s) { s.network.duplication = 0; },
        [](Scenario& s) { s.network.corruption = 0; },
        [](Scenario& s) { s.network.truncation = 0; },
        [](Scenario& s) { s.network.bytes_lost = 0; },
        [](Scenario& s) { s.network.bytes_added = 0; },
        [](Scenario& s) { s.network.bytes_flipped = 0; },
        [](Scenario& s) { s.network.one_byte_reads = s.network.split_reads = 0; },
        [](Scenario& s) { s.network.delay_max = s.network.delay_min; },
        [](Scenario& s) { s.network.bytes_per_second = 0; },
        [](Scenario& s) { s.disks.flush_delay_max = Duration{}; },
        [](Scenario& s) { s.disks.sync_polls = 0; },
        [](Scenario& s) { s.disks.leads_again = false; },
        [](Scenario& s) { s.clock_skews.assign(s.clock_skews.size(), 0); },
    };
    for (const auto change : changes) {
        Scenario simpler = scenario;
        change(simpler);
        try_instead(std::move(simpler));
    }
    for (std::size_t i = 0; i < scenario.events.size(); ++i) {
        bool fewer = scenario.events[i].kind == EventKind::write;
        while (fewer && scenario.events[i].amount > 1) {
            Scenario simpler = scenario;
            simpler.events[i].amount /= 2;
            fewer = try_instead(std::move(simpler));
        }
    }
    if (!scenario.events.empty()) {
        Scenario shorter = scenario;
        shorter.length = Duration{shorter.events.back().at.microseconds + 1};
        try_instead(std::move(shorter));
    }
    return scenario;
}

/// What of a network is said only where there are lines.
[[nodiscard]] inline std::string of_line(const NetworkFaults& network) {
    if (!network.line) return "";
    return ", .line = true, .bytes_lost = " + std::to_string(network.bytes_lost) +
           ", .bytes_added = " + std::to_string(network.bytes_added) +
           ", .bytes_flipped = " + std::to_string(network.bytes_flipped);
}

/// Said only where connections are slow.
[[nodiscard]] inline std::string rate_of(const NetworkFaults& network) {
    if (network.bytes_per_second == 0) return "";
    return ", .bytes_per_second = " + std::to_string(network.bytes_per_second);
}

/// The scenario as a C++ expression, to be pasted into a test.
[[nodiscard]] inline std::string to_cpp(const Scenario& scenario) {
    const auto number = [](auto n) { return std::to_string(n); };
    const NetworkFaults& network = scenario.network;
    std::string text =
        "replicator::sim::Scenario{\n    .seed = " + number(scenario.seed) + "u, .nodes = " + number(scenario.nodes) +
        ",\n    .network = {.stream = " + (network.stream ? "true" : "false") + ", .loss = " + number(network.loss) +
        ", .duplication = " + number(network.duplication) + ", .corruption = " + number(network.corruption) +
        ", .truncation = " + number(network.truncation) + ",\n                .delay_min{" +
        number(network.delay_min.microseconds) + "}, .delay_max{" + number(network.delay_max.microseconds) +
        "}, .one_byte_reads = " + number(network.one_byte_reads) + ", .split_reads = " + number(network.split_reads) +
        ",\n                .in_flight_bytes_max = " + number(network.in_flight_bytes_max) + of_line(network) +
        rate_of(network) + "},\n    .disks = {.flush_delay_max{" + number(scenario.disks.flush_delay_max.microseconds) +
        "}, .sync_polls = " + number(scenario.disks.sync_polls) +
        ", .leads_again = " + (scenario.disks.leads_again ? "true" : "false") + "},\n    .clock_skews = {";
    for (const std::int32_t skew : scenario.clock_skews) text += number(skew) + ", ";
    text += "},\n    .events = {\n";
    for (const Event& event : scenario.events) {
        text += "        {.at{" + number(event.at.microseconds) +
                "}, .kind = replicator::sim::EventKind::" + to_string(event.kind) + ", .node = " + number(event.node) +
                ", .other = " + number(event.other) + ", .amount = " + number(event.amount) + "},\n";
    }
    return text + "    },\n    .length{" + number(scenario.length.microseconds) +
           "},\n    .leaders_fail = " + (scenario.leaders_fail ? "true" : "false") +
           ", .nobody_comes = " + (scenario.nobody_comes ? "true" : "false") + ",\n}";
}

}  // namespace replicator::sim
