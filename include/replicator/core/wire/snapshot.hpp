// SPDX-License-Identifier: BSL-1.0
// A state on a link: what it is of, and its pieces.
#pragma once

#include "frame.hpp"

#include "../../encoding/layout.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

/// Leader to follower: the state after `position` is going to be sent. The tail is what a log would have told:
/// the roster and the epoch history (see snapshot/frozen.hpp).
struct SnapshotBegin {
    SnapshotId id{};
    HistoryId history{};
    SchemaId schema{};
    Position position;
    Chain chain{};
    std::uint32_t policy = 0;
    Index common;    ///< the newest entry that both may share
    Position lacks;  ///< a commit index of the follower that is not in the sender's log; index 0 when none is known
    std::uint32_t tail_checksum = 0;
    std::uint32_t unused = 0;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& begin) noexcept {
        bytes.each(begin.id, begin.history, begin.schema, begin.position, begin.chain, begin.policy, begin.common,
                   begin.lacks, begin.tail_checksum, begin.unused);
    }
};
static_assert(Layout<SnapshotBegin> && sizeof(SnapshotBegin) == wire_bytes::snapshot_begin);

/// Leader to follower. The tail is a piece of the state, as the state machine wrote it; the last one has no bytes.
struct SnapshotPiece {
    SnapshotId id{};
    std::uint64_t offset = 0;
    std::uint32_t checksum = 0;        ///< of this piece
    std::uint32_t whole_checksum = 0;  ///< of all pieces together; only in the last one

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& piece) noexcept {
        bytes.each(piece.id, piece.offset, piece.checksum, piece.whole_checksum);
    }
};
static_assert(Layout<SnapshotPiece> && sizeof(SnapshotPiece) == wire_bytes::snapshot_piece);

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
