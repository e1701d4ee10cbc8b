// SPDX-License-Identifier: BSL-1.0
// The seat of the synchronous follower: who should get it when the one that has it is down.
#pragma once

#include "local.hpp"
#include "peer.hpp"

#include "../types.hpp"

#include <span>

namespace replicator::core {

/// The follower that should get the seat now; NodeId{} when it should stay where it is, or nobody can take it.
///
/// Only a follower that counts, streams and holds every acknowledged write is eligible; of these the most complete one,
/// of equals the first. One that lost the seat a short while ago comes after all others, so that a follower that comes
/// and goes does not take the seat back and forth.
template <class Composition>
[[nodiscard]] NodeId next_seat(const Local<Composition>& local, std::span<const Peer> peers,
                               Index acknowledged) noexcept {
    const Peer* best = nullptr;
    bool best_rests = false;
    for (const Peer& peer : peers) {
        const Progress& follower = peer.progress;
        if (peer.id == local.roster.seat && follower.up()) return NodeId{};
        const Index held = Composition::log_stage == Stage::durable && Composition::stage != Stage::received
                               ? follower.durable
                               : follower.received;
        if (!follower.up() || held < acknowledged || peer.id == local.roster.seat) continue;
        const bool rests =
            follower.lost_seat && local.now - follower.seat_lost_at < Composition::Limits::seat_rest_interval;
        const bool better = best == nullptr || (best_rests && !rests) ||
                            (best_rests == rests && best->progress.received < follower.received);
        if (!better) continue;
        best = &peer;
        best_rests = rests;
    }
    return best == nullptr ? NodeId{} : best->id;
}

}  // namespace replicator::core
