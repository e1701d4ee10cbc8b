// SPDX-License-Identifier: BSL-1.0
// What the leader knows about one follower. What the follower is owed follows from this alone; there is no queue.
#pragma once

#include "../../api/observer.hpp"
#include "../../concepts/log_policy.hpp"
#include "../../types.hpp"
#include "../wire/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <optional>

namespace replicator::core {

/// Entries on the way: how many bytes, up to which index. Frames beyond the eighth join the newest, so that the room is
/// fixed; their bytes then count as on the way a little longer.
class InFlight {
public:
    void sent(Index last, std::uint64_t bytes) noexcept {
        bytes_ += bytes;
        if (size_ == frames_.size()) {
            Frame& newest = frames_[(first_ + size_ - 1) % frames_.size()];
            newest.last = last;
            newest.bytes += bytes;
        } else {
            frames_[(first_ + size_++) % frames_.size()] = {last, bytes};
        }
    }

    void held(Index index) noexcept {
        while (size_ > 0 && frames_[first_].last <= index) {
            bytes_ -= frames_[first_].bytes;
            first_ = (first_ + 1) % frames_.size();
            --size_;
        }
    }

    void clear() noexcept { first_ = 0, size_ = 0, bytes_ = 0; }

    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }

private:
    struct Frame {
        Index last;
        std::uint64_t bytes = 0;
    };

    std::array<Frame, 8> frames_{};
    std::size_t first_ = 0;
    std::size_t size_ = 0;
    std::uint64_t bytes_ = 0;
};

/// How many bytes may be on the way to a follower, so that whatever is sent next is there in good time: what the line
/// carries within the time that is granted, and within an empty round trip.
///
/// Nobody tells a node how fast a line is. It shows in how long the bytes on the way take to be acknowledged: with a
/// full line, bytes on the way = rate times that time (Little, "A Proof for the Queuing Formula: L = lambda W", 1961).
class Allowance {
public:
    [[nodiscard]] std::uint64_t bytes() const noexcept { return bytes_; }
    /// Of one frame: a part, so that others are on the way when it is acknowledged. A small part would be a head with
    /// little behind it.
    [[nodiscard]] std::uint64_t frame_bytes() const noexcept { return bytes_ / (bytes_ < 4 * bytes_first ? 2 : 4); }
    /// With more than this on the way, a frame would be so small that its head takes too much of the line.
    [[nodiscard]] std::uint64_t full_bytes() const noexcept { return bytes_ - bytes_ / 4; }

    /// How long to wait until what was sent is taken for lost: it may stand behind all that was on the way.
    [[nodiscard]] Duration patience(Duration least, Duration most) const noexcept {
        return {between(took_.microseconds * 2, least.microseconds, most.microseconds)};
    }

    /// What ends at `end` was sent, and `on_the_way` bytes are now without an acknowledgement. One sample at a time.
    void sent(std::uint64_t end, std::uint64_t on_the_way, Instant now) noexcept {
        if (sampled_bytes_ != 0 || end <= lost_end_) return;
        sampled_bytes_ = on_the_way;
        sampled_end_ = end;
        sampled_at_ = now;
    }

    /// All up to `end` is acknowledged. The line has `granted` to carry what is on the way; more than `most` is never
    /// wanted. True when that says how fast the line is.
    bool acknowledged(std::uint64_t end, Instant now, Duration granted, std::uint64_t most) noexcept {
        if (sampled_bytes_ == 0 || end < sampled_end_) return false;
        took_ = now - sampled_at_;
        const std::uint64_t sample = sampled_bytes_;
        sampled_bytes_ = 0;
        const std::uint64_t time = granted.microseconds + empty_.microseconds;
        const std::uint64_t carried = took_ == Duration{} ? most : in_proportion(sample, time, took_.microseconds);
        if (took_.microseconds > time) {
            if (waits_for_other_than_line(sample)) {
                empty_ = took_;
                return true;
            }
            // By a factor of two at most: one pause of the follower says little about the line.
            bytes_ = between(carried, bytes_ / 2, bytes_);
            if (bytes_ < bytes_min) bytes_ = bytes_min;
            late_bytes_ = sample;
            late_took_ = took_;
        } else if (sample >= bytes_ / 8) {
            // A frame is a quarter, and with whole entries at least half full, so all was used that there was.
            // What waits for the line stays below what is granted even if it becomes so many times as much.
            const std::uint64_t waited = took_ < empty_ ? 0 : took_.microseconds - empty_.microseconds;
            const std::uint64_t used = sample < bytes_ ? bytes_ : sample;
            const std::uint64_t more = waited * 8 <= granted.microseconds   ? 4 * used
                                       : waited * 4 <= granted.microseconds ? 2 * used
                                                                            : carried;
            bytes_ = between(more, bytes_, bytes_ < most ? most : bytes_);
        }
        return true;
    }

    /// What was sent up to `end` may be sent again. Nobody knows then which of both was acknowledged (Karn and
    /// Partridge, "Improving Round-Trip Time Estimates in Reliable Transport Protocols", 1987).
    void lost(std::uint64_t end) noexcept {
        sampled_bytes_ = 0;
        lost_end_ = end;
    }

    /// Something that is answered was sent while nothing else was on the way.
    void asked(Instant now) noexcept { asked_at_ = now; }
    /// What was sent at `sent` is answered.
    void answered(Instant sent, Instant now) noexcept {
        const Duration took = now - sent;
        if (sent == asked_at_ && empty_ < took) empty_ = took;
        if (took < empty_) empty_.microseconds -= (empty_.microseconds - took.microseconds) / 8;
    }

private:
    /// Fewer bytes that take nearly as long do not wait for the line, but for the follower's disk, or on a way that is
    /// long. Even fewer would take as long again.
    [[nodiscard]] bool waits_for_other_than_line(std::uint64_t sample) const noexcept {
        return sample * 4 <= late_bytes_ * 3 && took_.microseconds * 8 >= late_took_.microseconds * 7;
    }

    /// About `bytes` times `time` over `took`, for so many bytes as a window has; without a division of 64 bits, which
    /// takes small processors a function of their library.
    [[nodiscard]] static constexpr std::uint64_t in_proportion(std::uint64_t bytes, std::uint64_t time,
                                                               std::uint64_t took) noexcept {
        while (((time | took) >> 16) != 0) time >>= 1, took >>= 1;
        const auto n = static_cast<std::uint32_t>(bytes);
        const auto by = static_cast<std::uint32_t>(took == 0 ? 1 : took);
        return std::uint64_t{n / by} * time + n % by * static_cast<std::uint32_t>(time) / by;
    }

    [[nodiscard]] static constexpr std::uint64_t between(std::uint64_t n, std::uint64_t low,
                                                         std::uint64_t high) noexcept {
        return n < low ? low : n < high ? n : high;
    }

    static constexpr std::uint64_t bytes_first = 1024;
    static constexpr std::uint64_t bytes_min = 64;

    std::uint64_t bytes_ = bytes_first;
    std::uint64_t sampled_bytes_ = 0;  // on the way, up to the end of the sample; 0 while there is no sample
    std::uint64_t sampled_end_ = 0;
    std::uint64_t lost_end_ = 0;
    Instant sampled_at_;
    Instant asked_at_;
    Duration empty_;  // the time of a round trip with nothing else on the way: a long one, where they differ
    Duration took_;   // the time of the last sample
    std::uint64_t late_bytes_ = 0;  // of the last sample that took too long
    Duration late_took_;            // and its time
};

/// The state that is being sent to one follower.
struct SnapshotSend {
    SnapshotId id{};
    Position position;  ///< the state holds everything up to here
    Chain chain{};
    Index common;        ///< the newest entry that both logs may share
    Position lacks;      ///< a commit index of the follower that is not in our log; index 0 for none
    bool begun = false;  ///< the follower has answered the beginning
    bool begin_owed = false;
    bool end_sent = false;
    std::uint64_t offset = 0;        ///< of the next piece
    std::uint64_t acknowledged = 0;  ///< bytes that the follower has
    Instant moved_at;                ///< when it last got further
    Duration patience;               ///< for so long it may stand
    Instant asked_at;                ///< when it was first begun; 0 once that is answered
    Instant not_before;              ///< backing off until then
    std::uint32_t in_vain = 0;       ///< in a row, whose end the log had left behind
    std::uint32_t begun_count = 0;

    /// It is to be begun, or begun again.
    void want(Instant now) noexcept {
        begin_owed = true;
        begun = end_sent = false;
        moved_at = now;
    }
};

struct Progress {
    Incarnation incarnation{};
    bool counts = false;  ///< its acknowledgements count towards the policy

    Position began_with;  ///< its newest entry when the link began
    Index received;       ///< verified in this epoch
    Index durable;
    Index applied;
    Index commit_sent;         ///< the commit index that it was told last
    Index vouched;             ///< the most that this incarnation held in this epoch, on earlier links
    Index sent_last;           ///< the newest entry that was ever shown to it on this link
    std::uint64_t credit = 0;  ///< bytes of entries that it could take when it last said so

    Cursor next;             ///< the next entry to send
    Position previous;       ///< the entry before that
    Chain previous_chain{};  ///< up to that entry
    InFlight in_flight;
    Allowance allowance;  ///< for the bytes in flight

    bool probe_owed = false;  ///< ask whether `previous` is common
    bool append_due = false;  ///< time passed: what was held back may go
    bool heartbeat_owed = false;
    Instant sent_at;                      ///< when something was last written for it
    Instant rewound_at;                   ///< when the cursor last went back
    Index rewound_to;                     ///< and behind which entry it then stood
    Instant timed_at;                     ///< the last send time that was put into a frame
    std::optional<Instant> answered;      ///< the newest send time of ours that came back
    std::uint64_t round_sent = 0;         ///< the newest read round that was put into a frame
    std::uint64_t round = 0;              ///< the newest read round that came back
    std::uint64_t appeared_in_round = 0;  ///< the round in which its incarnation appeared
    Instant seat_lost_at;
    bool lost_seat = false;

    std::optional<Instant> stands_since;  ///< it has not got further although it was sent more; nothing when it was not
    Index stands_at;                      ///< what it holds meanwhile, at the stage at which entries are committed
    bool stuck = false;                   ///< for so long that it is missing, though the link holds

    SnapshotSend snapshot;

    /// It holds nothing after `index` any more, and did right: a state took the place of its log.
    void gave_up_after(Index index) noexcept {
        received = smaller(received, index);
        durable = smaller(durable, index);
        applied = smaller(applied, index);
        vouched = smaller(vouched, index);
    }

    [[nodiscard]] FollowerState state() const noexcept { return state_; }
    [[nodiscard]] bool linked() const noexcept {
        return state_ != FollowerState::down && state_ != FollowerState::refused;
    }
    /// Counts, and its log takes what is written now.
    [[nodiscard]] bool up() const noexcept { return counts && state_ == FollowerState::streaming && !stuck; }
    [[nodiscard]] bool takes_entries() const noexcept {
        return state_ == FollowerState::catching_up || state_ == FollowerState::streaming;
    }

    /// Pieces of a state go to it, and nothing else: an append would tell it to give the state up. False also while it
    /// is given a rest after a state that came too late.
    [[nodiscard]] bool takes_state(Instant now) const noexcept {
        return state_ == FollowerState::snapshot && now >= snapshot.not_before;
    }

    // Nothing else changes the state. `tell` is called with the new one each time that it is another than before.

    /// A link begins to a follower of this incarnation, which holds up to `last`. Of what earlier links told, stays
    /// what outlives them; `vouched` is the most that this incarnation held on them.
    template <class Tell>
    void begin(Incarnation theirs, Position last, Index vouched_for, Tell&& tell) noexcept {
        down(tell);
        const bool lost = lost_seat;
        const Instant lost_at = seat_lost_at;
        const SnapshotSend sending = snapshot;
        clear();
        lost_seat = lost;
        seat_lost_at = lost_at;
        snapshot = sending;
        vouched = vouched_for;
        incarnation = theirs;
        began_with = last;
    }
    /// The link is over.
    template <class Tell>
    void down(Tell&& tell) noexcept {
        in_flight.clear();
        enter(FollowerState::down, tell);
    }
    /// An epoch is over: nothing of this is known in another one.
    template <class Tell>
    void forget(Tell&& tell) noexcept {
        down(tell);
        clear();
    }

    /// Nothing can be sent to it.
    template <class Tell>
    void refuse(Tell&& tell) noexcept {
        in_flight.clear();
        enter(FollowerState::refused, tell);
    }

    /// It is asked whether `previous` is common.
    template <class Tell>
    void probe(Tell&& tell) noexcept {
        probe_owed = true;
        enter(FollowerState::probing, tell);
    }
    /// It takes entries, of which it lacks some that are acknowledged.
    template <class Tell>
    void catch_up(Tell&& tell) noexcept {
        enter(FollowerState::catching_up, tell);
    }
    /// It takes entries as they are written.
    template <class Tell>
    void stream(Tell&& tell) noexcept {
        enter(FollowerState::streaming, tell);
    }
    /// The log cannot help it, so it needs a state. Both logs share nothing behind `common`. `lacks` is what the
    /// follower committed and the log does not have; index 0 for nothing. Not answered, it is begun again after
    /// `patience`.
    template <class Tell>
    void need_state(Index common, Position lacks, Instant now, Duration patience, Tell&& tell) noexcept {
        previous = Position{};  // heartbeats claim nothing
        previous_chain = Chain{};
        in_flight.clear();
        allowance.lost(0);
        probe_owed = false;
        snapshot.common = common;
        snapshot.lacks = lacks;
        snapshot.patience = patience;
        snapshot.asked_at = Instant{};
        snapshot.want(now);
        enter(FollowerState::snapshot, tell);
    }

private:
    /// In its place: what is assigned would be the largest thing on the stack.
    void clear() noexcept { ::new (static_cast<void*>(this)) Progress; }

    template <class Tell>
    void enter(FollowerState other, Tell&& tell) noexcept {
        if (state_ == other) return;
        state_ = other;
        tell(other);
    }

    FollowerState state_ = FollowerState::down;
};

}  // namespace replicator::core
