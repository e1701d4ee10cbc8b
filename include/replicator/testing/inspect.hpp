// SPDX-License-Identifier: BSL-1.0
// Lets a test look inside a node, for what is no business of its users: the parts of the engine.
#pragma once

#include "../basic_replicator.hpp"

namespace replicator::testing {

struct Inspect {
    template <class... Policies>
    [[nodiscard]] static auto& engine(Replicator<Policies...>& node) noexcept {
        return node.engine_;
    }
    template <class... Policies>
    [[nodiscard]] static const auto& engine(const Replicator<Policies...>& node) noexcept {
        return node.engine_;
    }
};

}  // namespace replicator::testing
