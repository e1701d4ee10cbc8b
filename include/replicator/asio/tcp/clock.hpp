// SPDX-License-Identifier: BSL-1.0
// What the deadlines of AsioTcp are counted in: how long the process has been awake.
#pragma once

#include "../../types.hpp"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace replicator::transport {

class TcpClock {
public:
    using Clock = std::chrono::steady_clock;

    void resume() noexcept { last_ = Clock::now(); }

    /// Looks what time it is, and returns it as nodes are told it. A pause of the whole process is no silence of the
    /// peers, because what they sent may still wait to be read: of any pause, at most `most` is counted.
    Instant pass(Duration most) noexcept {
        const Clock::time_point now = Clock::now();
        now_ = now_ + Duration{(std::min)(microseconds(now - last_).microseconds, most.microseconds)};
        last_ = now;
        return Instant{microseconds(now.time_since_epoch()).microseconds};
    }

    [[nodiscard]] Instant now() const noexcept { return now_; }

private:
    [[nodiscard]] static Duration microseconds(Clock::duration duration) noexcept {
        using std::chrono::microseconds;
        return {static_cast<std::uint64_t>(std::chrono::duration_cast<microseconds>(duration).count())};
    }

    Clock::time_point last_;
    Instant now_{1};
};

}  // namespace replicator::transport
