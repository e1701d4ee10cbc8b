// SPDX-License-Identifier: BSL-1.0
// The time as a node counts it, which never goes back, whatever the caller's clock does.
#pragma once

#include "local.hpp"

#include "../assert.hpp"
#include "../types.hpp"

namespace replicator::core {

template <class Composition>
class Steady {
public:
    /// A clock may stumble. One that went back for longer is a mistake, mostly that of a counter which wrapped: it is
    /// followed from there, for a node whose time stands still notices nothing any more.
    [[nodiscard]] Instant at(Local<Composition>& local, Instant told) noexcept {
        const Instant now = told + went_back_;
        if (now >= local.now) return now;
        const Duration back = local.now - now;
        const bool is_stumble = back <= Composition::Limits::heartbeat_interval;
        REPLICATOR_ASSERT(is_stumble);  // Clock32 widens a counter that wraps
        if (!is_stumble) {
            went_back_.microseconds += back.microseconds;
            ++local.counters.clock_jumps_back;
        }
        return local.now;
    }

private:
    Duration went_back_;  // by so much the clock of the caller went back, all in all
};

}  // namespace replicator::core
