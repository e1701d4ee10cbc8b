// SPDX-License-Identifier: BSL-1.0
// ack::Async: acknowledged when the leader holds the write.
//
// What can be lost: when the leader's log is destroyed, or another node is promoted without having heard this one,
// every write that no follower held yet. The followers' lag, in status(), is how much that is at any moment; give the
// policy a loss bound, and it never is more than that, if a promotion hears all followers.
// No follower is ever waited for.
#pragma once

#include "../concepts/ack_policy.hpp"

#include <cstdint>

namespace replicator::ack {

/// See the head of this file. `S`: the stage at which the leader must hold the write. `LossEntriesMax`: while so many
/// entries are on no follower, further writes are refused as not_enough_followers; 0 for no bound. A follower that went
/// away counts with what it held, until it comes back without.
template <AskedStage S = AskedStage{}, std::uint64_t LossEntriesMax = 0>
struct Async {
    static constexpr PolicyKind kind = PolicyKind::async;
    static constexpr AskedStage stage = S;
    static constexpr WhenMissing when_missing = WhenMissing::wait;
    static constexpr bool has_seat = false;
    static constexpr std::uint64_t loss_entries_max = LossEntriesMax;

    [[nodiscard]] static constexpr std::size_t holders(std::size_t) noexcept { return 1; }
    [[nodiscard]] static constexpr std::size_t holders_floor(std::size_t) noexcept { return 1; }
    [[nodiscard]] static constexpr Index acknowledged(Holdings holdings) noexcept { return holdings.leader; }
    [[nodiscard]] static constexpr bool satisfiable(Holdings) noexcept { return true; }
};

}  // namespace replicator::ack
