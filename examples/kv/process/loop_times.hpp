// SPDX-License-Identifier: BSL-1.0
// How long the server's loop was with one thing, so that nobody else was served.
#pragma once

#include "../base/work.hpp"

#include <chrono>
#include <cstdint>

namespace kv {

/// Two clocks, because each tells what the other does not: the processor's time leaves out the waiting for a disk, and
/// the time on the wall counts what other processes took of the machine.
struct LoopTimes {
    struct Longest {
        std::chrono::nanoseconds took{};
        unsigned work = 0;  ///< kinds of Work

        void note(std::chrono::nanoseconds taken, unsigned kinds) noexcept {
            if (taken > took) took = taken, work = kinds;
        }
        [[nodiscard]] std::uint64_t microseconds() const noexcept {
            return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
        }
    };

    Longest wall;       ///< of all calls since the start, or since they were forgotten
    Longest processor;  ///< of the thread

    void note(std::chrono::nanoseconds on_wall, std::chrono::nanoseconds on_processor, unsigned kinds) noexcept {
        wall.note(on_wall, kinds);
        processor.note(on_processor, kinds);
    }
};

}  // namespace kv
