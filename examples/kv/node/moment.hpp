// SPDX-License-Identifier: BSL-1.0
// Moment: what of a node's status clients can wait for.
#pragma once

#include "node.hpp"

#include <replicator/api/promotion.hpp>
#include <replicator/api/status.hpp>
#include <replicator/types.hpp>

#include <array>
#include <cstddef>

namespace kv {

/// Two that are equal answer every wait alike, but for those that look at the time.
struct Moment {
    Moment() = default;
    explicit Moment(const Status& status)
        : role(status.role),
          leader(status.leader),
          history(status.history),
          epoch(status.epoch),
          last(status.last),
          applied(status.applied),
          promotion(status.promotion),
          confirmed(status.confirmed) {
        for (std::size_t i = 0; i < status.peer_count; ++i) {
            const replicator::PeerStatus& peer = status.peer_slots[i];
            if (peer.connected) received[i] = peer.received.value_or(replicator::Index{});
        }
    }

    friend bool operator==(const Moment&, const Moment&) = default;

    replicator::Role role{};
    replicator::NodeId leader{};
    replicator::HistoryId history{};
    replicator::Epoch epoch;
    replicator::Index last;
    replicator::Index applied;
    replicator::PromotionStep promotion{};
    bool confirmed = false;
    std::array<replicator::Index, Limits::nodes_max - 1> received{};  ///< 0 of those that are not connected
};

}  // namespace kv
