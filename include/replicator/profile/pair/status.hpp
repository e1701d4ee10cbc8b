// SPDX-License-Identifier: BSL-1.0
// What a node of a pair tells people: of what a group tells, what there is, by the same names.
#pragma once

#include "../../api/promotion.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace replicator::profile {

/// How this node sees the other one.
struct PairPeerStatus {
    NodeId node{};
    bool connected = false;         ///< a link stands, and one of both leads
    bool counts = false;            ///< on the leader: both logs are known to agree as far as they overlap
    bool can_lead = false;          ///< on the leader: it could be handed the lead
    std::optional<bool> blank;      ///< holds nothing of any history; unknown until it answered, and after silence
    Error refusal = Error::none;    ///< why the last handshake failed; wrong_version for a node of a group
    std::optional<Index> received;  ///< while it counts: up to here it is known to hold what this node holds
};

/// Of 32 bits: they go around.
struct PairCounters {
    std::uint32_t frames_corrupt = 0;  ///< failed a checksum, or were none
    std::uint32_t refusals = 0;        ///< handshakes that failed
};

struct PairStatus {
    NodeId node{};
    Role role = Role::follower;
    Error fault = Error::none;
    NodeId leader{};  ///< NodeId{} while none is known
    Epoch epoch;      ///< the newest that this node knows
    Index last;
    Index committed;     ///< up to here it may be applied
    Index acknowledged;  ///< up to here writes were acknowledged, on the leader
    Index applied;
    std::uint64_t writes_pending = 0;               ///< on the leader: accepted and not acknowledged
    bool satisfiable = false;                       ///< no follower that the policy needs is missing
    bool confirmed = false;                         ///< see `Replicator::confirmed`
    bool handing_over = false;                      ///< the other is taking over, or this node is: writes are refused
    PromotionStep promotion = PromotionStep::none;  ///< of the newest promotion of this node
    bool installing = false;                        ///< this node needs, or is receiving, a state
    bool blank = true;                              ///< it holds nothing of any history
    /// It holds all that was acknowledged when its link began, or it led in this run: under ack::SemiSync it may lead.
    bool complete = false;
    /// Entries of this node that a state replaced, and of which nobody knows whether they are in it.
    std::uint32_t unsettled = 0;
    PairCounters counters;
    std::array<PairPeerStatus, 1> peer_slots{};

    [[nodiscard]] constexpr const std::array<PairPeerStatus, 1>& peers() const& noexcept { return peer_slots; }
    /// Of a status without a name they are copied, so that a loop over `node.status().peers()` is good.
    [[nodiscard]] constexpr std::array<PairPeerStatus, 1> peers() const&& noexcept { return peer_slots; }
};

}  // namespace replicator::profile
