// SPDX-License-Identifier: BSL-1.0
// A node as words: everything on which its further conduct depends, and nothing else.
//
// Each part is taken apart into all of its members, so that a member that is added later does not compile here until
// somebody has said whether it matters. Left out are statistics, what only a status shows, what lies in buffers beyond
// their ends, and what a part in this role writes before it reads.
#pragma once

#include "composition.hpp"
#include "words.hpp"

#include <cstdint>

namespace search {

/// Each function adds a part to the words.
class Canonical {
public:
    Canonical(Words& words, Instant now) : words_(&words), now_(now) {}

    template <class Composition>
    void node(const core::Node<Composition>& node) {
        const auto& [parts] = node;
        this->parts(parts);
    }

private:
    template <class... Values>
    void put(Values... values) {
        words_->put(values...);
    }

    /// How many steps of time ago; more than any interval is as good as never.
    void age(Instant then) {
        const std::uint64_t steps = (now_ - then).microseconds / time_step.microseconds;
        put(then == Instant{} ? 9 : steps < 8 ? steps : 8);
    }

    template <class Composition>
    void parts(const core::NodeParts<Composition>& parts) {
        const auto& [self, applier, leader, follower, outgoing, incoming, promotion, giving_way, disk, steady, peers,
                     peer_count, followed, acked_at] = parts;
        const auto& [candidacy, told, to_lead] = promotion;
        this->self(self);
        if (self.role == Role::leader) {
            roster(self.roster());
            this->leader(leader);
        }
        const auto& [machine, next, results, left] = applier;
        this->machine(machine);
        put(next.index);
        this->follower(follower);
        this->incoming(incoming, self.installing());
        snapshots(outgoing);
        this->candidacy(candidacy);
        for (const core::Peer& peer : peers) {
            this->peer(peer, self.run, self.role == Role::leader, candidacy.active());
        }
        put(followed);
        const auto& [wished, asks_at] = to_lead;
        put(wished);
        if (wished) put((asks_at - now_).microseconds);
        const auto& [handing_over, drain] = giving_way;
        handing(handing_over, self.successor != NodeId{});
        age(acked_at);
    }

    /// Nobody drains a node here.
    template <class Composition>
    void handing(const core::HandingOver<Composition>& handing_over, bool active) {
        const auto& [began_at, told_at] = handing_over;
        if (!active) return;
        age(began_at);
        age(told_at);
    }

    void machine(const Machine& machine) {
        put(machine.count);
        for (std::size_t i = 0; i < machine.count; ++i) put(machine.values[i]);
    }

    template <class Composition>
    void self(const core::Self<Composition>& self) {
        // The number of attempts is as high as any number of this run, so the order of those says it.
        const auto& [id, cluster, group, run, incarnation, nodes, node_count, membership, attempts, history, authority,
                     delivery, role, fault, draining, epoch, promised, leader, source, donor, successor, commit,
                     known_commit, lost_through, incoming, now, awake_since, counters, observer] = self;
        const auto& [log, epochs, applied_roster, newest_roster, history_id] = history;
        put(run, incarnation, history_id, role, fault, epoch, promised, leader, source, donor, successor, commit,
            known_commit, lost_through, incoming.id, incoming.offset);
        age(awake_since);
        this->log(log);
        this->epochs(epochs);
        roster(applied_roster);
    }

    void log(const Log& log) {
        const auto& [bytes, begin, end, lap, base_chain, chain, released, plain_to, marks, first_mark, mark_count] =
            log;
        REPLICATOR_ASSERT(begin.offset == 0);  // else the log must be larger for these bounds
        put(begin.index, base_chain, end.index, end.offset, chain, released);
    }

    template <std::size_t Max>
    void epochs(const core::Epochs<Max>& epochs) {
        const auto& [starts, size, before, before_first, forced_before] = epochs;
        put(size, before, before_first, forced_before);
        for (const core::EpochStart& start : epochs.all()) {
            put(start.epoch, start.first, start.chain_before, start.forced);
        }
    }

    template <std::size_t NodesMax>
    void roster(const core::Roster<NodesMax>& roster) {
        const auto& [members, size, seat, seat_index] = roster;
        put(seat, seat_index);
        for (const core::RosterMember& member : members) put(member.counts);
    }

    template <class Composition>
    void leader(const core::Leader<Composition>& leader) {
        const auto& [epoch_start, acknowledged, abandoned_through, pending_since, pace, round] = leader;
        put(epoch_start, acknowledged, abandoned_through, round);
        const auto& [last, written, first_at, last_at] = pace;
        put(last, written);
        if (written == 0) return;
        age(first_at);
        age(last_at);
    }

    template <class Composition>
    void follower(const core::Follower<Composition>& follower) {
        // Frames come whole, so between two of them nothing of an append is under way.
        const auto& [verified, forced, told_commit, epoch, index, ends_at, chain, own, header, check, gathered,
                     rest_is_useless, ack_owed, round, refusal, echo] = follower;
        put(verified.known, verified.index, forced, told_commit, gathered, ack_owed, round);
        put(refusal.has_value(), echo.has_value());
        if (refusal) put(refusal->error, refusal->hint, refusal->commit);
        if (echo) put(echo->round);
    }

    template <class Composition>
    void incoming(const core::IncomingSnapshot<Composition>& incoming, bool active) {
        const auto& [replaces, begin, epochs, roster, loading, whole_checksum, gathering_begin, next_begin, piece,
                     gathered, buffer] = incoming;
        if (!active) return;
        put(replaces, begin.position, begin.chain, begin.common, whole_checksum);
        this->epochs(epochs);
        this->roster(roster);
        const auto& [loaded, loaded_bytes] = loading;
        put(loaded.has_value(), loaded_bytes);
        if (loaded) machine(*loaded);
    }

    template <class Composition>
    void snapshots(const core::OutgoingSnapshots<Composition>& sender) {
        const auto& [frozen, outgoing, taken_count] = sender;
        const auto& [id, position, chain, epochs, roster, hashed_bytes, whole_checksum, read_at] = outgoing;
        put(frozen.taken(), id, taken_count);
        if (!frozen.taken()) return;
        const auto& [state] = frozen;
        machine(*state);
        put(position, chain, hashed_bytes, whole_checksum);
        age(read_at);
        this->epochs(epochs);
        this->roster(roster);
    }

    template <class Composition>
    void candidacy(const core::Candidacy<Composition>& candidacy) {
        // What the answers come to is worked out anew before it is used.
        const auto& [step, error, options, epoch, question, asked_at, fetched, votes, answered, expected_now, expected,
                     heard, sufficient, led_since, asked_by_a_person, forced, ahead, newest] = candidacy;
        put(candidacy.active());
        if (!candidacy.active()) return;
        put(step, options.may_lose, options.last_leader, options.unless_led, epoch, fetched, expected);
        own_question_ = question;
        age(asked_at);
        for (const auto& vote : votes) {
            const auto& [vote_answered, blank, claims, suspect, leads, person, vote_heard, incarnation, last, commit] =
                vote;
            put(vote_answered);
            if (vote_answered) put(blank, claims, suspect, incarnation, last, commit);
            if (vote_answered && options.unless_led) put(leads, person);
        }
    }

    void peer(const core::Peer& peer, Run own_run, bool leads, bool asks) {
        const auto& [id, link, link_confirmed, link_slow, hello_owed, run, superseded_run, run_lives,
                     promised_with_entries, nonce, peer_nonce, link_nonce, answered_run, answered_nonce, refusal_owed,
                     refusal, hello_at, hello_heard, answers_from, answers, heard_at, connected, blank, request_owed,
                     requested_at, reply_owed, candidate_run, question, fetches, hand_over_owed, can_lead, awake,
                     inbound, fed, fed_at, tail, tail_began, progress] = peer;
        // Which hello was heard last is put where frames are known; `fed` is for lines, which are not searched, and
        // `blank` for people. All nodes here `can_lead`.
        put(answers);
        if (answers > 0) age(answers_from);
        put(link_confirmed, link_slow, hello_owed, run, superseded_run, run_lives, promised_with_entries, answered_run,
            refusal_owed, refusal, request_owed, reply_owed, fetches, hand_over_owed);
        words_->link(link);
        words_->number(own_run, nonce);
        words_->number(run, peer_nonce);
        words_->number(answered_run, answered_nonce);
        if (asks) words_->number(own_run, own_question_), age(requested_at);
        if (reply_owed) put(candidate_run), words_->number(candidate_run, question);
        age(hello_at);
        if (link != LinkId{}) words_->number(run, link_nonce);
        put(connected);
        age(heard_at ? *heard_at : Instant{});  // also says whether the peer is known to be down
        const auto& [head, kept, used, tail_left, hunts] = inbound;
        put(kept, used, tail_left, hunts);
        this->progress(progress, leads || fetches);
    }

    void progress(const core::Progress& progress, bool sends) {
        const auto& [incarnation, counts, began_with, received, durable, applied, commit_sent, vouched, sent_last,
                     credit, next, previous, previous_chain, in_flight, allowance, probe_owed, append_due,
                     heartbeat_owed, sent_at, rewound_at, rewound_to, timed_at, answered, round_sent, round,
                     appeared_in_round, seat_lost_at, lost_seat, stands_since, stands_at, stuck, snapshot, state] =
            progress;
        put(state, lost_seat);
        if (lost_seat) age(seat_lost_at);
        snapshot_send(snapshot);
        if (!sends) return;
        put(incarnation, counts, began_with, received, durable, applied, commit_sent, vouched, sent_last, credit,
            next.index, previous, previous_chain, probe_owed, append_due, heartbeat_owed, rewound_to, round_sent, round,
            appeared_in_round);
        age(sent_at);
        age(rewound_at);
        age(timed_at);
        put(stuck, stands_since.has_value());
        if (stands_since) put(stands_at), age(*stands_since);
        // All entries there are fit into what may be on the way; a sample under way changes but the next patience.
        const auto& [allowed, sampled_bytes, sampled_end, lost_end, sampled_at, asked_at, empty, took, late_bytes,
                     late_took] = allowance;
        put(allowed < 1024 ? allowed : 1024, took.microseconds / time_step.microseconds);
        const auto& [frames, first, size, bytes] = in_flight;
        put(size, bytes);
        for (std::size_t i = 0; i < size; ++i) {
            const auto& frame = frames[(first + i) % frames.size()];
            put(frame.last, frame.bytes);
        }
    }

    void snapshot_send(const core::SnapshotSend& sending) {
        const auto& [id, position, chain, common, lacks, begun, begin_owed, end_sent, offset, acknowledged, moved_at,
                     patience, asked_at, not_before, in_vain, begun_count] = sending;
        put(id, begun, begin_owed, end_sent, in_vain);
        if (id == SnapshotId{} && !begin_owed) return;
        put(position, chain, common, lacks, offset, acknowledged);
        age(moved_at);
        put(patience.microseconds / time_step.microseconds);
        put((not_before - now_).microseconds);
    }

    Words* words_;
    Instant now_;
    std::uint64_t own_question_ = 0;
};

}  // namespace search
