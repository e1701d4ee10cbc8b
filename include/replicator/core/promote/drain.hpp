// SPDX-License-Identifier: BSL-1.0
// Drain: a leader that stops in order. It takes no more writes, and hands over to whichever follower holds everything
// first, one after the other, until somebody leads or the time is over.
#pragma once

#include "hand_over.hpp"

#include "../../api/drain.hpp"
#include "../../error.hpp"
#include "../../result.hpp"
#include "../../types.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"

#include <cstddef>
#include <span>
#include <type_traits>

namespace replicator::core {

template <class Composition>
class Drain {
public:
    using Limits = typename Composition::Limits;
    using Peers = std::span<Peer>;

    void begin(Self<Composition>& self, Peers peers, Duration within) noexcept {
        self.draining = true;
        ended_ = DrainStep::none;
        error_ = Error::none;
        began_at_ = self.now;
        within_ = within;
        chosen_ = self.successor;  // a hand-over that is under way goes on
        for (Peer& peer : peers) peer.progress.append_due = true;
    }

    /// Ends the drain where it is time, or chooses the successor, if no write `is_awaited` any more.
    void review(Self<Composition>& self, Peers peers, bool is_awaited,
                HandingOver<Composition>& handing_over) noexcept {
        if (follows(self)) return end(self, peers, DrainStep::done, Error::none);
        if (is_over(self, peers)) {
            return end(self, peers, DrainStep::late, missing(self, peers, handing_over.is_told()));
        }
        if (!self.is_leader() || self.successor != NodeId{} || is_awaited) return;
        const NodeId next = level_follower(self, peers);
        if (next == NodeId{}) return;
        chosen_ = next;
        handing_over.begin(self, peers, next);
        handing_over.review(self, peers, is_awaited);
    }

    /// Where the policy lacks a follower for so long, pending writes are not waited for: whoever leads next may yet
    /// acknowledge them.
    [[nodiscard]] bool was_patient(const Self<Composition>& self) const noexcept {
        return self.draining && self.now - began_at_ >= Limits::failure_timeout;
    }

    [[nodiscard]] DrainStatus status(const Self<Composition>& self, bool is_told) const noexcept {
        if (!self.draining) return {ended_, error_, chosen_};
        if (self.role == Role::faulted) return {DrainStep::late, Error::faulted, chosen_};
        const bool told = is_told && chosen_ != NodeId{};
        return {told ? DrainStep::handing_over : DrainStep::draining, Error::none, chosen_};
    }

private:
    /// Another node leads, and nothing of its epoch depends on this node's word.
    [[nodiscard]] static bool follows(const Self<Composition>& self) noexcept {
        const bool has_leader = self.is_follower() && self.leader != NodeId{};
        return has_leader && self.committed().epoch == self.epoch;
    }

    /// Time is up, or everybody else is gone.
    [[nodiscard]] bool is_over(const Self<Composition>& self, Peers peers) const noexcept {
        const Duration passed = self.now - began_at_;
        if (passed >= within_) return true;
        if (passed < Limits::promotion_timeout) return false;
        for (const Peer& peer : peers) {
            if (peer.heard_at && self.now - *peer.heard_at < Limits::promotion_timeout) return false;
        }
        return true;
    }

    [[nodiscard]] Error missing(const Self<Composition>& self, Peers peers, bool is_told) const noexcept {
        // Whoever fenced it without having been told to lead may lack anything.
        const bool handed_over = is_told && chosen_ != NodeId{};
        if (!self.is_leader()) return handed_over ? Error::nodes_missing : Error::busy;
        Error missing = Error::not_enough_followers;
        for (const Peer& peer : peers) {
            if (!peer.progress.up() || !peer.can_lead) continue;
            if (is_told && peer.id == chosen_) return Error::nodes_missing;
            missing = Error::busy;
        }
        return missing;
    }

    void end(Self<Composition>& self, Peers peers, DrainStep step, Error error) noexcept {
        HandingOver<Composition>::stop(self, peers);
        self.draining = false;
        ended_ = step;
        error_ = error;
    }

    /// A follower that may lead at once; the one that was tried last only if there is no other.
    [[nodiscard]] NodeId level_follower(const Self<Composition>& self, Peers peers) const noexcept {
        NodeId found{};
        for (const Peer& peer : peers) {
            const bool is_ready =
                peer.progress.up() && peer.can_lead && HandingOver<Composition>::is_level(self, peer.progress);
            if (is_ready && (found == NodeId{} || found == chosen_)) found = peer.id;
        }
        return found;
    }

    DrainStep ended_ = DrainStep::none;  // how the last one ended
    Error error_ = Error::none;
    NodeId chosen_{};  // to whom it was handed over last
    Instant began_at_;
    Duration within_;
};

/// Stands in for it where `Options::can_drain` is false.
struct NoDrain {
    template <class... Any>
    static void begin(Any&&...) noexcept {}
    template <class... Any>
    static void review(Any&&...) noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr bool was_patient(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr DrainStatus status(Any&&...) noexcept {
        return {};
    }
};

template <class Composition>
using DrainOrNone = std::conditional_t<Composition::drains, Drain<Composition>, NoDrain>;

/// Both ways in which a leader gives up its place: to one follower, and to whichever is first.
template <class Composition, bool Present = Composition::hands_over>
class GivingWay {
public:
    using Peers = std::span<Peer>;

    /// To be reviewed at once, and so is a drain.
    [[nodiscard]] Result<void> hand_over(Self<Composition>& self, Peers peers, NodeId to) noexcept {
        if (!self.is_leader()) return self.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (self.gives_way()) return Error::handing_over;
        for (const Peer& peer : peers) {
            if (peer.id != to || !peer.progress.up() || !peer.can_lead) continue;
            handing_over_.begin(self, peers, to);
            return {};
        }
        return Error::not_enough_followers;
    }
    [[nodiscard]] Result<void> drain(Self<Composition>& self, Peers peers, Duration within) noexcept {
        if (!self.is_leader()) return self.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (self.draining) return Error::handing_over;
        drain_.begin(self, peers, within);
        return {};
    }

    [[nodiscard]] bool was_patient(const Self<Composition>& self) const noexcept { return drain_.was_patient(self); }

    /// Something changed that it may depend on; `is_awaited` says whether writes are pending and waited for. True when
    /// a drain ended so that nobody leads: whoever fenced this node never led, and it was not stopped after all.
    [[nodiscard]] bool review(Self<Composition>& self, Peers peers, bool is_awaited) noexcept {
        if (self.successor != NodeId{}) handing_over_.review(self, peers, is_awaited);
        if (!self.draining) return false;
        drain_.review(self, peers, is_awaited, handing_over_);
        return !self.draining && self.is_follower() && self.leader == NodeId{};
    }

    /// The peer is to be told to lead.
    [[nodiscard]] static bool owes(const Peer& peer) noexcept { return peer.hand_over_owed; }
    [[nodiscard]] std::size_t write_hand_over(const Self<Composition>& self, Peer& peer,
                                              std::span<std::byte> buffer) noexcept {
        return handing_over_.write(self, peer, buffer);
    }
    [[nodiscard]] DrainStatus status(const Self<Composition>& self) const noexcept {
        return drain_.status(self, handing_over_.is_told());
    }

private:
    HandingOver<Composition> handing_over_;
    [[no_unique_address]] DrainOrNone<Composition> drain_;
};

/// A leader that keeps its place.
template <class Composition>
class GivingWay<Composition, false> {
public:
    /// Calls of these do not compile, and say why; this is what is compiled behind that.
    template <class... Any>
    [[nodiscard]] static Result<void> hand_over(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    [[nodiscard]] static Result<void> drain(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    [[nodiscard]] static constexpr bool was_patient(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr bool review(Any&&...) noexcept {
        return false;
    }
    [[nodiscard]] static constexpr bool owes(const Peer&) noexcept { return false; }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t write_hand_over(Any&&...) noexcept {
        return 0;
    }
    template <class... Any>
    [[nodiscard]] static constexpr DrainStatus status(Any&&...) noexcept {
        return {};
    }
};

}  // namespace replicator::core
