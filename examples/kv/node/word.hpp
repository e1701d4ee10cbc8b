// SPDX-License-Identifier: BSL-1.0
// What a node is to those who ask it, in one word: for probes, and for whoever sends clients to it.
#pragma once

#include "../base/limits.hpp"
#include "node.hpp"

#include <replicator/api/status.hpp>
#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <cstddef>
#include <string_view>

namespace kv {

/// A leader that may be believed: its epoch is acknowledged, and more than half of all nodes, itself included, have
/// answered it within the failure timeout. Also under a policy that acknowledges on the leader alone, where the library
/// asks for nobody's answer, and a leader that is cut off would be confirmed for ever.
[[nodiscard]] inline bool is_confirmed(const Node& node, const Status& status) {
    if (!is_confirmed_now(node)) return false;
    std::size_t answered = 1;
    for (const replicator::PeerStatus& peer : status.peers()) {
        if (peer.counts && peer.lag_time && *peer.lag_time < Limits::failure_timeout) ++answered;
    }
    return answered * 2 > status.peer_count + 1;
}

/// It holds nothing, or something that is about to be replaced: nobody should read it.
[[nodiscard]] inline bool is_loading(const Status& status) noexcept {
    return status.role != replicator::Role::leader && (status.history == replicator::HistoryId{} || status.installing);
}

/// The leader that a follower has; NodeId{} for one that has none, or takes part no more.
[[nodiscard]] inline replicator::NodeId leader_of(const Status& status) noexcept {
    return status.role == replicator::Role::faulted ? replicator::NodeId{} : status.leader;
}

[[nodiscard]] inline std::string_view word_of(const Node& node, const Status& status, bool is_stopping) {
    if (status.role == replicator::Role::faulted) return "faulted";
    if (is_stopping) return "stopping";
    if (status.role == replicator::Role::leader) return is_confirmed(node, status) ? "confirmed" : "not_confirmed";
    if (is_loading(status)) return "loading";
    return status.leader == replicator::NodeId{} ? "leaderless" : "following";
}

}  // namespace kv
