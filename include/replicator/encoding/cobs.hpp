// SPDX-License-Identifier: BSL-1.0
// Consistent overhead byte stuffing: any bytes without a zero among them, so that a zero tells where they end. Each run
// of up to 254 bytes costs one byte (Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1997).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::cobs {

/// Bytes that `frame` bytes may take on the line, the zero at their end included.
[[nodiscard]] constexpr std::size_t bytes_max(std::size_t frame) noexcept { return frame + frame / 254 + 2; }

/// Codes the frame, and ends it with a zero. It may stand at the end of the room at `to`, of `bytes_max` bytes, because
/// coding reads faster than it writes. Returns the bytes written.
[[nodiscard]] constexpr std::size_t encode(std::byte* to, std::span<const std::byte> frame) noexcept {
    std::byte* code_at = to;
    std::byte* out = to + 1;
    std::uint8_t code = 1;
    for (std::size_t i = 0; i < frame.size(); ++i) {
        if (const std::byte next = frame[i]; next != std::byte{0}) {
            *out++ = next;
            if (++code != 255 || i + 1 == frame.size()) continue;
        }
        *code_at = std::byte{code};
        code = 1;
        code_at = out++;
    }
    *code_at = std::byte{code};
    *out++ = std::byte{0};
    return static_cast<std::size_t>(out - to);
}

/// What a byte of the line was.
enum class Taken : std::uint8_t {
    more,      ///< a part of a frame
    nothing,   ///< a zero behind a zero
    frame,     ///< the end of a frame
    broken,    ///< the end of something that nobody coded, or that lost bytes
    too_long,  ///< the end of something with more bytes than a frame has
};

/// Puts one frame after the other together, in constant time for each byte. Whatever came before, it goes on with what
/// comes behind the next zero.
template <std::size_t FrameBytes>
class Decoder {
public:
    constexpr Taken take(std::byte byte) noexcept {
        if (ended_) {
            size_ = 0;
            left_ = 0;
            zero_due_ = began_ = ended_ = false;
        }
        if (byte == std::byte{0}) {
            ended_ = true;
            if (!began_) return Taken::nothing;
            if (size_ > FrameBytes) return Taken::too_long;
            return left_ == 0 ? Taken::frame : Taken::broken;
        }
        began_ = true;
        if (left_ != 0) {
            put(byte);
        } else {
            if (zero_due_) put(std::byte{0});
            zero_due_ = byte != std::byte{255};
            left_ = std::to_integer<std::uint8_t>(byte);
        }
        --left_;
        return Taken::more;
    }

    /// What the frame has so far; whole until the byte behind its end is taken.
    [[nodiscard]] constexpr std::span<const std::byte> frame() const noexcept {
        return {bytes_, size_ < FrameBytes ? size_ : FrameBytes};
    }
    /// Bytes of it; one more than a frame has, when it is too long.
    [[nodiscard]] constexpr std::size_t size() const noexcept { return size_; }

private:
    constexpr void put(std::byte byte) noexcept {
        if (size_ < FrameBytes) bytes_[size_] = byte;
        if (size_ <= FrameBytes) ++size_;
    }

    alignas(8) std::byte bytes_[FrameBytes]{};
    std::size_t size_ = 0;
    std::uint8_t left_ = 0;  // bytes until the next one that counts
    bool zero_due_ = false;
    bool began_ = false;
    bool ended_ = true;
};

}  // namespace replicator::cobs
