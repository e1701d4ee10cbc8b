// SPDX-License-Identifier: BSL-1.0
// The member: a node among its peers. It begins histories, follows, leads, is promoted and hands over, in messages;
// how those become bytes is in node.hpp.
#pragma once

#include "../../api/promotion.hpp"
#include "../../config.hpp"
#include "../../result.hpp"
#include "../applier.hpp"
#include "../disk/restore.hpp"
#include "../disk/state_keeper.hpp"
#include "../follow/follower.hpp"
#include "../lead/leader.hpp"
#include "../lead/sender.hpp"
#include "../peer/links.hpp"
#include "../peer/past.hpp"
#include "../peer/peer.hpp"
#include "../promote/candidacy.hpp"
#include "../promote/drain.hpp"
#include "../promote/hand_over.hpp"
#include "../promote/newest_roster.hpp"
#include "../promote/questions.hpp"
#include "../promote/return_to_lead.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"
#include "../wire/message.hpp"
#include "../wire/promise.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
class Member {
public:
    using Limits = typename Composition::Limits;

    /// A blank node.
    Member(const Config& config, typename Composition::Observer* observer) noexcept {
        set(config, observer);
        applier_.reseat(local_.log.begin());
    }
    /// A node as its log knows it; faulted when the log cannot be used.
    Member(const Config& config, typename Composition::Observer* observer,
           typename Composition::Log&& log) noexcept requires Composition::is_durable {
        set(config, observer);
        local_.log = std::move(log);
        if (const Error error = Restore<Composition>::run(local_, applier_); error != Error::none) local_.fail(error);
        keeper_.begin(applier_.next());
        if (config.leads_again && local_.epochs.last().node == local_.self) return_.begin_at_once();
    }

    [[nodiscard]] Local<Composition>& local() noexcept { return local_; }
    [[nodiscard]] const Local<Composition>& local() const noexcept { return local_; }
    [[nodiscard]] Applier<Composition>& applier() noexcept { return applier_; }
    [[nodiscard]] const Applier<Composition>& applier() const noexcept { return applier_; }
    [[nodiscard]] Leader<Composition>& leader() noexcept { return leader_; }
    [[nodiscard]] const Leader<Composition>& leader() const noexcept { return leader_; }
    [[nodiscard]] const Follower<Composition>& follower() const noexcept { return follower_; }
    [[nodiscard]] std::span<Peer> peers() noexcept { return std::span(peer_slots_).first(peer_count_); }
    [[nodiscard]] std::span<const Peer> peers() const noexcept { return std::span(peer_slots_).first(peer_count_); }

    [[nodiscard]] Peer* find(NodeId node) noexcept {
        for (Peer& peer : peers()) {
            if (peer.id == node) return &peer;
        }
        return nullptr;
    }

    /// Begins a history on a node that holds nothing and follows nobody, and leads it.
    [[nodiscard]] Result<void> bootstrap(HistoryId history) noexcept {
        if (local_.role == Role::faulted) return Error::faulted;
        if (!local_.blank() || local_.leader != NodeId{}) return Error::already_bootstrapped;
        adopt(history);
        return lead(next_epoch(), false);
    }

    /// Begins a candidacy. It goes on with what comes in and with time.
    [[nodiscard]] Result<void> promote(const PromotionOptions& options) noexcept {
        if (local_.role == Role::faulted) return Error::faulted;
        if (local_.log.last() == Index{}) return Error::not_bootstrapped;
        if (local_.role == Role::leader) return {};
        // What a restarted node asks for by itself gives way to a person.
        if (candidacy_.active() && (options.unless_led || !candidacy_.unless_led())) return Error::busy;
        if (!local_.authority.may_lead(local_.now)) return Error::lease_over;
        stop_fetching();
        candidacy_.begin(options, ++local_.attempts, local_.now);
        ask_everybody();
        pursue();
        return {};
    }

    /// Lets a follower that holds everything lead in this node's place.
    [[nodiscard]] Result<void> hand_over(NodeId to) noexcept {
        if (local_.role != Role::leader) return local_.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (local_.gives_way()) return Error::handing_over;
        const Peer* const peer = find(to);
        if (peer == nullptr || !peer->progress.up()) return Error::not_enough_followers;
        handing_over_.begin(local_, peers(), to);
        review_hand_over();
        return {};
    }
    /// Lets whichever follower first holds everything lead in this node's place.
    [[nodiscard]] Result<void> drain(Duration within) noexcept {
        if (local_.role != Role::leader) return local_.role == Role::faulted ? Error::faulted : Error::not_leader;
        if (local_.draining) return Error::handing_over;
        drain_.begin(local_, peers(), within);
        review_hand_over();
        return {};
    }
    [[nodiscard]] DrainStatus drain_status() const noexcept { return drain_.status(local_, handing_over_.is_told()); }

    [[nodiscard]] PromotionStatus<Composition::peers_max> promotion() const noexcept {
        return candidacy_.status(local_, peers());
    }

    /// Opens `epoch`, which is at least as high as any that this node promised. Who may do so is decided elsewhere.
    [[nodiscard]] Result<void> lead(Epoch epoch, bool forced) noexcept {
        REPLICATOR_ASSERT(local_.bootstrapped() && epoch >= local_.promised);
        const auto& roster = roster_.of(local_, applier_);
        if (stalled(local_.log) || !local_.promise(epoch)) return local_.refused_by_log();
        sender_.restart();
        follower_.unlinked();
        follower_.give_up_install(local_);
        const auto opened = leader_.open(local_, applier_, peers(), epoch, roster, forced);
        if (opened) {
            // Whole again, once all of this is on the disk.
            if (local_.held_through == local_.unknown_extent) local_.held_through = local_.log.last();
            for (Peer& peer : peers()) Links<Composition>::restart(local_, peer);
        }
        return opened;
    }

protected:
    void set(const Config& config, typename Composition::Observer* observer) noexcept {
        local_.observer = observer;
        local_.set(config);
        for (const NodeId node : local_.all_nodes()) {
            if (node == local_.self) continue;
            Peer& peer = peer_slots_[peer_count_++];
            peer.id = node;
            Links<Composition>::restart(local_, peer);
        }
    }

    /// The peer takes entries from this node: from its leader, or as a candidate that fetches them.
    [[nodiscard]] bool sends_to(const Peer& peer) const noexcept { return local_.role == Role::leader || peer.fetches; }

    void take_hello(Peer& peer, const Hello& theirs) noexcept {
        const LinkId former = peer.link;
        const Met met = Links<Composition>::take_hello(local_, peer, theirs);
        if (former != LinkId{} && peer.link == LinkId{}) lost(peer);
        leave_old_epoch();
        // Whose epoch this node promised last, leads it, however long a link may take.
        if (theirs.has(hello_flags::leads) && theirs.epoch == local_.promised) return_.end();
        switch (met) {
            case Met::nothing: break;
            case Met::higher_epoch: step_down(); break;
            case Met::follower: serve(peer, theirs); break;
            case Met::leader: follow(peer, theirs); break;
            case Met::donor: draw_from(peer, theirs); break;
            case Met::older_copy: forget_past(theirs); break;
        }
        if (candidacy_.active()) pursue();
    }

    /// Nothing more is taken from a leader, and nothing given to a candidate, whose epoch is over, whoever said so.
    void leave_old_epoch() noexcept {
        for (Peer& peer : peers()) {
            if (Links<Composition>::is_over(local_, peer)) lose(peer);
        }
    }

    // ---- Promotion: questions and answers
    void ask_everybody() noexcept {
        for (Peer& peer : peers()) peer.request_owed = true;
    }
    void ask_again() noexcept {
        for (std::size_t i = 0; i < peer_count_; ++i) {
            const bool due = local_.now - peer_slots_[i].requested_at >= Limits::retry_interval;
            if (due && candidacy_.unanswered(i)) peer_slots_[i].request_owed = true;
        }
    }

    /// A candidate asks. The answer, which tells what it is promised, is written later from what then is.
    void take_request(Peer& peer, const PromiseRequest& request) noexcept {
        if (!Questions<Composition>::understands(local_, peer, request)) return;
        if (request.binding() && local_.promised < request.epoch) {
            if (!local_.promise(request.epoch)) return local_.fail_if_log_did();  // the candidate asks again
            if (local_.role == Role::leader) step_down();
            leave_old_epoch();
            pursue();
        }
        peer.candidate_run = request.run;
        peer.question = request.question;
        peer.reply_owed = true;
    }

    void take_reply(Peer& peer, const PromiseReply& reply) noexcept {
        const bool awaited = candidacy_.active() && reply.question == candidacy_.question();
        if (!awaited || !Questions<Composition>::understands(local_, peer, reply)) return;
        if (local_.promised < reply.promised && !local_.promise(reply.promised)) return local_.fail_if_log_did();
        leave_old_epoch();
        candidacy_.take(static_cast<std::size_t>(&peer - peer_slots_.data()), reply);
        pursue();
    }

    // ---- Promotion: what follows from the answers ----

    /// Takes a candidacy as far as it goes now.
    void pursue() noexcept {
        if (local_.role == Role::faulted) return;
        while (candidacy_.active()) {
            if (candidacy_.binding() && candidacy_.epoch() != local_.promised) {
                candidacy_.refuse(Error::stale_epoch);
                break;
            }
            const auto& roster = roster_.of(local_, applier_);
            if (stalled(local_.log)) return;
            switch (candidacy_.next(local_, peers(), roster, local_.room_to_lead(applier_.next()))) {
                case Candidacy<Composition>::Move::wait: return;
                case Candidacy<Composition>::Move::bind: bind(next_epoch()); break;
                case Candidacy<Composition>::Move::fetch: return fetch_from(candidacy_.donor());
                case Candidacy<Composition>::Move::open: return open();
                case Candidacy<Composition>::Move::refuse: break;
            }
        }
        // Who was promoted since and then lost is for people to replace, as any leader.
        if (candidacy_.unless_led() && candidacy_.led_since()) return_.end();
        stop_fetching();
    }

    [[nodiscard]] Epoch next_epoch() const noexcept {
        const std::uint64_t next = local_.promised.counter + 1;
        const std::uint64_t least = local_.authority.counter_min();
        return {next < least ? least : next, local_.self, static_cast<std::uint32_t>(value(local_.run))};
    }

    /// This node promises itself, and asks the others to.
    void bind(Epoch epoch) noexcept {
        if (!local_.promise(epoch)) return candidacy_.refuse(local_.refused_by_log());
        leave_old_epoch();
        candidacy_.promise(epoch, ++local_.attempts, local_.now);
        ask_everybody();
    }

    void fetch_from(NodeId donor) noexcept {
        if (local_.donor == donor) return;
        stop_fetching();
        local_.donor = donor;
        if (Peer* const peer = find(donor)) Links<Composition>::restart(local_, *peer);
    }
    void stop_fetching() noexcept {
        Peer* const donor = find(local_.donor);
        local_.donor = NodeId{};
        if (donor != nullptr && local_.source == donor->id && local_.leader != donor->id) lose(*donor);
    }

    void open() noexcept {
        if (const Result<void> opened = lead(candidacy_.epoch(), candidacy_.forced()); !opened) {
            candidacy_.refuse(opened.error());
            return stop_fetching();
        }
        candidacy_.lead();
    }

    // ---- Handing over ----

    void review_hand_over() noexcept {
        const bool impatient = drain_.was_patient(local_) && !leader_.satisfiable(local_, applier_, peers());
        if (local_.successor != NodeId{}) handing_over_.review(local_, leader_, peers(), impatient);
        if (!local_.draining) return;
        drain_.review(local_, leader_, peers(), impatient, handing_over_);
        // Whoever fenced it never led, and this node was not stopped after all.
        if (!local_.draining && local_.role == Role::follower && local_.leader == NodeId{}) return_.begin(local_);
    }

    /// The leader wants this node to lead, which must still hold exactly what the leader thinks, and not drain itself.
    void take_hand_over(const Peer& peer, const HandOver& hand_over) noexcept {
        if (local_.last() != hand_over.last || candidacy_.active() || local_.draining) return;
        if (!local_.authority.may_lead(local_.now)) return;
        candidacy_.begin({.last_leader = peer.id}, ++local_.attempts, local_.now);
        bind(next_epoch());
        pursue();
    }

    /// A link to a follower begins. Of another incarnation than the one that counts, the others are asked who leads.
    void serve(Peer& peer, const Hello& theirs) noexcept {
        ++local_.counters.handshakes;
        sender_.begin(local_, peer, theirs);
        if (local_.role != Role::leader) return;
        if (!peer.progress.counts) {
            leader_.new_round();
            peer.progress.appeared_in_round = leader_.current_round();
            for (Peer& other : peers()) other.progress.heartbeat_owed = other.progress.linked();
        }
        leader_.review(local_, applier_, peers());
    }

    /// A link to a leader begins.
    void follow(Peer& peer, const Hello& theirs) noexcept {
        ++local_.counters.handshakes;
        for (Peer& other : peers()) {
            if (&other != &peer && other.link != LinkId{}) Links<Composition>::restart(local_, other);
        }
        if (local_.history != theirs.history) adopt(theirs.history);
        // All that was acknowledged until now, the leader has.
        local_.held_through = smaller(local_.held_through, theirs.last.index);
        const bool news = local_.leader != peer.id || local_.epoch != theirs.epoch;
        local_.leader = peer.id;
        draw_from(peer, theirs);
        if constexpr (requires { local_.observer->on_leader(peer.id, theirs.epoch); }) {
            if (news) local_.observer->on_leader(peer.id, theirs.epoch);
        }
    }

    /// A link to a node begins that sends what it holds.
    void draw_from(const Peer& peer, const Hello& theirs) noexcept {
        local_.source = peer.id;
        local_.epoch = theirs.epoch;
        local_.learn_commit(theirs.commit, theirs.forced.epoch);
        follower_.linked(local_, followed_ == theirs.run, theirs.forced);
        followed_ = theirs.run;
    }

    /// A blank node takes up a history.
    void adopt(HistoryId history) noexcept {
        local_.history = history;
        local_.log.reset(Index{}, first_chain(history));
        applier_.reseat(local_.log.begin());
        const auto note = DiskNote::of(local_).write();
        const bool kept = local_.remember([history, &note](auto& metadata) {
            metadata.history = history;
            static_cast<void>(metadata.set_note(note));
        });
        if (!kept) local_.fail_if_log_did();  // what passes comes with the next flush; until then the disk is blank
    }

    /// The leader knows that this node acknowledged more than it holds.
    void forget_past(const Hello& theirs) noexcept {
        if (!Past<Composition>::forget(local_, theirs)) return local_.fail_if_log_did();
        for (Peer& peer : peers()) lose(peer);
    }

    void step_down() noexcept {
        local_.leader = local_.source = local_.successor = NodeId{};
        if (!local_.draining) return_.begin(local_);
        sender_.restart();
        for (Peer& peer : peers()) {
            peer.progress.state = FollowerState::down;
            Links<Composition>::restart(local_, peer);
        }
        local_.become(Role::follower);
    }

    /// The link to a peer is over, if there was one; a new one will be tried.
    void lose(Peer& peer) noexcept {
        Links<Composition>::restart(local_, peer);
        lost(peer);
    }

    void lost(Peer& peer) noexcept {
        if (peer.progress.linked()) {
            peer.progress.state = FollowerState::down;
            peer.progress.in_flight.clear();
            Leader<Composition>::notify_follower(local_, peer);
            if (local_.role == Role::leader) leader_.review(local_, applier_, peers());
        }
        if (local_.role != Role::follower || local_.source != peer.id) return;
        local_.source = NodeId{};
        follower_.unlinked();
        if (local_.leader != peer.id) return;
        local_.leader = NodeId{};
        if constexpr (requires { local_.observer->on_leader(NodeId{}, local_.epoch); }) {
            local_.observer->on_leader(NodeId{}, local_.epoch);
        }
    }

    Local<Composition> local_;
    Applier<Composition> applier_;
    Leader<Composition> leader_;
    Follower<Composition> follower_;
    Sender<Composition> sender_;
    Candidacy<Composition> candidacy_;
    NewestRoster<Composition> roster_;
    ReturnToLead<Composition> return_;
    HandingOver<Composition> handing_over_;
    [[no_unique_address]] DrainOrNone<Composition> drain_;
    [[no_unique_address]] StateKeeper<Composition> keeper_;
    std::array<Peer, Composition::peers_max> peer_slots_{};
    std::size_t peer_count_ = 0;
    Run followed_{};  // the run of the leader that was followed last
};

}  // namespace replicator::core
