// SPDX-License-Identifier: BSL-1.0
// transport::Manual: none; a main loop of yours calls receive, transmit and tick itself.
#pragma once

#include "../concepts/transport.hpp"
#include "../types.hpp"

namespace replicator::transport {

/// Ignores the hint that there is something to send: the loop asks `transmit` anyway.
///
/// It stands for a line that may damage bytes, and serves datagrams as well. Say so where a loop moves the bytes of
/// connections, which end when something is wrong:
///
///     struct Stream : replicator::transport::Manual {
///         static constexpr replicator::Delivers delivers = replicator::Delivers::stream;
///     };
struct Manual {
    static constexpr Delivers delivers = Delivers::line;
    static constexpr bool wakes = false;

    template <class Node>
    void wake(Node&, NodeId) noexcept {}
};

}  // namespace replicator::transport
