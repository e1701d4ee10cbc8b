// SPDX-License-Identifier: BSL-1.0
// NetworkedNode: a node with its connections, whatever it is composed of, and the functions that make one.
#pragma once

#include "disk.hpp"
#include "node.hpp"

#include <replicator/api/drain.hpp>
#include <replicator/api/options.hpp>
#include <replicator/asio/tcp/options.hpp>
#include <replicator/result.hpp>
#include <replicator/types.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <string_view>
#include <system_error>

namespace kv {

class NetworkedNode : public Node {
public:
    using Endpoint = asio::ip::tcp::endpoint;

    virtual Endpoint listen(const Endpoint& endpoint, std::error_code& error) = 0;
    virtual void add_peer(replicator::NodeId peer, const Endpoint& endpoint) = 0;
    /// Where a peer that was added is to be called from the next attempt on.
    virtual void set_address(replicator::NodeId peer, const Endpoint& endpoint) = 0;
    [[nodiscard]] virtual replicator::transport::TcpPeerState peer_state(replicator::NodeId peer) = 0;
    /// Nobody else's connection is taken for a peer's, see `AsioTcp::screen_callers`.
    virtual void screen_callers(bool (*may_call)(void* context, const asio::ip::address& address), void* context) = 0;
    /// Calls `callback(context)` whenever the node was told something. In place of the callback before.
    virtual void on_progress(void (*callback)(void* context), void* context) = 0;
    virtual std::error_code start() = 0;
    virtual replicator::Result<void> bootstrap(replicator::HistoryId history) = 0;
    /// Begins to stop leading, and to see to it that another node holds everything and leads.
    [[nodiscard]] virtual replicator::Error drain(std::chrono::milliseconds within) = 0;
    [[nodiscard]] virtual replicator::DrainStatus drain_status() const noexcept = 0;
    /// Everything that is under way ends with `Error::stopped`.
    virtual void stop() = 0;
    /// The disk is done with what it was asked to flush, and the node looks after it.
    virtual void flushed() = 0;
    /// Makes what is in the log last, where that is on a disk.
    [[nodiscard]] virtual replicator::Error close() = 0;
};

/// What a node is made of, beside its policy.
struct NodeParts {
    std::string_view log;
    Disk disk;  ///< closed, unless `log` is "file"
    asio::io_context& context;
    const replicator::Config& config;
    const replicator::transport::TcpOptions& tcp;
};

/// Makes a node with one acknowledgement policy and the log of that name; null when there is no such log. Each policy
/// is compiled in a file of its own, in compositions/.
using MakeNode = std::unique_ptr<NetworkedNode>(NodeParts parts);

MakeNode make_async;
MakeNode make_semi_sync;
MakeNode make_quorum;
MakeNode make_majority;
MakeNode make_sync;

}  // namespace kv
