// SPDX-License-Identifier: BSL-1.0
// Goes on with what is committed and was more than one call may apply, see `Options::apply_bytes_per_call`.
#pragma once

#include "../applier.hpp"
#include "../follow/follower.hpp"
#include "../lead/leader.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"

#include <span>

namespace replicator::core {

/// What the next call leaves in turn is for the one after it.
template <class Composition>
void apply_rest(Local<Composition>& local, Applier<Composition>& applier, Leader<Composition>& leader,
                Follower<Composition>& follower, std::span<Peer> peers) noexcept {
    if constexpr (Composition::applies_in_portions) {
        if (!applier.is_behind(local)) return;
        if (local.role == Role::leader) return leader.advance(local, applier, peers);
        applier.advance(local);
        follower.flushed();  // the leader may wait for what is applied, as it does for what is flushed
    }
}

}  // namespace replicator::core
