// SPDX-License-Identifier: BSL-1.0
// What the tests over TCP share: a node that counts, a proxy that is slow or cut, and running until something holds.
#pragma once

#include <replicator/asio/tcp.hpp>
#include <replicator/result.hpp>
#include <replicator/types.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <list>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/write.hpp>

namespace replicator::test {

using Tcp = asio::ip::tcp;

inline Tcp::endpoint loopback(unsigned short port = 0) { return {asio::ip::address_v4::loopback(), port}; }

/// An endpoint at which nobody listens.
inline Tcp::endpoint nowhere(asio::io_context& context) { return Tcp::acceptor(context, loopback()).local_endpoint(); }

/// Runs handlers until `condition` holds, or gives up.
template <class Condition>
[[nodiscard]] bool run_until(asio::io_context& context, Condition condition,
                             std::chrono::milliseconds patience = std::chrono::milliseconds(20'000)) {
    const auto deadline = std::chrono::steady_clock::now() + patience;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > deadline) return false;
        context.restart();
        context.run_one_for(std::chrono::milliseconds(1));
    }
    return true;
}

/// Sends the numbers 1, 2, 3, ... up to `target` to each peer, and checks that those of the peer come without a gap,
/// whatever happens to connections. A message is eight bytes: a number, or, with the highest bit, how far it got.
template <class Transport = transport::AsioTcp>
class CountingNode {
public:
    struct Peer {
        NodeId id{};
        bool connected = false;
        bool synced = false;  ///< it said how far it got, so we know from where to go on
        bool owes_ack = false;
        bool woken = false;
        std::uint64_t next = 1;
        std::uint64_t acknowledged = 0;
        std::uint64_t held = 0;
        std::vector<std::byte> partial{};
        int connections = 0;
    };

    CountingNode(Transport& transport, NodeId id, const std::vector<NodeId>& peers) : transport_(transport), id_(id) {
        for (const NodeId peer : peers) peers_.push_back({peer});
        transport_.attach(*this);
    }
    CountingNode(const CountingNode&) = delete;
    CountingNode& operator=(const CountingNode&) = delete;
    ~CountingNode() { transport_.detach(*this); }

    void count_to(std::uint64_t target) {
        target_ = target;
        for (Peer& peer : peers_) wake(peer);
    }
    [[nodiscard]] bool is_done() const {
        return std::all_of(peers_.begin(), peers_.end(),
                           [&](const Peer& peer) { return peer.acknowledged == target_; });
    }
    [[nodiscard]] const Peer& peer(NodeId id) const { return const_cast<CountingNode*>(this)->find(id); }

    [[nodiscard]] NodeId id() const { return id_; }
    void connected(NodeId id) {
        const Call call(*this);
        Peer& peer = find(id);
        require(!peer.connected, "connected twice");
        peer.connected = true;
        peer.synced = false;
        peer.owes_ack = true;
        peer.partial.clear();
        ++peer.connections;
    }
    void disconnected(NodeId id) {
        const Call call(*this);
        Peer& peer = find(id);
        require(peer.connected, "disconnected twice");
        peer.connected = false;
        peer.woken = false;
    }
    Result<void> receive(NodeId id, std::span<const std::byte> bytes) {
        const Call call(*this);
        Peer& peer = find(id);
        require(peer.connected, "receives although not connected");
        require(!bytes.empty(), "receives nothing");
        if (refuse_everything) return Error::protocol;
        peer.partial.insert(peer.partial.end(), bytes.begin(), bytes.end());
        std::size_t used = 0;
        for (; peer.partial.size() - used >= 8; used += 8) {
            std::uint64_t message = 0;
            std::memcpy(&message, peer.partial.data() + used, 8);
            if ((message & is_ack) != 0) {
                peer.acknowledged = message & ~is_ack;
                if (!peer.synced) peer.next = peer.acknowledged + 1;
                peer.synced = true;
            } else {
                if (message != peer.held + 1) return Error::protocol;
                peer.held = message;
                peer.owes_ack = true;
            }
        }
        peer.partial.erase(peer.partial.begin(), peer.partial.begin() + static_cast<std::ptrdiff_t>(used));
        return {};
    }
    std::size_t transmit(NodeId id, std::span<std::byte> buffer) {
        const Call call(*this);
        ++transmits;
        Peer& peer = find(id);
        require(peer.connected, "transmits although not connected");
        std::size_t size = 0;
        const auto put = [&](std::uint64_t message) {
            std::memcpy(buffer.data() + size, &message, 8);
            size += 8;
        };
        if (peer.owes_ack && buffer.size() >= 8) {
            put(is_ack | peer.held);
            peer.owes_ack = false;
        }
        while (peer.synced && peer.next <= target_ && buffer.size() - size >= 8) put(peer.next++);
        if (size == 0) peer.woken = false;
        return size;
    }
    void tick(Instant now) {
        const Call call(*this);
        require(now >= last_tick_, "the clock runs backwards");
        last_tick_ = now;
        ++ticks;
        for (Peer& peer : peers_) {
            if (ticks % 4 != 0 || mute) continue;
            peer.owes_ack = true;
            wake(peer);
        }
    }

    bool refuse_everything = false;
    bool mute = false;  ///< no heartbeats
    std::uint64_t transmits = 0;
    std::uint64_t ticks = 0;
    bool allowed = true;  ///< to be called at all

private:
    static constexpr std::uint64_t is_ack = std::uint64_t{1} << 63;

    static void require(bool condition, const char* what) {
        if (!condition) throw std::logic_error(what);
    }

    /// The transport calls the node from nowhere else while it calls it.
    struct Call {
        explicit Call(CountingNode& node) : called(node) {
            require(!node.in_call_, "called from inside a call");
            require(node.allowed, "called after it was stopped");
            node.in_call_ = true;
        }
        Call(const Call&) = delete;
        Call& operator=(const Call&) = delete;
        ~Call() { called.in_call_ = false; }
        CountingNode& called;
    };

    Peer& find(NodeId id) {
        const auto found = std::find_if(peers_.begin(), peers_.end(), [id](const Peer& peer) { return peer.id == id; });
        require(found != peers_.end(), "called for somebody unknown");
        return *found;
    }
    void wake(Peer& peer) {
        if (!peer.connected || peer.woken) return;
        peer.woken = true;
        transport_.wake(*this, peer.id);
    }

    Transport& transport_;
    NodeId id_;
    std::vector<Peer> peers_;
    std::uint64_t target_ = 0;
    Instant last_tick_;
    bool in_call_ = false;
};

/// Forwards what it gets to `target`, both ways, in pieces of at most `piece_bytes`.
class Proxy {
public:
    Proxy(asio::io_context& context, const Tcp::endpoint& target, std::size_t piece_bytes)
        : context_(context), acceptor_(context, loopback()), target_(target), piece_bytes_(piece_bytes) {
        accept();
    }

    [[nodiscard]] Tcp::endpoint endpoint() const { return acceptor_.local_endpoint(); }
    [[nodiscard]] std::size_t connections() const { return connections_; }
    [[nodiscard]] std::size_t bytes() const { return *bytes_; }
    void cut() {
        for (auto& pair : pairs_) pair->close();
        pairs_.clear();
    }
    /// Leaves connections open, and forwards nothing any more.
    void stall(bool stalled) { *stalled_ = stalled; }

private:
    struct Direction {
        Tcp::socket* from;
        Tcp::socket* to;
        std::vector<char> piece;
    };
    struct Pair {
        explicit Pair(asio::io_context& context) : caller(context), called(context) {}
        void close() {
            std::error_code ignored;
            caller.close(ignored);
            called.close(ignored);
        }
        Tcp::socket caller;
        Tcp::socket called;
        Direction there{&caller, &called, {}};
        Direction back{&called, &caller, {}};
    };

    void accept() {
        auto pair = std::make_shared<Pair>(context_);
        acceptor_.async_accept(pair->caller, [this, pair](std::error_code error) {
            if (error) return;
            ++connections_;
            pairs_.push_back(pair);
            std::error_code failed;
            pair->called.connect(target_, failed);
            if (failed) {
                pair->close();
            } else {
                pair->there.piece.resize(piece_bytes_);
                pair->back.piece.resize(piece_bytes_);
                pair->caller.set_option(Tcp::no_delay(true), failed);
                pair->called.set_option(Tcp::no_delay(true), failed);
                forward(pair, pair->there);
                forward(pair, pair->back);
            }
            accept();
        });
    }
    void forward(const std::shared_ptr<Pair>& pair, Direction& direction) {
        direction.from->async_read_some(
            asio::buffer(direction.piece),
            [this, pair, &direction, stalled = stalled_, forwarded = bytes_](std::error_code error, std::size_t bytes) {
                if (*stalled) return;
                if (error) return pair->close();
                *forwarded += bytes;
                asio::async_write(*direction.to, asio::buffer(direction.piece.data(), bytes),
                                  [this, pair, &direction](std::error_code failed, std::size_t) {
                                      if (failed) return pair->close();
                                      forward(pair, direction);
                                  });
            });
    }

    asio::io_context& context_;
    Tcp::acceptor acceptor_;
    Tcp::endpoint target_;
    std::size_t piece_bytes_;
    std::size_t connections_ = 0;
    std::shared_ptr<std::size_t> bytes_ = std::make_shared<std::size_t>(0);
    std::shared_ptr<bool> stalled_ = std::make_shared<bool>(false);
    std::list<std::shared_ptr<Pair>> pairs_;
};

/// Fast enough for tests.
inline transport::TcpOptions quick_options() {
    transport::TcpOptions options;
    options.listen = loopback();
    options.tick_interval = milliseconds(1);
    options.reconnect_delay_min = milliseconds(2);
    options.reconnect_delay_max = milliseconds(20);
    return options;
}

/// A counting node with its connections.
struct Station {
    Station(asio::io_context& context, std::uint32_t id, const std::vector<NodeId>& peers,
            transport::TcpOptions options = quick_options())
        : network(context, options), node(network, NodeId{id}, peers) {
        std::error_code error;
        endpoint = network.listen(*options.listen, error);
        if (error) throw std::runtime_error("cannot listen: " + error.message());
    }
    transport::AsioTcp network;
    CountingNode<> node;
    Tcp::endpoint endpoint;
};

}  // namespace replicator::test
