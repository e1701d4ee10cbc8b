// SPDX-License-Identifier: BSL-1.0
// Links: how two nodes agree to talk, notice that they must not, and find out that the other one is gone.
//
// Each side says hello with a nonce of its own. A node believes that a run is alive only when it repeats the node's
// nonce; then the leader answers the follower's nonce with a link. A leader that has no link to a peer announces
// itself, so that the peer asks. Whatever is lost is said again after a while; whatever comes twice or late changes
// nothing.
#pragma once

#include "fill_header.hpp"
#include "past.hpp"
#include "peer.hpp"

#include "../../concepts/state_machine.hpp"
#include "../composition.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

/// What a hello led to.
enum class HelloOutcome : std::uint8_t {
    nothing,      ///< at most an answer is owed
    follower,     ///< a link to a follower begins
    leader,       ///< a link to a leader begins
    donor,        ///< a link to a node begins that sends this candidate what it holds
    older_copy,   ///< the leader knows that this node's disk was put back from an older copy
    higher_epoch  ///< somebody promised a higher epoch: a leader must step down
};

template <class Composition>
struct Links {
    using Limits = typename Composition::Limits;
    template <class, class>
    friend class Aside;

    /// Forgets the link, and tries again under a new number.
    static void restart(Self<Composition>& self, Peer& peer) noexcept {
        peer.link = LinkId{};
        peer.link_confirmed = false;
        peer.fetches = false;
        peer.tail = Peer::Tail::dropped;  // the rest of a frame of the former link is nothing on the next one
        peer.nonce = ++self.attempts;
        peer.hello_owed = true;
        peer.blank.reset();
    }

    [[nodiscard]] static Hello make_hello(const Self<Composition>& self, const Peer& peer) noexcept {
        Hello hello;
        fill_header(self, peer.id, hello);
        introduce(self, hello);
        if (self.blank()) hello.history = HistoryId{};
        hello.flags = static_cast<std::uint16_t>(Composition::missing_parts | (self.leads() ? hello_flags::leads : 0) |
                                                 (self.donor == peer.id ? hello_flags::fetches : 0) |
                                                 (peer.fetches ? hello_flags::donates : 0));
        hello.incarnation = self.incarnation;
        hello.nonce = peer.nonce;
        hello.receiver_run = peer.answered_run;
        hello.receiver_nonce = peer.answered_nonce;
        hello.schema = Composition::Codec::schema;
        hello.snapshot_format = Composition::snapshot_format;
        hello.entry_bytes_max = static_cast<std::uint32_t>(Composition::entry_bytes_max);
        hello.frame_bytes_max = static_cast<std::uint32_t>(Limits::frame_bytes_max);
        hello.piece_bytes_max = static_cast<std::uint32_t>(Composition::snapshot_piece_bytes);
        hello.window_bytes = Composition::window_bytes;
        hello.log_bytes = Composition::commands_bytes_max;
        hello.promised = self.promised;
        hello.epoch = self.epoch;
        hello.last = self.last();
        hello.link = offers_link(self, peer) ? peer.link : LinkId{};
        hello.commit = self.committed();
        hello.suspect_from = self.suspect_from();
        hello.forced = self.epochs().newest_forced();
        hello.refusal = peer.refusal_owed;
        return hello;
    }

    /// The peer speaks a version of which not even the hello can be read.
    [[nodiscard]] static Error refuse_version(Self<Composition>& self, Peer& peer) noexcept {
        record_refusal(self, peer, Error::wrong_version);
        return Error::wrong_version;
    }

    /// A follower cannot be helped: the link that was to be, or was, is over, and both sides say why.
    static void give_up(Self<Composition>& self, Peer& peer, Error error) noexcept {
        record_refusal(self, peer, error);
        peer.progress.refuse(self.tell_of(peer.id));
        restart(self, peer);
        peer.refusal_owed = error;
    }

    /// The epoch is over in which the peer led this node, or wanted to lead when it began to fetch over the link.
    [[nodiscard]] static bool is_over(const Self<Composition>& self, const Peer& peer) noexcept {
        if (Composition::promotes && peer.fetches) return peer.id != self.promised.node;
        return self.is_follower() && peer.id == self.leader && self.epoch < self.promised;
    }

    /// True when the sender has heard our present attempt, which nothing that was recorded can say.
    [[nodiscard]] static bool answers_us(const Self<Composition>& self, const Peer& peer,
                                         const Hello& theirs) noexcept {
        return theirs.receiver_run == self.run && theirs.receiver_nonce == peer.nonce;
    }

    /// Nothing that this hello says is believed, but whoever said it shall hear its number repeated.
    static void ask_back(Peer& peer, const Hello& theirs) noexcept {
        answer(peer, theirs);
        peer.hello_owed = true;
    }

    /// An answer goes at once, but only to what is new, and not more often than four times in each interval: on a bad
    /// line, answers to answers would leave no room for anything else. What is said again because the answer was lost
    /// comes at its own pace, and is answered at no faster one.
    [[nodiscard]] static bool may_answer(const Self<Composition>& self, Peer& peer, std::uint32_t heard) noexcept {
        const bool news = peer.hello_heard != heard;
        peer.hello_heard = heard;
        if (!news) return (self.now - peer.hello_at).microseconds * 2 >= Limits::retry_interval.microseconds;
        if (self.now - peer.answers_from >= Limits::retry_interval) {
            peer.answers_from = self.now;
            peer.answers = 0;
        }
        return peer.answers < answers_max && ++peer.answers > 0;
    }

    /// Does what a hello asks for, of which `heard` is the checksum, and answers it if it may be answered.
    template <class Take>
    static void answer_in_turn(const Self<Composition>& self, Peer& peer, std::uint32_t heard, Take&& take) noexcept {
        const bool owed = peer.hello_owed;
        take();
        if (owed || !peer.hello_owed) return;
        peer.hello_owed = may_answer(self, peer, heard);
    }

    [[nodiscard]] static HelloOutcome take_hello(Self<Composition>& self, Peer& peer, const Hello& theirs) noexcept {
        const bool answers_run = theirs.receiver_run == self.run;
        const bool refuses_us = theirs.refusal != Error::none && answers_run;
        if (refuses_us) record_refusal(self, peer, theirs.refusal);
        if (const Error error = mismatch(self, peer.id, theirs); error != Error::none) {
            refuse(self, peer, theirs, error);
            return HelloOutcome::nothing;
        }
        const bool answers_us = Links::answers_us(self, peer, theirs);
        if (!know_run(self, peer, theirs, answers_us)) return HelloOutcome::nothing;
        // Who still says hello for a link that holds does not use it, or that was late: no sign that the link lives.
        if (!peer.link_confirmed || theirs.nonce != peer.link_nonce) peer.heard_at = self.now;
        peer.peer_nonce = theirs.nonce;
        peer.can_lead = !theirs.has(hello_flags::no_lead);
        // What once was not blank does not become so in the same run: a hello that says it comes late.
        if (answers_us || peer.blank) peer.blank = peer.blank.value_or(true) && theirs.history == HistoryId{};
        answer(peer, theirs);
        const bool fenced = learn_epoch(self, theirs);
        if (fenced) return HelloOutcome::higher_epoch;
        if (self.promised < highest(theirs))
            return HelloOutcome::nothing;  // the log could not keep it now; it comes again
        if (refuses_us)
            return is_older_copy(self, theirs, answers_us) ? HelloOutcome::older_copy : HelloOutcome::nothing;
        if (Past<Composition>::shows(self, peer, theirs)) {
            doubt(self, peer, theirs, answers_us);
            return HelloOutcome::nothing;
        }
        if (theirs.last.index != Index{}) peer.promised_with_entries = theirs.promised;
        if (answers_us) forgive(peer);  // the question comes before the answer, which may be a refusal
        const bool holds_more = self.donor == peer.id && self.last() < theirs.last;
        const bool donates = Composition::promotes && theirs.has(hello_flags::donates) && holds_more;
        return theirs.has(hello_flags::leads) || donates ? meet_source(self, peer, theirs, answers_us)
                                                         : meet_follower(self, peer, theirs, answers_us);
    }

private:
    static constexpr std::uint8_t answers_max = 4;

    /// A link is good only for the attempt that it answers.
    [[nodiscard]] static bool offers_link(const Self<Composition>& self, const Peer& peer) noexcept {
        const bool sends = self.leads() || (Composition::promotes && peer.fetches);
        return sends && peer.answered_run == peer.run && peer.answered_nonce == peer.link_nonce;
    }

    /// A handshake got on. That a log does not reach back is over only when entries come.
    static void forgive(Peer& peer) noexcept {
        if (Composition::has_snapshots || peer.refusal != Error::out_of_reach) peer.refusal = Error::none;
    }

    static void record_refusal(Self<Composition>& self, Peer& peer, Error error) noexcept {
        ++self.counters.refusals;
        const bool news = peer.refusal != error;
        peer.refusal = error;
        if constexpr (requires { self.observer->on_refused(peer.id, error); }) {
            if (news) self.observer->on_refused(peer.id, error);
        }
    }

    /// Says why, once for every hello that is not itself a refusal. An existing link is not touched.
    static void refuse(Self<Composition>& self, Peer& peer, const Hello& theirs, Error error) noexcept {
        record_refusal(self, peer, error);
        if (theirs.refusal != Error::none) return;
        answer(peer, theirs);
        peer.refusal_owed = error;
        peer.hello_owed = true;
    }

    /// A hello that came late shows less, too. So it is proof only when it repeats a nonce from after the end of the
    /// link on which the peer vouched for more.
    static void doubt(Self<Composition>& self, Peer& peer, const Hello& theirs, bool answers_us) noexcept {
        if (peer.link != LinkId{}) {
            // While the link is used, it was late; else the link ends soon.
            if (!peer.link_confirmed || theirs.nonce != peer.link_nonce) restart(self, peer);
            return;
        }
        if (!answers_us) return static_cast<void>(peer.hello_owed = true);
        refuse(self, peer, theirs, Composition::is_durable ? Error::older_copy : Error::duplicate_node);
    }

    /// The leader refuses this node as it is, and not as it once was.
    [[nodiscard]] static bool is_older_copy(const Self<Composition>& self, const Hello& theirs,
                                            bool answers_us) noexcept {
        return Composition::is_durable && theirs.refusal == Error::older_copy && answers_us &&
               theirs.has(hello_flags::leads) && theirs.epoch >= self.promised && self.is_follower();
    }

    static void answer(Peer& peer, const Hello& theirs) noexcept {
        peer.answered_run = theirs.run;
        peer.answered_nonce = theirs.nonce;
    }

    /// A newer run took the place of this one, and lives: it was heard of since, and not too long ago.
    [[nodiscard]] static bool is_former(const Self<Composition>& self, const Peer& peer, Run run) noexcept {
        if (run != peer.superseded_run || run == Run{}) return false;
        const bool heard = peer.heard_at && self.now - *peer.heard_at < Limits::failure_timeout;
        return (peer.run_lives || peer.link_confirmed) && heard;
    }

    /// False for what is to be ignored. A run that is not known must first repeat our nonce: what a dead process once
    /// said may still be on its way. One that does takes the place of the former run. When that then repeats the new
    /// nonce, there are two living processes, if the newer one is known to live, too; else what came from it was late.
    [[nodiscard]] static bool know_run(Self<Composition>& self, Peer& peer, const Hello& theirs,
                                       bool answers_us) noexcept {
        if (theirs.run == peer.run) {
            peer.run_lives = peer.run_lives || answers_us;
            if (theirs.nonce >= peer.peer_nonce) return true;
            // Late, unless it repeats our nonce: then it lives, and counts anew under a run number already used.
            if (answers_us && peer.link == LinkId{}) refuse(self, peer, theirs, Error::duplicate_node);
            return false;
        }
        if (!answers_us) {
            ask_back(peer, theirs);
            return false;
        }
        if (is_former(self, peer, theirs.run)) {
            refuse(self, peer, theirs, Error::duplicate_node);
            return false;
        }
        if (peer.run != Run{}) restart(self, peer);
        peer.superseded_run = peer.run;
        peer.run = theirs.run;
        peer.promised_with_entries = Epoch{};
        peer.run_lives = false;
        peer.answers = 0;
        return true;
    }

    /// The newest epoch that it says anybody promised.
    [[nodiscard]] static Epoch highest(const Hello& theirs) noexcept {
        const bool leads_newer = theirs.has(hello_flags::leads) && theirs.promised < theirs.epoch;
        return leads_newer ? theirs.epoch : theirs.promised;
    }

    /// True when this node leads and must not any more.
    [[nodiscard]] static bool learn_epoch(Self<Composition>& self, const Hello& theirs) noexcept {
        if (highest(theirs) <= self.promised) return false;
        if (!self.promise(highest(theirs))) {
            self.fail_if_log_did();
            return false;
        }
        return self.is_leader();
    }

    /// A leader; or a node that promised this candidate's epoch and donates what it holds.
    [[nodiscard]] static HelloOutcome meet_source(Self<Composition>& self, Peer& peer, const Hello& theirs,
                                                  bool answers_us) noexcept {
        if (!Composition::follows) {
            refuse(self, peer, theirs, Error::wrong_parts);
            return HelloOutcome::nothing;
        }
        const bool over =
            theirs.has(hello_flags::leads) ? theirs.epoch < self.promised : theirs.promised != self.promised;
        if (over || self.is_leader()) {
            refuse(self, peer, theirs, Error::stale_epoch);
            return HelloOutcome::nothing;
        }
        if (theirs.link != LinkId{} && theirs.link == peer.link) return HelloOutcome::nothing;
        if (theirs.link != LinkId{} && answers_us) {
            peer.link = theirs.link;
            peer.link_nonce = theirs.nonce;
            peer.link_confirmed = true;
            peer.hello_owed = false;
            peer.fetches = false;
            if (!Composition::has_snapshots) peer.refusal = Error::none;
            return theirs.has(hello_flags::leads) ? HelloOutcome::leader : HelloOutcome::donor;
        }
        // A leader that knows of no link, in an attempt that is newer than the link, has lost it.
        if (peer.link != LinkId{}) {
            if (theirs.nonce <= peer.link_nonce) return HelloOutcome::nothing;
            restart(self, peer);
        }
        peer.hello_owed = true;
        return HelloOutcome::nothing;
    }

    [[nodiscard]] static HelloOutcome meet_follower(Self<Composition>& self, Peer& peer, const Hello& theirs,
                                                    bool answers_us) noexcept {
        const bool fetches = Composition::promotes && theirs.has(hello_flags::fetches) &&
                             theirs.promised == self.promised && self.promised.node == peer.id;
        if (!self.leads() && !fetches) {
            // A candidate that tries anew without fetching has left the link over which it did.
            if (peer.fetches && peer.link_nonce < theirs.nonce) restart(self, peer);
            return HelloOutcome::nothing;
        }
        if (theirs.has(hello_flags::no_follow)) {
            refuse(self, peer, theirs, Error::wrong_parts);
            return HelloOutcome::nothing;
        }
        if (peer.link != LinkId{} && peer.link_nonce == theirs.nonce) {
            // What the peer says again came before it can have heard the answer, if the line is slow.
            const bool late = !peer.link_slow || self.now - peer.hello_at >= frame_timeout<Limits>;
            peer.hello_owed = peer.hello_owed || (!peer.link_confirmed && late);
            return HelloOutcome::nothing;
        }
        // A link that begins anew needs a new number, even if the peer's attempt is still the same.
        const Epoch epoch = self.is_leader() ? self.epoch : self.promised;
        peer.link = link_id(epoch, self.run, peer.run, mix(theirs.nonce, peer.nonce));
        peer.fetches = !self.is_leader();
        forgive(peer);
        peer.link_nonce = theirs.nonce;
        peer.link_confirmed = false;
        // Only an answer tells how long a hello takes; the last one that was said may have been to nobody.
        const Duration took = answers_us ? self.now - peer.hello_at : Duration{};
        peer.link_slow = took.microseconds * 2 > Limits::failure_timeout.microseconds;
        peer.hello_owed = true;
        return HelloOutcome::follower;
    }
};

}  // namespace replicator::core
