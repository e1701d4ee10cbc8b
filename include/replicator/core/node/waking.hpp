// SPDX-License-Identifier: BSL-1.0
// Which peers the transport is told of: those that are owed something, each once until all of it was asked for.
#pragma once

#include "../peer/peer.hpp"

namespace replicator::core {

template <class Engine, class Owes, class Wake>
void wake_sleeping_peers(Engine& engine, Owes&& owes, Wake&& wake) noexcept {
    for (Peer& peer : engine.peers()) {
        if (peer.awake || !owes(peer)) continue;
        peer.awake = true;
        wake(peer.id);
    }
}

/// After anything was told to the node.
template <class Engine, class Wake>
void wake_peers(Engine& engine, Wake&& wake) noexcept {
    for (const Peer& peer : engine.peers()) {
        if (!peer.awake)
            return wake_sleeping_peers(
                engine, [&](const Peer& owed) { return engine.owes(owed); }, wake);
    }
}

/// After a write, of which peers are owed nothing but the entry. While entries wait to be sent with more, nobody is
/// awake, and this is asked for every one of them.
template <class Engine, class Wake>
void wake_readers(Engine& engine, Wake&& wake) noexcept {
    wake_sleeping_peers(
        engine, [&](const Peer& owed) { return engine.owes_entries(owed); }, wake);
}

}  // namespace replicator::core
