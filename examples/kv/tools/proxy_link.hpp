// SPDX-License-Identifier: BSL-1.0
// Link: one connection through kv_proxy, and the faults that befall it.
#pragma once

#include "loopback.hpp"
#include "proxy_options.hpp"

#include <replicator/sim/random.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <string>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kv::proxy {

using Clock = std::chrono::steady_clock;

/// What the proxy did.
struct Counts {
    std::uint64_t connections = 0;
    std::uint64_t bytes = 0;
    std::uint64_t pieces = 0;
    std::uint64_t resets = 0;
    std::uint64_t cuts = 0;
    std::uint64_t stalls = 0;
    std::uint64_t silences = 0;
    std::uint64_t damages = 0;
};

/// What is on the way in one direction.
struct Flow {
    struct Piece {
        std::string bytes;
        Clock::time_point due;
    };

    static constexpr std::size_t bytes_max = 256 * 1024;

    std::deque<Piece> pieces;
    std::size_t bytes = 0;  // of all pieces, less what was sent of the first
    std::size_t sent = 0;   // of the first
    Clock::time_point stalled_until{};
    Clock::time_point line_free_at{};  // when what was passed on has left, at the rate of the line
    bool silent = false;               // takes everything, passes nothing on
    bool read_all = false;             // the sender said that it sends no more
    bool told = false;                 // and the receiver was told

    [[nodiscard]] bool has_room(std::size_t most) const noexcept { return !read_all && bytes < most; }
    [[nodiscard]] bool is_due(Clock::time_point now) const noexcept {
        return now >= stalled_until && now >= line_free_at &&
               (pieces.empty() ? read_all && !told && !silent : pieces.front().due <= now);
    }
};

enum class Fate : std::uint8_t { lives, resets, ends };

/// One connection through the proxy: two sockets and what goes from each to the other.
class Link {
public:
    Link(int caller, int target, const Options& options, Counts& counts, replicator::sim::Random& random)
        : sockets_{caller, target}, options_(options), counts_(counts), random_(random) {}
    Link(const Link&) = delete;
    Link& operator=(const Link&) = delete;
    ~Link() {
        for (const int socket : sockets_) {
            if (fate_ != Fate::ends) prepare_reset(socket);
            ::close(socket);
        }
    }

    /// What to wait for at one of the two sockets.
    [[nodiscard]] pollfd interest(std::size_t side, Clock::time_point now) const noexcept {
        short events = flows_[side].has_room(room()) ? POLLIN : short{0};
        if (flows_[1 - side].is_due(now)) events = static_cast<short>(events | POLLOUT);
        // A socket of which nothing is wanted would still report its end, again and again.
        return {events != 0 ? sockets_[side] : -1, events, 0};
    }

    /// When something can be passed on that cannot be now.
    [[nodiscard]] Clock::time_point next_due() const noexcept {
        Clock::time_point due = Clock::time_point::max();
        for (const Flow& flow : flows_) {
            if (!flow.pieces.empty())
                due = std::min(due, std::max({flow.pieces.front().due, flow.stalled_until, flow.line_free_at}));
            else if (flow.read_all && !flow.told && !flow.silent)
                due = std::min(due, flow.stalled_until);
        }
        return due;
    }

    /// False when the connection is over.
    [[nodiscard]] bool move(std::size_t side, short events, Clock::time_point now, bool faulty) {
        if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && flows_[side].has_room(room())) take(side, now, faulty);
        if (fate_ == Fate::lives && (events & POLLOUT) != 0) pass(flows_[1 - side], sockets_[side], now, faulty);
        if (fate_ == Fate::lives && flows_[0].told && flows_[1].told) fate_ = Fate::ends;
        if (fate_ == Fate::lives && is_silent() && flows_[0].read_all && flows_[1].read_all) fate_ = Fate::resets;
        return fate_ == Fate::lives;
    }

    [[nodiscard]] bool is_silent() const noexcept { return flows_[0].silent || flows_[1].silent; }
    void calm() noexcept {
        for (Flow& flow : flows_) {
            flow.stalled_until = {};
            for (Flow::Piece& piece : flow.pieces) piece.due = {};
        }
    }

private:
    /// A slow line stores what it carries in a few milliseconds, so that its rate is seen at once.
    [[nodiscard]] std::size_t room() const noexcept {
        if (options_.bytes_per_second == 0) return Flow::bytes_max;
        return static_cast<std::size_t>(std::clamp<std::uint64_t>(options_.bytes_per_second / 50, 64, Flow::bytes_max));
    }

    void take(std::size_t side, Clock::time_point now, bool faulty) {
        Flow& flow = flows_[side];
        const ssize_t received = ::recv(sockets_[side], buffer_.data(), std::min(buffer_.size(), room()), 0);
        if (received < 0) {
            if (errno != EAGAIN && errno != EINTR) fate_ = Fate::resets;
            return;
        }
        if (received == 0) return static_cast<void>(flow.read_all = true);
        if (flow.silent) return;
        Flow::Piece piece{std::string(buffer_.data(), static_cast<std::size_t>(received)), now};
        if (faulty && !spoil(flow, piece, now)) return;
        if (!flow.pieces.empty()) piece.due = std::max(piece.due, flow.pieces.back().due);
        flow.bytes += piece.bytes.size();
        flow.pieces.push_back(std::move(piece));
    }

    /// Draws what happens to the piece. False when it does not go on.
    [[nodiscard]] bool spoil(Flow& flow, Flow::Piece& piece, Clock::time_point now) {
        piece.due = now + std::chrono::microseconds(random_.below(options_.delay_milliseconds_max * 1000 + 1));
        if (random_.chance(options_.reset)) {
            ++counts_.resets;
            fate_ = Fate::resets;
            return false;
        }
        if (random_.chance(options_.silence)) {
            ++counts_.silences;
            flow.silent = true;
            return false;
        }
        if (random_.chance(options_.cut)) {
            ++counts_.cuts;
            piece.bytes.resize(piece.bytes.size() / 2);
            flow.read_all = true;
        }
        if (random_.chance(options_.stall)) {
            ++counts_.stalls;
            flow.stalled_until =
                now + std::chrono::milliseconds(static_cast<std::chrono::milliseconds::rep>(
                          random_.between(1, std::max<std::uint64_t>(options_.stall_milliseconds_max, 1))));
        }
        if (!piece.bytes.empty() && random_.chance(options_.damage)) {
            ++counts_.damages;
            char& byte = piece.bytes[static_cast<std::size_t>(random_.below(piece.bytes.size()))];
            byte = static_cast<char>(static_cast<unsigned char>(byte) ^ (1u << random_.below(8)));
        }
        return !piece.bytes.empty();
    }

    /// Passes on what is due, in pieces that the receiver may see one by one.
    void pass(Flow& flow, int socket, Clock::time_point now, bool faulty) {
        for (int pieces = 0; pieces < 64 && flow.is_due(now); ++pieces) {
            if (flow.pieces.empty()) {
                flow.told = true;
                static_cast<void>(::shutdown(socket, SHUT_WR));
                return;
            }
            const std::string& bytes = flow.pieces.front().bytes;
            std::size_t size = bytes.size() - flow.sent;
            if (faulty) {
                const std::uint64_t few = std::min<std::uint64_t>(options_.split_bytes_max, 8);
                const std::uint64_t size_max = random_.below(4) == 0 ? few : options_.split_bytes_max;
                size = std::min(size, static_cast<std::size_t>(random_.between(1, size_max)));
            }
            if (options_.bytes_per_second != 0) size = std::min(size, room());
            const ssize_t sent = ::send(socket, bytes.data() + flow.sent, size, MSG_NOSIGNAL);
            if (sent < 0) {
                if (errno != EAGAIN && errno != EINTR) fate_ = Fate::resets;
                return;
            }
            ++counts_.pieces;
            counts_.bytes += static_cast<std::uint64_t>(sent);
            flow.bytes -= static_cast<std::size_t>(sent);
            wait_for_line(flow, static_cast<std::uint64_t>(sent), now);
            flow.sent += static_cast<std::size_t>(sent);
            if (flow.sent < bytes.size()) continue;
            flow.pieces.pop_front();
            flow.sent = 0;
        }
    }

    /// The next bytes go when these have left. What was late by the turns of the loop is made up for.
    void wait_for_line(Flow& flow, std::uint64_t sent, Clock::time_point now) const {
        if (options_.bytes_per_second == 0) return;
        const auto took = std::chrono::nanoseconds(sent * 1'000'000'000 / options_.bytes_per_second);
        flow.line_free_at = std::max(flow.line_free_at, now - std::chrono::milliseconds(20)) + took;
    }

    std::array<int, 2> sockets_;
    std::array<Flow, 2> flows_;  // by where they come from
    Fate fate_ = Fate::lives;
    std::array<char, 64 * 1024> buffer_;
    const Options& options_;
    Counts& counts_;
    replicator::sim::Random& random_;
};

}  // namespace kv::proxy
