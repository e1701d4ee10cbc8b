// SPDX-License-Identifier: BSL-1.0
// Handing over: a leader refuses writes until one follower holds everything, and tells it to lead.
#pragma once

#include "../../concepts/ack_policy.hpp"
#include "../../types.hpp"
#include "../lead/leader.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"

#include <span>

namespace replicator::core {

template <class Composition>
class HandingOver {
public:
    using Limits = typename Composition::Limits;
    using Peers = std::span<Peer>;

    void begin(Local<Composition>& local, Peers peers, NodeId to) noexcept {
        local.successor = to;
        began_at_ = local.now;
        told_at_ = Instant{};
        for (Peer& peer : peers) peer.progress.note_due = true;
    }

    /// The successor is told to lead once it holds everything and everything is acknowledged; with `impatient`, pending
    /// writes are not waited for. When that takes too long, or it goes away, this node goes on; when it is fenced and
    /// nobody leads, it asks to lead again (return_to_lead.hpp).
    void review(Local<Composition>& local, const Leader<Composition>& leader, Peers peers, bool impatient) noexcept {
        Peer* successor = nullptr;
        for (Peer& peer : peers) {
            if (peer.id == local.successor) successor = &peer;
        }
        const bool late = local.now - began_at_ >= Limits::promotion_timeout;
        if (late || successor == nullptr || !successor->progress.up()) return stop(local, peers);
        const bool due = !is_told() || local.now - told_at_ >= Limits::retry_interval;
        if (due && is_level(local, leader, successor->progress, impatient)) successor->hand_over_owed = true;
    }

    /// Nobody is told to lead any more.
    static void stop(Local<Composition>& local, Peers peers) noexcept {
        local.successor = NodeId{};
        for (Peer& peer : peers) peer.hand_over_owed = false;
    }

    /// The order to lead is on its way.
    void told(Instant now) noexcept { told_at_ = now; }
    [[nodiscard]] bool is_told() const noexcept { return told_at_ != Instant{}; }

    /// The follower may take this leader's place: it holds everything, on its disk where nodes have one.
    [[nodiscard]] static bool is_level(const Local<Composition>& local, const Leader<Composition>& leader,
                                       const Progress& follower, bool impatient) noexcept {
        const Index held = Composition::log_stage == Stage::durable ? follower.durable : follower.received;
        return held == local.log.last() && (impatient || leader.pending(local) == 0);
    }

private:
    Instant began_at_;
    Instant told_at_;  // when the present successor was last told to lead; 0 when it was not
};

}  // namespace replicator::core
