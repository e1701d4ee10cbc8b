// SPDX-License-Identifier: BSL-1.0
// The socket of one node over UDP, its timer, and when the node is asked.
#pragma once

#include "options.hpp"

#include "../../assert.hpp"
#include "../../transport/datagram.hpp"
#include "../../transport/node_handle.hpp"
#include "../../types.hpp"
#include "../handler_memory.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>

#include <asio/basic_datagram_socket.hpp>
#include <asio/basic_waitable_timer.hpp>
#include <asio/bind_allocator.hpp>
#include <asio/buffer.hpp>
#include <asio/error.hpp>
#include <asio/ip/udp.hpp>
#include <asio/post.hpp>
#include <asio/socket_base.hpp>

namespace replicator::transport {

/// Handlers keep this object alive, so that `AsioUdp` may go while some are queued.
template <class Executor, std::size_t Mtu, std::size_t PeersMax>
class UdpSocket : public std::enable_shared_from_this<UdpSocket<Executor, Mtu, PeersMax>> {
public:
    using Endpoint = asio::ip::udp::endpoint;
    using Peers = Datagram<Mtu, Endpoint, PeersMax>;
    using Clock = std::chrono::steady_clock;

    UdpSocket(const Executor& executor, const UdpOptions& options)
        : executor_(executor), options_(options), socket_(executor), timer_(executor) {}

    void attach(NodeHandle node) {
        REPLICATOR_ASSERT(!node_);  // one node per transport
        node_ = node;
    }
    void detach() {
        node_ = {};
        stop();
    }
    void on_progress(void (*callback)(void*), void* context) noexcept {
        progress_ = callback;
        progress_context_ = context;
    }

    [[nodiscard]] Peers& peers() noexcept { return peers_; }
    [[nodiscard]] const UdpCounters& counters() const noexcept { return counters_; }
    [[nodiscard]] bool is_running() const noexcept { return running_; }

    Endpoint open(const Endpoint& endpoint, std::error_code& error) {
        std::error_code ignored;
        socket_.close(ignored);
        if (socket_.open(endpoint.protocol(), error)) return {};
        if (options_.socket_buffer_bytes > 0) {
            socket_.set_option(asio::socket_base::receive_buffer_size(options_.socket_buffer_bytes), ignored);
            socket_.set_option(asio::socket_base::send_buffer_size(options_.socket_buffer_bytes), ignored);
        }
        if (!socket_.bind(endpoint, error)) socket_.non_blocking(true, error);
        if (error) {
            socket_.close(ignored);
            return {};
        }
        if (running_) wait_for_datagrams();
        return socket_.local_endpoint(error);
    }

    /// The transport is going, and its port is free from now on.
    void close() {
        on_progress(nullptr, nullptr);
        detach();
        std::error_code ignored;
        socket_.close(ignored);
    }

    void start() {
        REPLICATOR_ASSERT(static_cast<bool>(node_));
        REPLICATOR_ASSERT(socket_.is_open());
        if (running_) return;
        running_ = true;
        wait_for_datagrams();
        wait_for_tick(Duration{});
    }
    void stop() {
        if (!running_) return;
        running_ = false;
        timer_.cancel();
        std::error_code ignored;
        socket_.cancel(ignored);
    }

    /// Never transmits: a write would then cost a send each. One post serves all peers that are woken until it runs.
    void wake(NodeId peer) {
        peers_.wake(*this, peer);
        if (!running_ || busy_ || pump_posted_) return;  // it is served anyway
        pump_posted_ = true;
        asio::post(executor_, remembered(pump_memory_, [self = this->shared_from_this()] {
                       self->pump_posted_ = false;
                       self->pump();
                       self->progress();
                   }));
    }
    void flush_soon() {
        asio::post(executor_, remembered(flush_memory_, [self = this->shared_from_this()] {
                       if (self->node_) self->node_.flush();
                       self->progress();
                   }));
    }

private:
    template <class Function>
    static auto remembered(replicator::detail::HandlerMemory& memory, Function&& function) {
        return asio::bind_allocator(replicator::detail::HandlerAllocator<>(memory), std::forward<Function>(function));
    }

    void wait_for_tick(Duration duration) {
        if (waiting_for_tick_) return;
        waiting_for_tick_ = true;
        timer_.expires_after(std::chrono::microseconds(duration.microseconds));
        timer_.async_wait(remembered(tick_memory_, [self = this->shared_from_this()](std::error_code) {
            self->waiting_for_tick_ = false;
            if (self->running_) self->tick();
        }));
    }
    void tick() {
        const auto now = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now().time_since_epoch());
        busy_ = true;
        node_.tick(Instant{static_cast<std::uint64_t>(now.count())});
        busy_ = false;
        pump();
        progress();
        if (running_) wait_for_tick(options_.tick_interval);
    }

    void wait_for_datagrams() {
        if (waiting_for_datagrams_) return;
        waiting_for_datagrams_ = true;
        socket_.async_wait(asio::socket_base::wait_read,
                           remembered(read_memory_, [self = this->shared_from_this()](std::error_code error) {
                               self->waiting_for_datagrams_ = false;
                               if (!self->running_ || !self->socket_.is_open()) return;
                               if (!error) self->take();
                               if (self->running_) self->wait_for_datagrams();
                           }));
    }
    /// What is there, up to the bound; the rest is there in the next handler.
    void take() {
        for (std::size_t i = 0; i < options_.datagrams_per_turn && running_; ++i) {
            Endpoint from;
            std::error_code error;
            const std::size_t size = socket_.receive_from(asio::buffer(input_), from, 0, error);
            if (error == asio::error::would_block || error == asio::error::try_again) break;
            if (error) {
                ++counters_.receive_failures;
                continue;
            }
            busy_ = true;
            // A node that is faulted says so in its status, and one without this peer has counted the datagram.
            static_cast<void>(peers_.receive(node_, from, std::span<const std::byte>(input_).first(size)));
            busy_ = false;
        }
        pump();
        progress();
    }

    void pump() {
        for (std::size_t i = 0; running_ && i < options_.datagrams_per_turn; ++i) {
            const auto next = peers_.transmit(node_, output_);
            if (!next) return;
            std::error_code error;
            socket_.send_to(asio::buffer(next->bytes.data(), next->bytes.size()), next->to, 0, error);
            if (!error) continue;
            ++counters_.send_failures;
            if (error == asio::error::would_block || error == asio::error::try_again) return wait_for_room();
        }
        if (running_) post_pump();
    }
    void post_pump() {
        if (pump_posted_) return;
        pump_posted_ = true;
        asio::post(executor_, remembered(pump_memory_, [self = this->shared_from_this()] {
                       self->pump_posted_ = false;
                       self->pump();
                   }));
    }
    void wait_for_room() {
        if (waiting_for_room_) return;
        waiting_for_room_ = true;
        socket_.async_wait(asio::socket_base::wait_write,
                           remembered(write_memory_, [self = this->shared_from_this()](std::error_code error) {
                               self->waiting_for_room_ = false;
                               if (!error) self->pump();
                           }));
    }

    void progress() {
        if (running_ && progress_ != nullptr) progress_(progress_context_);
    }

    Executor executor_;
    UdpOptions options_;
    NodeHandle node_;
    Peers peers_;
    UdpCounters counters_;
    void (*progress_)(void*) = nullptr;
    void* progress_context_ = nullptr;
    replicator::detail::HandlerMemory tick_memory_;
    replicator::detail::HandlerMemory pump_memory_;
    replicator::detail::HandlerMemory flush_memory_;
    replicator::detail::HandlerMemory read_memory_;
    replicator::detail::HandlerMemory write_memory_;
    asio::basic_datagram_socket<asio::ip::udp, Executor> socket_;
    asio::basic_waitable_timer<Clock, asio::wait_traits<Clock>, Executor> timer_;
    alignas(8) std::array<std::byte, Mtu + 1> input_{};  // one more, which shows that a datagram was cut
    alignas(8) std::array<std::byte, Mtu> output_{};
    bool running_ = false;
    bool busy_ = false;  // the node is being told something, and is asked afterwards
    bool waiting_for_tick_ = false;
    bool waiting_for_datagrams_ = false;
    bool waiting_for_room_ = false;
    bool pump_posted_ = false;
};

}  // namespace replicator::transport
