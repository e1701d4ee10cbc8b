// SPDX-License-Identifier: BSL-1.0
// How bad a world is, and what happened in it.
#pragma once

#include <replicator/sim/random.hpp>

#include <cstdint>
#include <initializer_list>

namespace pair_simulation {

class Random : public replicator::sim::Random {
public:
    using replicator::sim::Random::Random;
    [[nodiscard]] std::uint32_t below(std::uint32_t end) {
        return static_cast<std::uint32_t>(replicator::sim::Random::below(end));
    }
    [[nodiscard]] bool one_in(std::uint32_t count) { return count != 0 && below(count) == 0; }
};

/// Drawn for each seed, so that each has some faults and not all. "One in so many"; 0 is never.
struct Weather {
    std::uint32_t lost = 0, doubled = 0, late = 0, damaged = 0;
    std::uint32_t delay = 1;  // milliseconds, at most
    std::uint32_t write = 3, crash = 0, promote = 0, force = 0, hand_over = 0, cut = 0, restart_link = 0,
                  keep_down = 200;
    std::uint32_t crash_handing = 0;  // one of both, while one waits for a hand-over
    std::uint32_t crash_state = 0;    // one of both, when a state or a piece of one is sent
    std::uint32_t step = 10;          // milliseconds, at most

    static Weather draw(Random& random) {
        const auto pick = [&](std::initializer_list<std::uint32_t> from) {
            return *(from.begin() + random.below(static_cast<std::uint32_t>(from.size())));
        };
        Weather weather;
        weather.lost = pick({0, 0, 100, 20, 5});
        weather.doubled = pick({0, 0, 50, 10});
        weather.late = pick({0, 0, 100, 30});
        weather.damaged = pick({0, 0, 200, 30});
        weather.delay = pick({1, 5, 40, 120});
        weather.write = pick({1, 3, 10});
        weather.crash = pick({0, 400, 150, 60});
        weather.promote = pick({0, 300, 100, 30});
        weather.force = pick({0, 0, 0, 400, 100});
        weather.hand_over = pick({0, 300, 100, 30});
        weather.cut = pick({0, 300, 100});
        weather.restart_link = pick({0, 0, 100});
        weather.keep_down = pick({1, 200, 1000});
        weather.crash_handing = pick({0, 0, 100, 10});
        weather.crash_state = pick({0, 0, 30, 5});
        weather.step = pick({3, 10, 25});
        return weather;
    }
};

struct Tally {
    std::uint64_t accepted = 0, acknowledged = 0, promotions = 0, forced = 0, hand_overs = 0, crashes = 0,
                  discarded = 0, states = 0, unsettled = 0, damaged = 0, reads = 0, spent = 0;

    Tally& operator+=(const Tally& other) {
        accepted += other.accepted, acknowledged += other.acknowledged, promotions += other.promotions;
        forced += other.forced, hand_overs += other.hand_overs, crashes += other.crashes;
        discarded += other.discarded, states += other.states, unsettled += other.unsettled;
        damaged += other.damaged, reads += other.reads, spent += other.spent;
        return *this;
    }
};

}  // namespace pair_simulation
