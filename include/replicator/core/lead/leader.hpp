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
    [[nodiscard]] Result<void> open(Self<Composition>& self, Applier<Composition>& applier, Peers peers, Epoch epoch,
                                    Roster<Limits::nodes_max> roster, bool forced) noexcept {
        if (roster.seat == self.id) roster.seat = NodeId{};  // a leader does not vouch for itself
        roster.admit(self.id, self.incarnation);
        const EpochStartBody body{
            .epoch = epoch,
            .run = self.run,
            .policy = self.policy(),
            .seat = roster.seat,
            .forced = forced,
            .forced_from = forced ? self.log().last() + 1 : Index{},
        };
        if (!self.history.open_epoch(body, roster)) return Error::log_full;
        self.epoch = epoch;
        if (forced) self.known_commit = Position{};
        self.leader = self.id;
        self.source = self.donor = self.successor = NodeId{};
        epoch_start_ = self.log().last();
        acknowledged_ = Index{};
        abandoned_through_ = Index{};
        pending_since_ = self.now;
        own_entries_.restart();
        round_ = 0;
        for (Peer& peer : peers) peer.progress.forget(self.tell_of(peer.id));
        self.become(Role::leader);
        advance(self, applier, peers);
        return {};
    }

    /// Appends a command, which is then the last entry. `length` is the exact size of its encoding, which `encode`
    /// writes. The error comes back in a register; a result with a ticket would go through memory for each write.
    template <class Encode>
    [[nodiscard]] Error write(Self<Composition>& self, Applier<Composition>& applier, Peers peers, std::size_t length,
                              Encode&& encode) noexcept {
        if (length > Composition::command_bytes_max) return Error::too_large;
        if (const Error error = refusal(self, applier, peers, entry_bytes(length)); error != Error::none) return error;
        const auto room = self.history.reserve(entry_bytes(length), entry_bytes(length));
        if (room.empty() || self.history.room_for_commands() < entry_bytes(length)) {
            return self.log().fault() != Error::none ? self.log().fault() : Error::log_full;
        }
        encode(room.subspan(entry_header_bytes, length));
        self.history.seal(room.data(), EntryType::command, length);
        if (!pending_since_) pending_since_ = self.now;
        ++self.counters.writes;
        if (Composition::commits_alone || peers.empty()) advance(self, applier, peers);
        return Error::none;
    }

    /// A follower says what it holds. Fails with `protocol` when it claims entries that this leader never sent it.
    [[nodiscard]] static Error on_ack(Progress& follower, const Ack& ack) noexcept {
        const Error error = on_held(follower, fields_of(ack));
        if (error == Error::none && ack.echo) {
            follower.answered = ack.echo->sent;
            follower.round = larger_round(follower.round, ack.echo->round);
        }
        return error;
    }
    /// The part of it that every ack has. On an error nothing has changed.
    [[nodiscard]] static Error on_held(Progress& follower, const AckFields& ack) noexcept {
        if (follower.sent_last < larger(ack.received, larger(ack.durable, ack.applied))) return Error::protocol;
        follower.received = larger(follower.received, ack.received);
        follower.durable = larger(follower.durable, smaller(ack.durable, follower.received));
        follower.applied = larger(follower.applied, smaller(ack.applied, follower.received));
        follower.in_flight.held(ack.received);
        return Error::none;
    }

    /// Commits, applies and acknowledges as far as the policy allows now. O(followers squared + entries applied).
    void advance(Self<Composition>& self, Applier<Composition>& applier, Peers peers) noexcept {
        constexpr Stage commit_stage = Composition::waits_for_apply ? Composition::log_stage : Composition::stage;
        const Index commit = satisfied(self, applier, peers, commit_stage);
        // Entries of an earlier epoch are committed only together with one of this epoch (Ongaro and Ousterhout, "In
        // Search of an Understandable Consensus Algorithm", 2014, section 5.4.2).
        if (commit >= epoch_start_ && commit > self.commit) self.commit = commit;
        if (applier.applied() < self.commit) {
            applier.advance(self);
            if (self.role == Role::faulted) return;
        }
        const Index done = Composition::waits_for_apply
                               ? smaller(self.commit, satisfied(self, applier, peers, Stage::applied))
                               : smaller(self.commit, applier.applied());
        if (done < epoch_start_ || done <= acknowledged_) return;
        acknowledged_ = done;
        pending_since_.reset();
        if (acknowledged_ < self.log().last()) pending_since_ = self.now;
    }

    /// Time passed: who stands still, and what follows from that.
    void tick(Self<Composition>& self, Applier<Composition>& applier, Peers peers) noexcept {
        for (Peer& peer : peers) watch<Composition>(peer.progress, self.now);
        review(self, applier, peers);
    }

    /// A follower went or came, or time passed: the seat, admissions, and the writes that will not be waited for.
    void review(Self<Composition>& self, Applier<Composition>& applier, Peers peers) noexcept {
        if (!Limits::has_short_way || !is_in_order(self, peers)) put_in_order(self, peers);
        advance(self, applier, peers);
        if (Policy::when_missing == WhenMissing::fail && !satisfiable(self, applier, peers)) {
            abandoned_through_ = self.log().last();
        }
    }

    /// Lets a follower's incarnation count, because the user said so by name.
    [[nodiscard]] Result<void> admit(Self<Composition>& self, Applier<Composition>& applier, Peers peers,
                                     NodeId node) noexcept {
        for (Peer& peer : peers) {
            if (peer.id != node || !peer.progress.linked()) continue;
            if (!admit_one(self, peer)) return Error::log_full;
            review(self, applier, peers);
            return {};
        }
        return Error::not_enough_followers;
    }

    [[nodiscard]] WriteState state_of(const Self<Composition>& self, Ticket ticket) const noexcept {
        const bool leads = self.role == Role::leader && ticket.position.epoch == self.epoch;
        const bool led = leads || ticket.position.epoch == epoch_of_acknowledged(self);
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

    [[nodiscard]] bool satisfiable(const Self<Composition>& self, const Applier<Composition>& applier,
                                   ConstPeers peers) const noexcept {
        std::array<Holding, Composition::peers_max> slots{};
        return Policy::satisfiable(holdings(self, applier, peers, Composition::stage, slots));
    }

    [[nodiscard]] Index acknowledged() const noexcept { return acknowledged_; }
    /// True when the entry that opened the epoch is acknowledged, and so many nodes that count as hold an acknowledged
    /// write, this one included, have answered what was sent to them less than `failure_timeout` ago: until then, no
    /// other leader acknowledged anything. Where a leader may acknowledge alone, that says nothing about others.
    [[nodiscard]] bool confirmed(const Self<Composition>& self, ConstPeers peers, Instant now) const noexcept {
        if (self.role != Role::leader || acknowledged_ < epoch_start_ || !self.authority.may_lead(now)) return false;
        std::size_t answered = 1;
        for (const Peer& peer : peers) {
            const Progress& follower = peer.progress;
            if (!follower.counts || !follower.answered) continue;
            if (now - *follower.answered < Limits::failure_timeout) ++answered;
        }
        return answered >= Policy::holders_floor(self.node_count);
    }
    /// Entries of this epoch that are not acknowledged.
    [[nodiscard]] std::uint64_t pending(const Self<Composition>& self) const noexcept {
        return self.log().last() - larger(acknowledged_, epoch_start_ - 1);
    }
    [[nodiscard]] std::optional<Instant> pending_since() const noexcept { return pending_since_; }
    [[nodiscard]] std::uint64_t current_round() const noexcept { return round_; }

    /// A follower of another incarnation than the one that counts appeared: who confirms the epoch from now on?
    void new_round() noexcept { ++round_; }

private:
    [[nodiscard]] static constexpr std::uint64_t larger_round(std::uint64_t a, std::uint64_t b) noexcept {
        return a < b ? b : a;
    }

    [[nodiscard]] Epoch epoch_of_acknowledged(const Self<Composition>& self) const noexcept {
        return self.epochs().at(epoch_start_);
    }

    void appended(const Self<Composition>& self) noexcept {
        if (!pending_since_) pending_since_ = self.now;
    }

    /// Why a write of so many bytes cannot be taken now.
    [[nodiscard]] Error refusal(const Self<Composition>& self, const Applier<Composition>& applier, ConstPeers peers,
                                std::size_t bytes) const noexcept {
        if (self.gives_way()) return Error::handing_over;
        if (!self.authority.may_lead(self.now)) return Error::lease_over;
        const std::uint64_t unapplied = self.log().end().offset - applier.next().offset;
        if (unapplied + bytes > Composition::window_bytes) return Error::busy;
        if (pending(self) >= Limits::writes_pending_max) return Error::busy;
        if (Policy::when_missing == WhenMissing::fail && !satisfiable(self, applier, peers)) {
            return Error::not_enough_followers;
        }
        return exceeds_loss_bound(self, peers) ? Error::not_enough_followers : Error::none;
    }

    /// True when as many entries as the policy allows to be lost with the leader are on no follower.
    [[nodiscard]] static bool exceeds_loss_bound(const Self<Composition>& self, ConstPeers peers) noexcept {
        if constexpr (requires { Policy::loss_entries_max; }) {
            if (Policy::loss_entries_max == 0) return false;
            Index safe;
            for (const Peer& peer : peers) safe = larger(safe, peer.progress.received);
            return self.log().last() - safe >= Policy::loss_entries_max;
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

    [[nodiscard]] Index own(const Self<Composition>& self, const Applier<Composition>& applier,
                            Stage stage) const noexcept {
        switch (stage) {
            case Stage::received: return self.log().last();
            case Stage::durable: return self.log().flushed();
            case Stage::applied: return applier.applied();
        }
        return {};
    }

    /// What the nodes hold, in the form that a policy reads. `slots` is where the followers are put.
    [[nodiscard]] Holdings holdings(const Self<Composition>& self, const Applier<Composition>& applier,
                                    ConstPeers peers, Stage stage,
                                    std::array<Holding, Composition::peers_max>& slots) const noexcept {
        for (std::size_t i = 0; i < peers.size(); ++i) {
            const Progress& follower = peers[i].progress;
            const bool seat = Policy::has_seat && self.roster().seat == peers[i].id;
            const Index index = follower.counts ? held(follower, stage) : Index{};
            slots[i] = {seat && index < self.roster().seat_index ? Index{} : index, follower.up(), seat};
        }
        return {own(self, applier, stage), std::span(slots).first(peers.size())};
    }

    [[nodiscard]] Index satisfied(const Self<Composition>& self, const Applier<Composition>& applier, ConstPeers peers,
                                  Stage stage) const noexcept {
        std::array<Holding, Composition::peers_max> slots{};
        return Policy::acknowledged(holdings(self, applier, peers, stage, slots));
    }

    void give_seat(Self<Composition>& self, Peers peers, NodeId node) noexcept {
        if (!own_entries_.allows(peers.size(), self.commit, self.now)) return;
        const NodeId former = self.roster().seat;
        if (!self.history.give_seat(node)) return;
        appended(self);
        own_entries_.wrote(self.log().last(), self.commit, self.now);
        for (Peer& peer : peers) {
            if (peer.id != former) continue;
            peer.progress.lost_seat = true;
            peer.progress.seat_lost_at = self.now;
        }
        if constexpr (requires { self.observer->on_seat(node, self.log().last()); }) {
            self.observer->on_seat(node, self.log().last());
        }
    }

    [[nodiscard]] bool admit_one(Self<Composition>& self, Peer& peer) noexcept {
        Progress& follower = peer.progress;
        if (self.roster().counting(peer.id) != follower.incarnation) {
            if (!self.history.admit(peer.id, follower.incarnation)) return false;
            appended(self);
            own_entries_.wrote(self.log().last(), self.commit, self.now);
        }
        follower.counts = true;
        if constexpr (requires { self.observer->on_admitted(peer.id, follower.incarnation); }) {
            self.observer->on_admitted(peer.id, follower.incarnation);
        }
        return true;
    }

    /// What mostly holds, so that nobody has to look further: every follower takes part, and one has the seat.
    [[nodiscard]] static bool is_in_order(const Self<Composition>& self, ConstPeers peers) noexcept {
        for (const Peer& peer : peers) {
            if (!peer.progress.up()) return false;
        }
        return !Policy::has_seat || seat_is_up(self, peers);
    }
    [[gnu::noinline]] void put_in_order(Self<Composition>& self, Peers peers) noexcept {
        for (Peer& peer : peers) {
            if (peer.progress.state() == FollowerState::catching_up && peer.progress.received >= acknowledged_ &&
                peer.progress.received >= epoch_start_) {
                peer.progress.stream(self.tell_of(peer.id));
            }
        }
        if (somebody_waits_to_count(peers)) admit_followers(self, peers);
        if constexpr (Policy::has_seat) {
            const NodeId node = seat_is_up(self, peers) ? NodeId{} : next_seat(self, peers, acknowledged_);
            if (node != NodeId{}) give_seat(self, peers, node);
        }
    }

    [[nodiscard]] static bool somebody_waits_to_count(ConstPeers peers) noexcept {
        for (const Peer& peer : peers) {
            if (!peer.progress.counts && peer.progress.state() == FollowerState::streaming) return true;
        }
        return false;
    }
    [[nodiscard]] static bool seat_is_up(const Self<Composition>& self, ConstPeers peers) noexcept {
        for (const Peer& peer : peers) {
            if (peer.id == self.roster().seat) return peer.progress.up();
        }
        return false;
    }

    void admit_followers(Self<Composition>& self, Peers peers) noexcept {
        const std::size_t holders = Policy::holders(self.node_count);
        for (Peer& peer : peers) {
            if (!own_entries_.allows(peers.size(), self.commit, self.now)) return;
            if (may_count(self.roster(), peers, peer, self.node_count, holders)) {
                static_cast<void>(admit_one(self, peer));  // where the log has no room, at the next review
            }
        }
    }

    Index epoch_start_;        // the entry that opened the epoch that this node leads, or led last
    Index acknowledged_;       // in that epoch
    Index abandoned_through_;  // writes up to here will not be waited for
    std::optional<Instant> pending_since_;
    OwnEntriesBudget<Limits> own_entries_;
    std::uint64_t round_ = 0;
};

}  // namespace replicator::core
