// SPDX-License-Identifier: BSL-1.0
// Admission: when the acknowledgements of a follower's incarnation begin to count, and how often the leader may
// lengthen the log by itself, to say that or to move the seat: the window keeps no room for such entries.
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

/// Counts the entries of the leader's own accord that are not committed. As many as the ordinary replacement of every
/// follower needs come at once. Of any more, each waits for as long as the ones before it took together, so followers
/// that come and go, for however long, cannot fill the log; and when one of them stays, it need not wait for longer
/// than the trouble has lasted.
template <class Limits>
class OwnEntriesBudget {
public:
    void restart() noexcept { *this = OwnEntriesBudget{}; }

    /// May one more be written now, in a group with so many followers?
    [[nodiscard]] bool allows(std::size_t followers, Index commit, Instant now) const noexcept {
        if (commit >= last_ || written_ < 2 * followers) return true;
        const Duration taken = last_at_ - first_at_;
        const Duration wait = taken < Limits::heartbeat_interval ? Limits::heartbeat_interval : taken;
        return now - last_at_ >= wait;
    }

    void wrote(Index index, Index commit, Instant now) noexcept {
        if (commit >= last_) written_ = 0, first_at_ = now;
        ++written_;
        last_ = index;
        last_at_ = now;
    }

private:
    Index last_;  // the newest such entry
    std::size_t written_ = 0;
    Instant first_at_;
    Instant last_at_;
};

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
