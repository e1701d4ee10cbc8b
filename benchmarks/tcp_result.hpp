// SPDX-License-Identifier: BSL-1.0
// What one run over TCP is asked for, and what it gives.
#pragma once

#include "counters.hpp"
#include "process.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace benchmark {

using Clock = std::chrono::steady_clock;

struct TcpRun {
    int followers = 1;
    std::size_t turn = 1024;  ///< writes between two looks at the sockets
    bool pipelined = true;    ///< else each write waits for the one before: depth 1, whatever the turn
    Wait wait = Wait::block;
    Clock::duration warm_up = std::chrono::milliseconds(50);
    Clock::duration length = std::chrono::milliseconds(250);
};

struct TcpResult {
    double writes_per_second = 0;
    double p50_us = 0;  ///< of depth 1 only
    double p99_us = 0;
    std::uint64_t writes = 0;
    Counted leader;
    Counted follower;  ///< of the first
};

/// Takes the times between acknowledgements; its memory is there from the beginning.
class Latencies {
public:
    Latencies() { nanoseconds_.reserve(1 << 20); }

    void add(Clock::duration time) {
        if (nanoseconds_.size() < nanoseconds_.capacity()) {
            nanoseconds_.push_back(static_cast<std::uint32_t>(std::chrono::nanoseconds(time).count()));
        }
    }
    void clear() { nanoseconds_.clear(); }
    [[nodiscard]] double percentile_us(double part) {
        if (nanoseconds_.empty()) return 0;
        const auto at = static_cast<std::size_t>(part * static_cast<double>(nanoseconds_.size() - 1));
        std::nth_element(nanoseconds_.begin(), nanoseconds_.begin() + static_cast<std::ptrdiff_t>(at),
                         nanoseconds_.end());
        return nanoseconds_[at] / 1000.0;
    }

private:
    std::vector<std::uint32_t> nanoseconds_;
};

/// Watches a run from the leader's side: when it is warm, when it is over, and what happened in between.
class Meter {
public:
    Meter(const TcpRun& run, const SharedPage& follower)
        : follower_(follower), warm_(Clock::now() + run.warm_up), end_(warm_ + run.length), length_(run.length) {}

    /// Called now and then with the writes acknowledged so far; false when the run is over.
    [[nodiscard]] bool go_on(std::uint64_t acknowledged, Clock::time_point now = Clock::now()) {
        if (!started_ && now >= warm_) {
            started_ = true;
            latencies_.clear();
            began_ = now;
            end_ = now + length_;
            acknowledged_ = acknowledged;
            leader_counted_ = counted(own_counts());
            follower_counted_ = counted(follower_.counts);
        }
        if (!started_ || now < end_) return true;
        result_.writes = acknowledged - acknowledged_;
        result_.writes_per_second =
            static_cast<double>(result_.writes) / std::chrono::duration<double>(now - began_).count();
        result_.leader = counted(own_counts()) - leader_counted_;
        result_.follower = counted(follower_.counts) - follower_counted_;
        return false;
    }
    void add_latency(Clock::duration time) { latencies_.add(time); }

    [[nodiscard]] TcpResult result() {
        result_.p50_us = latencies_.percentile_us(0.5);
        result_.p99_us = latencies_.percentile_us(0.99);
        return result_;
    }

private:
    const SharedPage& follower_;
    Clock::time_point warm_;
    Clock::time_point end_;
    Clock::duration length_;
    Clock::time_point began_;
    bool started_ = false;
    std::uint64_t acknowledged_ = 0;
    Counted leader_counted_;
    Counted follower_counted_;
    Latencies latencies_;
    TcpResult result_;
};

}  // namespace benchmark
