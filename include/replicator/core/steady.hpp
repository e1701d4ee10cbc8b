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

/// Late ticks, and whether `apply` may have been why.
template <class Counts>
class LateTicks {
public:
    /// `gap` went by between two ticks, which is more than peers wait for, if it `is_late`. Says then whether commands
    /// were applied meanwhile: nothing else in here takes long.
    void count(Counts& counters, Duration gap, bool is_late) noexcept {
        const bool has_applied = std::exchange(applied_, counters.applied) != counters.applied;
        if (!is_late) return;
        ++counters.late_ticks;
        if (!has_applied) return;
        ++counters.slow_applies;
        if (counters.slow_apply_longest < gap) counters.slow_apply_longest = gap;
    }

private:
    std::uint64_t applied_ = 0;  // commands, by the last tick
};
template <>
class LateTicks<NoCounters> {
public:
    static void count(NoCounters&, Duration, bool) noexcept {}
};

template <class Composition>
class Steady {
public:
    /// The caller tells the time, and hears how long it is since the call before.
    [[nodiscard]] Duration pass(Self<Composition>& self, Instant told) noexcept {
        const Instant now = at(self, told);
        const Duration gap = now - self.now;
        const bool is_late = self.now != Instant{} && gap >= Composition::Limits::failure_timeout;
        late_ticks_.count(self.counters, gap, is_late);
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

    [[no_unique_address]] LateTicks<CountersOf<typename Composition::Limits>> late_ticks_;
    Duration went_back_;  // by so much the clock of the caller went back, all in all
};

}  // namespace replicator::core
