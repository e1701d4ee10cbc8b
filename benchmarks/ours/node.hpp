// SPDX-License-Identifier: BSL-1.0
// The compositions of the library that are measured, over TCP.
#pragma once

#include "../machines.hpp"

#include <replicator/asio/tcp.hpp>
#include <replicator/replicator.hpp>

#include <cstddef>

namespace benchmark::ours {

/// As the library's own, but for the writes that may be pending: they should not be what ends a turn.
struct Limits : replicator::Options {
    static constexpr std::size_t nodes_max = 3;
    static constexpr std::size_t writes_pending_max = std::size_t{1} << 17;
};

template <class Machine, std::size_t LogBytes = std::size_t{8} << 20, class Ack = replicator::ack::Sync<>>
using TcpNode =
    replicator::Replicator<Machine, replicator::log::Ring<LogBytes>, Ack, replicator::transport::AsioTcp, Limits>;

inline constexpr replicator::NodeId leader_id{1};
inline constexpr std::size_t group_of(int followers) { return static_cast<std::size_t>(followers) + 1; }
inline constexpr replicator::NodeId node_ids[] = {leader_id, replicator::NodeId{2}, replicator::NodeId{3}};

}  // namespace benchmark::ours
