// SPDX-License-Identifier: BSL-1.0
// The sender: what the leader owes each follower, worked out from the follower's progress when there is room to send.
// There is no queue: a follower that is slow costs a cursor into the log. One that the log cannot help needs a state,
// which its progress says; another part sends that.
#pragma once

#include "leader.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../encoding/entry.hpp"
#include "../applier.hpp"
#include "../peer/links.hpp"
#include "../peer/past.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"

#include <cstddef>
#include <optional>
#include <span>

namespace replicator::core {

template <class Composition>
class Sender {
public:
    using Limits = typename Composition::Limits;

    /// A link to a follower begins: `theirs` says where its log ends.
    static void begin(Self<Composition>& self, Peer& peer, const Hello& theirs) noexcept {
        Progress& follower = peer.progress;
        const bool same = follower.incarnation == theirs.incarnation;
        const Index vouched = same ? Past<Composition>::vouched(follower) : Index{};
        follower.begin(theirs.incarnation, theirs.last, vouched, self.tell_of(peer.id));
        follower.counts = self.roster().counting(peer.id) == theirs.incarnation;
        follower.credit = Composition::window_bytes;
        follower.sent_at = self.now;
        find_common(self, peer, {Error::none, theirs.last, theirs.commit});
    }

    /// The part of an ack that says what to send next. The leader has taken in what it holds.
    static void on_ack(Self<Composition>& self, Peer& peer, const Ack& ack) noexcept {
        Progress& follower = peer.progress;
        if (ack.echo) follower.allowance.answered(ack.echo->sent, self.now);
        on_held(self, follower, ack.credit);
        switch (follower.state()) {
            case FollowerState::probing:
                if (ack.refusal) {
                    find_common(self, peer, *ack.refusal);
                } else if (ack.received >= follower.previous.index && !follower.probe_owed) {
                    notify_diverged(self, peer, follower.previous);
                    peer.progress.catch_up(self.tell_of(peer.id));
                }
                break;
            case FollowerState::catching_up:
            case FollowerState::streaming:
                if (!ack.refusal) break;
                if (ack.refusal->error != Error::diverged && ack.refusal->commit.index <= follower.received) {
                    return go_back(self, peer, *ack.refusal);
                }
                // Or it has committed what it was never asked about on this link: it did not begin where it seemed to.
                find_common(self, peer, *ack.refusal);
                break;
            case FollowerState::snapshot:
            case FollowerState::down:
            case FollowerState::refused: break;
        }
    }

    /// The part of it that every ack has.
    static void on_held(const Self<Composition>& self, Progress& follower, std::uint64_t credit) noexcept {
        follower.credit = credit;
        if (!follower.takes_entries()) return;
        follower.allowance.acknowledged(follower.received.value, self.now, Composition::granted_time,
                                        Composition::allowance_max);
    }

    /// Time passed: what was held back to be sent with more may go.
    static void tick(Self<Composition>& self, Peer& peer) noexcept {
        Progress& follower = peer.progress;
        if (!follower.linked()) return;
        follower.append_due = true;
        if (self.now - follower.sent_at < Limits::heartbeat_interval) return;
        follower.heartbeat_owed = true;
        if (follower.state() == FollowerState::probing) follower.probe_owed = true;
    }

    /// An append is owed even if it has no entries.
    [[nodiscard]] static bool append_owed(const Self<Composition>& self, const Progress& follower) noexcept {
        const bool commit = (follower.append_due || Composition::waits_for_apply) && follower.takes_entries() &&
                            follower.commit_sent < self.commit;
        return follower.linked() && (commit || follower.probe_owed || follower.heartbeat_owed);
    }

    [[nodiscard]] static bool entries_owed(const Self<Composition>& self, const Progress& follower) noexcept {
        if (!follower.takes_entries()) return false;
        const std::uint64_t available = self.log().end().offset - follower.next.offset;
        if (available == 0) return false;
        if (follower.in_flight.empty()) return true;
        const std::uint64_t window =
            follower.credit < Composition::window_bytes ? follower.credit : Composition::window_bytes;
        if (follower.in_flight.bytes() >= window) return false;
        if (follower.in_flight.bytes() >= follower.allowance.full_bytes()) return false;
        return follower.append_due || available >= gather_bytes;
    }

    /// True when the log has dropped what the follower needs next, which from now on is a state.
    [[nodiscard]] static bool fell_behind(Self<Composition>& self, Peer& peer) noexcept {
        const Progress& follower = peer.progress;
        if (!follower.takes_entries() || follower.next.index > self.log().base().index) return false;
        need_state(self, peer, follower.previous.index);
        return true;
    }

    /// Writes the append that is owed, with entries or without; 0 when `buffer` is too small for it.
    [[nodiscard]] static std::size_t write_append(Self<Composition>& self, std::uint64_t round, bool with_entries,
                                                  Peer& peer, std::span<std::byte> buffer) noexcept {
        if (with_entries) {
            if (const std::size_t size = write_plain(self, round, peer, buffer); size != 0) return size;
        }
        Progress& follower = peer.progress;
        Append append{
            .previous = follower.previous,
            .previous_chain = follower.previous_chain,
            .commit = self.commit,
            .count = 0,
            .timing = {},
        };
        if (asks(self, follower, round) || follower.heartbeat_owed) append.timing = Echo{self.now, round};
        if (append.timing && follower.in_flight.empty()) follower.allowance.asked(self.now);
        const std::size_t head = append_head_bytes(append, self.epoch);
        if (buffer.size() < head) return 0;

        Copied copied{.bytes = 0, .next = follower.next, .chain = follower.previous_chain};
        if (with_entries) {
            std::size_t room = smaller(buffer.size(), Limits::frame_bytes_max) - head;
            room = smaller(room, Composition::window_bytes - static_cast<std::size_t>(follower.in_flight.bytes()));
            const std::size_t wanted = smaller(room, static_cast<std::size_t>(follower.allowance.frame_bytes()));
            copied = copy_entries(self.log(), follower, buffer.subspan(head, wanted));
            // What the line does not carry in time goes alone.
            if (copied.bytes == 0 && wanted < room) {
                const std::size_t next = smaller(room, next_entry_bytes(self.log(), follower));
                copied = copy_entries(self.log(), follower, buffer.subspan(head, next));
            }
            if (copied.bytes == 0 && !append_owed(self, follower)) return 0;
        }
        append.count = static_cast<std::uint32_t>(copied.next.index - follower.next.index);
        write_head(buffer.data(), append, peer.link, self.epoch, copied.bytes);
        if (copied.bytes > 0) sent_entries(self, follower, copied);
        if (append.timing) {
            follower.timed_at = self.now;
            follower.round_sent = round;
        }
        sent(self, follower);
        return head + copied.bytes;
    }

    /// Asks the follower about the newest position that it may share at or below its hint. When what it committed lies
    /// above that, our log lacks it, and only a state can replace it.
    static void find_common(Self<Composition>& self, Peer& peer, const Refusal& theirs) noexcept {
        const Position commit = theirs.commit;
        Position position = newest_shared(self, theirs.hint);
        // Where one of both has forgotten too much to tell, there still is what the follower committed.
        if (position.index < commit.index && theirs.error != Error::diverged) {
            const Position committed = newest_shared(self, commit);
            if (committed.index == commit.index) position = committed;
        }
        const bool lacks = position.index < commit.index;
        if (lacks) notify_diverged(self, peer, position);
        if (lacks || position.index < self.log().base().index) {
            return need_state(self, peer, position.index, lacks ? commit : Position{});
        }
        if (!place_cursor(self, peer.progress, position.index)) return;
        if (!Composition::has_snapshots) peer.refusal = Error::none;
        peer.progress.probe(self.tell_of(peer.id));
    }

    /// The next entry to send is the one after `index`, which is in the log or its base. False when the log is stalled:
    /// then nothing has changed, and the follower's next refusal, or its next link, is another occasion.
    [[nodiscard]] static bool place_cursor(Self<Composition>& self, Progress& follower, Index index) noexcept {
        const Cursor next = index == self.log().last() ? self.log().end() : self.log().seek(index + 1);
        const Chain chain = chain_at(self.log(), index);
        if (stalled(self.log())) return false;
        follower.next = next;
        follower.previous = {self.epochs().at(index), index};
        follower.previous_chain = chain;
        follower.in_flight.clear();
        follower.allowance.lost(follower.sent_last.value);
        return true;
    }

private:
    /// Less than this waits for company, while something else is on the way.
    static constexpr std::size_t gather_bytes = smaller(Limits::gather_bytes, Composition::window_bytes / 4);

    /// The logs part behind `common`: what the follower holds beyond it is being discarded.
    static void notify_diverged(Self<Composition>& self, const Peer& peer, Position common) noexcept {
        if constexpr (requires { self.observer->on_diverged(peer.id, common, common); }) {
            const Position last = peer.progress.began_with;
            if (common.index < last.index) self.observer->on_diverged(peer.id, common, last);
        }
    }

    /// The newest position that a log with `bound` may share with this one. An epoch that the other has forgotten
    /// bounds nothing.
    [[nodiscard]] static Position newest_shared(const Self<Composition>& self, Position bound) noexcept {
        if (bound.epoch == Epoch{}) bound.epoch = self.epochs().last();
        return self.epochs().newest_at_or_below(bound, self.log().last());
    }

    /// The follower misses something that was sent, so everything after what it has verified is sent again; for the
    /// same gap only once in a while, because every frame behind the gap is refused too. When that was refused, too,
    /// and in favour of less, what it has verified on this link is gone: a state of an earlier entry took its place.
    static void go_back(Self<Composition>& self, Peer& peer, const Refusal& theirs) noexcept {
        Progress& follower = peer.progress;
        Index from = follower.received;
        const bool holds_less = theirs.error == Error::discarded && theirs.hint.index < from;
        if (from >= follower.previous.index && !holds_less) return;
        const bool again = follower.rewound_to == from && follower.rewound_at != Instant{};
        const Duration patience = follower.allowance.patience(Limits::retry_interval, Limits::failure_timeout);
        if (again && self.now - follower.rewound_at < patience) return;
        if (again && holds_less) {
            from = theirs.hint.index;
            follower.gave_up_after(from);
        }
        follower.rewound_to = from;
        follower.rewound_at = self.now;
        if (from < self.log().base().index) return need_state(self, peer, from);
        static_cast<void>(place_cursor(self, follower, from));
    }

    /// The log cannot help the follower, which shares nothing with it behind `common`.
    static void need_state(Self<Composition>& self, Peer& peer, Index common, Position lacks = {}) noexcept {
        if (!Composition::has_snapshots) return Links<Composition>::give_up(self, peer, Error::out_of_reach);
        peer.progress.need_state(common, lacks, self.now, Limits::retry_interval, self.tell_of(peer.id));
    }

    struct Copied {
        std::size_t bytes = 0;
        Cursor next;    ///< the first entry that was not copied
        Chain chain{};  ///< up to the one before that
    };

    /// Of the entry at the follower's cursor; 0 when the log failed, or is stalled.
    [[nodiscard]] static std::size_t next_entry_bytes(const typename Composition::Log& log,
                                                      const Progress& follower) noexcept {
        const EntryRun run = log.read(follower.next);
        return run.count == 0 ? 0 : load_entry_header(run.bytes.data()).bytes();
    }

    /// Copies as many whole entries as fit, from the follower's cursor on.
    [[nodiscard]] static Copied copy_entries(const typename Composition::Log& log, const Progress& follower,
                                             std::span<std::byte> to) noexcept {
        Copied copied{.bytes = 0, .next = follower.next, .chain = follower.previous_chain};
        while (copied.next.index <= log.last()) {
            const EntryRun run = log.read(copied.next);
            const std::size_t room = to.size() - copied.bytes;
            const bool ends_log = copied.next.index + run.count > log.last();
            std::size_t size = run.bytes.size();
            if (size <= room && ends_log) {
                copied.next = log.end();
                copied.chain = log.chain();
            } else {
                size = walk(run, room, copied);
                if (size == 0) break;  // no more fits, or the log failed or is stalled, and gave nothing
            }
            copy_fresh(to.data() + copied.bytes, run.bytes.data(), size);
            copied.bytes += size;
        }
        return copied;
    }

    /// Steps over the entries of a run that fit in `room`, and returns their bytes.
    [[nodiscard]] static std::size_t walk(const EntryRun& run, std::size_t room, Copied& copied) noexcept {
        std::size_t size = 0;
        for (std::uint64_t i = 0; i < run.count; ++i) {
            const EntryHeader header = load_entry_header(run.bytes.data() + size);
            if (header.bytes() > room - size) break;
            size += header.bytes();
            copied.chain = header.chain;
            copied.next = {copied.next.index + 1, copied.next.offset + header.bytes()};
        }
        return size;
    }

    /// The short way of an append: all that the follower lacks goes in one frame without blocks, and lies together in
    /// the log. 0 when something about it is unusual; then nothing has changed.
    [[nodiscard]] static std::size_t write_plain(Self<Composition>& self, std::uint64_t round, Peer& peer,
                                                 std::span<std::byte> buffer) noexcept {
        Progress& follower = peer.progress;
        if (!Limits::has_short_way || !self.is_leader() || follower.previous.epoch != self.epoch) return 0;
        if (asks(self, follower, round) || follower.heartbeat_owed) return 0;
        const Cursor end = self.log().end();
        const std::uint64_t size = end.offset - follower.next.offset;
        if (size > follower.allowance.frame_bytes()) return 0;
        if (size + PlainAppend::head_bytes > smaller(buffer.size(), Limits::frame_bytes_max)) return 0;
        if (size + follower.in_flight.bytes() > Composition::window_bytes) return 0;
        const EntryRun run = self.log().read(follower.next);
        if (run.bytes.size() != size) return 0;
        copy_fresh(buffer.data() + PlainAppend::head_bytes, run.bytes.data(), run.bytes.size());
        const AppendFields fields{follower.previous.index, self.commit, follower.previous_chain,
                                  static_cast<std::uint32_t>(run.count)};
        PlainAppend::write(buffer.data(), fields, peer.link, run.bytes.size());
        sent_entries(self, follower, {run.bytes.size(), end, self.log().chain()});
        sent(self, follower);
        return PlainAppend::head_bytes + run.bytes.size();
    }

    /// The follower is asked for an answer: in each round, and so often that the leader knows it to be there.
    [[nodiscard]] static bool asks(const Self<Composition>& self, const Progress& follower,
                                   std::uint64_t round) noexcept {
        return round > follower.round_sent || self.now - follower.timed_at >= Limits::heartbeat_interval;
    }

    /// What entries that were sent change in what is known about the follower.
    static void sent_entries(const Self<Composition>& self, Progress& follower, const Copied& copied) noexcept {
        follower.next = copied.next;
        // Behind an entry of its own epoch, a leader has no others.
        const bool own = self.role == Role::leader && follower.previous.epoch == self.epoch;
        const Index last = copied.next.index - 1;
        follower.previous = {own ? self.epoch : self.epochs().at(last), last};
        follower.previous_chain = copied.chain;
        follower.in_flight.sent(follower.previous.index, copied.bytes);
        follower.allowance.sent(follower.previous.index.value, follower.in_flight.bytes(), self.now);
        if (self.log().end().offset == copied.next.offset) follower.append_due = false;
    }
    /// What any append does.
    static void sent(const Self<Composition>& self, Progress& follower) noexcept {
        follower.sent_last = larger(follower.sent_last, follower.previous.index);
        follower.commit_sent = self.commit;
        follower.probe_owed = follower.heartbeat_owed = false;
        follower.sent_at = self.now;
    }
};

}  // namespace replicator::core
