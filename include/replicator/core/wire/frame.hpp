// SPDX-License-Identifier: BSL-1.0
// The frame: what travels between two nodes. A head of known size with one checksum, then a tail that checks itself.
//
//     0  u16  magic, with the version of the format in its low byte
//     2  u8   type
//     3  u8   flags: which blocks follow the fields of the type
//     4  u32  bytes of the tail
//     8  u32  link, 0 in a handshake
//    12  u32  CRC-32C of the head without these four bytes
//    16       the fields of the type, then the block of each flag, from the lowest flag on; then the tail: entries, or
//             a piece of a snapshot
//
// How long the head is follows from type and flags alone, so that a length is believed only after the checksum fits. A
// flag that this version does not know gives no length: to act on the rest would be to act on half of a message. All
// integers are little-endian. How a later part brings a block: docs/wire_format.md.
#pragma once

#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"
#include "../../encoding/layout.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// A hello keeps this one, and its fields, in later versions, so that each side reads which versions the other speaks.
inline constexpr std::uint16_t frame_magic = 0x5202;
inline constexpr std::uint16_t protocol_version = 2;
/// The first four bytes of a hello of version 1, of which nothing else is read.
inline constexpr std::uint32_t first_version_hello = 0x0001'5201;

enum class FrameType : std::uint8_t {
    hello = 1,        ///< handshake, and the answer to whoever is refused or out of date
    append,           ///< leader to follower: entries, commit index, heartbeat
    ack,              ///< follower to leader: what it holds, heartbeat
    snapshot_begin,   ///< leader to follower: which state is going to be sent
    snapshot_piece,   ///< leader to follower: a piece of it
    promise_request,  ///< candidate to everybody: what do you hold, and do you promise?
    promise_reply,    ///< the answer
    hand_over,        ///< leader to follower: you hold everything, lead
};

inline constexpr std::size_t frame_header_bytes = 16;
/// What the fields and blocks take on the wire. Each message is told to be so large where it stands.
namespace wire_bytes {
inline constexpr std::size_t hello = 240;
inline constexpr std::size_t append = 24;
inline constexpr std::size_t ack = 32;
inline constexpr std::size_t snapshot_begin = 96;
inline constexpr std::size_t snapshot_piece = 24;
inline constexpr std::size_t promise_request = 72;
inline constexpr std::size_t promise_reply = 120;
inline constexpr std::size_t hand_over = 24;
inline constexpr std::size_t epoch = 16;
inline constexpr std::size_t echo = 16;
inline constexpr std::size_t refusal = 56;
inline constexpr std::size_t snapshot_offset = 16;
}  // namespace wire_bytes
/// The longest head there is, which is what a receiver must be able to keep of a frame that comes in pieces.
inline constexpr std::size_t frame_head_bytes_max = frame_header_bytes + wire_bytes::hello;

namespace append_flags {
inline constexpr std::uint8_t previous_epoch = 1;  ///< the entry before is of another epoch than the link's
inline constexpr std::uint8_t timed = 2;           ///< send time and read round follow
inline constexpr std::uint8_t all = 3;
}  // namespace append_flags

namespace ack_flags {
inline constexpr std::uint8_t echo = 1;      ///< answers a send time and a read round
inline constexpr std::uint8_t refusal = 2;   ///< an append did not fit; with the newest position that might
inline constexpr std::uint8_t snapshot = 4;  ///< how far a snapshot has arrived
inline constexpr std::uint8_t all = 7;
}  // namespace ack_flags

/// How far a snapshot has arrived: the bytes of its pieces so far.
struct SnapshotOffset {
    SnapshotId id{};
    std::uint64_t offset = 0;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& snapshot) noexcept {
        bytes.each(snapshot.id, snapshot.offset);
    }
};

struct FrameHeader {
    FrameType type{};
    std::uint8_t flags = 0;
    std::uint32_t tail_bytes = 0;
    LinkId link{};
};

/// Bytes of the fields of a type and of its blocks with these flags; 0 for what this version does not know.
[[nodiscard]] constexpr std::size_t field_bytes(FrameType type, std::uint8_t flags) noexcept {
    const auto block = [flags](std::uint8_t flag, std::size_t bytes) { return (flags & flag) != 0 ? bytes : 0; };
    const auto plain = [flags](std::size_t bytes) { return flags == 0 ? bytes : 0; };
    switch (type) {
        // Its blocks stand in the tail, so that who does not know them can read the rest, and say so.
        case FrameType::hello: return wire_bytes::hello;
        case FrameType::append:
            if ((flags & ~append_flags::all) != 0) return 0;
            return wire_bytes::append + block(append_flags::previous_epoch, wire_bytes::epoch) +
                   block(append_flags::timed, wire_bytes::echo);
        case FrameType::ack:
            if ((flags & ~ack_flags::all) != 0) return 0;
            return wire_bytes::ack + block(ack_flags::echo, wire_bytes::echo) +
                   block(ack_flags::refusal, wire_bytes::refusal) +
                   block(ack_flags::snapshot, wire_bytes::snapshot_offset);
        case FrameType::snapshot_begin: return plain(wire_bytes::snapshot_begin);
        case FrameType::snapshot_piece: return plain(wire_bytes::snapshot_piece);
        case FrameType::promise_request: return plain(wire_bytes::promise_request);
        case FrameType::promise_reply: return plain(wire_bytes::promise_reply);
        case FrameType::hand_over: return plain(wire_bytes::hand_over);
    }
    return 0;
}

/// The checksum of a head with so many bytes of fields, which are whole words: over everything but the place where it
/// stands. In one go, because the choice of the way to compute it takes longer than a word of it.
[[nodiscard]] inline std::uint32_t head_checksum(const std::byte* head, std::size_t fields) noexcept {
    return with_crc([head, fields](auto crc) noexcept {
        std::uint32_t state = crc.feed8(~std::uint32_t{0}, load<std::uint64_t>(head));
        state = crc.feed4(state, load<std::uint32_t>(head + 8));
        const std::byte* const begin = head + frame_header_bytes;
        return ~feed_words(crc, state, begin, begin + fields);
    });
}

/// Completes a head whose fields already stand behind the header, and returns the size of the head.
inline std::size_t seal_head(std::byte* head, const FrameHeader& header) noexcept {
    const std::size_t fields = field_bytes(header.type, header.flags);
    const std::uint32_t kind =
        frame_magic | std::uint32_t{value(header.type)} << 16 | std::uint32_t{header.flags} << 24;
    ByteWriter(head).put_pair(kind, header.tail_bytes).put_pair(value(header.link), 0);
    store(head + 12, head_checksum(head, fields));
    return frame_header_bytes + fields;
}

/// The bytes that the head takes which begins with these four or more; 0 when nothing begins so.
[[nodiscard]] inline std::size_t head_bytes(const std::byte* head) noexcept {
    if (load<std::uint16_t>(head) != frame_magic) return 0;
    const auto type = static_cast<FrameType>(load<std::uint8_t>(head + 2));
    const std::size_t fields = field_bytes(type, load<std::uint8_t>(head + 3));
    return fields == 0 ? 0 : frame_header_bytes + fields;
}

/// The checksum that a head says it has.
[[nodiscard]] inline std::uint32_t load_head_checksum(const std::byte* head) noexcept {
    return load<std::uint32_t>(head + 12);
}

/// True when the checksum of a whole head fits.
[[nodiscard]] inline bool head_intact(const std::byte* head, std::size_t bytes) noexcept {
    return head_checksum(head, bytes - frame_header_bytes) == load_head_checksum(head);
}

/// Writes the head of a message without blocks, and returns its size.
template <class Message>
std::size_t write_fields(std::byte* head, const Message& message, FrameType type, LinkId link = LinkId{},
                         std::size_t tail_bytes = 0) noexcept {
    write_layout(head + frame_header_bytes, message);
    return seal_head(head, {type, 0, static_cast<std::uint32_t>(tail_bytes), link});
}

template <class Message>
[[nodiscard]] Message read_fields(const std::byte* head) noexcept {
    Message message;
    read_layout(head + frame_header_bytes, message);
    return message;
}

[[nodiscard]] inline FrameHeader load_header(const std::byte* head) noexcept {
    FrameHeader header;
    ByteReader(head + 2).get(header.type).get(header.flags).get(header.tail_bytes).get(header.link);
    return header;
}

}  // namespace replicator::core
