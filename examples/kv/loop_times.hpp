// SPDX-License-Identifier: BSL-1.0
// How long the server's loop was with one thing, so that nobody else was served.
#pragma once

#include <algorithm>
#include <chrono>

namespace kv {

struct LoopTimes {
    std::chrono::microseconds longest{};  ///< of all calls since the start

    void note(std::chrono::nanoseconds took) noexcept {
        longest = std::max(longest, std::chrono::duration_cast<std::chrono::microseconds>(took));
    }
};

}  // namespace kv
