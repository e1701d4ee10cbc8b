// SPDX-License-Identifier: BSL-1.0
// Entries on a link, and the answer to them: append and ack. Everything that the handshake fixed is left out here.
#pragma once

#include "frame.hpp"

#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"
#include "../../encoding/layout.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator::core {

/// A leader's send time and read round, as they come back in an ack.
struct Echo {
    Instant sent;
    std::uint64_t round = 0;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& echo) noexcept {
        bytes.each(echo.sent, echo.round);
    }
};
static_assert(Layout<Echo> && sizeof(Echo) == wire_bytes::echo);

/// Why a follower did not take an append, and the newest position that it may share with the leader.
struct Refusal {
    Error error = Error::none;
    std::array<std::uint8_t, 7> unused{};
    Position hint;
    Position commit;  ///< of the follower: what the leader may not share with it must not lie below

    constexpr Refusal() noexcept = default;
    constexpr Refusal(Error why, Position newest, Position committed) noexcept
        : error(why), hint(newest), commit(committed) {}

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& refusal) noexcept {
        bytes.each(refusal.error, refusal.unused, refusal.hint, refusal.commit);
    }
};
static_assert(Layout<Refusal> && sizeof(Refusal) == wire_bytes::refusal);
static_assert(Layout<SnapshotOffset> && sizeof(SnapshotOffset) == wire_bytes::snapshot_offset);

/// The fields that every append has.
struct AppendFields {
    Index previous;
    Index commit;
    Chain previous_chain{};
    std::uint32_t count = 0;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& append) noexcept {
        bytes.each(append.previous, append.commit, append.previous_chain, append.count);
    }
};
static_assert(Layout<AppendFields> && sizeof(AppendFields) == wire_bytes::append);
static_assert(Layout<Epoch> && sizeof(Epoch) == wire_bytes::epoch);

/// Leader to follower. The entries are the tail of the frame; none make it a heartbeat.
struct Append {
    Position previous;           ///< of the entry before the first
    Chain previous_chain{};      ///< up to that entry
    Index commit;                ///< the follower may apply up to here, once it has verified so far
    std::uint32_t count = 0;     ///< entries in the tail
    std::optional<Echo> timing;  ///< to be echoed
};

/// The fields that every ack has.
struct AckFields {
    Index received;
    Index durable;
    Index applied;
    std::uint64_t credit = 0;

    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& ack) noexcept {
        bytes.each(ack.received, ack.durable, ack.applied, ack.credit);
    }
};
static_assert(Layout<AckFields> && sizeof(AckFields) == wire_bytes::ack);

/// Follower to leader.
struct Ack {
    Index received;  ///< verified in the epoch of the link
    Index durable;
    Index applied;
    std::uint64_t credit = 0;  ///< bytes of entries that the follower could take now
    std::optional<Echo> echo;
    std::optional<Refusal> refusal;
    std::optional<SnapshotOffset> snapshot;
};

[[nodiscard]] inline AckFields fields_of(const Ack& ack) noexcept {
    return {ack.received, ack.durable, ack.applied, ack.credit};
}
/// An ack without blocks.
[[nodiscard]] inline Ack with_fields(const AckFields& fields) noexcept {
    Ack ack;
    ack.received = fields.received;
    ack.durable = fields.durable;
    ack.applied = fields.applied;
    ack.credit = fields.credit;
    return ack;
}

/// Writes the block of `flag` if it is there.
template <Layout Block>
std::byte* write_block(std::byte* to, const std::optional<Block>& block, std::uint8_t flag,
                       std::uint8_t& flags) noexcept {
    if (!block) return to;
    flags = static_cast<std::uint8_t>(flags | flag);
    return write_layout(to, *block);
}

template <Layout Block>
const std::byte* read_block(const std::byte* from, std::optional<Block>& block, std::uint8_t flag,
                            std::uint8_t flags) noexcept {
    return (flags & flag) != 0 ? read_layout(from, block.emplace()) : from;
}

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
    std::byte* to = write_layout(head + frame_header_bytes, AppendFields{append.previous.index, append.commit,
                                                                         append.previous_chain, append.count});
    if (append.previous.epoch != epoch) {
        flags = append_flags::previous_epoch;
        to = write_layout(to, append.previous.epoch);
    }
    write_block(to, append.timing, append_flags::timed, flags);
    return seal_head(head, {FrameType::append, flags, static_cast<std::uint32_t>(tail_bytes), link});
}

[[nodiscard]] inline Append read_append(const std::byte* head, std::uint8_t flags, Epoch epoch) noexcept {
    AppendFields fields;
    const std::byte* from = read_layout(head + frame_header_bytes, fields);
    Append append{.previous = {epoch, fields.previous},
                  .previous_chain = fields.previous_chain,
                  .commit = fields.commit,
                  .count = fields.count,
                  .timing = {}};
    if ((flags & append_flags::previous_epoch) != 0) from = read_layout(from, append.previous.epoch);
    read_block(from, append.timing, append_flags::timed, flags);
    return append;
}

inline std::size_t write_head(std::byte* head, const Ack& ack, LinkId link) noexcept {
    std::uint8_t flags = 0;
    std::byte* to = write_layout(head + frame_header_bytes, fields_of(ack));
    to = write_block(to, ack.echo, ack_flags::echo, flags);
    to = write_block(to, ack.refusal, ack_flags::refusal, flags);
    write_block(to, ack.snapshot, ack_flags::snapshot, flags);
    return seal_head(head, {FrameType::ack, flags, 0, link});
}

[[nodiscard]] inline Ack read_ack(const std::byte* head, std::uint8_t flags) noexcept {
    AckFields fields;
    const std::byte* from = read_layout(head + frame_header_bytes, fields);
    Ack ack = with_fields(fields);
    from = read_block(from, ack.echo, ack_flags::echo, flags);
    from = read_block(from, ack.refusal, ack_flags::refusal, flags);
    read_block(from, ack.snapshot, ack_flags::snapshot, flags);
    return ack;
}

/// A frame without blocks, which nearly all frames are. Its first four bytes and the size of its head are constants, so
/// that one comparison tells it from any other.
template <FrameType Type, Layout FieldsOfType>
struct PlainFrame {
    using Fields = FieldsOfType;

    static constexpr std::size_t head_bytes = frame_header_bytes + sizeof(Fields);

    /// Writes the head, and returns its size. `tail_bytes` of tail are to follow.
    static std::size_t write(std::byte* head, const Fields& fields, LinkId link, std::size_t tail_bytes = 0) noexcept {
        write_layout(head + frame_header_bytes, fields);
        ByteWriter(head).put_pair(kind, static_cast<std::uint32_t>(tail_bytes)).put_pair(value(link), 0);
        store(head + 12, checksum_of(head));
        return head_bytes;
    }

    /// True when `bytes` begin with a plain frame of this type on `link`, which is there whole and whose head is
    /// intact. Then `fields` are what it says, and `tail` is what follows the head.
    [[nodiscard]] static bool read(std::span<const std::byte> bytes, LinkId link, Fields& fields,
                                   std::span<const std::byte>& tail) noexcept {
        if (bytes.size() < head_bytes || load<std::uint32_t>(bytes.data()) != kind) return false;
        const std::size_t tail_bytes = load<std::uint32_t>(bytes.data() + 4);
        if (tail_bytes > bytes.size() - head_bytes) return false;
        if (link == LinkId{} || load<std::uint32_t>(bytes.data() + 8) != value(link)) return false;
        if (checksum_of(bytes.data()) != load<std::uint32_t>(bytes.data() + 12)) return false;
        read_layout(bytes.data() + frame_header_bytes, fields);
        tail = bytes.subspan(head_bytes, tail_bytes);
        return true;
    }

private:
    static constexpr std::uint32_t kind = frame_magic | std::uint32_t{value(Type)} << 16;

    /// What `head_checksum` gives, of a size that the compiler knows.
    [[nodiscard]] static std::uint32_t checksum_of(const std::byte* head) noexcept {
        return with_crc([head](auto crc) noexcept {
            std::uint32_t state = crc.feed8(~std::uint32_t{0}, load<std::uint64_t>(head));
            state = crc.feed4(state, load<std::uint32_t>(head + 8));
#if defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)
#pragma GCC unroll 4
#endif
            for (std::size_t at = frame_header_bytes; at != head_bytes; at += 8) {
                state = crc.feed8(state, load<std::uint64_t>(head + at));
            }
            return ~state;
        });
    }
};

using PlainAppend = PlainFrame<FrameType::append, AppendFields>;
using PlainAck = PlainFrame<FrameType::ack, AckFields>;

}  // namespace replicator::core
