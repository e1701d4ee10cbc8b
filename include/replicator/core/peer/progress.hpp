// SPDX-License-Identifier: BSL-1.0
// What the leader knows about one follower. What the follower is owed follows from this alone; there is no queue.
#pragma once

#include "allowance.hpp"

#include "../../api/observer.hpp"
#include "../../concepts/log_policy.hpp"
#include "../../types.hpp"
#include "../wire/frame.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
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
    bool note_due = false;    ///< time passed: what was held back may go
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

    // Nothing else changes the state. `tell` is called with the new one each time that it is another than before.

    /// A link begins to a follower of this incarnation, which holds up to `last`. Of what earlier links told, stays
    /// what outlives them; `vouched` is the most that this incarnation held on them.
    template <class Tell>
    void begin(Incarnation theirs, Position last, Index vouched_for, Tell&& tell) noexcept {
        down(tell);
        // One by one: a copy of all would be the largest thing on the stack.
        const bool lost = lost_seat;
        const Instant lost_at = seat_lost_at;
        const SnapshotSend sending = snapshot;
        *this = Progress{};
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
        *this = Progress{};
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
    template <class Tell>
    void enter(FollowerState other, Tell&& tell) noexcept {
        if (state_ == other) return;
        state_ = other;
        tell(other);
    }

    FollowerState state_ = FollowerState::down;
};

}  // namespace replicator::core
