// SPDX-License-Identifier: BSL-1.0
// The messages on a link, and their fields in a frame. Everything that the handshake fixed is left out here.
#pragma once

#include "frame.hpp"

#include "../../error.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator::core {

/// A leader's send time and read round, as they come back in an ack.
struct Echo {
    Instant sent;
    std::uint64_t round = 0;
};

/// Leader to follower. The entries are the tail of the frame; none make it a heartbeat.
struct Append {
    Position previous;           ///< of the entry before the first
    Chain previous_chain{};      ///< up to that entry
    Index commit;                ///< the follower may apply up to here, once it has verified so far
    std::uint32_t count = 0;     ///< entries in the tail
    std::optional<Echo> timing;  ///< to be echoed
};

/// Why a follower did not take an append, and the newest position that it may share with the leader.
struct Refusal {
    Error error = Error::none;
    Position hint;
    Position commit;  ///< of the follower: what the leader may not share with it must not lie below
};

struct Digest {
    std::uint64_t value = 0;
    Index index;
};

/// Follower to leader.
struct Ack {
    Index received;  ///< verified in the epoch of the link
    Index durable;
    Index applied;
    std::uint64_t credit = 0;  ///< bytes of entries that the follower could take now
    std::optional<Echo> echo;
    std::optional<Refusal> refusal;
    std::optional<SnapshotOffset> snapshot;
    std::optional<Digest> digest;
};

/// Leader to the follower that is to lead in its place, once that holds everything up to `last`.
struct HandOver {
    Position last;

    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& hand_over) noexcept {
        bytes.each(hand_over.last);
    }
};

/// Leader to follower: the state after `position` is going to be sent. The tail is what a log would have told:
/// the roster and the epoch history (see snapshot/frozen.hpp).
struct SnapshotBegin {
    SnapshotId id{};
    HistoryId history{};
    Position position;
    Chain chain{};
    std::uint32_t piece_bytes_max = 0;
    SchemaId schema{};
    std::uint64_t bytes = 0;  ///< of the whole, 0 while unknown
    Digest digest;
    std::uint64_t membership = 0;  ///< index of the membership in force
    std::uint32_t policy = 0;
    std::uint32_t tail_checksum = 0;
    Index common;    ///< the newest entry that both may share
    Position lacks;  ///< a commit index of the follower that is not in the sender's log; index 0 when none is known

    /// The fields in their order on the wire.
    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& begin) noexcept {
        bytes.each(begin.id, begin.history, begin.position, begin.chain, begin.piece_bytes_max, begin.schema,
                   begin.bytes, begin.digest.value, begin.digest.index, begin.membership, begin.policy,
                   begin.tail_checksum, begin.common, begin.lacks);
    }
};

/// Leader to follower. The tail is a piece of the state, as the state machine wrote it.
struct SnapshotPiece {
    SnapshotId id{};
    std::uint64_t offset = 0;
    std::uint32_t checksum = 0;        ///< of this piece
    std::uint32_t whole_checksum = 0;  ///< of all pieces together; only in the last one
    bool last = false;

    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& piece) noexcept {
        bytes.each(piece.id, piece.offset, piece.checksum, piece.whole_checksum, piece.last);
    }
};

/// The bytes of the head that `write_head` is going to write.
[[nodiscard]] inline std::size_t append_head_bytes(const Append& append, Epoch epoch) noexcept {
    const std::uint8_t flags =
        static_cast<std::uint8_t>((append.previous.epoch != epoch ? append_flags::previous_epoch : 0) |
                                  (append.timing ? append_flags::timed : 0));
    return frame_header_bytes + field_bytes(FrameType::append, flags);
}

/// Writes the head of a message on `link` of `epoch` and returns its size. `tail_bytes` of tail are to follow.
inline std::size_t write_head(std::byte* head, const Append& append, LinkId link, Epoch epoch,
                              std::size_t tail_bytes) noexcept {
    std::uint8_t flags = 0;
    ByteWriter fields(head + frame_header_bytes);
    fields.put(append.previous.index).put(append.commit).put_pair(value(append.previous_chain), append.count);
    if (append.previous.epoch != epoch) {
        flags |= append_flags::previous_epoch;
        fields.put(append.previous.epoch);
    }
    if (append.timing) {
        flags |= append_flags::timed;
        fields.put(append.timing->sent).put(append.timing->round);
    }
    return seal_head(head, {FrameType::append, flags, static_cast<std::uint32_t>(tail_bytes), link});
}

[[nodiscard]] inline Append read_append(const std::byte* head, std::uint8_t flags, Epoch epoch) noexcept {
    Append append;
    ByteReader fields(head + frame_header_bytes);
    fields.get(append.previous.index).get(append.commit).get(append.previous_chain).get(append.count);
    append.previous.epoch = epoch;
    if ((flags & append_flags::previous_epoch) != 0) fields.get(append.previous.epoch);
    if ((flags & append_flags::timed) != 0) {
        append.timing.emplace();
        fields.get(append.timing->sent).get(append.timing->round);
    }
    return append;
}

inline std::size_t write_head(std::byte* head, const Ack& ack, LinkId link) noexcept {
    std::uint8_t flags = 0;
    ByteWriter fields(head + frame_header_bytes);
    fields.put(ack.received).put(ack.durable).put(ack.applied).put(ack.credit);
    if (ack.echo) {
        flags |= ack_flags::echo;
        fields.put(ack.echo->sent).put(ack.echo->round);
    }
    if (ack.refusal) {
        flags |= ack_flags::refusal;
        fields.put(ack.refusal->hint).put(ack.refusal->commit).put(ack.refusal->error);
    }
    if (ack.snapshot) {
        flags |= ack_flags::snapshot;
        fields.put(ack.snapshot->id).put(ack.snapshot->offset);
    }
    if (ack.digest) {
        flags |= ack_flags::digest;
        fields.put(ack.digest->value).put(ack.digest->index);
    }
    return seal_head(head, {FrameType::ack, flags, 0, link});
}

[[nodiscard]] inline Ack read_ack(const std::byte* head, std::uint8_t flags) noexcept {
    Ack ack;
    ByteReader fields(head + frame_header_bytes);
    fields.get(ack.received).get(ack.durable).get(ack.applied).get(ack.credit);
    if ((flags & ack_flags::echo) != 0) {
        ack.echo.emplace();
        fields.get(ack.echo->sent).get(ack.echo->round);
    }
    if ((flags & ack_flags::refusal) != 0) {
        ack.refusal.emplace();
        fields.get(ack.refusal->hint).get(ack.refusal->commit).get(ack.refusal->error);
    }
    if ((flags & ack_flags::snapshot) != 0) {
        ack.snapshot.emplace();
        fields.get(ack.snapshot->id).get(ack.snapshot->offset);
    }
    if ((flags & ack_flags::digest) != 0) {
        ack.digest.emplace();
        fields.get(ack.digest->value).get(ack.digest->index);
    }
    return ack;
}

inline std::size_t write_head(std::byte* head, const HandOver& hand_over, LinkId link) noexcept {
    return write_fields(head, hand_over, FrameType::hand_over, link);
}

[[nodiscard]] inline HandOver read_hand_over(const std::byte* head) noexcept { return read_fields<HandOver>(head); }

inline std::size_t write_head(std::byte* head, const SnapshotBegin& begin, LinkId link,
                              std::size_t tail_bytes) noexcept {
    return write_fields(head, begin, FrameType::snapshot_begin, link, tail_bytes);
}

[[nodiscard]] inline SnapshotBegin read_snapshot_begin(const std::byte* head) noexcept {
    return read_fields<SnapshotBegin>(head);
}

inline std::size_t write_head(std::byte* head, const SnapshotPiece& piece, LinkId link,
                              std::size_t tail_bytes) noexcept {
    return write_fields(head, piece, FrameType::snapshot_piece, link, tail_bytes);
}

[[nodiscard]] inline SnapshotPiece read_snapshot_piece(const std::byte* head) noexcept {
    return read_fields<SnapshotPiece>(head);
}

}  // namespace replicator::core
