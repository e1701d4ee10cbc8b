// SPDX-License-Identifier: BSL-1.0
// The receiving side of a serial line: bytes become frames, of which only those count that are whole, of this pair, and
// of the other end.
#pragma once

#include "options.hpp"

#include "../../encoding/checksum.hpp"
#include "../../encoding/cobs.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::transport::serial {

// A frame on the line: the number of the pair, then a byte with the fields below, what the node wrote, and the CRC-32C
// of all that, little-endian. Together they are stuffed.

inline constexpr std::size_t head_bytes = 2;
inline constexpr std::size_t checksum_bytes = 4;
/// What a frame has beside what the node wrote.
inline constexpr std::size_t overhead = head_bytes + checksum_bytes;

/// Numbers of frames go around after so many.
inline constexpr std::uint32_t numbers = 4;

struct Head {
    bool second = false;          ///< of the end with the higher id
    bool loose = false;           ///< nobody waits for it to be confirmed, so its number says nothing
    bool misses = false;          ///< something damaged came
    bool confirms = false;        ///< `confirmed` says something
    std::uint32_t number = 0;     ///< of this frame, if the node wrote something
    std::uint32_t confirmed = 0;  ///< the number that came last

    [[nodiscard]] constexpr std::byte byte() const noexcept {
        return static_cast<std::byte>((second ? 0x80u : 0u) | (loose ? 0x40u : 0u) | (misses ? 0x20u : 0u) |
                                      (confirms ? 0x10u : 0u) | number % numbers << 2 | confirmed % numbers);
    }
    [[nodiscard]] static constexpr Head of(std::byte byte) noexcept {
        const auto bits = std::to_integer<std::uint32_t>(byte);
        return {(bits & 0x80u) != 0, (bits & 0x40u) != 0, (bits & 0x20u) != 0,
                (bits & 0x10u) != 0, bits >> 2 & 3u,      bits & 3u};
    }
};

/// What a byte was.
enum class Received : std::uint8_t {
    nothing,  ///< nothing yet, or nothing that matters
    damage,   ///< the end of what may have been a frame
    frame,    ///< the end of a frame of the other end
};

template <std::size_t PayloadBytes>
class Receiver {
public:
    Receiver(std::uint8_t pair, bool second) noexcept : pair_(pair), second_(second) {}

    /// O(1). A frame is in `head()` and `payload()` until the next call.
    [[nodiscard]] Received put(std::byte byte, SerialCounters& counters) noexcept {
        const std::size_t before = decoder_.size();
        const cobs::Taken taken = decoder_.take(byte);
        if (taken == cobs::Taken::more) {
            if (decoder_.size() == before + 1) feed();
            return Received::nothing;
        }
        const bool intact = crc_ == crc_of_intact && taken == cobs::Taken::frame && decoder_.size() >= overhead;
        crc_ = crc_begin;
        if (taken == cobs::Taken::nothing) return Received::nothing;
        if (intact) return accept(counters);
        if (decoder_.size() < overhead) {
            ++counters.noise;
            return Received::nothing;
        }
        ++(taken == cobs::Taken::too_long ? counters.too_long : counters.damaged);
        return Received::damage;
    }

    [[nodiscard]] Head head() const noexcept { return Head::of(decoder_.frame()[1]); }
    [[nodiscard]] std::span<const std::byte> payload() const noexcept {
        return decoder_.frame().subspan(head_bytes, decoder_.size() - overhead);
    }

private:
    static constexpr std::uint32_t crc_begin = ~std::uint32_t{0};
    /// What the state of a CRC-32C is behind bytes and their own CRC.
    static constexpr std::uint32_t crc_of_intact = 0xb798b438u;

    void feed() noexcept {
        if (const auto frame = decoder_.frame(); decoder_.size() == frame.size()) {
            crc_ = TableCrc::feed1(crc_, std::to_integer<std::uint8_t>(frame.back()));
        }
    }

    [[nodiscard]] Received accept(SerialCounters& counters) const noexcept {
        if (std::to_integer<std::uint8_t>(decoder_.frame()[0]) != pair_) {
            ++counters.strangers;
            return Received::nothing;
        }
        if (head().second == second_) {
            ++counters.echoes;
            return Received::nothing;
        }
        ++counters.received;
        return Received::frame;
    }

    cobs::Decoder<PayloadBytes + overhead> decoder_;
    std::uint32_t crc_ = crc_begin;
    std::uint8_t pair_;
    bool second_;
};

}  // namespace replicator::transport::serial
