// SPDX-License-Identifier: BSL-1.0
// Counts of allocations and system calls of this process; counters.cpp puts itself before the C library to take them.
#pragma once

#include <atomic>
#include <cstdint>

namespace benchmark {

struct Counts {
    std::atomic<std::uint64_t> allocations{0};
    std::atomic<std::uint64_t> system_calls{0};
};

/// Copies of the counts at one moment.
struct Counted {
    std::uint64_t allocations = 0;
    std::uint64_t system_calls = 0;

    friend Counted operator-(Counted later, Counted earlier) {
        return {later.allocations - earlier.allocations, later.system_calls - earlier.system_calls};
    }
};

[[nodiscard]] inline Counted counted(const Counts& counts) {
    return {counts.allocations.load(std::memory_order_relaxed), counts.system_calls.load(std::memory_order_relaxed)};
}

/// From now on this process counts there.
void count_into(Counts& counts);
/// Where this process counts.
[[nodiscard]] const Counts& own_counts();

}  // namespace benchmark
