// SPDX-License-Identifier: BSL-1.0
// authority::Manual: whoever calls `promote` decides, and answers for it. It costs nothing.
#pragma once

#include "../concepts/authority.hpp"
#include "../types.hpp"

#include <cstdint>

namespace replicator::authority {

struct Manual {
    static constexpr bool timed = false;

    [[nodiscard]] static constexpr bool may_lead(Instant) noexcept { return true; }
    [[nodiscard]] static constexpr std::uint64_t counter_min() noexcept { return 0; }
};

}  // namespace replicator::authority
