// SPDX-License-Identifier: BSL-1.0
// Sends a frozen state to the followers that the log cannot help any more: one state at a time, which all of them
// share.
//
// The leader stops for no longer than freezing takes, see concepts/state_machine.hpp; pieces are read from what was
// frozen when there is room to send. A follower that was cut off goes on from the piece that it last had, for as long
// as the same state is kept.
#pragma once

#include "../../api/observer.hpp"
#include "../../encoding/checksum.hpp"
#include "../../encoding/entry.hpp"
#include "../applier.hpp"
#include "../frozen.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"
#include "../wire/hello.hpp"
#include "../wire/snapshot.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// What the leader tells about the state that it froze last.
template <class Composition>
struct FrozenSnapshot {
    SnapshotId id{};
    Position position;
    Chain chain{};
    Epochs<Composition::epochs_max> epochs;
    Roster<Composition::Limits::nodes_max> roster;
    std::uint64_t hashed_bytes = 0;  ///< how far the checksum of the whole has come
    std::uint32_t whole_checksum = 0;
    Instant read_at;  ///< when a follower last read it
};

template <class Composition>
class OutgoingSnapshots {
public:
    using Limits = typename Composition::Limits;

    /// Forgets the states that earlier followers were sent; a new epoch begins.
    void restart() noexcept { frozen_.drop(); }

    /// True when one is owed, while the follower takes a state.
    [[nodiscard]] bool owes(const Progress& follower) const noexcept {
        const SnapshotSend& sending = follower.snapshot;
        if (sending.begin_owed || !frozen_.taken() || sending.id != outgoing_.id) return true;
        const std::uint64_t on_the_way = sending.offset - sending.acknowledged;
        const bool room =
            on_the_way < Composition::snapshot_window_bytes && on_the_way < follower.allowance.full_bytes();
        return sending.begun && !sending.end_sent && room;
    }

    /// Writes the beginning or the next piece, which is owed to a follower; 0 when `buffer` is too small.
    [[nodiscard]] std::size_t transmit(Self<Composition>& self, Applier<Composition>& applier, Peer& peer,
                                       std::span<std::byte> buffer) noexcept {
        peer.progress.sent_at = self.now;
        SnapshotSend& sending = peer.progress.snapshot;
        if (sending.begin_owed || !frozen_.taken() || sending.id != outgoing_.id) {
            return transmit_begin(self, applier, peer, buffer);
        }
        return transmit_piece(self, peer, buffer);
    }

    /// A follower that takes a state says how far it is. `entries` sends what is in the log: it finds out where both
    /// logs part when the state is of no use, and goes on behind the state once that stands.
    template <class Entries>
    void on_ack(Self<Composition>& self, Peer& peer, const Ack& ack, const Entries& entries) const noexcept {
        const SnapshotSend& sending = peer.progress.snapshot;
        if (ack.refusal && ack.refusal->error == Error::snapshot_old) {
            return entries.find_common(self, peer, *ack.refusal);
        }
        const bool complete = sending.begun && !ack.snapshot && ack.received >= sending.position.index;
        if (!complete) return moved(self.now, peer.progress, ack);
        const Index end = sending.position.index;
        const bool reaches = reaches_back_to(self.log(), end);
        if (reaches && !entries.place_cursor(self, peer.progress, end)) return;
        peer.progress.gave_up_after(larger(end, ack.received));
        finished(self, peer, reaches);
        if (reaches) peer.progress.catch_up(self.tell_of(peer.id));
    }

    /// Sends again what was not answered, and gives the frozen state up when nobody reads it.
    void tick(Instant now, std::span<Peer> peers) noexcept {
        for (Peer& peer : peers) {
            SnapshotSend& sending = peer.progress.snapshot;
            if (peer.progress.state() != FollowerState::snapshot) continue;
            // What the line had no room for yet cannot be lost.
            const bool waits = sending.begun && !sending.end_sent && sending.offset == sending.acknowledged;
            if (waits || now - sending.moved_at < sending.patience) continue;
            peer.progress.allowance.lost(sending.offset);
            sending.begin_owed = true;
            sending.moved_at = now;
        }
        if (frozen_.taken() && now - outgoing_.read_at >= Limits::snapshot_keep_interval) frozen_.drop();
    }

    /// It has so much of the state.
    void moved(Instant now, Progress& follower, const Ack& ack) const noexcept {
        SnapshotSend& sending = follower.snapshot;
        if (!ack.snapshot || ack.snapshot->id != sending.id || sending.begin_owed) return;
        const std::uint64_t offset = ack.snapshot->offset;
        // Nobody has more than was ever read; the state machine must not be asked for what another node makes up.
        if (sending.id != outgoing_.id || offset > outgoing_.hashed_bytes) return;
        if (!sending.begun) {
            sending.begun = true;
            sending.end_sent = false;
            sending.offset = sending.acknowledged = offset;
            follower.allowance.answered(sending.asked_at, now);
            sending.patience = first_patience(now - sending.asked_at, sending.patience);
            sending.asked_at = Instant{};
            sending.moved_at = now;
        } else if (offset > sending.acknowledged && offset <= sending.offset) {
            sending.acknowledged = offset;
            sending.moved_at = now;
            if (follower.allowance.acknowledged(offset, now, Composition::granted_time, Composition::allowance_max)) {
                sending.patience = follower.allowance.patience(Limits::retry_interval, frame_timeout<Limits>);
            }
        }
    }

    /// The follower installed its state. When the log does not reach back to it any more, that was in vain: the next
    /// attempt is later than this one, but must not come too soon.
    void finished(Self<Composition>& self, Peer& peer, bool reaches) const noexcept {
        SnapshotSend& sending = peer.progress.snapshot;
        notify(self, peer, true);
        sending.id = SnapshotId{};
        sending.want(self.now);
        if (reaches) {
            sending.in_vain = 0;
            sending.not_before = Instant{};
            return;
        }
        const std::uint32_t doublings = sending.in_vain < 6 ? sending.in_vain : 6;
        sending.not_before = self.now + Duration{Limits::snapshot_backoff.microseconds << doublings};
        ++sending.in_vain;
    }

private:
    /// A piece takes as much longer than the beginning as it is larger, if the line is slow. A node that is told the
    /// time every few milliseconds may measure too little.
    [[nodiscard]] static Duration first_patience(Duration beginning_took, Duration least) noexcept {
        const std::uint64_t took = beginning_took.microseconds + 2'000;
        const Duration piece{took * Composition::snapshot_piece_bytes / beginning_bytes};
        if (piece <= least) return least;
        return piece < frame_timeout<Limits> ? piece : frame_timeout<Limits>;
    }
    static constexpr std::uint64_t beginning_bytes = 128;  // there are more, but an answer takes its time, too

    std::size_t transmit_begin(Self<Composition>& self, Applier<Composition>& applier, Peer& peer,
                               std::span<std::byte> buffer) noexcept {
        constexpr std::size_t head = frame_header_bytes + field_bytes(FrameType::snapshot_begin, 0);
        if (buffer.size() < head + snapshot_tail_bytes_max<Limits>) return 0;
        // A follower that was fetched from may have gone over to another line since, and a blank one to its first.
        const bool stands = frozen_.taken() && is_of_line(self.log(), outgoing_.position.index, outgoing_.chain);
        if (!stands) freeze(self, applier);
        if (stalled(self.log())) {
            frozen_.drop();  // its chain may not be known
            return 0;
        }

        SnapshotSend& sending = peer.progress.snapshot;
        if (sending.id != outgoing_.id) {
            sending.id = outgoing_.id;
            sending.position = outgoing_.position;
            sending.chain = outgoing_.chain;
            sending.acknowledged = 0;
            ++sending.begun_count;
            notify(self, peer, false);
        }
        sending.want(self.now);
        sending.begin_owed = false;
        if (sending.asked_at == Instant{}) {
            sending.asked_at = self.now;
            if (sending.offset == sending.acknowledged) peer.progress.allowance.asked(self.now);
        }
        sending.offset = sending.acknowledged;
        peer.progress.sent_last = larger(peer.progress.sent_last, sending.position.index);

        std::byte* const tail = buffer.data() + head;
        const std::size_t tail_bytes = write_snapshot_tail<Composition>(tail, outgoing_.epochs, outgoing_.roster);
        SnapshotBegin begin;
        begin.id = outgoing_.id;
        begin.history = self.history.id();
        begin.position = outgoing_.position;
        begin.chain = outgoing_.chain;
        begin.schema = Composition::Codec::schema;
        begin.policy = self.policy();
        begin.tail_checksum = checksum({tail, tail_bytes});
        begin.common = sending.common;
        begin.lacks = sending.lacks;
        outgoing_.read_at = self.now;
        return write_head(buffer.data(), begin, peer.link, tail_bytes) + tail_bytes;
    }

    std::size_t transmit_piece(const Self<Composition>& self, Peer& peer, std::span<std::byte> buffer) noexcept {
        SnapshotSend& sending = peer.progress.snapshot;
        constexpr std::size_t head = frame_header_bytes + field_bytes(FrameType::snapshot_piece, 0);
        // The size of a piece never depends on the buffer, because the pieces of two readers must be the same.
        if (buffer.size() < head + Composition::snapshot_piece_bytes) return 0;
        const auto tail = buffer.subspan(head, Composition::snapshot_piece_bytes);
        const std::size_t size = frozen_.save(sending.offset, tail);
        REPLICATOR_ASSERT(size <= tail.size());
        SnapshotPiece piece{
            .id = sending.id, .offset = sending.offset, .checksum = checksum(tail.first(size)), .whole_checksum = 0};
        if (sending.offset == outgoing_.hashed_bytes && size > 0) {
            outgoing_.whole_checksum = value(detail::fold(Chain{outgoing_.whole_checksum}, piece.checksum));
            outgoing_.hashed_bytes += size;
        }
        const bool last = size == 0;
        if (last) piece.whole_checksum = outgoing_.whole_checksum;
        if (sending.offset == sending.acknowledged) sending.moved_at = self.now;
        sending.offset += size;
        peer.progress.allowance.sent(sending.offset, sending.offset - sending.acknowledged, self.now);
        sending.end_sent = last;
        outgoing_.read_at = self.now;
        return write_head(buffer.data(), piece, peer.link, size) + size;
    }

    void freeze(const Self<Composition>& self, Applier<Composition>& applier) noexcept {
        frozen_.take(applier.machine());
        ++taken_count_;
        const Index index = applier.applied();
        outgoing_ = {};
        outgoing_.id = SnapshotId{mix(value(self.run), taken_count_) | 1};
        outgoing_.position = {self.epochs().at(index), index};
        outgoing_.chain = chain_at(self.log(), index);
        outgoing_.epochs = self.epochs();
        outgoing_.epochs.cut(index + 1);
        outgoing_.roster = self.applied_roster();
    }

    static void notify(Self<Composition>& self, const Peer& peer, bool complete) noexcept {
        if constexpr (requires { self.observer->on_snapshot(peer.id, SnapshotProgress{}); }) {
            const SnapshotSend& sending = peer.progress.snapshot;
            self.observer->on_snapshot(peer.id, SnapshotProgress{
                                                    .id = sending.id,
                                                    .index = sending.position.index,
                                                    .bytes = sending.acknowledged,
                                                    .attempt = sending.in_vain,
                                                    .complete = complete,
                                                });
        }
    }

    Frozen<typename Composition::Machine> frozen_;
    FrozenSnapshot<Composition> outgoing_;
    std::uint64_t taken_count_ = 0;
};

}  // namespace replicator::core
