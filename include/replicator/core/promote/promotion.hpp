// SPDX-License-Identifier: BSL-1.0
// Promotion: how a candidacy of this node gets on, with questions and answers, and how it answers those of others.
#pragma once

#include "candidacy.hpp"
#include "questions.hpp"
#include "return_to_lead.hpp"

#include "../../api/promotion.hpp"
#include "../../error.hpp"
#include "../../result.hpp"
#include "../../types.hpp"
#include "../applier.hpp"
#include "../newest_roster.hpp"
#include "../peer/links.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/frame.hpp"
#include "../wire/promise.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// Which part a node has in promotions.
enum class Voice : std::uint8_t {
    asks,     ///< asks to lead, and answers others
    answers,  ///< only answers
    silent,   ///< the group has none
};

/// What a candidacy leads to is done by the relations of the node to its peers (node/relations.hpp). They tell
/// `self()`, `applier()`, `peers()` and `find(node)`, and can `lead(epoch, forced)`, `step_down()`, `lose(peer)` and
/// `leave_old_epoch()`.
template <class Composition, Voice Own = Composition::asks       ? Voice::asks
                                         : Composition::promotes ? Voice::answers
                                                                 : Voice::silent>
class Promotion {
public:
    using Limits = typename Composition::Limits;
    using Roster = core::Roster<Limits::nodes_max>;
    using Peers = std::span<Peer>;
    using ConstPeers = std::span<const Peer>;

    [[nodiscard]] bool is_active() const noexcept { return candidacy_.active(); }
    [[nodiscard]] PromotionStatus<Composition::peers_max> status(const Self<Composition>& self,
                                                                 ConstPeers peers) const noexcept {
        return candidacy_.status(self, peers);
    }
    /// To lead again, without being asked.
    [[nodiscard]] ReturnToLead<Composition>& wish() noexcept { return wish_; }
    /// What the whole log says about the nodes; nothing that counts while the log is stalled.
    [[nodiscard]] const Roster& roster(const Self<Composition>& self, const Applier<Composition>& applier) noexcept {
        return roster_.of(self, applier);
    }

    /// Of an epoch that this node may open, if the others promise it.
    [[nodiscard]] static Epoch next_epoch(const Self<Composition>& self) noexcept {
        const std::uint64_t next = self.promised.counter + 1;
        const std::uint64_t least = self.authority.counter_min();
        return {next < least ? least : next, self.id, static_cast<std::uint32_t>(value(self.run))};
    }

    /// Begins a candidacy. It goes on with what comes in and with time.
    template <class Relations>
    [[nodiscard]] Result<void> begin(Relations relations, const PromotionOptions& options) noexcept {
        Self<Composition>& self = relations.self();
        if (self.role == Role::faulted) return Error::faulted;
        if (self.log().last() == Index{}) return Error::not_bootstrapped;
        if (self.is_leader()) return {};
        // What a restarted node asks for by itself gives way to a person.
        if (candidacy_.active() && (options.unless_led || !candidacy_.unless_led())) return Error::busy;
        if (!self.authority.may_lead(self.now)) return Error::lease_over;
        stop_fetching(relations);
        candidacy_.begin(options, ++self.attempts, self.now);
        ask_everybody(relations.peers());
        pursue(relations);
        return {};
    }

    /// A candidate asks. The answer, which tells what it is promised, is written later from what then is.
    template <class Relations>
    void take_request(Relations relations, Peer& peer, const PromiseRequest& request) noexcept {
        Self<Composition>& self = relations.self();
        if (!Questions<Composition>::understands(self, peer, request)) return;
        if (request.binding() && self.promised < request.epoch) {
            if (!self.promise(request.epoch)) return self.fail_if_log_did();  // the candidate asks again
            if (self.is_leader()) relations.step_down();
            relations.leave_old_epoch();
            pursue(relations);
        }
        peer.candidate_run = request.run;
        peer.question = request.question;
        peer.reply_owed = true;
    }

    template <class Relations>
    void take_reply(Relations relations, Peer& peer, const PromiseReply& reply) noexcept {
        Self<Composition>& self = relations.self();
        const bool awaited = candidacy_.active() && reply.question == candidacy_.question();
        if (!awaited || !Questions<Composition>::understands(self, peer, reply)) return;
        if (self.promised < reply.promised && !self.promise(reply.promised)) return self.fail_if_log_did();
        relations.leave_old_epoch();
        candidacy_.take(static_cast<std::size_t>(&peer - relations.peers().data()), reply);
        pursue(relations);
    }

    /// The leader wants this node to lead, which must still hold exactly what the leader thinks, and not drain itself.
    template <class Relations>
    void take_hand_over(Relations relations, const Peer& peer, const HandOver& hand_over) noexcept {
        Self<Composition>& self = relations.self();
        if (self.last() != hand_over.last || candidacy_.active() || self.draining) return;
        if (!self.authority.may_lead(self.now)) return;
        candidacy_.begin({.last_leader = peer.id}, ++self.attempts, self.now);
        bind(relations, next_epoch(self));
        pursue(relations);
    }

    /// An entry that was fetched may have been the last that is missing.
    template <class Relations>
    void took_entries(Relations relations) noexcept {
        if (candidacy_.fetching()) pursue(relations);
    }
    /// A hello may have told of a higher epoch, or of a link to the donor.
    template <class Relations>
    void took_hello(Relations relations) noexcept {
        if (candidacy_.active()) pursue(relations);
    }

    template <class Relations>
    void tick(Relations relations) noexcept {
        Self<Composition>& self = relations.self();
        if (wish_.due(self)) {
            static_cast<void>(begin(relations, {.may_lose = false, .last_leader = {}, .unless_led = true}));
        }
        if (!candidacy_.active()) return;
        ask_again(self, relations.peers());
        pursue(relations);
    }

    [[nodiscard]] static bool owes_reply(const Peer& peer) noexcept { return peer.reply_owed; }
    [[nodiscard]] static bool owes_request(const Peer& peer) noexcept { return peer.request_owed; }
    /// Writes the answer to the peer's question; 0 while the log is stalled. `buffer` has room for any head.
    [[nodiscard]] std::size_t write_reply(const Self<Composition>& self, const Applier<Composition>& applier,
                                          Peer& peer, std::span<std::byte> buffer) noexcept {
        const Roster& roster = roster_.of(self, applier);
        if (stalled(self.log())) return 0;
        peer.reply_owed = false;
        const std::uint32_t flags = candidacy_.of_a_person() ? ballot_flags::candidate : 0;
        return write_head(buffer.data(), Questions<Composition>::make_reply(self, roster, flags, peer));
    }
    [[nodiscard]] std::size_t write_request(const Self<Composition>& self, Peer& peer,
                                            std::span<std::byte> buffer) const noexcept {
        peer.request_owed = false;
        peer.requested_at = self.now;
        return write_head(buffer.data(), Questions<Composition>::make_request(self, candidacy_, peer));
    }

private:
    static void ask_everybody(Peers peers) noexcept {
        for (Peer& peer : peers) peer.request_owed = true;
    }
    void ask_again(const Self<Composition>& self, Peers peers) noexcept {
        for (std::size_t i = 0; i < peers.size(); ++i) {
            const bool due = self.now - peers[i].requested_at >= Limits::retry_interval;
            if (due && candidacy_.unanswered(i)) peers[i].request_owed = true;
        }
    }

    /// Takes a candidacy as far as it goes now.
    template <class Relations>
    void pursue(Relations relations) noexcept {
        Self<Composition>& self = relations.self();
        if (self.role == Role::faulted) return;
        while (candidacy_.active()) {
            if (candidacy_.binding() && candidacy_.epoch() != self.promised) {
                candidacy_.refuse(Error::stale_epoch);
                break;
            }
            const Roster& roster = roster_.of(self, relations.applier());
            if (stalled(self.log())) return;
            const Room room = self.history.room_to_lead(relations.applier().next(), self.node_count);
            switch (candidacy_.next(self, relations.peers(), roster, room)) {
                case Candidacy<Composition>::Move::wait: return;
                case Candidacy<Composition>::Move::bind: bind(relations, next_epoch(self)); break;
                case Candidacy<Composition>::Move::fetch: return fetch_from(relations, candidacy_.donor());
                case Candidacy<Composition>::Move::open: return open(relations);
                case Candidacy<Composition>::Move::refuse: break;
            }
        }
        // Who was promoted since and then lost is for people to replace, as any leader.
        if (candidacy_.unless_led() && candidacy_.led_since()) wish_.end();
        stop_fetching(relations);
    }

    /// This node promises itself, and asks the others to.
    template <class Relations>
    void bind(Relations relations, Epoch epoch) noexcept {
        Self<Composition>& self = relations.self();
        if (!self.promise(epoch)) return candidacy_.refuse(self.history.refused_by_log());
        relations.leave_old_epoch();
        candidacy_.promise(epoch, ++self.attempts, self.now);
        ask_everybody(relations.peers());
    }

    template <class Relations>
    void fetch_from(Relations relations, NodeId donor) noexcept {
        Self<Composition>& self = relations.self();
        if (self.donor == donor) return;
        stop_fetching(relations);
        self.donor = donor;
        if (Peer* const peer = relations.find(donor)) Links<Composition>::restart(self, *peer);
    }
    template <class Relations>
    void stop_fetching(Relations relations) noexcept {
        Self<Composition>& self = relations.self();
        Peer* const donor = relations.find(self.donor);
        self.donor = NodeId{};
        const bool fetches = donor != nullptr && self.source == donor->id && self.leader != donor->id;
        if (fetches) relations.lose(*donor);
    }

    template <class Relations>
    void open(Relations relations) noexcept {
        if (const Result<void> opened = relations.lead(candidacy_.epoch(), candidacy_.forced()); !opened) {
            candidacy_.refuse(opened.error());
            return stop_fetching(relations);
        }
        candidacy_.lead();
    }

    Candidacy<Composition> candidacy_;
    NewestRoster<Composition> roster_;
    ReturnToLead<Composition> wish_;
};

/// A node that does not wish to lead again.
struct NoWish {
    template <class... Any>
    static constexpr void begin(Any&&...) noexcept {}
    static constexpr void end() noexcept {}
    template <class... Any>
    static constexpr void was_absent(Any&&...) noexcept {}
};

/// A node that never leads, and answers those who want to.
template <class Composition>
class Promotion<Composition, Voice::answers> {
public:
    template <class... Any>
    [[nodiscard]] static constexpr PromotionStatus<Composition::peers_max> status(Any&&...) noexcept {
        return {};
    }
    [[nodiscard]] static constexpr NoWish wish() noexcept { return {}; }
    [[nodiscard]] const auto& roster(const Self<Composition>& self, const Applier<Composition>& applier) noexcept {
        return roster_.of(self, applier);
    }

    /// Calls of this do not compile, and say why; this is what is compiled behind that.
    [[nodiscard]] static constexpr Epoch next_epoch(const Self<Composition>&) noexcept { return {}; }

    template <class Relations>
    void take_request(Relations relations, Peer& peer, const PromiseRequest& request) noexcept {
        Self<Composition>& self = relations.self();
        if (!Questions<Composition>::understands(self, peer, request)) return;
        if (request.binding() && self.promised < request.epoch) {
            if (!self.promise(request.epoch)) return self.fail_if_log_did();
            relations.leave_old_epoch();
        }
        peer.candidate_run = request.run;
        peer.question = request.question;
        peer.reply_owed = true;
    }
    template <class... Any>
    static constexpr void take_reply(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void take_hand_over(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void took_entries(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void took_hello(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void tick(Any&&...) noexcept {}

    [[nodiscard]] static bool owes_reply(const Peer& peer) noexcept { return peer.reply_owed; }
    [[nodiscard]] static constexpr bool owes_request(const Peer&) noexcept { return false; }
    [[nodiscard]] std::size_t write_reply(const Self<Composition>& self, const Applier<Composition>& applier,
                                          Peer& peer, std::span<std::byte> buffer) noexcept {
        const auto& roster = roster_.of(self, applier);
        if (stalled(self.log())) return 0;
        peer.reply_owed = false;
        return write_head(buffer.data(), Questions<Composition>::make_reply(self, roster, 0, peer));
    }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t write_request(Any&&...) noexcept {
        return 0;
    }

private:
    NewestRoster<Composition> roster_;
};

/// Who began the history leads, or nobody. Questions are passed over.
template <class Composition>
class Promotion<Composition, Voice::silent> {
public:
    template <class... Any>
    [[nodiscard]] static constexpr PromotionStatus<Composition::peers_max> status(Any&&...) noexcept {
        return {};
    }
    [[nodiscard]] static constexpr NoWish wish() noexcept { return {}; }
    /// Of a node that begins a history.
    [[nodiscard]] static const auto& roster(const Self<Composition>& self, const Applier<Composition>&) noexcept {
        return self.applied_roster();
    }
    [[nodiscard]] static Epoch next_epoch(const Self<Composition>& self) noexcept {
        return Promotion<Composition, Voice::asks>::next_epoch(self);
    }

    /// Calls of these do not compile, and say why; this is what is compiled behind that.
    template <class... Any>
    [[nodiscard]] static Result<void> begin(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    static constexpr void take_request(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void take_reply(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void take_hand_over(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void took_entries(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void took_hello(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void tick(Any&&...) noexcept {}

    [[nodiscard]] static constexpr bool owes_reply(const Peer&) noexcept { return false; }
    [[nodiscard]] static constexpr bool owes_request(const Peer&) noexcept { return false; }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t write_reply(Any&&...) noexcept {
        return 0;
    }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t write_request(Any&&...) noexcept {
        return 0;
    }
};

}  // namespace replicator::core
