// SPDX-License-Identifier: BSL-1.0
// What carries bytes one way between two nodes of a simulation, at a rate of its own: one after the other.
#pragma once

#include "../../types.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace replicator::sim {

class Bandwidth {
public:
    /// When the last of so many bytes has left, if they are handed over now. With rate 0 that is now.
    [[nodiscard]] Instant carry(std::size_t bytes, std::uint64_t bytes_per_second, Instant now) noexcept {
        if (bytes_per_second == 0) return now;
        free_at_ = (std::max)(free_at_, now) + Duration{bytes * 1'000'000 / bytes_per_second};
        return free_at_;
    }

    /// What waits is thrown away.
    void drop() noexcept { free_at_ = Instant{}; }

    /// So many bytes the receiver sees at once: what comes in two milliseconds.
    [[nodiscard]] static constexpr std::size_t piece_bytes(std::uint64_t bytes_per_second) noexcept {
        if (bytes_per_second == 0) return ~std::size_t{0};
        return static_cast<std::size_t>(std::max<std::uint64_t>(bytes_per_second / 500, 16));
    }

private:
    Instant free_at_;
};

}  // namespace replicator::sim
