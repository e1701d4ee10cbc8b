// SPDX-License-Identifier: BSL-1.0
// ack::Quorum<W>: acknowledged when the leader and any W - 1 followers hold the write.
//
// What can be lost: nothing that was acknowledged, when W - 1 nodes at most are destroyed. A promotion without loss
// must hear n - W + 1 nodes.
#pragma once

#include "../concepts/ack_policy.hpp"

namespace replicator::ack {

namespace detail {

/// The newest index that the leader and `others` followers hold. O(followers squared), of which there are few.
[[nodiscard]] constexpr Index held_by(Holdings holdings, std::size_t others) noexcept {
    if (others == 0) return holdings.leader;
    Index best;
    for (const Holding& candidate : holdings.followers) {
        std::size_t holders = 0;
        for (const Holding& follower : holdings.followers) holders += candidate.held <= follower.held ? 1u : 0u;
        if (holders >= others) best = larger(best, candidate.held);
    }
    return smaller(best, holdings.leader);
}

[[nodiscard]] constexpr std::size_t count_up(Holdings holdings) noexcept {
    std::size_t count = 0;
    for (const Holding& follower : holdings.followers) count += follower.up ? 1u : 0u;
    return count;
}

/// `held_by`, where a policy that may degrade asks only for the followers that are there.
template <WhenMissing Missing>
[[nodiscard]] constexpr Index acknowledged_by(Holdings holdings, std::size_t others) noexcept {
    if constexpr (Missing == WhenMissing::degrade) {
        const std::size_t up = count_up(holdings);
        if (up < others) others = up;
    }
    return held_by(holdings, others);
}

}  // namespace detail

/// See the head of this file. `W` counts the leader. `S`: how each holder must have the write. `Missing`: what becomes
/// of writes while fewer than W - 1 followers are there.
template <std::size_t W, AskedStage S = AskedStage{}, WhenMissing Missing = WhenMissing::wait>
struct Quorum {
    static_assert(W >= 2, "ack::Quorum<W> counts the leader, so W must be at least 2; ack::Async is W = 1.");

    static constexpr PolicyKind kind = PolicyKind::quorum;
    static constexpr AskedStage stage = S;
    static constexpr WhenMissing when_missing = Missing;
    static constexpr bool has_seat = false;
    /// A group must have at least so many nodes.
    static constexpr std::size_t nodes_min = W;

    [[nodiscard]] static constexpr std::size_t holders(std::size_t) noexcept { return W; }
    [[nodiscard]] static constexpr std::size_t holders_floor(std::size_t) noexcept {
        return Missing == WhenMissing::degrade ? 1 : W;
    }
    [[nodiscard]] static constexpr Index acknowledged(Holdings holdings) noexcept {
        return detail::acknowledged_by<Missing>(holdings, W - 1);
    }
    [[nodiscard]] static constexpr bool satisfiable(Holdings holdings) noexcept {
        return detail::count_up(holdings) >= W - 1;
    }
};

}  // namespace replicator::ack
