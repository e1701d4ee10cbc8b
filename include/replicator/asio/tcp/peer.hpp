// SPDX-License-Identifier: BSL-1.0
// One configured peer over TCP: its socket, its two buffers, and when it is to be called again.
#pragma once

#include "options.hpp"

#include "../../types.hpp"
#include "../handler_memory.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

#include <asio/basic_stream_socket.hpp>
#include <asio/ip/tcp.hpp>

namespace replicator::transport {

/// A small generator (splitmix64) for the waits, because the library draws no random numbers of its own.
class TcpJitter {
public:
    explicit TcpJitter(std::uint64_t seed) noexcept : state_(seed) {}

    /// Between half of `duration` and all of it.
    [[nodiscard]] Duration shorten(Duration duration) noexcept {
        const std::uint64_t half = duration.microseconds / 2;
        return {duration.microseconds - next() % (half + 1)};
    }

private:
    std::uint64_t next() noexcept {
        state_ += 0x9e3779b97f4a7c15u;
        std::uint64_t mixed = (state_ ^ (state_ >> 30)) * 0xbf58476d1ce4e5b9u;
        mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebu;
        return mixed ^ (mixed >> 31);
    }

    std::uint64_t state_;
};

/// When to call a peer again.
class TcpBackoff {
public:
    TcpBackoff(Duration delay_min, Duration delay_max) noexcept
        : delay_min_(delay_min), delay_max_((std::max)(delay_min, delay_max)), delay_(delay_min) {}

    [[nodiscard]] bool is_due(Instant now) const noexcept { return now >= due_; }

    /// `lasted` is how long there was a connection on which something was read; zero if there never was one. Only a
    /// long one shows that the peer is well: many ends of short ones would otherwise come at the shortest delay.
    void failed(Instant now, Duration lasted, TcpJitter& jitter) noexcept {
        if (lasted >= delay_max_) delay_ = delay_min_;
        due_ = now + jitter.shorten(delay_);
        delay_ = {(std::min)(delay_.microseconds * 2, delay_max_.microseconds)};
    }

private:
    Duration delay_min_;
    Duration delay_max_;
    Duration delay_;
    Instant due_;
};

/// The bytes on their way out: filled from the node, emptied by writes, and then filled again.
class TcpOutput {
public:
    explicit TcpOutput(std::size_t bytes) : bytes_max_(bytes), bytes_(new std::byte[bytes]) {}

    [[nodiscard]] bool is_empty() const noexcept { return begin_ == end_; }
    [[nodiscard]] std::span<std::byte> room() noexcept { return {bytes_.get() + end_, bytes_max_ - end_}; }
    [[nodiscard]] std::span<const std::byte> unsent() const noexcept { return {bytes_.get() + begin_, end_ - begin_}; }

    void filled(std::size_t bytes) noexcept { end_ += bytes; }
    void sent(std::size_t bytes) noexcept {
        begin_ += bytes;
        if (begin_ == end_) clear();
    }
    void clear() noexcept { begin_ = end_ = 0; }

private:
    std::size_t bytes_max_;
    std::unique_ptr<std::byte[]> bytes_;
    std::size_t begin_ = 0;
    std::size_t end_ = 0;
};

template <class Executor>
struct TcpPeer {
    using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

    enum class Phase : std::uint8_t { idle, connecting, connected };

    TcpPeer(const Executor& executor, NodeId peer, const TcpOptions& options)
        : id(peer),
          socket(executor),
          next(executor),
          input_bytes((std::min)(options.buffer_bytes, options.read_bytes_max)),
          input(new std::byte[input_bytes]),
          output(options.buffer_bytes),
          backoff(options.reconnect_delay_min, options.reconnect_delay_max) {}

    /// No operation may still touch the buffers, so a new connection can begin.
    [[nodiscard]] bool is_free() const noexcept { return phase == Phase::idle && operations == 0; }
    [[nodiscard]] std::span<std::byte> input_buffer() noexcept { return {input.get(), input_bytes}; }

    const NodeId id;
    asio::ip::tcp::endpoint endpoint;
    Socket socket;
    Socket next;  ///< the peer called again; waits for the operations on `socket` to end
    Phase phase = Phase::idle;
    std::uint8_t operations = 0;  ///< started, and their handlers have not run yet
    bool writing = false;
    bool woken = false;  ///< the node has something to say, and will be asked

    const std::size_t input_bytes;
    const std::unique_ptr<std::byte[]> input;
    TcpOutput output;
    replicator::detail::HandlerMemory read_memory;
    replicator::detail::HandlerMemory write_memory;

    Instant began;  ///< when the connection was made
    Instant heard;  ///< when something was last read, or the connection or the attempt at it began
    bool was_heard = false;
    TcpBackoff backoff;
    TcpPeerState state;
};

}  // namespace replicator::transport
