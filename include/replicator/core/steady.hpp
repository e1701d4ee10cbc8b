// SPDX-License-Identifier: BSL-1.0
// The time as a node counts it, which never goes back, whatever the caller's clock does.
#pragma once

#include "self.hpp"

#include "../api/status.hpp"
#include "../assert.hpp"
#include "../types.hpp"

#include <cstdint>
#include <utility>

namespace replicator::core {

template <class Composition>
class Steady {
public:
    /// The caller tells the time, and hears how long it is since the call before.
    [[nodiscard]] Duration pass(Self<Composition>& self, Instant told) noexcept {
        const Instant now = at(self, told);
        const Duration gap = now - self.now;
        count(self, gap);
        self.now = now;
        return gap;
    }

private:
    /// A clock may stumble. One that went back for longer is a mistake, mostly that of a counter which wrapped: it is
    /// followed from there, for a node whose time stands still notices nothing any more.
    [[nodiscard]] Instant at(Self<Composition>& self, Instant told) noexcept {
        const Instant now = told + went_back_;
        if (now >= self.now) return now;
        const Duration back = self.now - now;
        const bool is_stumble = back <= Composition::Limits::heartbeat_interval;
        REPLICATOR_ASSERT(is_stumble);  // Clock32 widens a counter that wraps
        if (!is_stumble) {
            went_back_.microseconds += back.microseconds;
            ++self.counters.clock_jumps_back;
        }
        return self.now;
    }

    /// So much time went by between two ticks. Where it was more than peers wait for, says whether commands were
    /// applied meanwhile: nothing else in here takes long.
    void count(Self<Composition>& self, Duration gap) noexcept {
        Counters& counters = self.counters;
        const bool has_applied = std::exchange(applied_, counters.applied) != counters.applied;
        const bool is_first = self.now == Instant{};
        if (is_first || gap < Composition::Limits::failure_timeout) return;
        ++counters.late_ticks;
        if (!has_applied) return;
        ++counters.slow_applies;
        if (counters.slow_apply_longest < gap) counters.slow_apply_longest = gap;
    }

    std::uint64_t applied_ = 0;  // commands, by the last tick
    Duration went_back_;         // by so much the clock of the caller went back, all in all
};

}  // namespace replicator::core
