// SPDX-License-Identifier: BSL-1.0
// AsioUdp: carries the frames of one node over UDP, on the user's own io_context. It owns no thread.
#pragma once

#include "udp/options.hpp"
#include "udp/socket.hpp"

#include "../concepts/transport.hpp"
#include "../transport/datagram.hpp"
#include "../transport/node_handle.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <memory>
#include <system_error>

#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>

namespace replicator::transport {

/// One socket for all peers. A peer is known by its address, which proves nothing on a network that others write to.
/// Give the node `DatagramOptions<Mtu>`: what does not fit into a datagram does not compile.
///
/// Everything happens inside handlers on `executor`, one at a time: give it an `io_context` that one thread runs or
/// polls, or a strand. All members, the destructor too, are called from there, or while nobody runs it.
///
///     asio::io_context context;
///     transport::AsioUdp<> network(context);
///     std::error_code error;
///     network.open({asio::ip::address_v4::loopback(), 4701}, error);
///     network.set_peer(NodeId{2}, {asio::ip::address_v4::loopback(), 4702});
///     Node node(network, config);
///     network.start();
///     context.run();                            // or context.poll() in a loop of your own
///
/// Declare the node after the transport, so that it goes first. Once the handlers have run for the first time, nothing
/// is allocated any more.
template <class Executor, std::size_t Mtu, std::size_t PeersMax>
class AsioUdpOn {
    using Socket = UdpSocket<Executor, Mtu, PeersMax>;

public:
    static constexpr Delivers delivers = Delivers::frames;
    using executor_type = Executor;
    using Endpoint = asio::ip::udp::endpoint;

    explicit AsioUdpOn(const Executor& executor, const UdpOptions& options = {})
        : executor_(executor), socket_(std::make_shared<Socket>(executor, options)) {}
    template <class Context>
        requires std::same_as<typename Context::executor_type, Executor>
    explicit AsioUdpOn(Context& context, const UdpOptions& options = {}) : AsioUdpOn(context.get_executor(), options) {}
    AsioUdpOn(const AsioUdpOn&) = delete;
    AsioUdpOn& operator=(const AsioUdpOn&) = delete;
    /// Handlers that are still queued find out that there is nothing left to do.
    ~AsioUdpOn() { socket_->close(); }

    [[nodiscard]] Executor get_executor() const noexcept { return executor_; }

    /// Binds the socket, and returns where: port 0 takes one that is free.
    Endpoint open(const Endpoint& endpoint, std::error_code& error) { return socket_->open(endpoint, error); }
    /// Where the peer is, from now on. False when there is no room for one more than `PeersMax`.
    bool set_peer(NodeId peer, const Endpoint& endpoint) noexcept { return socket_->peers().set_peer(peer, endpoint); }

    /// Begins to receive and to tell the node the time, all from handlers. Keeps the context busy until `stop`.
    void start() { socket_->start(); }
    /// After that the node is not called until `start`.
    void stop() { socket_->stop(); }
    [[nodiscard]] bool is_running() const noexcept { return socket_->is_running(); }

    [[nodiscard]] const DatagramCounters& counters() const noexcept { return socket_->peers().counters(); }
    [[nodiscard]] const UdpCounters& socket_counters() const noexcept { return socket_->counters(); }

    /// Calls `callback(context)` whenever the node was told something, so that outcomes of writes may have changed.
    void on_progress(void (*callback)(void*), void* context) noexcept { socket_->on_progress(callback, context); }

    // The boundary to the node, see concepts/transport.hpp.

    template <class Node>
    void wake(Node&, NodeId peer) noexcept {
        socket_->wake(peer);
    }
    template <class Node>
    void flush_soon(Node&) noexcept {
        socket_->flush_soon();
    }
    template <class Node>
    void attach(Node& node) {
        socket_->peers().attach(node);
        socket_->attach(NodeHandle(node));
    }
    template <class Node>
    void detach(Node&) {
        socket_->detach();
    }

private:
    Executor executor_;
    std::shared_ptr<Socket> socket_;
};

/// The concrete executor of an io_context, because what is posted through a type-erased one allocates each time.
template <std::size_t Mtu = 1200, std::size_t PeersMax = 8>
using AsioUdp = AsioUdpOn<asio::io_context::executor_type, Mtu, PeersMax>;

}  // namespace replicator::transport
