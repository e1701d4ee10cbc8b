// SPDX-License-Identifier: BSL-1.0
// AsioReplicator: a replicator over TCP on the user's own io_context, whose writes can be awaited.
#pragma once

#include "asio_node.hpp"
#include "tcp.hpp"

#include "../api/options.hpp"
#include "../replicator.hpp"

#include <asio/io_context.hpp>

namespace replicator {

/// On any executor, for example a strand of an io_context that several threads run.
template <class Executor, class Machine, class Log, class Ack, class Limits = Options, class Observer = NoObserver>
using AsioReplicatorOn = AsioNode<Replicator<Machine, Log, Ack, transport::AsioTcpOn<Executor>, Limits, Observer>,
                                  Executor, Limits::writes_pending_max>;

///     asio::io_context context;
///     AsioReplicator<Counter, log::Ring<4096>, ack::SemiSync<>> counter(context.get_executor(), config, tcp_options);
///     counter.transport().add_peer(NodeId{2}, endpoint);
///     counter.start();
///     counter.async_write({.add = 5}, [](std::error_code error, Written<std::int32_t> written) { ... });
///     context.run();
template <class Machine, class Log, class Ack, class Limits = Options, class Observer = NoObserver>
using AsioReplicator = AsioReplicatorOn<asio::io_context::executor_type, Machine, Log, Ack, Limits, Observer>;

}  // namespace replicator
