// SPDX-License-Identifier: BSL-1.0
// ack::Majority: acknowledged when more than half of the configured nodes hold the write, leader included.
//
// What can be lost: nothing that was acknowledged, when fewer than half of the nodes are destroyed. A promotion without
// loss must hear a majority too (one less than that where the number of nodes is even).
#pragma once

#include "quorum.hpp"

namespace replicator::ack {

/// See the head of this file. `S`: how each holder must have the write. `Missing`: what becomes of writes while there
/// is no majority.
template <AskedStage S = AskedStage{}, WhenMissing Missing = WhenMissing::wait>
struct Majority {
    static constexpr PolicyKind kind = PolicyKind::majority;
    static constexpr AskedStage stage = S;
    static constexpr WhenMissing when_missing = Missing;
    static constexpr bool has_seat = false;

    [[nodiscard]] static constexpr std::size_t holders(std::size_t nodes) noexcept { return nodes / 2 + 1; }
    [[nodiscard]] static constexpr std::size_t holders_floor(std::size_t nodes) noexcept {
        return Missing == WhenMissing::degrade ? 1 : holders(nodes);
    }
    [[nodiscard]] static constexpr Index acknowledged(Holdings holdings) noexcept {
        return detail::acknowledged_by<Missing>(holdings, holders(holdings.followers.size() + 1) - 1);
    }
    [[nodiscard]] static constexpr bool satisfiable(Holdings holdings) noexcept {
        return detail::count_up(holdings) >= holders(holdings.followers.size() + 1) - 1;
    }
};

}  // namespace replicator::ack
