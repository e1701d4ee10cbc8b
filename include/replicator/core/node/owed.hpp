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

inline constexpr std::size_t ack_bytes_max = frame_header_bytes + field_bytes(FrameType::ack, ack_flags::all);

/// Less room than this is too little for any frame that pays the debt.
[[nodiscard]] constexpr std::size_t bytes_min(Owed owed) noexcept {
    switch (owed) {
        case Owed::hello:
        case Owed::promise_reply:
        case Owed::promise_request:
        case Owed::hand_over: return frame_head_bytes_max;
        case Owed::ack: return ack_bytes_max;
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
    for (std::size_t i = 0; i < parts.peer_count; ++i) {
        if (parts.peer_slots[i].id == node) return &parts.peer_slots[i];
    }
    return nullptr;
}

/// The peer takes entries from this node: from its leader, or as a candidate that fetches them.
template <class Composition>
[[nodiscard]] bool sends_to(const Self<Composition>& self, const Peer& peer) noexcept {
    // To who never follows, all links are those of followers.
    return !Composition::follows || self.is_leader() || (Composition::promotes && peer.fetches);
}

/// What the peer is owed of entries, or as an ack.
template <class Composition>
[[nodiscard]] inline Owed owed_of_the_flow(const NodeParts<Composition>& parts, const Peer& peer) noexcept {
    const Self<Composition>& self = parts.self;
    if (!sends_to(self, peer)) {
        return peer.id == self.source && parts.follower.owes() ? Owed::ack : Owed::nothing;
    }
    if (Sender<Composition>::entries_owed(self, peer.progress)) return Owed::entries;
    return Sender<Composition>::append_owed(self, peer.progress) ? Owed::append : Owed::nothing;
}

/// The same of everything. Apart, because it is seldom asked.
template <class Composition>
[[nodiscard, gnu::noinline]] Owed owed_of_all(const NodeParts<Composition>& parts, const Peer& peer) noexcept {
    const Self<Composition>& self = parts.self;
    if (self.role == Role::faulted) return Owed::nothing;
    if (peer.hello_owed) return Owed::hello;
    if (parts.promotion.owes_reply(peer)) return Owed::promise_reply;
    if (parts.promotion.owes_request(peer)) return Owed::promise_request;
    if (peer.link == LinkId{}) return Owed::nothing;
    if (sends_to(self, peer)) {
        if (parts.giving_way.owes(peer)) return Owed::hand_over;
        if (Composition::has_snapshots && peer.progress.takes_state(self.now)) {
            return parts.snapshots.owes(peer.progress) ? Owed::snapshot : Owed::nothing;
        }
    }
    return owed_of_the_flow(parts, peer);
}

/// What the peer is owed first. O(1). It is asked many times for each write, so one look at all that is seldom there
/// comes before the questions.
template <class Composition>
[[nodiscard]] inline Owed next_owed(const NodeParts<Composition>& parts, const Peer& peer) noexcept {
    if constexpr (!Composition::Limits::has_short_way) return owed_of_all(parts, peer);
    const bool is_asked = peer.hello_owed || peer.reply_owed || peer.request_owed || peer.hand_over_owed;
    const bool is_unusual = is_asked || peer.link == LinkId{} || parts.self.role == Role::faulted ||
                            peer.progress.state() == FollowerState::snapshot;
    return is_unusual ? owed_of_all(parts, peer) : owed_of_the_flow(parts, peer);
}

/// Tells the transport of the peers that are owed something, each once until all of it was asked for.
template <class Composition, class IsOwed, class Wake>
void wake_sleeping_peers(NodeParts<Composition>& parts, IsOwed&& is_owed, Wake&& wake) noexcept {
    for (std::size_t i = 0; i < parts.peer_count; ++i) {
        Peer& peer = parts.peer_slots[i];
        if (peer.awake || !is_owed(peer)) continue;
        peer.awake = true;
        wake(peer.id);
    }
}

/// After anything was told to the node.
template <class Composition, class Wake>
void wake_peers(NodeParts<Composition>& parts, Wake&& wake) noexcept {
    const auto is_owed = [&parts](const Peer& peer) { return next_owed(parts, peer) != Owed::nothing; };
    wake_sleeping_peers(parts, is_owed, wake);
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
