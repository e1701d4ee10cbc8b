// SPDX-License-Identifier: BSL-1.0
// The short way of a frame through a node, for the two of which replication consists while nothing is unusual: whole
// plain commands that lengthen a follower's log, and the ack of a follower that streams.
//
// It looks before it acts: a frame that it does not take has changed nothing, and goes the general way (node.hpp),
// which would have taken this one to the same effect. So it decides nothing by itself, and a node may be compiled
// without it.
#pragma once

#include "owed.hpp"
#include "parts.hpp"

#include "../../types.hpp"
#include "../lead/sender.hpp"
#include "../peer/peer.hpp"
#include "../wire/append.hpp"

#include <cstddef>
#include <span>

namespace replicator::core {

template <class Composition>
struct ShortWay {
    using Limits = typename Composition::Limits;

    /// Takes the frame at the front of `bytes`, and shortens them by it. False when nothing has changed.
    [[nodiscard]] static bool take(NodeParts<Composition>& parts, Peer& peer,
                                   std::span<const std::byte>& bytes) noexcept {
        if constexpr (Limits::has_short_way) {
            if (bytes.empty() || !peer.inbound.is_between_frames()) return false;
            return sends_to(parts.self, peer) ? on_ack(parts, peer, bytes) : on_append(parts, peer, bytes);
        } else {
            return false;
        }
    }

private:
    [[nodiscard]] static bool on_append(NodeParts<Composition>& parts, Peer& peer,
                                        std::span<const std::byte>& bytes) noexcept {
        AppendFields append;
        std::span<const std::byte> entries;
        if (!PlainAppend::read(bytes, peer.link, append, entries)) return false;
        if (entries.size() > Limits::frame_bytes_max - PlainAppend::head_bytes || parts.self.installing()) return false;
        if (!parts.follower.take_plain(parts.self, append, entries)) return false;
        came(parts.self, peer, Peer::Tail::entries);
        bytes = bytes.subspan(PlainAppend::head_bytes + entries.size());
        return true;
    }

    [[nodiscard]] static bool on_ack(NodeParts<Composition>& parts, Peer& peer,
                                     std::span<const std::byte>& bytes) noexcept {
        auto& self = parts.self;
        AckFields ack;
        std::span<const std::byte> tail;
        if (!self.is_leader() || self.gives_way()) return false;
        if (peer.progress.state() != FollowerState::streaming || peer.progress.stuck) return false;
        if (!PlainAck::read(bytes, peer.link, ack, tail) || !tail.empty()) return false;
        if (Leader<Composition>::on_held(peer.progress, ack) != Error::none) return false;
        came(self, peer, Peer::Tail::unwanted);
        Sender<Composition>::on_held(self, peer.progress, ack.credit);
        parts.leader.review(self, parts.applier, peers_of(parts));
        bytes = bytes.subspan(PlainAck::head_bytes);
        return true;
    }

    /// What every frame on the link leaves behind.
    static void came(Self<Composition>& self, Peer& peer, Peer::Tail tail) noexcept {
        ++self.counters.frames_received;
        peer.tail = tail;
        peer.tail_began = self.now;
        peer.heard_at = self.now;
        peer.link_confirmed = true;
    }
};

}  // namespace replicator::core
