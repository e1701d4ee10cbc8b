// SPDX-License-Identifier: BSL-1.0
// Random numbers that are the same on every machine: everything that a simulation draws comes from one seed.
#pragma once

#include <cstdint>

namespace replicator::sim {

/// splitmix64 (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
class Random {
public:
    explicit Random(std::uint64_t seed) noexcept : state_(seed) {}

    [[nodiscard]] std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = state_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }

    /// Less than `bound`, which is not 0. The bias is below 2^-32 for the small bounds of a simulation.
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next() % bound; }
    /// From `low` to `high`, both included.
    [[nodiscard]] std::uint64_t between(std::uint64_t low, std::uint64_t high) noexcept {
        return low + below(high - low + 1);
    }
    /// True `per_million` times in a million.
    [[nodiscard]] bool chance(std::uint64_t per_million) noexcept {
        return per_million != 0 && below(1'000'000) < per_million;
    }

private:
    std::uint64_t state_;
};

}  // namespace replicator::sim
