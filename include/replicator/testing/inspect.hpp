// SPDX-License-Identifier: BSL-1.0
// Lets a test look inside a node, for what is no business of its users: the parts of a node.
#pragma once

#include "../basic_replicator.hpp"

namespace replicator::testing {

struct Inspect {
    template <class... Policies>
    [[nodiscard]] static auto& inside(Replicator<Policies...>& node) noexcept {
        return node.node_;
    }
    template <class... Policies>
    [[nodiscard]] static const auto& inside(const Replicator<Policies...>& node) noexcept {
        return node.node_;
    }
    /// Of what stands for a node in a test, what it shows.
    template <class StandIn>
        requires requires(const StandIn& node) { node.inside(); }
    [[nodiscard]] static const auto& inside(const StandIn& node) noexcept { return node.inside(); }
};

}  // namespace replicator::testing
