// SPDX-License-Identifier: BSL-1.0
// All connections of one node over TCP: calls peers, is called by them, and moves bytes between sockets and the node.
#pragma once

#include "clock.hpp"
#include "judge.hpp"
#include "listener.hpp"
#include "newcomers.hpp"
#include "options.hpp"
#include "peer.hpp"
#include "preamble.hpp"

#include "../../assert.hpp"
#include "../../result.hpp"
#include "../../transport/node_handle.hpp"
#include "../../types.hpp"
#include "../error_code.hpp"
#include "../handler_memory.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/basic_waitable_timer.hpp>
#include <asio/bind_allocator.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

namespace replicator::transport {

/// Handlers keep this object alive, so that `AsioTcp` may go while some are queued. Between two nodes, the one with the
/// larger id calls; which of them leads does not matter. A peer that calls again while it is connected is held aside
/// until its answer shows that a living process is behind it, and then replaces the connection before.
template <class Executor>
class TcpConnections : public std::enable_shared_from_this<TcpConnections<Executor>> {
public:
    using Peer = TcpPeer<Executor>;
    using Socket = typename Peer::Socket;
    using Endpoint = asio::ip::tcp::endpoint;
    using Clock = TcpClock::Clock;

    TcpConnections(const Executor& executor, const TcpOptions& options)
        : executor_(executor),
          options_(options),
          listener_(*this, executor, options),
          newcomers_(*this),
          timer_(executor),
          jitter_(options.seed) {
        REPLICATOR_ASSERT(options.buffer_bytes >= 1024);
    }

    void attach(NodeHandle node, TcpJudge judge) {
        REPLICATOR_ASSERT(!node_);  // one node per transport
        node_ = node;
        judge_ = judge;
    }
    /// The node is going, so it is not told of the end of its connections.
    void detach() {
        node_ = {};
        stop();
        judge_ = {};
    }

    void on_progress(void (*callback)(void*), void* context) noexcept {
        progress_ = callback;
        progress_context_ = context;
    }

    Endpoint listen(const Endpoint& endpoint, std::error_code& error) {
        Endpoint local = listener_.open(endpoint, error);
        if (!error) options_.listen = local;
        if (!error && running_) listener_.accept();
        return local;
    }

    void add_peer(NodeId id) {
        if (find(id) == nullptr) peers_.push_back(std::make_unique<Peer>(executor_, id, options_));
    }
    void set_address(NodeId id, const Endpoint& endpoint) {
        Peer* const peer = find(id);
        REPLICATOR_ASSERT(peer != nullptr);
        if (peer->endpoint == endpoint) return;
        peer->endpoint = endpoint;
        if (peer->phase == Peer::Phase::connecting) drop(*peer, asio::error::operation_aborted);
    }

    [[nodiscard]] TcpPeerState peer_state(NodeId id) const {
        const Peer* peer = find(id);
        return peer == nullptr ? TcpPeerState{} : peer->state;
    }
    [[nodiscard]] TcpListener<TcpConnections, Executor>& listener() noexcept { return listener_; }
    [[nodiscard]] bool is_running() const noexcept { return running_; }

    std::error_code start() {
        REPLICATOR_ASSERT(static_cast<bool>(node_));
        std::error_code error;
        if (running_) return error;
        if (options_.listen && !listener_.is_open()) listen(*options_.listen, error);
        if (error) return error;
        running_ = true;
        clock_.resume();
        listener_.accept();
        wait_for_tick(Duration{});
        return error;
    }

    void stop() {
        if (!running_) return;
        running_ = false;
        timer_.cancel();
        listener_.close();
        newcomers_.close_all();
        std::error_code ignored;
        for (const auto& peer : peers_) {
            peer->next.close(ignored);
            drop(*peer, asio::error::operation_aborted);
        }
    }

    /// Never transmits: a write would then cost a send each. One post serves all peers that are woken until it runs.
    void wake(NodeId id) {
        Peer* peer = find(id);
        if (peer == nullptr || peer->phase != Peer::Phase::connected || peer->woken) return;
        peer->woken = true;
        if (peer->writing || peer == receiving_ || ticking_) return;  // it is served anyway
        if (pump_posted_) return;
        pump_posted_ = true;
        asio::post(executor_, remembered(pump_memory_, [self = this->shared_from_this()] { self->pump_woken(); }));
    }

    /// What was woken before is sent first, so that the followers' disks work while this node's does.
    void flush_soon() {
        asio::post(executor_, remembered(flush_memory_, [self = this->shared_from_this()]() {
                       if (self->node_) self->node_.flush();
                       self->progress();
                   }));
    }

    /// For the listener: a caller has said who it is.
    bool called(const TcpPreamble& preamble, Socket& socket) {
        Peer* peer = find(preamble.from);
        if (!running_ || peer == nullptr || preamble.to != node_.id() || calls(*peer)) return false;
        if (judge_ && peer->phase == Peer::Phase::connected) return newcomers_.hold(peer->id, socket, clock_.now());
        newcomers_.leave(peer->id);
        peer->next = std::move(socket);
        drop(*peer, asio::error::connection_reset);
        settle(*peer);
        progress();
        return true;
    }

    // For the newcomers.

    [[nodiscard]] const TcpJudge& judge() const noexcept { return judge_; }
    void accepted(NodeId id) {
        Peer& peer = *find(id);
        drop(peer, asio::error::connection_reset);
        settle(peer);
        progress();
    }

private:
    template <class Function>
    static auto remembered(replicator::detail::HandlerMemory& memory, Function&& function) {
        return asio::bind_allocator(replicator::detail::HandlerAllocator<>(memory), std::forward<Function>(function));
    }

    [[nodiscard]] Peer* find(NodeId id) const noexcept {
        const auto found =
            std::find_if(peers_.begin(), peers_.end(), [id](const auto& peer) { return peer->id == id; });
        return found == peers_.end() ? nullptr : found->get();
    }

    /// True when it is this node that calls the peer.
    [[nodiscard]] bool calls(const Peer& peer) const { return value(node_.id()) > value(peer.id); }

    // Time

    void wait_for_tick(Duration duration) {
        if (waiting_) return;
        waiting_ = true;
        timer_.expires_after(std::chrono::microseconds(duration.microseconds));
        timer_.async_wait(remembered(tick_memory_, [self = this->shared_from_this()](std::error_code) {
            self->waiting_ = false;
            if (self->running_) self->tick();
        }));
    }

    void tick() {
        const Instant now =
            clock_.pass({(std::max)(options_.idle_timeout.microseconds / 4, 2 * options_.tick_interval.microseconds)});
        ticking_ = true;
        node_.tick(now);
        ticking_ = false;
        if (!running_) return;
        listener_.close_late_callers(clock_.now());
        listener_.accept();
        newcomers_.close_late(clock_.now());
        for (std::size_t i = 0; i < peers_.size(); ++i) attend(*peers_[i]);
        progress();
        if (running_) wait_for_tick(options_.tick_interval);
    }

    void attend(Peer& peer) {
        if (peer.phase != Peer::Phase::idle && clock_.now() - peer.heard >= options_.idle_timeout) {
            drop(peer, asio::error::timed_out);
        }
        if (peer.woken) pump(peer);
        const bool due = calls(peer) && peer.endpoint.port() != 0 && peer.backoff.is_due(clock_.now());
        if (due && peer.is_free()) connect(peer);
    }

    // The life of a connection

    void connect(Peer& peer) {
        peer.phase = Peer::Phase::connecting;
        peer.heard = clock_.now();
        ++peer.operations;
        peer.socket.async_connect(peer.endpoint, remembered(peer.write_memory, [self = this->shared_from_this(),
                                                                                &peer](std::error_code error) {
                                      --peer.operations;
                                      if (peer.phase != Peer::Phase::connecting) return self->settle(peer);
                                      if (error) return self->drop(peer, error);
                                      self->begin(peer);
                                      self->progress();
                                  }));
    }

    void begin(Peer& peer, const TcpNewcomer<Executor>* newcomer = nullptr) {
        std::error_code ignored;
        peer.socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        peer.phase = Peer::Phase::connected;
        peer.began = peer.heard = clock_.now();
        peer.was_heard = false;
        peer.output.clear();
        peer.state.connected = true;
        ++peer.state.connections;
        if (calls(peer)) {
            encode_preamble({node_.id(), peer.id}, peer.output.room().template first<TcpPreamble::size_bytes>());
            peer.output.filled(TcpPreamble::size_bytes);
        }
        receiving_ = &peer;
        if (newcomer == nullptr) {
            node_.connected(peer.id);
        } else {
            judge_.take_over(peer.id, newcomer->nonce, newcomer->said());
            if (const std::error_code error = received(peer, newcomer->said())) return drop(peer, error);
        }
        receiving_ = nullptr;
        pump(peer);
        read(peer);
    }

    void drop(Peer& peer, std::error_code error) {
        if (peer.phase == Peer::Phase::idle) return;
        const bool was_connected = peer.phase == Peer::Phase::connected;
        peer.phase = Peer::Phase::idle;
        peer.woken = false;
        peer.state.connected = false;
        peer.state.last_error = error;
        ++peer.state.failures;
        peer.backoff.failed(clock_.now(), peer.was_heard ? clock_.now() - peer.began : Duration{}, jitter_);
        peer.was_heard = false;
        std::error_code ignored;
        peer.socket.close(ignored);
        if (was_connected && node_) node_.disconnected(peer.id);
        settle(peer);
    }

    /// Takes the newer connection, if there is one, once nothing uses the buffers for the old one.
    void settle(Peer& peer) {
        if (!running_ || !peer.is_free()) return;
        const auto newcomer = newcomers_.take(peer.id);
        if (newcomer) peer.next = std::move(newcomer->socket);
        if (!peer.next.is_open()) return;
        peer.socket = std::move(peer.next);
        begin(peer, newcomer.get());
    }

    // Bytes

    void read(Peer& peer) {
        ++peer.operations;
        const std::span<std::byte> buffer = peer.input_buffer();
        peer.socket.async_read_some(asio::buffer(buffer.data(), buffer.size()),
                                    remembered(peer.read_memory, [self = this->shared_from_this(), &peer](
                                                                     std::error_code error, std::size_t bytes) {
                                        self->was_read(peer, error, bytes);
                                    }));
    }

    void was_read(Peer& peer, std::error_code error, std::size_t bytes) {
        --peer.operations;
        if (peer.phase != Peer::Phase::connected) return settle(peer);
        if (!error) error = received(peer, peer.input_buffer().first(bytes));
        if (error) {
            drop(peer, error);
        } else {
            pump(peer);  // what is owed now goes out at once; see wake for what comes from elsewhere
            read(peer);
        }
        progress();
    }

    [[nodiscard]] std::error_code received(Peer& peer, std::span<const std::byte> bytes) {
        ++peer.state.reads;
        peer.state.bytes_read += bytes.size();
        peer.heard = clock_.now();
        peer.was_heard = true;
        receiving_ = &peer;
        const Result<void> result = node_.receive(peer.id, bytes);
        receiving_ = nullptr;
        return make_error_code(result.error());
    }

    void pump_woken() {
        pump_posted_ = false;
        for (std::size_t i = 0; i < peers_.size(); ++i) {
            if (peers_[i]->woken) pump(*peers_[i]);
        }
        progress();
    }

    /// Asks the node what the peer is owed until it has nothing more, or the buffer is full, and writes that.
    void pump(Peer& peer) {
        if (peer.phase != Peer::Phase::connected || peer.writing) return;
        peer.woken = false;
        while (!peer.output.room().empty()) {
            const std::size_t bytes = node_.transmit(peer.id, peer.output.room());
            if (bytes == 0) break;
            peer.output.filled(bytes);
        }
        if (!peer.output.is_empty()) write(peer);
    }

    void write(Peer& peer) {
        peer.writing = true;
        ++peer.operations;
        const std::span<const std::byte> unsent = peer.output.unsent();
        peer.socket.async_write_some(asio::buffer(unsent.data(), unsent.size()),
                                     remembered(peer.write_memory, [self = this->shared_from_this(), &peer](
                                                                       std::error_code error, std::size_t bytes) {
                                         self->was_written(peer, error, bytes);
                                     }));
    }

    void was_written(Peer& peer, std::error_code error, std::size_t bytes) {
        --peer.operations;
        peer.writing = false;
        if (peer.phase != Peer::Phase::connected) return settle(peer);
        ++peer.state.writes;
        peer.state.bytes_written += bytes;
        peer.output.sent(bytes);
        if (error) {
            drop(peer, error);
        } else if (!peer.output.is_empty()) {
            write(peer);
        } else {
            pump(peer);
        }
        progress();
    }

    void progress() {
        if (running_ && progress_ != nullptr) progress_(progress_context_);
    }

    Executor executor_;
    TcpOptions options_;
    NodeHandle node_;
    TcpJudge judge_;
    void (*progress_)(void*) = nullptr;
    void* progress_context_ = nullptr;
    TcpListener<TcpConnections, Executor> listener_;
    TcpNewcomers<TcpConnections, Executor> newcomers_;
    std::vector<std::unique_ptr<Peer>> peers_;
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_;
    replicator::detail::HandlerMemory tick_memory_;
    replicator::detail::HandlerMemory pump_memory_;
    replicator::detail::HandlerMemory flush_memory_;
    TcpJitter jitter_;
    TcpClock clock_;             ///< how long this transport has been awake: what its deadlines are counted in
    Peer* receiving_ = nullptr;  ///< it is asked for what it is owed when the node has taken what it sent
    bool running_ = false;
    bool waiting_ = false;  ///< for the next tick
    bool ticking_ = false;
    bool pump_posted_ = false;
};

}  // namespace replicator::transport
