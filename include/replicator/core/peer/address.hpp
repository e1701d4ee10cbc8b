// SPDX-License-Identifier: BSL-1.0
// What is said where no link says it: of which cluster, group and history a message is, from whom and to whom, and in
// what two nodes must agree before they talk.
#pragma once

#include "../../error.hpp"
#include "../../types.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"

#include <cstdint>

namespace replicator::core {

template <class Composition, class Message>
void address(const Local<Composition>& local, NodeId receiver, Message& message) noexcept {
    message.cluster = local.cluster;
    message.group = local.group;
    message.sender = local.self;
    message.receiver = receiver;
}

/// What a question and a hello say besides, so that only nodes of one kind and one history answer.
template <class Composition, class Message>
void introduce(const Local<Composition>& local, Message& message) noexcept {
    message.history = local.history.id();
    message.run = local.run;
    message.membership = local.membership;
    message.policy = local.policy();
}

/// The limits in which two nodes must agree fit: each takes what the other may send.
template <class Composition>
[[nodiscard]] constexpr bool limits_fit(const Hello& theirs) noexcept {
    constexpr std::uint64_t entry = Composition::entry_bytes_max;
    return theirs.entry_bytes_max == entry && theirs.frame_bytes_max == Composition::Limits::frame_bytes_max &&
           theirs.piece_bytes_max == Composition::snapshot_piece_bytes &&
           Composition::window_bytes + entry <= theirs.log_bytes &&
           theirs.window_bytes + theirs.entry_bytes_max <= Composition::commands_bytes_max;
}

/// Why this node and `peer`, which says `theirs`, must not talk; `none` when they may.
template <class Composition>
[[nodiscard]] Error mismatch(const Local<Composition>& local, NodeId peer, const Hello& theirs) noexcept {
    if (theirs.version_max < protocol_version || protocol_version < theirs.version_min) return Error::wrong_version;
    if (theirs.cluster != local.cluster) return Error::wrong_cluster;
    if (theirs.group != local.group) return Error::wrong_group;
    if (theirs.sender != peer || theirs.receiver != local.self) return Error::wrong_node;
    if (theirs.schema != Composition::Codec::schema) return Error::wrong_schema;
    if (theirs.snapshot_format != Composition::snapshot_format) return Error::wrong_schema;
    // How many holders a policy asks for depends on the nodes, so they come first.
    if (theirs.membership != local.membership) return Error::wrong_membership;
    if (theirs.policy != local.policy()) return Error::wrong_policy;
    if (!limits_fit<Composition>(theirs)) return Error::wrong_limits;
    const bool both_bootstrapped = theirs.history != HistoryId{} && local.bootstrapped() && !local.blank();
    if (both_bootstrapped && theirs.history != local.history.id()) return Error::wrong_history;
    return Error::none;
}

}  // namespace replicator::core
