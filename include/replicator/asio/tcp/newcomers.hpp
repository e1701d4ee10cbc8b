// SPDX-License-Identifier: BSL-1.0
// Second connections of peers, held aside while the first ones stand, until it is known who is behind them.
#pragma once

#include "judge.hpp"

#include "../../result.hpp"
#include "../../types.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/tcp.hpp>

namespace replicator::transport {

/// One connection that is held aside. It is asked, and all that it says is kept for the node until that knows enough.
template <class Executor>
struct TcpNewcomer {
    using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;
    enum class State : std::uint8_t { asked, accepted, refused };

    TcpNewcomer(NodeId id, Socket&& connection, Instant until)
        : peer(id), socket(std::move(connection)), deadline(until) {}

    [[nodiscard]] std::span<const std::byte> said() const noexcept { return std::span(input).first(input_end); }

    const NodeId peer;
    Socket socket;
    const Instant deadline;
    State state = State::asked;
    std::uint64_t nonce = 0;
    std::uint8_t operations = 0;        ///< started, and their handlers have not run yet
    std::array<std::byte, 4096> input;  ///< a peer says a few hellos before it has answered
    std::size_t input_end = 0;
    std::array<std::byte, 1024> output;  ///< a question, and a refusal
    std::size_t output_begin = 0;
    std::size_t output_end = 0;
};

/// At most one for each peer: the newest, because a real one is done within a round trip, and one that says nothing
/// must not keep it away. `Owner` is kept alive by the handlers; `owner.judge()` is the node's, and
/// `owner.accepted(peer)` is called when a newcomer shall be the connection of its peer: `take` has it, once nothing
/// uses its socket any more. Until then it may be called again.
template <class Owner, class Executor>
class TcpNewcomers {
public:
    using Newcomer = TcpNewcomer<Executor>;
    using Socket = typename Newcomer::Socket;

    explicit TcpNewcomers(Owner& owner) : owner_(owner) {}

    /// False when one has been accepted and not been taken yet, or the node does not want to hear of any.
    bool hold(NodeId peer, Socket& socket, Instant now) {
        const auto at = find(peer);
        if (at != newcomers_.end() && (*at)->state == Newcomer::State::accepted) return false;
        auto newcomer = std::make_shared<Newcomer>(peer, std::move(socket), now + owner_.judge().patience());
        newcomer->output_end = owner_.judge().ask(peer, newcomer->nonce, newcomer->output);
        if (newcomer->output_end == 0) return false;
        if (at != newcomers_.end()) close(*at);
        newcomers_.push_back(newcomer);
        std::error_code ignored;
        newcomer->socket.set_option(asio::ip::tcp::no_delay(true), ignored);
        write(newcomer);
        read(newcomer);
        return true;
    }

    /// The newcomer that shall be the connection of the peer; null while there is none.
    [[nodiscard]] std::shared_ptr<Newcomer> take(NodeId peer) {
        const auto at = find(peer);
        if (at == newcomers_.end() || (*at)->state != Newcomer::State::accepted || (*at)->operations != 0) return {};
        std::shared_ptr<Newcomer> newcomer = *at;
        newcomers_.erase(at);
        return newcomer;
    }

    /// The peer has called since, and was not held aside: an older call must not take its place.
    void leave(NodeId peer) {
        const auto at = find(peer);
        if (at != newcomers_.end() && (*at)->state != Newcomer::State::accepted) close(*at);
    }

    void close_late(Instant now) {
        for (std::size_t i = newcomers_.size(); i > 0; --i) {
            const std::shared_ptr<Newcomer> newcomer = newcomers_[i - 1];
            if (newcomer->state != Newcomer::State::accepted && now >= newcomer->deadline) close(newcomer);
        }
    }
    void close_all() {
        while (!newcomers_.empty()) close(std::shared_ptr(newcomers_.back()));
    }

private:
    using Held = std::shared_ptr<Newcomer>;

    [[nodiscard]] auto find(NodeId peer) {
        return std::find_if(newcomers_.begin(), newcomers_.end(),
                            [peer](const Held& held) { return held->peer == peer; });
    }

    /// Handlers that are still queued find that the socket is closed.
    void close(Held newcomer) {
        std::error_code ignored;
        newcomer->socket.close(ignored);
        std::erase(newcomers_, newcomer);
    }

    void read(const Held& newcomer) {
        ++newcomer->operations;
        const std::size_t begin = newcomer->state == Newcomer::State::refused ? 0 : newcomer->input_end;
        newcomer->socket.async_read_some(
            asio::buffer(newcomer->input.data() + begin, newcomer->input.size() - begin),
            [this, owner = owner_.shared_from_this(), newcomer](std::error_code error, std::size_t bytes) {
                --newcomer->operations;
                if (!newcomer->socket.is_open()) return;
                error ? close(newcomer) : was_read(newcomer, bytes);
            });
    }

    void was_read(const Held& newcomer, std::size_t bytes) {
        if (newcomer->state == Newcomer::State::asked) {
            newcomer->input_end += bytes;
            std::size_t reply = 0;
            const Result<bool> lives =
                owner_.judge().judge(newcomer->peer, newcomer->nonce, newcomer->said(),
                                     std::span(newcomer->output).subspan(newcomer->output_end), reply);
            if (lives && *lives) {
                newcomer->state = Newcomer::State::accepted;
                return owner_.accepted(newcomer->peer);
            }
            if (!lives) return refuse(newcomer, reply);
            if (newcomer->input_end == newcomer->input.size()) return close(newcomer);
        }
        read(newcomer);
    }

    /// What it is told would be lost in a reset, were its own last bytes not read until it hangs up.
    void refuse(const Held& newcomer, std::size_t reply) {
        if (reply == 0) return close(newcomer);
        newcomer->state = Newcomer::State::refused;
        const bool writing = newcomer->output_begin != newcomer->output_end;
        newcomer->output_end += reply;
        if (!writing) write(newcomer);
        read(newcomer);
    }

    void write(const Held& newcomer) {
        ++newcomer->operations;
        newcomer->socket.async_write_some(
            asio::buffer(newcomer->output.data() + newcomer->output_begin,
                         newcomer->output_end - newcomer->output_begin),
            [this, owner = owner_.shared_from_this(), newcomer](std::error_code error, std::size_t bytes) {
                --newcomer->operations;
                if (!newcomer->socket.is_open()) return;
                error ? close(newcomer) : was_written(newcomer, bytes);
            });
    }

    void was_written(const Held& newcomer, std::size_t bytes) {
        newcomer->output_begin += bytes;
        if (newcomer->output_begin != newcomer->output_end) return write(newcomer);
        if (newcomer->state == Newcomer::State::accepted) return owner_.accepted(newcomer->peer);
        std::error_code ignored;
        if (newcomer->state == Newcomer::State::refused) newcomer->socket.shutdown(Socket::shutdown_send, ignored);
    }

    Owner& owner_;
    std::vector<Held> newcomers_;
};

}  // namespace replicator::transport
