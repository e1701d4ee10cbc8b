// SPDX-License-Identifier: BSL-1.0
// AsioTcp: carries the bytes of one node over TCP, on the user's own io_context. It owns no thread.
#pragma once

#include "tcp/connections.hpp"
#include "tcp/judge.hpp"
#include "tcp/options.hpp"

#include "../assert.hpp"
#include "../concepts/transport.hpp"
#include "../transport/node_handle.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

namespace replicator::transport {

/// One connection per pair of nodes: the one with the larger id calls, and is known to the other by the first bytes
/// that it sends. They say who is calling and prove nothing: on a network that others reach too, put it
/// into a tunnel. A peer that calls while it is connected is held aside, at most one such caller for each peer, until
/// the node knows that a living process is behind it, and closed when that takes longer than `failure_timeout`.
///
/// Everything happens inside handlers on `executor`, one at a time: give it an `io_context` that one thread runs or
/// polls, or a strand. All members, the destructor too, are called from there, or while nobody runs it.
///
///     asio::io_context context;
///     transport::AsioTcp network(context.get_executor());
///     std::error_code error;
///     network.listen({asio::ip::address_v4::loopback(), 4701}, error);
///     network.add_peer(NodeId{2}, {asio::ip::address_v4::loopback(), 4702});
///     Node node(network, config);
///     network.start();
///     context.run();                            // or context.poll() in a loop of your own
///
/// Declare the node after the transport, so that it goes first. Once all peers and their connections are there, nothing
/// is allocated any more.
template <class Executor>
class AsioTcpOn {
public:
    static constexpr Delivers delivers = Delivers::stream;
    using executor_type = Executor;
    using Endpoint = asio::ip::tcp::endpoint;

    explicit AsioTcpOn(const Executor& executor, const TcpOptions& options = {})
        : executor_(executor),
          buffer_bytes_(options.buffer_bytes),
          connections_(std::make_shared<Connections>(executor, options)) {}

    template <class Context>
        requires std::same_as<typename Context::executor_type, Executor>
    explicit AsioTcpOn(Context& context, const TcpOptions& options = {}) : AsioTcpOn(context.get_executor(), options) {}

    AsioTcpOn(const AsioTcpOn&) = delete;
    AsioTcpOn& operator=(const AsioTcpOn&) = delete;
    /// Handlers that are still queued find out that there is nothing left to do.
    ~AsioTcpOn() {
        connections_->on_progress(nullptr, nullptr);
        connections_->detach();
    }

    [[nodiscard]] Executor get_executor() const noexcept { return executor_; }

    /// Listens for peers with larger ids, and returns where: port 0 takes one that is free. They are accepted after
    /// `start`.
    Endpoint listen(const Endpoint& endpoint, std::error_code& error) { return connections_->listen(endpoint, error); }

    /// Peers that are not added here are refused. The endpoint matters only for peers with smaller ids, because the
    /// others call; while its port is 0, the peer is not called.
    void add_peer(NodeId peer, const Endpoint& endpoint = {}) {
        connections_->add_peer(peer);
        connections_->set_address(peer, endpoint);
    }
    /// Where a peer that was added is to be called from the next attempt on. It may change at any time: names of hosts
    /// are yours to look up, as often as you like, on a thread of yours. A connection to where the peer was stays for
    /// as long as it works; an attempt at one is given up. When the next attempt is due does not change, so that
    /// addresses which are tried in turn are not tried ever faster.
    void set_address(NodeId peer, const Endpoint& endpoint) { connections_->set_address(peer, endpoint); }

    /// Lets only those call of whom `may_call(context, address)` says so: it is asked when a connection is accepted,
    /// and closes the others before they have said a word, counted in `callers_refused`. An IPv4 address is shown as
    /// one, also where an IPv6 socket listens. That an address is a peer's proves little: on the way to this machine it
    /// can be forged, and everybody on the peer's machine has it. Without a call everybody may try. `may_call` is
    /// called from the executor, does not throw, and is there as long as the transport is running.
    void screen_callers(bool (*may_call)(void* context, const asio::ip::address& address), void* context) noexcept {
        connections_->listener().screen(may_call, context);
    }

    /// Begins to call, to accept and to tell the node the time, all from handlers. Keeps the context busy until `stop`.
    /// The error is why it cannot listen at `TcpOptions::listen`; nothing was started then.
    std::error_code start() { return connections_->start(); }

    /// Ends all connections, of which the node is told. After that the node is not called until `start`.
    void stop() { connections_->stop(); }

    [[nodiscard]] bool is_running() const noexcept { return connections_->is_running(); }
    [[nodiscard]] TcpPeerState peer_state(NodeId peer) const { return connections_->peer_state(peer); }
    /// Callers that were closed because they did not say, or not in time, that they are a peer that may call, or
    /// because `screen_callers` did not let them.
    [[nodiscard]] std::uint64_t callers_refused() const noexcept { return connections_->listener().refused(); }

    /// Calls `callback(context)` whenever the node was told something, so that outcomes of writes may have changed.
    void on_progress(void (*callback)(void*), void* context) noexcept { connections_->on_progress(callback, context); }

    // The boundary to the node, see concepts/transport.hpp.

    template <class Node>
    void wake(Node&, NodeId peer) noexcept {
        connections_->wake(peer);
    }
    template <class Node>
    void flush_soon(Node&) noexcept {
        connections_->flush_soon();
    }
    template <class Node>
    void attach(Node& node) {
        if constexpr (requires { Node::transmit_bytes_min; }) {
            REPLICATOR_ASSERT(buffer_bytes_ >= Node::transmit_bytes_min);
        }
        connections_->attach(NodeHandle(node), TcpJudge(node));
    }
    template <class Node>
    void detach(Node&) {
        connections_->detach();
    }

private:
    using Connections = TcpConnections<Executor>;

    Executor executor_;
    std::size_t buffer_bytes_;
    std::shared_ptr<Connections> connections_;
};

/// The concrete executor of an io_context, because what is posted through a type-erased one allocates each time.
using AsioTcp = AsioTcpOn<asio::io_context::executor_type>;

}  // namespace replicator::transport
