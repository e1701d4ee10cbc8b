// SPDX-License-Identifier: BSL-1.0
// What follows when the disk holds more than before, or more may be applied: who commits, who is told, who may lead.
#pragma once

#include "parts.hpp"
#include "relations.hpp"

#include "../disk/disk.hpp"
#include "../peer/peer.hpp"

namespace replicator::core {

/// Writes to the disk what was gathered, or begins to, and finds out how far it has come.
template <class Composition>
void flush(NodeParts<Composition>& parts) noexcept {
    if constexpr (Composition::is_durable) {
        const Flushed flushed = parts.disk.flush(parts.self);
        if (flushed == Flushed::nothing) return;
        if (!parts.self.is_leader()) return parts.follower.flushed();
        // The history that began here lasts now, so the others may hear of it.
        const bool first = flushed == Flushed::first;
        for (Peer& peer : parts.peers()) peer.hello_owed = peer.hello_owed || (first && peer.link == LinkId{});
        parts.leader.advance(parts.self, parts.applier, parts.peers());
        if (parts.self.gives_way()) Relations(parts).review_giving_way();
    }
}

/// Goes on with what is committed and was more than one call may apply, see `Options::apply_bytes_per_call`. What the
/// next call leaves in turn is for the one after it.
template <class Composition>
void apply_more(NodeParts<Composition>& parts) noexcept {
    if constexpr (Composition::applies_in_portions) {
        if (!parts.applier.is_behind(parts.self)) return;
        if (parts.self.is_leader()) return parts.leader.advance(parts.self, parts.applier, parts.peers());
        parts.applier.advance(parts.self);
        parts.follower.flushed();  // the leader may wait for what is applied, as it does for what is flushed
    }
}

}  // namespace replicator::core
