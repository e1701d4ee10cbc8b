// SPDX-License-Identifier: BSL-1.0
// What can be chosen about datagrams over UDP.
#pragma once

#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::transport {

struct UdpOptions {
    /// How often the node is told the time.
    Duration tick_interval = milliseconds(5);
    /// Datagrams that are taken, and that are sent, in one handler: how long that takes.
    std::size_t datagrams_per_turn = 64;
    /// The system's buffers of the socket. 0 leaves what the system has.
    int socket_buffer_bytes = 1024 * 1024;
};

/// What the socket refused. Such datagrams are lost, and sent again later.
struct UdpCounters {
    std::uint64_t send_failures = 0;
    std::uint64_t receive_failures = 0;  ///< among them what routers and hosts say about datagrams that nobody took
};

}  // namespace replicator::transport
