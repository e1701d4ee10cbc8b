// SPDX-License-Identifier: BSL-1.0
// What can be chosen about connections over TCP, and what can be asked about one of them.
#pragma once

#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <system_error>

#include <asio/ip/tcp.hpp>

namespace replicator::transport {

struct TcpOptions {
    /// Where `start` listens. Without it, and without a call of `listen`, only peers with smaller ids are reached.
    std::optional<asio::ip::tcp::endpoint> listen;
    /// Of each of the two buffers that every peer has. Smaller ones make more and smaller sends, and so cost rate.
    std::size_t buffer_bytes = 256 * 1024;
    /// The node is given at most so much in one handler: how long that takes can be as important as the rate.
    std::size_t read_bytes_max = 256 * 1024;
    /// How often the node is told the time.
    Duration tick_interval = milliseconds(5);
    /// The first wait before a peer is called again. It doubles with every failure, and a random part of up to half is
    /// taken off, so that nodes that lost the same peer do not come back all at once.
    Duration reconnect_delay_min = milliseconds(10);
    Duration reconnect_delay_max = milliseconds(1000);
    /// A connection, or an attempt at one, on which nothing is read for so long is closed. Nodes send heartbeats far
    /// more often, so what is silent is half-open.
    Duration idle_timeout = milliseconds(2000);
    /// How long a caller may take to say who it is.
    Duration preamble_timeout = milliseconds(1000);
    /// Callers that have not yet said who they are. One more, and the one that has been silent longest is closed.
    std::size_t pending_accepts_max = 16;
    /// Of the random part of the waits. Give each node another one.
    std::uint64_t seed = 1;
};

/// How the connection to one peer is doing, and all its predecessors in this run.
struct TcpPeerState {
    bool connected = false;
    std::error_code last_error;     ///< why the last connection, or attempt at one, ended
    std::uint64_t connections = 0;  ///< made so far
    std::uint64_t failures = 0;     ///< ends of connections, and attempts in vain
    std::uint64_t reads = 0;        ///< completed, which is close to the number of calls of the system
    std::uint64_t writes = 0;
    std::uint64_t bytes_read = 0;
    std::uint64_t bytes_written = 0;
};

}  // namespace replicator::transport
