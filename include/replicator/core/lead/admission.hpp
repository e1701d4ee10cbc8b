// SPDX-License-Identifier: BSL-1.0
// Admission: when the acknowledgements of a follower's incarnation begin to count.
//
// A node that lost its copies comes back as a new incarnation, and has forgotten what it promised. If it counted at
// once, a leader that is cut off could gather acknowledgements from it for writes that another leader's group knows
// nothing of. So it counts again only when it has caught up and, after it appeared, enough other counting nodes have
// confirmed that this leader still leads. An incarnation of a node that never counted has promised nothing that could
// count, and need not wait.
#pragma once

#include "../../types.hpp"
#include "../history/roster.hpp"
#include "../peer/peer.hpp"

#include <cstddef>
#include <span>

namespace replicator::core {

/// How many nodes that count, leader included, must have confirmed the epoch after a new incarnation appeared.
[[nodiscard]] constexpr std::size_t confirmations_needed(std::size_t nodes, std::size_t holders) noexcept {
    const std::size_t hear = nodes - holders + 1;
    const std::size_t both = holders < hear ? hear : holders;
    return nodes - 1 < both ? nodes - 1 : both;
}

/// True when `candidate`, which does not count yet, may from now on.
template <std::size_t NodesMax>
[[nodiscard]] bool may_count(const Roster<NodesMax>& roster, std::span<const Peer> peers, const Peer& candidate,
                             std::size_t nodes, std::size_t holders) noexcept {
    const Progress& follower = candidate.progress;
    if (follower.counts || follower.state() != FollowerState::streaming) return false;
    const Incarnation counted = roster.counting(candidate.id);
    if (counted == Incarnation{} || counted == follower.incarnation) return true;
    std::size_t confirmed = 1;
    for (const Peer& peer : peers) {
        const bool confirms = peer.progress.counts && peer.progress.round >= follower.appeared_in_round;
        if (peer.id != candidate.id && confirms) ++confirmed;
    }
    return confirmed >= confirmations_needed(nodes, holders);
}

}  // namespace replicator::core
