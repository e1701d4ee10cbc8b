// SPDX-License-Identifier: BSL-1.0
// Standstill: whether a leader leaves the seat with a follower that stands still, while another one gets on. It judges
// by what the leader knows, and by the leader's clock.
#pragma once

#include "../../core/peer/progress.hpp"
#include "../../testing/inspect.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <type_traits>
#include <utility>
#include <vector>

namespace replicator::sim {

/// Of one place; `Simulated` says what is simulated there. Where it answers true, writes would wait for as long as that
/// follower likes.
template <class Simulated>
class Standstill {
public:
    using Node = typename Simulated::Node;

    /// Call it whenever the node was told something. True when for two failure timeouts the node has led and committed
    /// nothing, though it holds more, and so does a follower that gets on; and the one with the seat was sent more.
    [[nodiscard]] bool look(const Node& node) {
        if constexpr (Simulated::Policy::has_seat) {
            const auto& self = testing::Inspect::inside(node).self();
            const bool goes_on = watch(node);
            if (goes_on) since_ = self.now;
            return self.now - since_ > Duration{2 * timeout.microseconds};
        } else {
            return false;
        }
    }

private:
    static constexpr Duration timeout = Simulated::Bounds::failure_timeout;
    static constexpr bool durable = Simulated::is_durable && Node::stage != Stage::received;

    /// How far somebody holds the log, and when that moved last or was all that there is.
    struct Pace {
        Index held;
        Instant moved_at;

        bool see(Index index, Index all, Instant now) noexcept {
            const bool moved = index != held;
            if (moved || index >= all) moved_at = now;
            held = index;
            return moved;
        }
        [[nodiscard]] bool gets_on(Instant now) const noexcept {
            return (now - moved_at).microseconds * 2 < timeout.microseconds;
        }
    };

    /// False while nothing speaks against a standstill.
    bool watch(const Node& node) {
        const auto& inside = testing::Inspect::inside(node);
        const auto& self = inside.self();
        const Instant now = self.now;
        const bool absent = (now - looked_at_).microseconds * 2 > timeout.microseconds;
        looked_at_ = now;
        const bool moved = committed_ != self.commit || epoch_ != self.epoch;
        if (epoch_ != self.epoch || self.commit >= changed_at_) changes_ = 0;
        committed_ = self.commit;
        epoch_ = self.epoch;
        const bool changed = roster_ != self.roster();
        if (changed) roster_ = self.roster(), changed_at_ = self.log().last(), ++changes_;
        own_.see(durable ? self.log().flushed() : self.log().last(), self.log().last(), now);
        paces_.resize(inside.peers().size());
        bool seat_stands = false;
        Index held_by_seat;
        for (std::size_t i = 0; i < paces_.size(); ++i) {
            const auto& progress = inside.peers()[i].progress;
            const bool got_on = paces_[i].see(durable ? progress.durable : progress.received, progress.sent_last, now);
            if (inside.peers()[i].id != self.roster().seat) continue;
            seat_stands = !got_on && (!progress.takes_entries() || paces_[i].held < progress.sent_last);
            held_by_seat = paces_[i].held;
        }
        // A leader whose own disk is full cannot write that the seat moves.
        if constexpr (requires { self.log().is_full(); }) {
            if (self.log().is_full()) return true;
        }
        // Nor is anything wrong after the seat moved: one that has not moved for long may have to wait.
        if (self.role != Role::leader || absent || moved || changed || changes_ > 1 || !seat_stands) return true;
        return !own_.gets_on(now) || own_.held <= committed_ || !other_gets_on(node, larger(held_by_seat, committed_));
    }

    [[nodiscard]] bool other_gets_on(const Node& node, Index past) const {
        const auto& inside = testing::Inspect::inside(node);
        for (std::size_t i = 0; i < paces_.size(); ++i) {
            const auto& peer = inside.peers()[i];
            const bool eligible = peer.progress.counts && peer.progress.state() == FollowerState::streaming;
            if (peer.id == inside.self().roster().seat || !eligible) continue;
            if (past < paces_[i].held && paces_[i].gets_on(inside.self().now)) return true;
        }
        return false;
    }

    using Self = std::remove_cvref_t<decltype(testing::Inspect::inside(std::declval<const Node&>()).self())>;

    Instant looked_at_;
    Instant since_;
    Index committed_;
    Epoch epoch_;
    std::remove_cvref_t<decltype(std::declval<const Self&>().roster())> roster_;
    Index changed_at_;         // where the log last said something else of the nodes, or behind that
    std::size_t changes_ = 0;  // so often since all that it said of them was committed
    Pace own_;
    std::vector<Pace> paces_;  // of the peers
};

}  // namespace replicator::sim
