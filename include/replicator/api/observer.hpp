// SPDX-License-Identifier: BSL-1.0
// Observer: what a node tells its surroundings. Every member is optional, found one by one, and costs nothing when
// absent.
//
// Syntax, each member called with the node's state already changed
//   observer.on_role(Role, Epoch)                     this node leads, follows or is faulted now
//   observer.on_follower(NodeId, FollowerState)       the leader sees a follower differently
//   observer.on_leader(NodeId, Epoch)                 this follower has a leader now; NodeId{} when it lost it
//   observer.on_seat(NodeId, Index)                   the seat of the synchronous follower was given at this index
//   observer.on_admitted(NodeId, Incarnation)         a node's incarnation counts from now on
//   observer.on_snapshot(NodeId, SnapshotProgress)    a snapshot goes to, or comes from, this peer
//   observer.on_refused(NodeId, Error)                a peer was refused, or refuses this node
//   observer.on_diverged(NodeId, Position common, Position last)
//                                                     the leader found that this follower holds entries after `common`,
//                                                     up to `last`, that are not on the leader's line: they go
//   observer.on_discarded(Position, const Command&)   a command that was cut from this node's log, decoded; or
//   observer.on_discarded(Position, bytes)            the same, still encoded. What the log had given up by
//                                                     then is only counted, in Counters::discarded
//   observer.on_fault(Error)                          the node stopped taking part
//
// Semantic rules
//   OB-1  A member does not throw and does not call the node.
//   OB-2  Spans are good until the member returns.
//
// The smallest complete model is an empty struct.
#pragma once

#include "../error.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

/// How the leader sees a follower.
enum class FollowerState : std::uint8_t {
    down,         ///< no handshake, or silent for longer than the failure timeout
    refused,      ///< the handshake failed; status() has the error
    probing,      ///< connected; looking for the newest common position
    catching_up,  ///< receives entries of the past
    streaming,    ///< receives entries as they are written
    snapshot,     ///< receives a state, because the log does not reach back far enough
};

[[nodiscard]] constexpr const char* to_string(FollowerState state) noexcept {
    switch (state) {
        case FollowerState::down: return "down";
        case FollowerState::refused: return "refused";
        case FollowerState::probing: return "probing";
        case FollowerState::catching_up: return "catching up";
        case FollowerState::streaming: return "streaming";
        case FollowerState::snapshot: return "snapshot";
    }
    return "unknown";
}

struct SnapshotProgress {
    SnapshotId id{};
    Index index;                ///< the snapshot holds the state after this entry
    std::uint64_t bytes = 0;    ///< sent and acknowledged, or received
    std::uint32_t attempt = 0;  ///< how many in a row were of no use, when it is not the first
    bool complete = false;
};

/// Tells nobody.
struct NoObserver {};

}  // namespace replicator
