// SPDX-License-Identifier: BSL-1.0
// What a leader knows of a follower, put straight into a state, for tests that begin there.
#pragma once

#include <replicator/api/observer.hpp>
#include <replicator/core/peer/progress.hpp>
#include <replicator/types.hpp>

namespace support {

/// Nobody is told.
inline void set_state(replicator::core::Progress& follower, replicator::FollowerState state) {
    const auto tell = [](replicator::FollowerState) {};
    switch (state) {
        case replicator::FollowerState::probing: return follower.probe(tell);
        case replicator::FollowerState::catching_up: return follower.catch_up(tell);
        case replicator::FollowerState::streaming: return follower.stream(tell);
        case replicator::FollowerState::snapshot: return follower.need_state({}, {}, {}, {}, tell);
        case replicator::FollowerState::down:
        case replicator::FollowerState::refused: return follower.down(tell);
    }
}

}  // namespace support
