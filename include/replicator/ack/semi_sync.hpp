// SPDX-License-Identifier: BSL-1.0
// ack::SemiSync: acknowledged when the leader and one chosen follower hold the write; the choice is replaced when it
// goes down or is stuck.
//
// The chosen follower has the seat. When it goes down, acknowledging stops; the most complete connected follower that
// holds every acknowledged write gets the seat by an entry in the log; once it holds that entry, acknowledging goes on.
// The same happens when the chosen one answers and holds no more than a failure timeout ago, while another got further.
// No write is acknowledged in between, and a late answer of the former one counts for nothing. When the seat moved
// several times and nobody who got it stayed, further moves wait for as long as the ones before them took.
//
// What can be lost: nothing that was acknowledged, when one node at most is destroyed. When the leader and the follower
// with the seat are destroyed together, what the other followers did not hold yet. A promotion without loss must hear
// all followers, because the one that had the seat may have lost it without knowing.
#pragma once

#include "../concepts/ack_policy.hpp"

namespace replicator::ack {

/// See the head of this file. `S`: how each holder must have the write. `Missing`: what becomes of writes while no
/// follower can take the seat.
template <AskedStage S = AskedStage{}, WhenMissing Missing = WhenMissing::wait>
struct SemiSync {
    static constexpr PolicyKind kind = PolicyKind::semi_sync;
    static constexpr AskedStage stage = S;
    static constexpr WhenMissing when_missing = Missing;
    static constexpr bool has_seat = true;
    /// A group must have at least so many nodes.
    static constexpr std::size_t nodes_min = 2;

    [[nodiscard]] static constexpr std::size_t holders(std::size_t) noexcept { return 2; }
    [[nodiscard]] static constexpr std::size_t holders_floor(std::size_t) noexcept {
        return Missing == WhenMissing::degrade ? 1 : 2;
    }

    [[nodiscard]] static constexpr Index acknowledged(Holdings holdings) noexcept {
        bool any_up = false;
        for (const Holding& follower : holdings.followers) {
            if (follower.seat && (follower.up || Missing != WhenMissing::degrade)) {
                return smaller(holdings.leader, follower.held);
            }
            any_up = any_up || follower.up;
        }
        return Missing == WhenMissing::degrade && !any_up ? holdings.leader : Index{};
    }

    [[nodiscard]] static constexpr bool satisfiable(Holdings holdings) noexcept {
        for (const Holding& follower : holdings.followers) {
            if (follower.up) return true;
        }
        return false;
    }
};

}  // namespace replicator::ack
