// SPDX-License-Identifier: BSL-1.0
// What a serial line makes of a frame: bytes in order, in small pieces, some of them damaged.
#pragma once

#include "faults.hpp"

#include "../../types.hpp"
#include "../random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace replicator::sim {

class SerialLine {
public:
    /// Draws from a source of its own, so that networks without lines draw what they drew before there were any.
    explicit SerialLine(std::uint64_t seed) noexcept : random_(~seed) {}

    /// Calls `arrives(bytes, after)` for each piece. They follow each other closely, but one frame in fifty is held up
    /// in the middle.
    template <class Arrives>
    void carry(std::span<const std::byte> frame, const NetworkFaults& faults, Arrives&& arrives) {
        damage(frame, faults);
        const std::size_t most = random_.below(8) == 0 ? 1 : 64;
        const std::uint64_t held_up = random_.below(50) == 0 ? random_.below(20'000) : 0;
        Duration after{random_.between(faults.delay_min.microseconds, faults.delay_max.microseconds)};
        for (std::size_t at = 0, piece = 0; at < bytes_.size(); at += piece) {
            piece = std::min<std::size_t>(random_.between(1, most), bytes_.size() - at);
            arrives(std::span<const std::byte>(bytes_).subspan(at, piece), after);
            after.microseconds += 5 * piece + (at == 0 ? held_up : 0);
        }
    }

private:
    void damage(std::span<const std::byte> frame, const NetworkFaults& faults) {
        bytes_.clear();
        for (const std::byte byte : frame) {
            if (random_.chance(faults.bytes_lost)) continue;
            if (random_.chance(faults.bytes_added)) bytes_.push_back(static_cast<std::byte>(random_.below(256)));
            const bool flipped = random_.chance(faults.bytes_flipped);
            bytes_.push_back(flipped ? byte ^ static_cast<std::byte>(1u << random_.below(8)) : byte);
        }
    }

    Random random_;
    std::vector<std::byte> bytes_;  // what is left of the frame
};

}  // namespace replicator::sim
