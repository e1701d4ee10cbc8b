// SPDX-License-Identifier: BSL-1.0
// How far a leader has come that stops in order: what was acknowledged is held elsewhere, and somebody else leads.
#pragma once

#include "../error.hpp"
#include "../types.hpp"

#include <cstdint>

namespace replicator {

enum class DrainStep : std::uint8_t {
    none,          ///< nobody asked for it
    draining,      ///< writes are refused; the successor is not told yet: it lacks entries, or writes are pending
    handing_over,  ///< the successor holds everything, and was told to lead
    done,          ///< another node leads, holds everything, and has an entry of its own acknowledged
    late,          ///< given up; the error says what was missing
};

[[nodiscard]] constexpr const char* to_string(DrainStep step) noexcept {
    switch (step) {
        case DrainStep::none: return "none";
        case DrainStep::draining: return "draining";
        case DrainStep::handing_over: return "handing over";
        case DrainStep::done: return "done";
        case DrainStep::late: return "late";
    }
    return "unknown";
}

/// How far a drain has come. A copy.
struct DrainStatus {
    DrainStep step = DrainStep::none;
    /// Why it was given up, and what may be lost when this node ends now:
    ///   - not_enough_followers: no follower is there that counts and has caught up. All that it does not hold.
    ///   - busy: the most complete follower, or the policy, was too slow, or a person promoted a node first. Every
    ///     follower may lack the newest entries; the pending writes have no outcome.
    ///   - nodes_missing: the successor holds everything, and was told to lead, but nobody leads. Nothing; promote a
    ///     node.
    ///   - faulted: this node faulted meanwhile; status().fault says why.
    Error error = Error::none;
    NodeId successor{};  ///< the last one that was chosen; NodeId{} for none
};

}  // namespace replicator
