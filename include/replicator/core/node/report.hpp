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
    const auto& local = node.local();
    const Progress& follower = peer.progress;
    status.state = follower.state();
    status.counts = follower.counts;
    status.stuck = follower.stuck;
    status.seat = Composition::Ack::has_seat && local.roster().seat == peer.id;
    status.snapshots = follower.snapshot.begun_count;
    status.snapshots_in_vain = follower.snapshot.in_vain;
    status.snapshot_bytes = follower.snapshot.acknowledged;
    if constexpr (Composition::is_durable) status.bytes_to_loss = local.log().distance_to_loss(follower.received + 1);
    if (!follower.linked() || !peer.link_confirmed) return;
    const bool verified = follower.takes_entries();
    if (verified) {
        status.received = follower.received;
        status.applied = follower.applied;
        if (Composition::log_stage == Stage::durable) status.durable = follower.durable;
        status.lag_entries = local.log().last() - follower.received;
        if (reaches_back_to(local.log(), follower.received)) {
            const Cursor next =
                follower.received == local.log().last() ? local.log().end() : local.log().seek(follower.received + 1);
            if (!stalled(local.log())) status.lag_bytes = local.log().end().offset - next.offset;
        }
    }
    if (follower.answered) status.lag_time = local.now - *follower.answered;
}

template <class Composition>
[[nodiscard]] PeerStatus report_peer(const Node<Composition>& node, const Peer& peer) noexcept {
    const auto& local = node.local();
    PeerStatus status;
    status.node = peer.id;
    status.connected = peer.link != LinkId{} && peer.link_confirmed;
    status.refusal = peer.refusal;
    status.blank = peer.blank;
    if (peer.heard_at) status.silence = local.now - *peer.heard_at;
    if (local.role == Role::leader) report_follower(node, peer, status);
    if (peer.refusal != Error::none && !status.connected) status.state = FollowerState::refused;
    return status;
}

/// O(peers), and O(entries in a part of the log) for the lag in bytes.
template <class Composition>
[[nodiscard]] NodeStatus<Composition::peers_max> report(const Node<Composition>& node) noexcept {
    const auto& local = node.local();
    NodeStatus<Composition::peers_max> status;
    status.node = local.self;
    status.role = local.role;
    status.fault = local.fault;
    status.leader = local.leader;
    status.history = local.history.id();
    status.epoch = local.epoch;
    status.promised = local.promised;
    status.first = local.log().base().index + 1;
    status.last = local.log().last();
    status.committed = local.commit;
    status.applied = node.applier().applied();
    status.log_bytes = local.log().end().offset - local.log().begin().offset;
    status.suspect_from = local.suspect_from();
    if constexpr (Composition::is_durable) {
        status.durable = local.log().held();
        if constexpr (requires { local.log().is_full(); }) status.disk_full = local.log().is_full();
        status.state = local.log().snapshot_index();
    }
    status.handing_over = local.role == Role::leader && local.gives_way();
    status.promotion = node.parts().promotion.status(local, node.peers()).step;
    status.installing = local.installing();
    status.counters = local.counters;
    if (local.role == Role::leader) {
        status.acknowledged = node.parts().leader.acknowledged();
        status.confirmed = node.parts().leader.confirmed(local, node.peers(), local.now);
        status.writes_pending = node.parts().leader.pending(local);
        if (const auto since = node.parts().leader.pending_since()) status.oldest_pending = local.now - *since;
        status.satisfiable = node.parts().leader.satisfiable(local, node.applier(), node.peers());
    }
    for (const Peer& peer : node.peers()) status.peer_slots[status.peer_count++] = report_peer(node, peer);
    return status;
}

}  // namespace replicator::core
