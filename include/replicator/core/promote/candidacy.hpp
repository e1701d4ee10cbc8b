// SPDX-License-Identifier: BSL-1.0
// A candidacy: how a node that was told to lead finds out whether it may, and what it must fetch first.
//
// First it asks without binding anybody, so that a promotion which cannot succeed harms nobody. When the answers
// suffice it asks for promises; as many as a promotion without loss must hear share a node with every set of nodes that
// held an acknowledged write, so the newest log among them has all of those, and none can be acknowledged in an older
// epoch any more. (The argument is that of Ongaro and Ousterhout, "In Search of an Understandable Consensus Algorithm",
// 2014, section 5.4, with the sizes of both sets left open.)
#pragma once

#include "../../api/promotion.hpp"
#include "../../concepts/ack_policy.hpp"
#include "../../types.hpp"
#include "../history/roster.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/promise.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

template <class Composition>
class Candidacy {
public:
    using Limits = typename Composition::Limits;
    using Policy = typename Composition::Ack;
    using Roster = core::Roster<Limits::nodes_max>;
    using Peers = std::span<const Peer>;

    /// What the node has to do now for the candidacy to go on.
    enum class Move : std::uint8_t {
        wait,   ///< for answers, entries or time
        bind,   ///< choose an epoch, and call `promise`
        fetch,  ///< get what `donor` holds
        open,   ///< open the epoch, forced or not as `forced` says
        refuse  ///< give up: `error` says why
    };

    [[nodiscard]] bool active() const noexcept {
        return step_ == PromotionStep::asking || step_ == PromotionStep::promising || step_ == PromotionStep::fetching;
    }
    [[nodiscard]] bool fetching() const noexcept { return step_ == PromotionStep::fetching; }
    /// The epoch for which promises are asked; epoch 0 while nothing is binding.
    [[nodiscard]] Epoch epoch() const noexcept { return epoch_; }
    [[nodiscard]] std::uint64_t question() const noexcept { return question_; }
    [[nodiscard]] bool binding() const noexcept { return epoch_ != Epoch{}; }
    [[nodiscard]] bool forced() const noexcept { return forced_; }
    /// It gives way to a promotion that does not care who led.
    [[nodiscard]] bool unless_led() const noexcept { return options_.unless_led; }
    /// It is under way, and those that give way should do so.
    [[nodiscard]] bool of_a_person() const noexcept { return active() && !options_.unless_led; }
    /// An answer showed that somebody led after all that this node holds, or leads.
    [[nodiscard]] bool led_since() const noexcept { return led_since_; }

    /// Begins to ask. `question` is a number that this run never used.
    void begin(const PromotionOptions& options, std::uint64_t question, Instant now) noexcept {
        *this = Candidacy{};
        options_ = options;
        ask(PromotionStep::asking, question, now);
    }

    /// Asks for promises for `epoch`, which this node itself has promised.
    void promise(Epoch epoch, std::uint64_t question, Instant now) noexcept {
        epoch_ = epoch;
        for (Vote& vote : votes_) vote.answered = false;
        ask(PromotionStep::promising, question, now);
    }

    void lead() noexcept { step_ = PromotionStep::leading; }
    void refuse(Error error) noexcept {
        step_ = PromotionStep::refused;
        error_ = error;
    }

    /// Peer number `place` answered the present question. A promise of another epoch than the candidate's is a higher
    /// one, which ends the candidacy.
    void take(std::size_t place, const PromiseReply& reply) noexcept {
        if (step_ == PromotionStep::fetching) return;
        // An entry whose epoch the node no longer remembers cannot be ordered against others. A log that a state is
        // about to replace counts until the state is complete.
        const bool blank = reply.last.index == Index{} || reply.last.epoch == Epoch{};
        votes_[place] = {.answered = true,
                         .blank = blank,
                         .claims = reply.has(ballot_flags::counts) && !blank,
                         .suspect = reply.suspect_from != Index{},
                         .leads = reply.has(ballot_flags::leads),
                         .asks = reply.has(ballot_flags::candidate),
                         .incarnation = reply.incarnation,
                         .last = reply.last,
                         .commit = reply.commit};
    }

    /// True when a peer should be asked (again).
    [[nodiscard]] bool unanswered(std::size_t place) const noexcept {
        return active() && step_ != PromotionStep::fetching && !votes_[place].answered;
    }

    /// What to do next. `roster` is what this node's log says, and `room` what that has room for. O(peers).
    [[nodiscard]] Move next(const Self<Composition>& self, Peers peers, const Roster& roster, Room room) noexcept {
        count(self, peers, roster);
        const std::size_t expected = binding() && expected_ < expected_now_ ? expected_ : expected_now_;
        const bool over = answered_ >= expected || self.now - asked_at_ >= Limits::promotion_timeout;
        switch (step_) {
            case PromotionStep::asking:
                if (options_.unless_led && led_since_) return give_up(Error::stale_epoch);
                if (options_.unless_led && asked_by_a_person_) return give_up(Error::busy);
                if (options_.unless_led && answered_ < expected && !was_patient(self.now)) return Move::wait;
                if (!sufficient_ && !over) return Move::wait;
                if (!sufficient_ && !options_.may_lose) return give_up(Error::nodes_missing);
                // Before anybody is bound; more answers may show that the entry can be committed.
                if (!fits(room, self.node_count)) return over ? give_up(Error::log_full) : Move::wait;
                if (!sufficient_) expected_ = answered_;
                return Move::bind;
            case PromotionStep::promising:
                if (!sufficient_ && !over) return Move::wait;
                if (!sufficient_ && !options_.may_lose) return give_up(Error::nodes_missing);
                step_ = PromotionStep::fetching;
                [[fallthrough]];
            case PromotionStep::fetching: return fetch(self);
            default: return Move::wait;
        }
    }

    /// The node that holds what this one has to fetch; NodeId{} when nothing is missing.
    [[nodiscard]] NodeId donor() const noexcept { return ahead_; }

    [[nodiscard]] PromotionStatus<Composition::peers_max> status(const Self<Composition>& self,
                                                                 Peers peers) const noexcept {
        PromotionStatus<Composition::peers_max> status;
        status.step = step_;
        status.error = error_;
        status.epoch = epoch_;
        status.forced = forced_ && step_ == PromotionStep::leading;
        status.needed = guarantee_of<Policy>(self.node_count, Composition::stage).promotion_hears;
        status.heard = heard_;
        status.ahead = ahead_ == NodeId{} ? self.id : ahead_;
        status.newest = newest_;
        if (step_ == PromotionStep::none) return status;
        for (std::size_t i = 0; i < peers.size(); ++i) {
            if (!votes_[i].heard) status.missing_slots[status.missing_count++] = peers[i].id;
        }
        return status;
    }

private:
    struct Vote {
        bool answered = false;  ///< the present question
        bool blank = false;     ///< holds nothing that is whole, or that can be compared
        bool claims = false;    ///< its own log says that it counts
        bool suspect = false;   ///< it may have lost entries that it once held
        bool leads = false;     ///< an epoch, when it was asked
        bool asks = false;      ///< to lead, because a person told it to
        bool heard = false;     ///< answered, and its copies count
        Incarnation incarnation{};
        Position last;
        Position commit;  ///< the newest that it knows of
    };

    void ask(PromotionStep step, std::uint64_t question, Instant now) noexcept {
        step_ = step;
        question_ = question;
        asked_at_ = now;
    }

    Move give_up(Error error) noexcept {
        refuse(error);
        return Move::refuse;
    }

    /// Who was heard, whether that is enough, and who holds the most. While nothing is binding, every node is believed
    /// what it says of itself; in the end it is the newest log of all that says whose copies count. That is this
    /// node's own when nobody is ahead.
    void count(const Self<Composition>& self, Peers peers, const Roster& roster) noexcept {
        answered_ = expected_now_ = 0;
        led_since_ = asked_by_a_person_ = false;
        ahead_ = NodeId{};
        newest_ = self.last();
        Position commit = self.known_commit;
        Epoch newest_epoch = self.epochs().last();
        bool all = true;  // a node that gave up what it once held counts only together with all others
        for (std::size_t i = 0; i < peers.size(); ++i) {
            const Vote& vote = votes_[i];
            all = all && vote.answered && vote.claims;
            if (vote.answered || !is_known_to_be_down(self, peers[i])) ++expected_now_;
            if (!vote.answered) continue;
            ++answered_;
            if (!vote.blank && newest_ < vote.last) {
                newest_ = vote.last;
                ahead_ = peers[i].id;
            }
            if (commit < vote.commit) commit = vote.commit;
            if (newest_epoch < vote.last.epoch) newest_epoch = vote.last.epoch;
            led_since_ = led_since_ || vote.leads || self.epochs().last() < vote.last.epoch;
            asked_by_a_person_ = asked_by_a_person_ || vote.asks;
        }
        const bool claims = roster.counting(self.id) == self.incarnation && self.epochs().last() != Epoch{};
        all = all && claims;
        const bool own = claims && (all || self.suspect_from() == Index{});
        bool last_leader = options_.last_leader != NodeId{} && options_.last_leader == newest_epoch.node &&
                           options_.last_leader == self.id && own;
        heard_ = own ? 1 : 0;
        const bool final = binding() && (step_ == PromotionStep::fetching || ahead_ == NodeId{});
        for (std::size_t i = 0; i < peers.size(); ++i) {
            Vote& vote = votes_[i];
            const bool counts = final ? roster.counting(peers[i].id) == vote.incarnation : vote.claims;
            vote.heard = vote.answered && !vote.blank && counts && (all || !vote.suspect);
            if (!vote.heard) continue;
            ++heard_;
            const NodeId node = peers[i].id;
            last_leader = last_leader || (node == options_.last_leader && node == newest_epoch.node);
        }
        const Guarantee guarantee = guarantee_of<Policy>(self.node_count, Composition::stage);
        // Somebody was told of entries that all who answered lack: a copy went back, or all were destroyed.
        const bool lacks = newest_ < commit;
        forced_ = heard_ < guarantee.promotion_hears || lacks;
        sufficient_ = !forced_ || (guarantee.holders == 1 && last_leader && !lacks);
    }

    /// Where few nodes are enough to lead, who gives way must hear all the same that somebody leads, from whoever
    /// answers before it would be taken for down.
    [[nodiscard]] bool was_patient(Instant now) const noexcept { return now - asked_at_ >= Limits::failure_timeout; }

    /// Nobody waits for an answer from there, though one that comes in time is heard: it has been silent for as long as
    /// this node was awake to hear it, and no connection to it is open.
    [[nodiscard]] static bool is_known_to_be_down(const Self<Composition>& self, const Peer& peer) noexcept {
        const Instant since = peer.heard_at && self.awake_since < *peer.heard_at ? *peer.heard_at : self.awake_since;
        return !peer.connected && self.now - since >= Limits::failure_timeout;
    }

    /// The last room of a log is for promotions that free it: those whose entry the nodes that were heard can commit.
    /// Where nodes were replaced by blank ones, only a person can admit them, whose promotion gets the outer half.
    [[nodiscard]] bool fits(Room room, std::size_t nodes) const noexcept {
        const std::size_t holders = Policy::holders_floor(nodes);
        if (heard_ >= holders) return room != Room::none;
        const bool by_name = options_.may_lose && answered_ + 1 >= holders;
        return room == Room::plain || (room == Room::half_reserve && by_name);
    }

    /// This node must hold what the newest of them does before it may lead.
    [[nodiscard]] Move fetch(const Self<Composition>& self) noexcept {
        if (ahead_ == NodeId{}) {
            if (sufficient_ || options_.may_lose) return Move::open;
            return give_up(Error::nodes_missing);
        }
        if (fetched_ < self.log().last()) {
            fetched_ = self.log().last();
            asked_at_ = self.now;
        }
        if (self.now - asked_at_ >= Limits::promotion_timeout) return give_up(Error::nodes_missing);
        return Move::fetch;
    }

    PromotionStep step_ = PromotionStep::none;
    Error error_ = Error::none;
    PromotionOptions options_;
    Epoch epoch_;
    std::uint64_t question_ = 0;
    Instant asked_at_;  // when the question was first asked, or a fetched entry last came
    Index fetched_;     // the last entry when one last came; 0 before anything is fetched
    std::array<Vote, Composition::peers_max> votes_{};

    // What the answers came to, as of the last `next`.
    std::size_t answered_ = 0;
    std::size_t expected_now_ = 0;                   // answers, but for those of nodes that are known to be down
    std::size_t expected_ = Composition::peers_max;  // answers to the binding question, when too few came to the first
    std::size_t heard_ = 0;
    bool sufficient_ = false;
    bool led_since_ = false;          // somebody else leads, or led after all that this node holds
    bool asked_by_a_person_ = false;  // another node asks to lead, and need not give way
    bool forced_ = false;
    NodeId ahead_{};
    Position newest_;
};

}  // namespace replicator::core
