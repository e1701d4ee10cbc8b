// SPDX-License-Identifier: BSL-1.0
// The seat of the synchronous follower: who should get it when the one that has it is down or stuck.
#pragma once

#include "../../types.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"

#include <span>

namespace replicator::core {

/// How far the follower holds the log at the stage at which entries are committed.
template <class Composition>
[[nodiscard]] Index held_to_commit(const Progress& follower) noexcept {
    constexpr bool durable = Composition::log_stage == Stage::durable && Composition::stage != Stage::received;
    return durable ? follower.durable : follower.received;
}

/// Time passed: a follower that was sent more than it holds, and for a whole failure timeout got no further, is stuck
/// until it does. Its disk may be full, or hang in a flush, while it answers all the same.
template <class Composition>
void watch(Progress& follower, Instant now) noexcept {
    const Index held = held_to_commit<Composition>(follower);
    if (!follower.takes_entries() || held >= follower.sent_last) {
        follower.stands_since.reset();
        follower.stuck = false;
        return;
    }
    if (!follower.stands_since || follower.stands_at < held) {
        follower.stands_at = held;
        follower.stands_since = now;
    }
    follower.stuck = now - *follower.stands_since >= Composition::Limits::failure_timeout;
}

/// The follower that should get the seat now; NodeId{} when it should stay where it is, or nobody can take it.
///
/// Only a follower that counts, streams, is not stuck and holds every acknowledged write is eligible; of these the most
/// complete one, of equals the first. One that lost the seat a short while ago comes after all others, so that a
/// follower that comes and goes does not take the seat back and forth. From one that is stuck the seat goes only to one
/// that got further: where nobody does, the fault may lie with the leader.
template <class Composition>
[[nodiscard]] NodeId next_seat(const Self<Composition>& self, std::span<const Peer> peers,
                               Index acknowledged) noexcept {
    Index least = acknowledged;
    for (const Peer& peer : peers) {
        if (peer.id != self.roster().seat) continue;
        if (peer.progress.up()) return NodeId{};
        if (peer.progress.stuck) least = larger(least, held_to_commit<Composition>(peer.progress) + 1);
    }
    const Peer* best = nullptr;
    bool best_rests = false;
    for (const Peer& peer : peers) {
        const Progress& follower = peer.progress;
        const Index held = held_to_commit<Composition>(follower);
        if (!follower.up() || held < least || peer.id == self.roster().seat) continue;
        const bool rests =
            follower.lost_seat && self.now - follower.seat_lost_at < Composition::Limits::seat_rest_interval;
        const bool better = best == nullptr || (best_rests && !rests) ||
                            (best_rests == rests && best->progress.received < follower.received);
        if (!better) continue;
        best = &peer;
        best_rests = rests;
    }
    return best == nullptr ? NodeId{} : best->id;
}

}  // namespace replicator::core
