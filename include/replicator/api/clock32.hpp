// SPDX-License-Identifier: BSL-1.0
// Clock32: a point in time from a counter of 32 bits that wraps, as a microcontroller has it.
#pragma once

#include "../types.hpp"

#include <cstdint>

namespace replicator {

/// Widens a counter whose ticks are `Tick` long, and which wraps to 0 after its highest value: after 71 minutes in
/// microseconds, after 49 days in milliseconds. Ask it more often than every half of that time.
///
///     replicator::Clock32<replicator::milliseconds(1)> clock;
///     node.tick(clock.at(board_milliseconds()));
///
/// A counter that goes back, because somebody set it anew, is followed from there, and time goes on from where it was.
template <Duration Tick>
class Clock32 {
    static_assert(Tick.microseconds > 0, "A tick of a Clock32 must be longer than nothing: Clock32<milliseconds(1)>.");

public:
    /// When the counter showed `ticks`.
    constexpr Instant at(std::uint32_t ticks) noexcept {
        const std::uint32_t passed = ticks - last_;
        // Half of all differences mean that time passed; the others, that the counter went back.
        if (passed <= ~std::uint32_t{0} / 2) ticks_ += passed;
        last_ = ticks;
        return {ticks_ * Tick.microseconds};
    }

private:
    std::uint64_t ticks_ = 0;
    std::uint32_t last_ = 0;
};

}  // namespace replicator
