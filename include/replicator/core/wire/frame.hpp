// SPDX-License-Identifier: BSL-1.0
// The frame: what travels between two nodes. A head of known size with one checksum, then a tail that checks itself.
//
//     0  u16  magic, with the version of the format in its low byte
//     2  u8   type
//     3  u8   flags: which optional groups of fields the head has
//     4  u32  bytes of the tail
//     8  u32  link, 0 in a handshake
//    12  u32  CRC-32C of the head without these four bytes
//    16       the fields of the type (message.hpp, hello.hpp), then the tail: entries, or a piece of a snapshot
//
// How long the head is follows from type and flags alone, so that a length is believed only after the checksum fits.
// All integers are little-endian.
#pragma once

#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

inline constexpr std::uint16_t frame_magic = 0x5202;
/// A hello keeps the magic of the first version, so that nodes of all versions read which of them the other speaks.
inline constexpr std::uint16_t hello_magic = 0x5201;
inline constexpr std::uint16_t protocol_version = 2;

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
inline constexpr std::size_t hello_field_bytes = 288;
/// The longest head there is, which is what a receiver must be able to keep of a frame that comes in pieces.
inline constexpr std::size_t frame_head_bytes_max = frame_header_bytes + hello_field_bytes;

namespace append_flags {
inline constexpr std::uint8_t previous_epoch = 1;  ///< the entry before is of another epoch than the link's
inline constexpr std::uint8_t timed = 2;           ///< send time and read round follow
inline constexpr std::uint8_t all = 3;
}  // namespace append_flags

namespace ack_flags {
inline constexpr std::uint8_t echo = 1;      ///< answers a send time and a read round
inline constexpr std::uint8_t refusal = 2;   ///< an append did not fit; with the newest position that might
inline constexpr std::uint8_t snapshot = 4;  ///< how far a snapshot has arrived
inline constexpr std::uint8_t digest = 8;    ///< a digest of the state, and where it was taken
inline constexpr std::uint8_t all = 15;
}  // namespace ack_flags

[[nodiscard]] constexpr std::uint16_t magic_of(FrameType type) noexcept {
    return type == FrameType::hello ? hello_magic : frame_magic;
}

/// How far a snapshot has arrived: the bytes of its pieces so far.
struct SnapshotOffset {
    SnapshotId id{};
    std::uint64_t offset = 0;
};

struct FrameHeader {
    FrameType type{};
    std::uint8_t flags = 0;
    std::uint32_t tail_bytes = 0;
    LinkId link{};
};

/// Bytes of the fields of a type with these flags; 0 for what this version does not know.
[[nodiscard]] constexpr std::size_t field_bytes(FrameType type, std::uint8_t flags) noexcept {
    const auto group = [flags](std::uint8_t flag, std::size_t bytes) { return (flags & flag) != 0 ? bytes : 0; };
    switch (type) {
        case FrameType::hello: return flags == 0 ? hello_field_bytes : 0;
        case FrameType::append:
            if ((flags & ~append_flags::all) != 0) return 0;
            return 24 + group(append_flags::previous_epoch, 16) + group(append_flags::timed, 16);
        case FrameType::ack:
            if ((flags & ~ack_flags::all) != 0) return 0;
            return 32 + group(ack_flags::echo, 16) + group(ack_flags::refusal, 56) + group(ack_flags::snapshot, 16) +
                   group(ack_flags::digest, 16);
        case FrameType::snapshot_begin: return flags == 0 ? 128 : 0;
        case FrameType::snapshot_piece: return flags == 0 ? 32 : 0;
        case FrameType::promise_request: return flags == 0 ? 72 : 0;
        case FrameType::promise_reply: return flags == 0 ? 176 : 0;
        case FrameType::hand_over: return flags == 0 ? 24 : 0;
    }
    return 0;
}

/// The checksum of a head with so many bytes of fields: over everything but the place where it stands.
[[nodiscard]] inline std::uint32_t head_checksum(const std::byte* head, std::size_t fields) noexcept {
    return checksum({head + frame_header_bytes, fields}, checksum({head, 12}));
}

/// Completes a head whose fields already stand behind the header, and returns the size of the head.
inline std::size_t seal_head(std::byte* head, const FrameHeader& header) noexcept {
    const std::size_t fields = field_bytes(header.type, header.flags);
    const std::uint32_t kind =
        magic_of(header.type) | std::uint32_t{value(header.type)} << 16 | std::uint32_t{header.flags} << 24;
    ByteWriter(head).put_pair(kind, header.tail_bytes).put_pair(value(header.link), 0);
    store(head + 12, head_checksum(head, fields));
    return frame_header_bytes + fields;
}

/// The bytes that the head takes which begins with these four or more; 0 when nothing begins so.
[[nodiscard]] inline std::size_t head_bytes(const std::byte* head) noexcept {
    const auto type = static_cast<FrameType>(load<std::uint8_t>(head + 2));
    if (load<std::uint16_t>(head) != magic_of(type)) return 0;
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

/// Writes the head of a message whose fields are always the same, as its `each_field` lists them, and returns its size.
template <class Message>
std::size_t write_fields(std::byte* head, const Message& message, FrameType type, LinkId link = LinkId{},
                         std::size_t tail_bytes = 0) noexcept {
    Message::each_field(ByteWriter(head + frame_header_bytes), message);
    return seal_head(head, {type, 0, static_cast<std::uint32_t>(tail_bytes), link});
}

template <class Message>
[[nodiscard]] Message read_fields(const std::byte* head) noexcept {
    Message message;
    Message::each_field(ByteReader(head + frame_header_bytes), message);
    return message;
}

[[nodiscard]] inline FrameHeader load_header(const std::byte* head) noexcept {
    FrameHeader header;
    ByteReader(head + 2).get(header.type).get(header.flags).get(header.tail_bytes).get(header.link);
    return header;
}

}  // namespace replicator::core
