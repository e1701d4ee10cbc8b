// SPDX-License-Identifier: BSL-1.0
// Handing over: a leader refuses writes until one follower holds everything, and tells it to lead.
#pragma once

#include "../../concepts/ack_policy.hpp"
#include "../../types.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/frame.hpp"
#include "../wire/promise.hpp"

#include <cstddef>
#include <span>

namespace replicator::core {

template <class Composition>
class HandingOver {
public:
    using Limits = typename Composition::Limits;
    using Peers = std::span<Peer>;

    void begin(Self<Composition>& self, Peers peers, NodeId to) noexcept {
        self.successor = to;
        began_at_ = self.now;
        told_at_ = Instant{};
        for (Peer& peer : peers) peer.progress.append_due = true;
    }

    /// The successor is told to lead once it holds everything and no write `is_awaited` any more. When that takes too
    /// long, or it goes away, this node goes on; when it is fenced and nobody leads, it asks to lead again
    /// (return_to_lead.hpp).
    void review(Self<Composition>& self, Peers peers, bool is_awaited) noexcept {
        Peer* successor = nullptr;
        for (Peer& peer : peers) {
            if (peer.id == self.successor) successor = &peer;
        }
        const bool late = self.now - began_at_ >= Limits::promotion_timeout;
        if (late || successor == nullptr || !successor->progress.up()) return stop(self, peers);
        const bool due = !is_told() || self.now - told_at_ >= Limits::retry_interval;
        if (due && !is_awaited && is_level(self, successor->progress)) successor->hand_over_owed = true;
    }

    /// Nobody is told to lead any more.
    static void stop(Self<Composition>& self, Peers peers) noexcept {
        self.successor = NodeId{};
        for (Peer& peer : peers) peer.hand_over_owed = false;
    }

    /// The order to lead. `buffer` has room for any head.
    [[nodiscard]] std::size_t write(const Self<Composition>& self, Peer& peer, std::span<std::byte> buffer) noexcept {
        peer.hand_over_owed = false;
        told_at_ = self.now;
        return write_head(buffer.data(), HandOver{self.last()}, peer.link);
    }
    [[nodiscard]] bool is_told() const noexcept { return told_at_ != Instant{}; }

    /// The follower holds everything, on its disk where nodes have one.
    [[nodiscard]] static bool is_level(const Self<Composition>& self, const Progress& follower) noexcept {
        const Index held = Composition::log_stage == Stage::durable ? follower.durable : follower.received;
        return held == self.log().last();
    }

private:
    Instant began_at_;
    Instant told_at_;  // when the present successor was last told to lead; 0 when it was not
};

}  // namespace replicator::core
