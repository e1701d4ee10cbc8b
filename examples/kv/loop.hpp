// SPDX-License-Identifier: BSL-1.0
// The server's loop: runs one handler after the other, measures each, and frees a slice of what was thrown away
// between them.
#pragma once

#include "disposal.hpp"
#include "loop_times.hpp"
#include "tree.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>

#include <time.h>

namespace kv {

/// Nodes that are freed at a time: a part of a millisecond.
inline constexpr std::size_t freed_per_slice = 256;

/// Of the calling thread: waiting takes none.
[[nodiscard]] inline std::chrono::nanoseconds processor_time() noexcept {
    timespec now{};
    ::clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

/// As `context.run()`. A handler is measured by the clock; the first one after a wait, which cannot be told from the
/// wait, by what it took of the processor.
inline void run(asio::io_context& context, LoopTimes& times) {
    while (!context.stopped()) {
        const auto began = std::chrono::steady_clock::now();
        const bool has_waste = !Disposal<Tree::Node>::is_empty();
        const bool has_run = context.poll_one() > 0;
        if (has_waste) Disposal<Tree::Node>::free_some(freed_per_slice);
        if (has_run || has_waste) {
            times.note(std::chrono::steady_clock::now() - began);
            continue;
        }
        const std::chrono::nanoseconds before = processor_time();
        context.run_one();
        times.note(processor_time() - before);
    }
}

}  // namespace kv
