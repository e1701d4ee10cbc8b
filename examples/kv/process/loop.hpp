// SPDX-License-Identifier: BSL-1.0
// The server's loop: runs one handler after the other, measures each, and frees a slice of what was thrown away
// between them.
#pragma once

#include "../base/work.hpp"
#include "../table/disposal.hpp"
#include "../table/tree.hpp"
#include "call_begin.hpp"
#include "loop_times.hpp"
#include "steady_heap.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <cstddef>
#include <optional>

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

/// As `context.run()`. Of the first handler after a wait, CallBegin tells when it began; where it does not know, the
/// time on the processor stands for that on the wall.
inline void run(asio::io_context& context, LoopTimes& times) {
    using WallClock = std::chrono::steady_clock;
    auto at = WallClock::now();
    auto processor_at = processor_time();
    const auto ended = [&](std::optional<WallClock::time_point> began) {
        const auto processor_now = processor_time();
        const auto now = WallClock::now();
        const auto on_processor = processor_now - processor_at;
        times.note(began ? now - *began : on_processor, on_processor, Work::take());
        at = now;
        processor_at = processor_now;
    };
    while (!context.stopped()) {
        const bool has_waste = !Disposal<Tree::Node>::is_empty();
        const bool has_run = context.poll_one() > 0;
        if (has_waste) {
            Disposal<Tree::Node>::free_some(freed_per_slice);
            settle_heap();
            Work::note(Work::disposal);
        }
        if (has_run || has_waste) {
            ended(at);
            continue;
        }
        CallBegin::await();
        context.run_one();
        ended(CallBegin::take());
    }
}

}  // namespace kv
