// SPDX-License-Identifier: BSL-1.0
// What two boards without a disk do about their history, so that there is one, whichever of them was reset.
#pragma once

#include <replicator/replicator.hpp>

#include <optional>

/// Called in each turn. A board that was reset holds nothing, and cannot know whether the other one does before it was
/// heard. Only the board with the lower id begins a history, and only when the other one is blank, too. Where the other
/// one alone is blank, this board has the only copy that is left, and leads; then `preferred` leads again.
template <class Node>
void keep_history(Node& node, replicator::NodeId peer, replicator::NodeId preferred,
                  replicator::HistoryId fresh) noexcept {
    if constexpr (Node::can_hand_over) {
        const bool is_stand_in = node.role() == replicator::Role::leader && node.id() != preferred;
        if (is_stand_in) static_cast<void>(node.hand_over(preferred));  // refused until it holds everything
    }
    if (node.leader() != replicator::NodeId{}) return;
    const std::optional<bool> blank = node.status().peers()[0].blank;
    if (!blank || !*blank) return;
    if (node.last().index != replicator::Index{}) {
        static_cast<void>(node.promote({.may_lose = true}));  // nobody has what could be lost
    } else if (node.id() < peer) {
        static_cast<void>(node.bootstrap(fresh));
    }
}
