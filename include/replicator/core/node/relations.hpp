// SPDX-License-Identifier: BSL-1.0
// The relations of a node to its peers: whom it leads, whom it follows, and what is left when a link is lost or an
// epoch is over.
#pragma once

#include "owed.hpp"
#include "parts.hpp"

#include "../../result.hpp"
#include "../../types.hpp"
#include "../disk/disk.hpp"
#include "../disk/log_rules.hpp"
#include "../lead/leader.hpp"
#include "../lead/sender.hpp"
#include "../peer/links.hpp"
#include "../peer/past.hpp"
#include "../peer/peer.hpp"
#include "../stream/damage.hpp"
#include "../wire/frame.hpp"
#include "../wire/hello.hpp"

#include <cstddef>
#include <span>

namespace replicator::core {

/// Holds nothing itself, and is made where it is needed.
template <class Composition>
class Relations {
public:
    using Limits = typename Composition::Limits;

    explicit Relations(NodeParts<Composition>& parts) noexcept : parts_(parts), self_(parts.self) {}

    [[nodiscard]] Self<Composition>& self() const noexcept { return self_; }
    [[nodiscard]] Applier<Composition>& applier() const noexcept { return parts_.applier; }
    [[nodiscard]] std::span<Peer> peers() const noexcept { return peers_of(parts_); }
    [[nodiscard]] Peer* find(NodeId node) const noexcept { return find_peer(parts_, node); }

    // ---- Streams and hellos

    /// The node is complete, and is going to hear from its peers.
    template <class GivenTransport>
    void begin(const GivenTransport& transport) const noexcept {
        self_.delivery.ask(transport);
        for (Peer& peer : peers()) Damage<Composition>::begin_frames(self_, peer);
    }

    /// A stream to the peer begins, or is gone.
    void begin_anew(Peer& peer, bool connected) const noexcept {
        peer.connected = connected;
        Damage<Composition>::begin_frames(self_, peer);
        lose(peer);
        // A new connection asks for a hello. A line has none, and whoever thinks that it is bad may call this often.
        if (Damage<Composition>::is_possible(self_)) {
            peer.hello_owed = hello_due(peer);
        } else {
            peer.answers = 0;
        }
    }

    void take_hello(Peer& peer, const Hello& theirs) const noexcept {
        const LinkId former = peer.link;
        const HelloOutcome outcome = Links<Composition>::take_hello(self_, peer, theirs);
        if (former != LinkId{} && peer.link == LinkId{}) lost(peer);
        leave_old_epoch();
        // Whose epoch this node promised last, leads it, however long a link may take.
        if (theirs.has(hello_flags::leads) && theirs.epoch == self_.promised) parts_.promotion.wish().end();
        switch (outcome) {
            case HelloOutcome::nothing: break;
            case HelloOutcome::higher_epoch:
                if (Composition::leads) step_down();
                break;
            case HelloOutcome::follower:
                if (Composition::sends) serve(peer, theirs);
                break;
            case HelloOutcome::leader:
            case HelloOutcome::donor:
            case HelloOutcome::older_copy:
                if (Composition::follows) take_source(outcome, peer, theirs);
                break;
        }
        parts_.promotion.took_hello(*this);
    }

    /// `buffer` has room for any head.
    [[nodiscard]] std::size_t write_hello(Peer& peer, std::span<std::byte> buffer) const noexcept {
        const Hello hello = Links<Composition>::make_hello(self_, peer);
        peer.hello_owed = false;
        peer.refusal_owed = Error::none;
        peer.hello_at = self_.now;
        return write_head(buffer.data(), hello);
    }

    /// Time passed. Who was `absent` for so long that it was not running must not blame others for having been silent.
    void tick(Peer& peer, bool absent) const noexcept {
        const Instant now = self_.now;
        if (absent && peer.heard_at) peer.heard_at = now;
        if (absent && peer.progress.stands_since) peer.progress.stands_since = now;
        if (absent) peer.tail_began = now;
        const bool slow = peer.link_slow && !peer.link_confirmed;
        const Duration patience = slow ? frame_timeout<Limits> : Limits::failure_timeout;
        const bool silent = !peer.heard_at || now - *peer.heard_at >= patience;
        if (silent) peer.blank.reset();
        if (peer.link != LinkId{} && silent) lose(peer);
        if (peer.link == LinkId{} && hello_due(peer)) peer.hello_owed = true;
    }

    // ---- Epochs that begin and end

    /// Begins a history on a node that holds nothing and follows nobody, and leads it.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) const noexcept {
        if (self_.role == Role::faulted) return Error::faulted;
        if (!self_.blank() || self_.leader != NodeId{}) return Error::already_bootstrapped;
        adopt(history);
        return lead(Promotion<Composition>::next_epoch(self_), false);
    }

    /// Begins a candidacy.
    [[nodiscard]] Result<void> promote(const PromotionOptions& options) const noexcept {
        return parts_.promotion.begin(*this, options);
    }

    /// Opens `epoch`, which is at least as high as any that this node promised. Who may do so is decided elsewhere.
    [[nodiscard]] Result<void> lead(Epoch epoch, bool forced) const noexcept {
        REPLICATOR_ASSERT(self_.bootstrapped() && epoch >= self_.promised);
        const auto& roster = parts_.promotion.roster(self_, parts_.applier);
        if (stalled(self_.log()) || !self_.promise(epoch)) return self_.history.refused_by_log();
        parts_.snapshots.restart();
        parts_.follower.unlinked();
        parts_.incoming.drop(self_);
        const auto opened = parts_.leader.open(self_, parts_.applier, peers(), epoch, roster, forced);
        if (opened) {
            // Whole again, once all of this is on the disk.
            if (self_.lost_through == self_.unknown_extent) self_.lost_through = self_.log().last();
            parts_.promotion.wish().end();
            for (Peer& peer : peers()) Links<Composition>::restart(self_, peer);
        }
        return opened;
    }

    void step_down() const noexcept {
        self_.leader = self_.source = self_.successor = NodeId{};
        if (!self_.draining) parts_.promotion.wish().begin(self_);
        parts_.snapshots.restart();
        for (Peer& peer : peers()) {
            peer.progress.down(self_.tell_of(peer.id));
            Links<Composition>::restart(self_, peer);
        }
        self_.become(Role::follower);
    }

    /// Lets a follower that holds everything lead in this node's place.
    [[nodiscard]] Result<void> hand_over(NodeId to) const noexcept {
        const Result<void> begun = parts_.giving_way.hand_over(self_, peers(), to);
        if (begun) review_giving_way();
        return begun;
    }
    /// Lets whichever follower first holds everything lead in this node's place.
    [[nodiscard]] Result<void> drain(Duration within) const noexcept {
        const Result<void> begun = parts_.giving_way.drain(self_, peers(), within);
        if (begun) review_giving_way();
        return begun;
    }
    /// Goes on with a hand-over or a drain. Where the policy lacks a follower for so long, pending writes are not
    /// waited for.
    void review_giving_way() const noexcept {
        const bool impatient =
            parts_.giving_way.was_patient(self_) && !parts_.leader.satisfiable(self_, parts_.applier, peers());
        const bool is_awaited = !impatient && self_.is_leader() && parts_.leader.pending(self_) != 0;
        if (parts_.giving_way.review(self_, peers(), is_awaited)) parts_.promotion.wish().begin(self_);
    }

    /// Nothing more is taken from a leader, and nothing given to a candidate, whose epoch is over, whoever said so.
    void leave_old_epoch() const noexcept {
        for (Peer& peer : peers()) {
            if (Links<Composition>::is_over(self_, peer)) lose(peer);
        }
    }

    /// The link to a peer is over, if there was one; a new one will be tried.
    void lose(Peer& peer) const noexcept {
        Links<Composition>::restart(self_, peer);
        lost(peer);
    }

private:
    /// Nobody who was not asked says hello more often.
    [[nodiscard]] bool hello_due(const Peer& peer) const noexcept {
        return self_.now - peer.hello_at >= Limits::retry_interval;
    }

    /// A link to a follower begins. Of another incarnation than the one that counts, the others are asked who leads.
    void serve(Peer& peer, const Hello& theirs) const noexcept {
        ++self_.counters.handshakes;
        Sender<Composition>::begin(self_, peer, theirs);
        if (!self_.is_leader()) return;
        if (!peer.progress.counts) {
            parts_.leader.new_round();
            peer.progress.appeared_in_round = parts_.leader.current_round();
            for (Peer& other : peers()) other.progress.heartbeat_owed = other.progress.linked();
        }
        parts_.leader.review(self_, parts_.applier, peers());
    }

    /// A link to a leader begins, or to a donor; or the leader knows this node better than it does itself.
    void take_source(HelloOutcome outcome, Peer& peer, const Hello& theirs) const noexcept {
        switch (outcome) {
            case HelloOutcome::leader: follow(peer, theirs); break;
            case HelloOutcome::donor: draw_from(peer, theirs); break;
            default:
                if (Composition::is_durable) forget_past(theirs);
                break;
        }
    }

    /// A link to a leader begins.
    void follow(Peer& peer, const Hello& theirs) const noexcept {
        ++self_.counters.handshakes;
        for (Peer& other : peers()) {
            if (&other != &peer && other.link != LinkId{}) Links<Composition>::restart(self_, other);
        }
        if (self_.history.id() != theirs.history) adopt(theirs.history);
        // All that was acknowledged until now, the leader has.
        self_.lost_through = smaller(self_.lost_through, theirs.last.index);
        const bool news = self_.leader != peer.id || self_.epoch != theirs.epoch;
        self_.leader = peer.id;
        draw_from(peer, theirs);
        if constexpr (requires { self_.observer->on_leader(peer.id, theirs.epoch); }) {
            if (news) self_.observer->on_leader(peer.id, theirs.epoch);
        }
    }

    /// A link to a node begins that sends what it holds.
    void draw_from(const Peer& peer, const Hello& theirs) const noexcept {
        self_.source = peer.id;
        self_.epoch = theirs.epoch;
        self_.learn_commit(theirs.commit, theirs.forced.epoch);
        parts_.follower.linked(theirs.forced);
        // What another leader has begun to send of a state is of no use to this one.
        if (parts_.followed != theirs.run) parts_.incoming.drop(self_);
        parts_.followed = theirs.run;
    }

    /// A blank node takes up a history.
    void adopt(HistoryId history) const noexcept {
        self_.history.adopt(history);
        parts_.applier.restart_at(self_.log().begin());
        const auto note = LogRules::of(self_).write();
        const bool kept = self_.history.remember([history, &note](auto& metadata) {
            metadata.history = history;
            static_cast<void>(metadata.set_note(note));
        });
        if (!kept) self_.fail_if_log_did();  // what passes comes with the next flush; until then the disk is blank
    }

    /// The leader knows that this node acknowledged more than it holds.
    void forget_past(const Hello& theirs) const noexcept {
        if (!Past<Composition>::forget(self_, theirs)) return self_.fail_if_log_did();
        for (Peer& peer : peers()) lose(peer);
    }

    void lost(Peer& peer) const noexcept {
        if (peer.progress.linked()) {
            peer.progress.down(self_.tell_of(peer.id));
            if (self_.is_leader()) parts_.leader.review(self_, parts_.applier, peers());
        }
        if (!self_.is_follower() || self_.source != peer.id) return;
        self_.source = NodeId{};
        parts_.follower.unlinked();
        if (self_.leader != peer.id) return;
        self_.leader = NodeId{};
        if constexpr (requires { self_.observer->on_leader(NodeId{}, self_.epoch); }) {
            self_.observer->on_leader(NodeId{}, self_.epoch);
        }
    }

    NodeParts<Composition>& parts_;
    Self<Composition>& self_;
};

// What follows when the disk holds more than before, or more may be applied: who commits, who is told, who may lead.

/// Writes to the disk what was gathered, or begins to, and finds out how far it has come.
template <class Composition>
void flush(NodeParts<Composition>& parts) noexcept {
    if constexpr (Composition::is_durable) {
        const Flushed flushed = parts.disk.flush(parts.self);
        if (flushed == Flushed::nothing) return;
        if (!parts.self.is_leader()) return parts.follower.flushed();
        // The history that began here lasts now, so the others may hear of it.
        const bool first = flushed == Flushed::first;
        for (Peer& peer : parts.peers()) peer.hello_owed = peer.hello_owed || (first && peer.link == LinkId{});
        parts.leader.advance(parts.self, parts.applier, parts.peers());
        if (parts.self.gives_way()) Relations(parts).review_giving_way();
    }
}

/// Goes on with what is committed and was more than one call may apply, see `Options::apply_bytes_per_call`. What the
/// next call leaves in turn is for the one after it.
template <class Composition>
void apply_more(NodeParts<Composition>& parts) noexcept {
    if constexpr (Composition::applies_in_portions) {
        if (!parts.applier.is_behind(parts.self)) return;
        if (parts.self.is_leader()) return parts.leader.advance(parts.self, parts.applier, parts.peers());
        parts.applier.advance(parts.self);
        parts.follower.flushed();  // the leader may wait for what is applied, as it does for what is flushed
    }
}

}  // namespace replicator::core
