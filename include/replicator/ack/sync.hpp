// SPDX-License-Identifier: BSL-1.0
// ack::Sync: acknowledged when every configured node holds the write.
//
// What can be lost: nothing that was acknowledged, while one node is left. The price: one node that is missing stops
// all writes, unless the policy may degrade; and then the guarantee is that of the leader alone.
#pragma once

#include "../concepts/ack_policy.hpp"

namespace replicator::ack {

/// See the head of this file. `S`: how each holder must have the write. `Missing`: what becomes of writes meanwhile.
template <AskedStage S = AskedStage{}, WhenMissing Missing = WhenMissing::wait>
struct Sync {
    static constexpr PolicyKind kind = PolicyKind::sync;
    static constexpr AskedStage stage = S;
    static constexpr WhenMissing when_missing = Missing;
    static constexpr bool has_seat = false;

    [[nodiscard]] static constexpr std::size_t holders(std::size_t nodes) noexcept { return nodes; }
    [[nodiscard]] static constexpr std::size_t holders_floor(std::size_t nodes) noexcept {
        return Missing == WhenMissing::degrade ? 1 : nodes;
    }

    [[nodiscard]] static constexpr Index acknowledged(Holdings holdings) noexcept {
        Index all = holdings.leader;
        for (const Holding& follower : holdings.followers) {
            if (Missing == WhenMissing::degrade && !follower.up) continue;
            all = smaller(all, follower.held);
        }
        return all;
    }

    [[nodiscard]] static constexpr bool satisfiable(Holdings holdings) noexcept {
        for (const Holding& follower : holdings.followers) {
            if (!follower.up) return false;
        }
        return true;
    }
};

}  // namespace replicator::ack
