// SPDX-License-Identifier: BSL-1.0
// How long the frames are that go over a line which loses some. A long frame is lost as a whole for one damaged byte;
// of short ones the heads take most of the line.
#pragma once

#include <cstddef>
#include <cstdint>

namespace replicator::transport::serial {

/// With p as the chance that a byte is damaged, a frame of n bytes with a head of h arrives with (1-p)^n, and (n-h)/n
/// of it is of use. Their product is greatest where n(n-h) = h/p. The length goes towards that: it is halved when a
/// frame is lost, and grows by an eighth when one arrives.
template <std::size_t BytesMax>
class FrameLength {
    static_assert(BytesMax <= 8192, "transport::Serial<FrameBytesMax> takes frames of up to 8192 bytes.");

public:
    /// Bytes that the node may write into the next frame.
    [[nodiscard]] std::size_t bytes() const noexcept { return bytes_; }

    /// A frame of so many bytes came to the other end.
    void arrived(std::size_t bytes) noexcept {
        count(static_cast<std::uint32_t>(bytes), 0);
        const std::uint32_t longer = bytes_ + bytes_ / 8;
        if (!is_too_long(longer)) bytes_ = longer < BytesMax ? longer : BytesMax;
    }
    /// One did not.
    void lost(std::size_t bytes) noexcept {
        count(static_cast<std::uint32_t>(bytes), 1);
        if (is_too_long(bytes_)) bytes_ = bytes_ / 2 < bytes_min ? bytes_min : bytes_ / 2;
    }

private:
    /// About what a frame has beside entries.
    static constexpr std::uint32_t head = 48;
    static constexpr std::uint32_t bytes_min = BytesMax < 96 ? BytesMax : 96;
    static constexpr std::uint32_t losses_max = 16;
    static constexpr std::uint32_t sent_max = 1u << 24;

    void count(std::uint32_t bytes, std::uint32_t losses) noexcept {
        sent_ += bytes;
        losses_ += losses;
        if (losses_ >= losses_max || sent_ >= sent_max) {  // what was long ago counts less
            losses_ /= 2;
            sent_ /= 2;
        }
    }
    [[nodiscard]] bool is_too_long(std::uint32_t bytes) const noexcept {
        return bytes > head && bytes * (bytes - head) * losses_ > head * sent_;
    }

    std::uint32_t bytes_ = BytesMax;
    std::uint32_t sent_ = 0;
    std::uint32_t losses_ = 0;  // among frames with so many bytes in all
};

}  // namespace replicator::transport::serial
