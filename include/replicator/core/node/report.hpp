// SPDX-License-Identifier: BSL-1.0
// Gathers what people look at: the status of a node and of its peers, copied out of the node.
#pragma once

#include "node.hpp"

#include "../../api/status.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace replicator::core {

/// How the leader sees one follower. Numbers that only a link can tell are absent without one.
template <class Composition>
void report_follower(const Node<Composition>& node, const Peer& peer, PeerStatus& status) noexcept {
    const auto& self = node.self();
    const Progress& follower = peer.progress;
    status.state = follower.state();
    status.counts = follower.counts;
    status.stuck = follower.stuck;
    status.seat = Composition::Ack::has_seat && self.roster().seat == peer.id;
    status.snapshots = follower.snapshot.begun_count;
    status.snapshots_in_vain = follower.snapshot.in_vain;
    status.snapshot_bytes = follower.snapshot.acknowledged;
    if constexpr (Composition::is_durable) status.bytes_to_loss = self.log().distance_to_loss(follower.received + 1);
    if (!follower.linked() || !peer.link_confirmed) return;
    const bool verified = follower.takes_entries();
    if (verified) {
        status.received = follower.received;
        status.applied = follower.applied;
        if (Composition::log_stage == Stage::durable) status.durable = follower.durable;
        status.lag_entries = self.log().last() - follower.received;
        if (reaches_back_to(self.log(), follower.received)) {
            const Cursor next =
                follower.received == self.log().last() ? self.log().end() : self.log().seek(follower.received + 1);
            if (!stalled(self.log())) status.lag_bytes = self.log().end().offset - next.offset;
        }
    }
    if (follower.answered) status.lag_time = self.now - *follower.answered;
}

template <class Composition>
[[nodiscard]] PeerStatus report_peer(const Node<Composition>& node, const Peer& peer) noexcept {
    const auto& self = node.self();
    PeerStatus status;
    status.node = peer.id;
    status.connected = peer.link != LinkId{} && peer.link_confirmed;
    status.refusal = peer.refusal;
    status.blank = peer.blank;
    if (peer.heard_at) status.silence = self.now - *peer.heard_at;
    if (self.is_leader()) report_follower(node, peer, status);
    if (peer.refusal != Error::none && !status.connected) status.state = FollowerState::refused;
    return status;
}

/// O(peers), and O(entries in a part of the log) for the lag in bytes.
template <class Composition>
[[nodiscard]] auto report(const Node<Composition>& node) noexcept {
    const auto& self = node.self();
    NodeStatus<Composition::peers_max, CountersOf<typename Composition::Limits>> status;
    status.node = self.id;
    status.role = self.role;
    status.fault = self.fault;
    status.leader = self.leader;
    status.history = self.history.id();
    status.epoch = self.epoch;
    status.promised = self.promised;
    status.first = self.log().base().index + 1;
    status.last = self.log().last();
    status.committed = self.commit;
    status.applied = node.applier().applied();
    status.log_bytes = self.log().end().offset - self.log().begin().offset;
    status.suspect_from = self.suspect_from();
    if constexpr (Composition::is_durable) {
        status.durable = self.log().flushed();
        if constexpr (requires { self.log().is_full(); }) status.disk_full = self.log().is_full();
        status.state = self.log().snapshot_index();
    }
    status.handing_over = self.is_leader() && self.gives_way();
    status.promotion = node.parts().promotion.status(self, node.peers()).step;
    status.installing = self.installing();
    status.counters = self.counters;
    if (self.is_leader()) {
        status.acknowledged = node.parts().leader.acknowledged();
        status.confirmed = node.parts().leader.confirmed(self, node.peers(), self.now);
        status.writes_pending = node.parts().leader.pending(self);
        if (const auto since = node.parts().leader.pending_since()) status.oldest_pending = self.now - *since;
        status.satisfiable = node.parts().leader.satisfiable(self, node.applier(), node.peers());
    }
    for (const Peer& peer : node.peers()) status.peer_slots[status.peer_count++] = report_peer(node, peer);
    return status;
}

}  // namespace replicator::core
