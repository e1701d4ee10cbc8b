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

    void begin(Local<Composition>& local, Peers peers, Duration within) noexcept {
        local.draining = true;
        ended_ = DrainStep::none;
        error_ = Error::none;
        began_at_ = local.now;
        within_ = within;
        chosen_ = local.successor;  // a hand-over that is under way goes on
        for (Peer& peer : peers) peer.progress.note_due = true;
    }

    /// Ends the drain where it is time, or chooses the successor, if no write `is_awaited` any more.
    void review(Local<Composition>& local, Peers peers, bool is_awaited,
                HandingOver<Composition>& handing_over) noexcept {
        if (follows(local)) return end(local, peers, DrainStep::done, Error::none);
        if (is_over(local, peers)) {
            return end(local, peers, DrainStep::late, missing(local, peers, handing_over.is_told()));
        }
        if (local.role != Role::leader || local.successor != NodeId{} || is_awaited) return;
        const NodeId next = level_follower(local, peers);
        if (next == NodeId{}) return;
        chosen_ = next;
        handing_over.begin(local, peers, next);
        handing_over.review(local, peers, is_awaited);
    }

    /// Where the policy lacks a follower for so long, pending writes are not waited for: whoever leads next may yet
    /// acknowledge them.
    [[nodiscard]] bool was_patient(const Local<Composition>& local) const noexcept {
        return local.draining && local.now - began_at_ >= Limits::failure_timeout;
    }

    [[nodiscard]] DrainStatus status(const Local<Composition>& local, bool is_told) const noexcept {
        if (!local.draining) return {ended_, error_, chosen_};
        if (local.role == Role::faulted) return {DrainStep::late, Error::faulted, chosen_};
        const bool told = is_told && chosen_ != NodeId{};
        return {told ? DrainStep::handing_over : DrainStep::draining, Error::none, chosen_};
    }

private:
    /// Another node leads, and nothing of its epoch depends on this node's word.
    [[nodiscard]] static bool follows(const Local<Composition>& local) noexcept {
        const bool has_leader = local.role == Role::follower && local.leader != NodeId{};
        return has_leader && local.committed().epoch == local.epoch;
    }

    /// Time is up, or everybody else is gone.
    [[nodiscard]] bool is_over(const Local<Composition>& local, Peers peers) const noexcept {
        const Duration passed = local.now - began_at_;
        if (passed >= within_) return true;
        if (passed < Limits::promotion_timeout) return false;
        for (const Peer& peer : peers) {
            if (peer.heard_at && local.now - *peer.heard_at < Limits::promotion_timeout) return false;
        }
        return true;
    }

    [[nodiscard]] Error missing(const Local<Composition>& local, Peers peers, bool is_told) const noexcept {
        // Whoever fenced it without having been told to lead may lack anything.
        const bool handed_over = is_told && chosen_ != NodeId{};
        if (local.role != Role::leader) return handed_over ? Error::nodes_missing : Error::busy;
        Error missing = Error::not_enough_followers;
        for (const Peer& peer : peers) {
            if (!peer.progress.up()) continue;
            if (is_told && peer.id == chosen_) return Error::nodes_missing;
            missing = Error::busy;
        }
        return missing;
    }

    void end(Local<Composition>& local, Peers peers, DrainStep step, Error error) noexcept {
        HandingOver<Composition>::stop(local, peers);
        local.draining = false;
        ended_ = step;
        error_ = error;
    }

    /// A follower that may lead at once; the one that was tried last only if there is no other.
    [[nodiscard]] NodeId level_follower(const Local<Composition>& local, Peers peers) const noexcept {
        NodeId found{};
        for (const Peer& peer : peers) {
            const bool is_ready = peer.progress.up() && HandingOver<Composition>::is_level(local, peer.progress);
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
using DrainOrNone = std::conditional_t<Composition::Limits::can_drain, Drain<Composition>, NoDrain>;

/// Both ways in which a leader gives up its place: to one follower, and to whichever is first.
template <class Composition>
class GivingWay {
public:
    using Peers = std::span<Peer>;

    /// To be reviewed at once, and so is a drain.
    [[nodiscard]] Result<void> hand_over(Local<Composition>& local, Peers peers, NodeId to) noexcept {
        if (local.role != Role::leader) return local.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (local.gives_way()) return Error::handing_over;
        for (const Peer& peer : peers) {
            if (peer.id != to || !peer.progress.up()) continue;
            handing_over_.begin(local, peers, to);
            return {};
        }
        return Error::not_enough_followers;
    }
    [[nodiscard]] Result<void> drain(Local<Composition>& local, Peers peers, Duration within) noexcept {
        if (local.role != Role::leader) return local.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (local.draining) return Error::handing_over;
        drain_.begin(local, peers, within);
        return {};
    }

    [[nodiscard]] bool was_patient(const Local<Composition>& local) const noexcept { return drain_.was_patient(local); }

    /// Something changed that it may depend on; `is_awaited` says whether writes are pending and waited for. True when
    /// a drain ended so that nobody leads: whoever fenced this node never led, and it was not stopped after all.
    [[nodiscard]] bool review(Local<Composition>& local, Peers peers, bool is_awaited) noexcept {
        if (local.successor != NodeId{}) handing_over_.review(local, peers, is_awaited);
        if (!local.draining) return false;
        drain_.review(local, peers, is_awaited, handing_over_);
        return !local.draining && local.role == Role::follower && local.leader == NodeId{};
    }

    [[nodiscard]] std::size_t write_hand_over(const Local<Composition>& local, Peer& peer,
                                              std::span<std::byte> buffer) noexcept {
        return handing_over_.write(local, peer, buffer);
    }
    [[nodiscard]] DrainStatus status(const Local<Composition>& local) const noexcept {
        return drain_.status(local, handing_over_.is_told());
    }

private:
    HandingOver<Composition> handing_over_;
    [[no_unique_address]] DrainOrNone<Composition> drain_;
};

}  // namespace replicator::core
