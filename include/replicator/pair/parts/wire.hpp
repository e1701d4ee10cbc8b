// SPDX-License-Identifier: BSL-1.0
// The frames of a pair: one head for all of them, and how they go over a line. docs/pair.md has them to the byte.
#pragma once

#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::pair::detail {

enum class FrameType : std::uint8_t { hello = 1, append = 2, ack = 3, state = 4 };

/// In the second byte.
namespace flag {

inline constexpr std::uint8_t second = 1;       ///< hello: of the node with the higher id
inline constexpr std::uint8_t leads = 2;        ///< hello: of the leader of `epoch`
inline constexpr std::uint8_t forced = 4;       ///< hello: of a leader whose promotion may have lost something
inline constexpr std::uint8_t linked = 8;       ///< hello: of a node that has the session already
inline constexpr std::uint8_t lacks = 16;       ///< ack: of a follower that needs a state; `commit` is how much it has
inline constexpr std::uint8_t complete = 1;     ///< append: the follower holds all that may have been acknowledged
inline constexpr std::uint8_t lead_now = 32;    ///< append: the follower that holds all up to its end shall lead
inline constexpr std::uint8_t wants_lead = 64;  ///< ack: of a follower that was asked to lead
inline constexpr std::uint8_t can_lead = 128;   ///< hello: of a node that can lead

}  // namespace flag

/// Where the fields stand.
namespace at {

inline constexpr std::size_t type = 0, flags = 1, policy = 2, session = 4, epoch = 8, index = 12, chain = 16,
                             commit = 20, end = 24;
// A hello goes on with these.
inline constexpr std::size_t nonce = 24, echo = 28, history = 32, schema = 36, limits = 40, hello_end = 44;

}  // namespace at

inline constexpr std::uint8_t wire_version = 1;
/// The three bytes with which a node of a group says hello, the first one lowest: core/wire/frame.hpp.
inline constexpr std::uint32_t group_hello = 0x01'5202;
/// To which a node of a group gives the same name as to this: that it speaks another version.
inline constexpr std::uint32_t first_version_hello = 0x0001'5201;
inline constexpr std::size_t checksum_bytes = 4;

[[nodiscard]] inline std::uint32_t word(const std::byte* frame, std::size_t offset) noexcept {
    return load<std::uint32_t>(frame + offset);
}

/// CRC-32C, byte by byte: on small processors the loop is what counts, not its speed.
[[nodiscard, gnu::noinline]] inline std::uint32_t crc(const std::byte* from, std::size_t bytes,
                                                      std::uint32_t previous) noexcept {
    std::uint32_t state = ~previous;
    for (; bytes > 0; --bytes, ++from) state = TableCrc::feed1(state, std::to_integer<std::uint8_t>(*from));
    return ~state;
}

/// Bytes that a frame may have on the line: consistent overhead byte stuffing (Cheshire and Baker, 1997), and a zero.
[[nodiscard]] constexpr std::size_t line_bytes(std::size_t frame) noexcept { return frame + frame / 254 + 2; }

/// Codes the frame at `frame` for the line. It may stand at the end of the room at `to` that `line_bytes` says.
[[nodiscard]] inline std::size_t code_for_line(std::byte* to, const std::byte* frame, std::size_t bytes) noexcept {
    std::byte* count_at = to;
    std::byte* out = to + 1;
    std::uint8_t count = 1;
    for (; bytes > 0; --bytes, ++frame) {
        if (const std::byte next = *frame; next != std::byte{0}) {
            *out++ = next;
            if (++count != 255) continue;
        }
        *count_at = std::byte{count};
        count = 1;
        count_at = out++;
    }
    *count_at = std::byte{count};
    *out++ = std::byte{0};
    return static_cast<std::size_t>(out - to);
}

/// Puts the frames of a line together again.
template <std::size_t FrameBytes>
class LineReader {
public:
    /// True when `byte` was the last one of a frame, which is in `frame()` until the next call.
    [[nodiscard]] bool take(std::uint8_t byte) noexcept {
        if (ended_) size_ = 0, left_ = 0, zero_due_ = false, ended_ = false;
        if (byte == 0) {
            ended_ = true;
            return left_ == 0 && size_ <= FrameBytes;
        }
        if (left_ != 0) {
            put(byte);
        } else {
            if (zero_due_) put(0);
            zero_due_ = byte != 255;
            left_ = byte;
        }
        --left_;
        return false;
    }
    [[nodiscard]] std::span<const std::byte> frame() const noexcept { return {bytes_, size_}; }

private:
    void put(std::uint8_t byte) noexcept {
        if (size_ < FrameBytes) bytes_[size_] = std::byte{byte};
        if (size_ <= FrameBytes) ++size_;
    }

    alignas(8) std::byte bytes_[FrameBytes];
    std::uint16_t size_ = 0;
    std::uint8_t left_ = 0;  // bytes until the next one that counts
    bool zero_due_ = false;
    bool ended_ = true;
};

}  // namespace replicator::pair::detail
