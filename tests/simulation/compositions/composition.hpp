// SPDX-License-Identifier: BSL-1.0
// Composition: a policy and a log under the simulator, by name.
#pragma once

#include <replicator/sim/explore.hpp>
#include <replicator/types.hpp>

#include <cstddef>
#include <span>
#include <string_view>

namespace replicator::tests {

struct Composition {
    std::string_view name;  ///< policy/log, and how leaders come to an end where they do
    std::size_t nodes_min;
    bool leaders_fail;
    sim::Exploration (*explore)(const sim::ExploreOptions&);
    bool slow = false;            ///< connections carry a few bytes in a second
    bool copies_go_back = false;  ///< nodes start from older copies, and under run numbers that they had before
};

/// Of scenarios of about 5,000 events.
[[nodiscard]] inline sim::ScenarioBounds long_bounds(const Composition& composition, std::size_t nodes) {
    return {.nodes_min = nodes,
            .nodes_max = nodes,
            .length_min = milliseconds(500),
            .length_max = milliseconds(1500),
            .writes_at_once_max = 60,
            .fault_length_max = milliseconds(120),
            .leaders_fail = composition.leaders_fail,
            .slow = composition.slow,
            .copies_go_back = composition.copies_go_back};
}

/// Each kind is compiled in the file of that name.
[[nodiscard]] std::span<const Composition> ring();
[[nodiscard]] std::span<const Composition> memory();
[[nodiscard]] std::span<const Composition> file();
[[nodiscard]] std::span<const Composition> fixed();

/// Calls `visitor(composition)` for each of all kinds.
template <class Visitor>
void for_each_composition(Visitor&& visitor) {
    for (const auto kind : {ring, memory, file, fixed}) {
        for (const Composition& composition : kind()) visitor(composition);
    }
}

}  // namespace replicator::tests
