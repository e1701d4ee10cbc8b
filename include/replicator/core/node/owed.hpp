// SPDX-License-Identifier: BSL-1.0
// What a peer is owed: all debts in order of priority, the one place that tells which is next, and who is woken for it.
#pragma once

#include "parts.hpp"

#include "../lead/sender.hpp"
#include "../peer/peer.hpp"
#include "../wire/append.hpp"
#include "../wire/frame.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// What comes first is paid first. A frame pays one debt, and changes what is owed.
enum class Owed : std::uint8_t {
    hello,            ///< without a link the peer takes nothing else but questions and answers
    promise_reply,    ///< the group has no leader while a candidate waits
    promise_request,  ///< nor while this node waits for answers
    hand_over,        ///< this leader takes no writes until the successor leads
    snapshot,         ///< its beginning, or a piece of it, and no append meanwhile: that would tell to give it up
    entries,          ///< an append; the commit index, a probe and a heartbeat go with it
    append,           ///< an append without entries, for one of those three alone
    ack,              ///< to the leader or donor, of whom nothing else is asked
    nothing,
};

/// Less room than this is too little for any frame that pays the debt.
[[nodiscard]] constexpr std::size_t bytes_min(Owed owed) noexcept {
    switch (owed) {
        case Owed::hello:
        case Owed::promise_reply:
        case Owed::promise_request:
        case Owed::hand_over: return frame_head_bytes_max;
        case Owed::ack: return frame_header_bytes + field_bytes(FrameType::ack, ack_flags::all);
        case Owed::snapshot:
        case Owed::entries:
        case Owed::append:
        case Owed::nothing: break;
    }
    return 0;
}

template <class Parts>
[[nodiscard]] auto peers_of(Parts& parts) noexcept {
    return std::span(parts.peer_slots).first(parts.peer_count);
}
template <class Parts>
[[nodiscard]] Peer* find_peer(Parts& parts, NodeId node) noexcept {
    for (Peer& peer : peers_of(parts)) {
        if (peer.id == node) return &peer;
    }
    return nullptr;
}

/// The peer takes entries from this node: from its leader, or as a candidate that fetches them.
template <class Composition>
[[nodiscard]] bool sends_to(const Self<Composition>& self, const Peer& peer) noexcept {
    // To who never follows, all links are those of followers.
    return !Composition::follows || self.is_leader() || (Composition::promotes && peer.fetches);
}

/// What the peer is owed first. O(1).
template <class Composition>
[[nodiscard]] Owed next_owed(const NodeParts<Composition>& parts, const Peer& peer) noexcept {
    const Self<Composition>& self = parts.self;
    if (self.role == Role::faulted) return Owed::nothing;
    if (peer.hello_owed) return Owed::hello;
    if (parts.promotion.owes_reply(peer)) return Owed::promise_reply;
    if (parts.promotion.owes_request(peer)) return Owed::promise_request;
    if (peer.link == LinkId{}) return Owed::nothing;
    if (!sends_to(self, peer)) {
        return peer.id == self.source && parts.follower.owes() ? Owed::ack : Owed::nothing;
    }
    if (parts.giving_way.owes(peer)) return Owed::hand_over;
    if (Composition::has_snapshots && peer.progress.takes_state(self.now)) {
        return parts.snapshots.owes(peer.progress) ? Owed::snapshot : Owed::nothing;
    }
    if (Sender<Composition>::entries_owed(self, peer.progress)) return Owed::entries;
    return Sender<Composition>::append_owed(self, peer.progress) ? Owed::append : Owed::nothing;
}

/// Tells the transport of the peers that are owed something, each once until all of it was asked for.
template <class Composition, class IsOwed, class Wake>
void wake_sleeping_peers(NodeParts<Composition>& parts, IsOwed&& is_owed, Wake&& wake) noexcept {
    for (Peer& peer : peers_of(parts)) {
        if (peer.awake || !is_owed(peer)) continue;
        peer.awake = true;
        wake(peer.id);
    }
}

/// After anything was told to the node.
template <class Composition, class Wake>
void wake_peers(NodeParts<Composition>& parts, Wake&& wake) noexcept {
    const auto is_owed = [&parts](const Peer& peer) { return next_owed(parts, peer) != Owed::nothing; };
    for (const Peer& peer : peers_of(parts)) {
        if (!peer.awake) return wake_sleeping_peers(parts, is_owed, wake);
    }
}

/// After a write, of which peers are owed nothing but the entry. While entries wait to be sent with more, nobody is
/// awake, and this is asked for every one of them.
template <class Composition, class Wake>
void wake_readers(NodeParts<Composition>& parts, Wake&& wake) noexcept {
    const auto is_owed = [&parts](const Peer& peer) {
        return peer.link != LinkId{} && Sender<Composition>::entries_owed(parts.self, peer.progress);
    };
    wake_sleeping_peers(parts, is_owed, wake);
}

}  // namespace replicator::core
