// SPDX-License-Identifier: BSL-1.0
// What arrives next on a simulated network.
#pragma once

#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::sim {

/// When a packet arrives, and where it stands meanwhile: packets are too large to be moved around in a heap.
struct Arrival {
    Instant at;
    std::uint64_t order = 0;
    std::size_t slot = 0;
};
struct Later {
    bool operator()(const Arrival& a, const Arrival& b) const noexcept {
        return b.at < a.at || (a.at == b.at && b.order < a.order);
    }
};

}  // namespace replicator::sim
