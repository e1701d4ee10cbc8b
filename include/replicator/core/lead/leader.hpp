// SPDX-License-Identifier: BSL-1.0
// The leader: lengthens the log, learns from acks what each follower holds, and decides from that what is committed and
// what is acknowledged. What the followers are sent is in sender.hpp.
#pragma once

#include "admission.hpp"
#include "seat.hpp"

#include "../../api/write.hpp"
#include "../../concepts/ack_policy.hpp"
#include "../../encoding/entry.hpp"
#include "../../result.hpp"
#include "../applier.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"
#include "../wire/hello.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <span>

namespace replicator::core {

template <class Composition>
class Leader {
public:
    using Policy = typename Composition::Ack;
    using Limits = typename Composition::Limits;
    using Peers = std::span<Peer>;
    using ConstPeers = std::span<const Peer>;

    /// Opens an epoch: from now on this node writes. The first entry says how the epoch came to be. `roster` is what
    /// the log says until then.
    [[nodiscard]] Result<void> open(Local<Composition>& local, Applier<Composition>& applier, Peers peers, Epoch epoch,
                                    Roster<Limits::nodes_max> roster, bool forced) noexcept {
        if (roster.seat == local.self) roster.seat = NodeId{};  // a leader does not vouch for itself
        roster.admit(local.self, local.incarnation);
        const EpochStartBody body{
            .epoch = epoch,
            .run = local.run,
            .policy = local.policy(),
            .seat = roster.seat,
            .forced = forced,
            .forced_from = forced ? local.log().last() + 1 : Index{},
        };
        if (!local.history.open_epoch(body, roster)) return Error::log_full;
        local.epoch = epoch;
        if (forced) local.known_commit = Position{};
        local.leader = local.self;
        local.source = local.donor = local.successor = NodeId{};
        epoch_start_ = local.log().last();
        acknowledged_ = Index{};
        abandoned_through_ = Index{};
        pending_since_ = local.now;
        pace_.restart();
        round_ = 0;
        for (Peer& peer : peers) peer.progress.forget(local.tell_of(peer.id));
        local.become(Role::leader);
        advance(local, applier, peers);
        return {};
    }

    /// Appends a command, which is then the last entry. `length` is the exact size of its encoding, which `encode`
    /// writes. The error comes back in a register; a result with a ticket would go through memory for each write.
    template <class Encode>
    [[nodiscard]] Error write(Local<Composition>& local, Applier<Composition>& applier, Peers peers, std::size_t length,
                              Encode&& encode) noexcept {
        if (length > Composition::command_bytes_max) return Error::too_large;
        if (const Error error = refusal(local, applier, peers, entry_bytes(length)); error != Error::none) return error;
        const auto room = local.history.reserve(entry_bytes(length), entry_bytes(length));
        if (room.empty() || local.history.room_for_commands() < entry_bytes(length)) {
            return local.log().fault() != Error::none ? local.log().fault() : Error::log_full;
        }
        encode(room.subspan(entry_header_bytes, length));
        local.history.seal(room.data(), EntryType::command, length);
        if (!pending_since_) pending_since_ = local.now;
        ++local.counters.writes;
        if (Composition::commits_alone || peers.empty()) advance(local, applier, peers);
        return Error::none;
    }

    /// A follower says what it holds. Fails with `protocol` when it claims entries that this leader never sent it.
    [[nodiscard]] static Error on_ack(Progress& follower, const Ack& ack) noexcept {
        if (follower.sent_last < larger(ack.received, larger(ack.durable, ack.applied))) return Error::protocol;
        follower.received = larger(follower.received, ack.received);
        follower.durable = larger(follower.durable, smaller(ack.durable, follower.received));
        follower.applied = larger(follower.applied, smaller(ack.applied, follower.received));
        follower.in_flight.held(ack.received);
        if (ack.echo) {
            follower.answered = ack.echo->sent;
            follower.round = larger_round(follower.round, ack.echo->round);
        }
        return Error::none;
    }

    /// Commits, applies and acknowledges as far as the policy allows now. O(followers squared + entries applied).
    void advance(Local<Composition>& local, Applier<Composition>& applier, Peers peers) noexcept {
        constexpr Stage commit_stage = Composition::waits_for_apply ? Composition::log_stage : Composition::stage;
        const Index commit = satisfied(local, applier, peers, commit_stage);
        // Entries of an earlier epoch are committed only together with one of this epoch (Ongaro and Ousterhout, "In
        // Search of an Understandable Consensus Algorithm", 2014, section 5.4.2).
        if (commit >= epoch_start_ && commit > local.commit) local.commit = commit;
        if (applier.applied() < local.commit) {
            applier.advance(local);
            if (local.role == Role::faulted) return;
        }
        const Index done = Composition::waits_for_apply
                               ? smaller(local.commit, satisfied(local, applier, peers, Stage::applied))
                               : smaller(local.commit, applier.applied());
        if (done < epoch_start_ || done <= acknowledged_) return;
        acknowledged_ = done;
        pending_since_.reset();
        if (acknowledged_ < local.log().last()) pending_since_ = local.now;
    }

    /// Time passed: who stands still, and what follows from that.
    void tick(Local<Composition>& local, Applier<Composition>& applier, Peers peers) noexcept {
        for (Peer& peer : peers) watch<Composition>(peer.progress, local.now);
        review(local, applier, peers);
    }

    /// A follower went or came, or time passed: the seat, admissions, and the writes that will not be waited for.
    void review(Local<Composition>& local, Applier<Composition>& applier, Peers peers) noexcept {
        for (Peer& peer : peers) {
            if (peer.progress.state() == FollowerState::catching_up && peer.progress.received >= acknowledged_ &&
                peer.progress.received >= epoch_start_) {
                peer.progress.stream(local.tell_of(peer.id));
            }
        }
        if (somebody_waits_to_count(peers)) admit_followers(local, peers);
        if constexpr (Policy::has_seat) {
            const NodeId node = seat_is_up(local, peers) ? NodeId{} : next_seat(local, peers, acknowledged_);
            if (node != NodeId{}) give_seat(local, peers, node);
        }
        advance(local, applier, peers);
        if (Policy::when_missing == WhenMissing::fail && !satisfiable(local, applier, peers)) {
            abandoned_through_ = local.log().last();
        }
    }

    /// Lets a follower's incarnation count, because the user said so by name.
    [[nodiscard]] Result<void> admit(Local<Composition>& local, Applier<Composition>& applier, Peers peers,
                                     NodeId node) noexcept {
        for (Peer& peer : peers) {
            if (peer.id != node || !peer.progress.linked()) continue;
            if (!admit_one(local, peer)) return Error::log_full;
            review(local, applier, peers);
            return {};
        }
        return Error::not_enough_followers;
    }

    [[nodiscard]] WriteState state_of(const Local<Composition>& local, Ticket ticket) const noexcept {
        const bool leads = local.role == Role::leader && ticket.position.epoch == local.epoch;
        const bool led = leads || ticket.position.epoch == epoch_of_acknowledged(local);
        if (!led) return WriteState::unknown;
        const Index index = ticket.position.index;
        if (index <= acknowledged_) return WriteState::acknowledged;
        return leads && index > abandoned_through_ ? WriteState::pending : WriteState::unknown;
    }

    /// Nodes that hold `index` at the stage of the policy now, this one included.
    [[nodiscard]] std::size_t holders(ConstPeers peers, Index index) const noexcept {
        std::size_t count = 1;
        for (const Peer& peer : peers) {
            if (peer.progress.counts && held(peer.progress, Composition::stage) >= index) ++count;
        }
        return count;
    }

    [[nodiscard]] bool satisfiable(const Local<Composition>& local, const Applier<Composition>& applier,
                                   ConstPeers peers) const noexcept {
        std::array<Holding, Composition::peers_max> slots{};
        return Policy::satisfiable(holdings(local, applier, peers, Composition::stage, slots));
    }

    [[nodiscard]] Index acknowledged() const noexcept { return acknowledged_; }
    /// True when the entry that opened the epoch is acknowledged, and so many nodes that count as hold an acknowledged
    /// write, this one included, have answered what was sent to them less than `failure_timeout` ago: until then, no
    /// other leader acknowledged anything. Where a leader may acknowledge alone, that says nothing about others.
    [[nodiscard]] bool confirmed(const Local<Composition>& local, ConstPeers peers, Instant now) const noexcept {
        if (local.role != Role::leader || acknowledged_ < epoch_start_ || !local.authority.may_lead(now)) return false;
        std::size_t answered = 1;
        for (const Peer& peer : peers) {
            const Progress& follower = peer.progress;
            if (!follower.counts || !follower.answered) continue;
            if (now - *follower.answered < Limits::failure_timeout) ++answered;
        }
        return answered >= Policy::holders_floor(local.node_count);
    }
    /// Entries of this epoch that are not acknowledged.
    [[nodiscard]] std::uint64_t pending(const Local<Composition>& local) const noexcept {
        return local.log().last() - larger(acknowledged_, epoch_start_ - 1);
    }
    [[nodiscard]] std::optional<Instant> pending_since() const noexcept { return pending_since_; }
    [[nodiscard]] std::uint64_t current_round() const noexcept { return round_; }

    /// A follower of another incarnation than the one that counts appeared: who confirms the epoch from now on?
    void new_round() noexcept { ++round_; }

private:
    [[nodiscard]] static constexpr std::uint64_t larger_round(std::uint64_t a, std::uint64_t b) noexcept {
        return a < b ? b : a;
    }

    [[nodiscard]] Epoch epoch_of_acknowledged(const Local<Composition>& local) const noexcept {
        return local.epochs().at(epoch_start_);
    }

    void appended(const Local<Composition>& local) noexcept {
        if (!pending_since_) pending_since_ = local.now;
    }

    /// Why a write of so many bytes cannot be taken now.
    [[nodiscard]] Error refusal(const Local<Composition>& local, const Applier<Composition>& applier, ConstPeers peers,
                                std::size_t bytes) const noexcept {
        if (local.gives_way()) return Error::handing_over;
        if (!local.authority.may_lead(local.now)) return Error::lease_over;
        const std::uint64_t unapplied = local.log().end().offset - applier.next().offset;
        if (unapplied + bytes > Composition::window_bytes) return Error::busy;
        if (pending(local) >= Limits::writes_pending_max) return Error::busy;
        if (Policy::when_missing == WhenMissing::fail && !satisfiable(local, applier, peers)) {
            return Error::not_enough_followers;
        }
        return exceeds_loss_bound(local, peers) ? Error::not_enough_followers : Error::none;
    }

    /// True when as many entries as the policy allows to be lost with the leader are on no follower.
    [[nodiscard]] static bool exceeds_loss_bound(const Local<Composition>& local, ConstPeers peers) noexcept {
        if constexpr (requires { Policy::loss_entries_max; }) {
            if (Policy::loss_entries_max == 0) return false;
            Index safe;
            for (const Peer& peer : peers) safe = larger(safe, peer.progress.received);
            return local.log().last() - safe >= Policy::loss_entries_max;
        } else {
            return false;
        }
    }

    [[nodiscard]] static Index held(const Progress& follower, Stage stage) noexcept {
        switch (stage) {
            case Stage::received: return follower.received;
            case Stage::durable: return follower.durable;
            case Stage::applied: return follower.applied;
        }
        return {};
    }

    [[nodiscard]] Index own(const Local<Composition>& local, const Applier<Composition>& applier,
                            Stage stage) const noexcept {
        switch (stage) {
            case Stage::received: return local.log().last();
            case Stage::durable: return local.log().held();
            case Stage::applied: return applier.applied();
        }
        return {};
    }

    /// What the nodes hold, in the form that a policy reads. `slots` is where the followers are put.
    [[nodiscard]] Holdings holdings(const Local<Composition>& local, const Applier<Composition>& applier,
                                    ConstPeers peers, Stage stage,
                                    std::array<Holding, Composition::peers_max>& slots) const noexcept {
        for (std::size_t i = 0; i < peers.size(); ++i) {
            const Progress& follower = peers[i].progress;
            const bool seat = Policy::has_seat && local.roster().seat == peers[i].id;
            const Index index = follower.counts ? held(follower, stage) : Index{};
            slots[i] = {seat && index < local.roster().seat_index ? Index{} : index, follower.up(), seat};
        }
        return {own(local, applier, stage), std::span(slots).first(peers.size())};
    }

    [[nodiscard]] Index satisfied(const Local<Composition>& local, const Applier<Composition>& applier,
                                  ConstPeers peers, Stage stage) const noexcept {
        std::array<Holding, Composition::peers_max> slots{};
        return Policy::acknowledged(holdings(local, applier, peers, stage, slots));
    }

    void give_seat(Local<Composition>& local, Peers peers, NodeId node) noexcept {
        if (!pace_.allows(peers.size(), local.commit, local.now)) return;
        const NodeId former = local.roster().seat;
        if (!local.history.give_seat(node)) return;
        appended(local);
        pace_.wrote(local.log().last(), local.commit, local.now);
        for (Peer& peer : peers) {
            if (peer.id != former) continue;
            peer.progress.lost_seat = true;
            peer.progress.seat_lost_at = local.now;
        }
        if constexpr (requires { local.observer->on_seat(node, local.log().last()); }) {
            local.observer->on_seat(node, local.log().last());
        }
    }

    [[nodiscard]] bool admit_one(Local<Composition>& local, Peer& peer) noexcept {
        Progress& follower = peer.progress;
        if (local.roster().counting(peer.id) != follower.incarnation) {
            if (!local.history.admit(peer.id, follower.incarnation)) return false;
            appended(local);
            pace_.wrote(local.log().last(), local.commit, local.now);
        }
        follower.counts = true;
        if constexpr (requires { local.observer->on_admitted(peer.id, follower.incarnation); }) {
            local.observer->on_admitted(peer.id, follower.incarnation);
        }
        return true;
    }

    // What mostly holds, so that nobody has to look further.
    [[nodiscard]] static bool somebody_waits_to_count(ConstPeers peers) noexcept {
        for (const Peer& peer : peers) {
            if (!peer.progress.counts && peer.progress.state() == FollowerState::streaming) return true;
        }
        return false;
    }
    [[nodiscard]] static bool seat_is_up(const Local<Composition>& local, ConstPeers peers) noexcept {
        for (const Peer& peer : peers) {
            if (peer.id == local.roster().seat) return peer.progress.up();
        }
        return false;
    }

    void admit_followers(Local<Composition>& local, Peers peers) noexcept {
        const std::size_t holders = Policy::holders(local.node_count);
        for (Peer& peer : peers) {
            if (!pace_.allows(peers.size(), local.commit, local.now)) return;
            if (may_count(local.roster(), peers, peer, local.node_count, holders)) {
                static_cast<void>(admit_one(local, peer));  // where the log has no room, at the next review
            }
        }
    }

    Index epoch_start_;        // the entry that opened the epoch that this node leads, or led last
    Index acknowledged_;       // in that epoch
    Index abandoned_through_;  // writes up to here will not be waited for
    std::optional<Instant> pending_since_;
    Pace<Limits> pace_;
    std::uint64_t round_ = 0;
};

}  // namespace replicator::core
