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
void fill_header(const Self<Composition>& self, NodeId receiver, Message& message) noexcept {
    message.cluster = self.cluster;
    message.group = self.group;
    message.sender = self.id;
    message.receiver = receiver;
}

/// What a question and a hello say besides, so that only nodes of one kind and one history answer.
template <class Composition, class Message>
void introduce(const Self<Composition>& self, Message& message) noexcept {
    message.history = self.history.id();
    message.run = self.run;
    message.membership = self.membership;
    message.policy = self.policy();
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

/// Each has the parts that the other one counts on.
template <class Composition>
[[nodiscard]] bool parts_fit(const Self<Composition>& self, const Hello& theirs) noexcept {
    constexpr std::uint16_t shared = hello_flags::no_promotion | hello_flags::no_snapshots;
    if ((theirs.flags & shared) != (Composition::missing_parts & shared)) return false;
    if (!Composition::follows && theirs.has(hello_flags::no_follow)) return false;
    return Composition::leads || self.node_count > 2 || !theirs.has(hello_flags::no_lead);
}

/// Why this node and `peer`, which says `theirs`, must not talk; `none` when they may.
template <class Composition>
[[nodiscard]] Error mismatch(const Self<Composition>& self, NodeId peer, const Hello& theirs) noexcept {
    if (theirs.version_max < protocol_version || protocol_version < theirs.version_min) return Error::wrong_version;
    if (theirs.cluster != self.cluster) return Error::wrong_cluster;
    if (theirs.group != self.group) return Error::wrong_group;
    if (theirs.sender != peer || theirs.receiver != self.id) return Error::wrong_node;
    if (theirs.schema != Composition::Codec::schema) return Error::wrong_schema;
    if (theirs.snapshot_format != Composition::snapshot_format) return Error::wrong_schema;
    // How many holders a policy asks for depends on the nodes, so they come first.
    if (theirs.membership != self.membership) return Error::wrong_membership;
    if (theirs.policy != self.policy()) return Error::wrong_policy;
    if (!limits_fit<Composition>(theirs)) return Error::wrong_limits;
    if (!parts_fit(self, theirs)) return Error::wrong_parts;
    const bool both_bootstrapped = theirs.history != HistoryId{} && self.bootstrapped() && !self.blank();
    if (both_bootstrapped && theirs.history != self.history.id()) return Error::wrong_history;
    return Error::none;
}

}  // namespace replicator::core
