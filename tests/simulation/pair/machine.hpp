// SPDX-License-Identifier: BSL-1.0
// The state machine of the simulated pairs: its state names the whole history that led to it, and shows when it was put
// together from two.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <unordered_map>

namespace pair_simulation {

/// Mixes all bits of `word` (Steele, Lea and Flood, "Fast Splittable Pseudorandom Number Generators", 2014).
[[nodiscard]] inline std::uint64_t mix(std::uint64_t word) noexcept {
    word = (word ^ word >> 30) * 0xbf58476d1ce4e5b9u;
    word = (word ^ word >> 27) * 0x94d049bb133111ebu;
    return word ^ word >> 31;
}

/// Of each state that any machine ever had: the state before, and the command between both.
struct Past {
    std::uint64_t before = 0;
    std::uint32_t command = 0;
};

struct Machine {
    using Command = std::span<const std::byte>;
    static constexpr std::size_t words = 12;

    std::uint64_t digests[words] = {};
    std::uint64_t count = 0;

    void apply(const Command& command) {
        std::uint32_t id = 0;
        std::memcpy(&id, command.data(), sizeof id);
        const std::uint64_t before = digests[0];
        const std::uint64_t after = mix(before ^ std::uint64_t{id} << 20 ^ command.size());
        for (std::size_t i = 0; i < words; ++i) digests[i] = after + i;
        ++count;
        pasts[after] = {before, id};
    }
    /// No state of one moment has pieces of another.
    [[nodiscard]] bool is_of_one_piece() const {
        for (std::size_t i = 1; i < words; ++i) {
            if (count != 0 && digests[i] != digests[0] + i) return false;
        }
        return count == 0 ? digests[0] == 0 : pasts.contains(digests[0]);
    }

    static inline thread_local std::unordered_map<std::uint64_t, Past> pasts;
};

}  // namespace pair_simulation
