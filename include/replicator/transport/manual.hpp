// SPDX-License-Identifier: BSL-1.0
// transport::Manual: none; a main loop of yours calls receive, transmit and tick itself.
#pragma once

#include "../types.hpp"

namespace replicator::transport {

/// Ignores the hint that there is something to send: the loop asks `transmit` anyway.
struct Manual {
    template <class Node>
    void wake(Node&, NodeId) noexcept {}
};

}  // namespace replicator::transport
