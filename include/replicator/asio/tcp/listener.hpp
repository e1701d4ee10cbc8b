// SPDX-License-Identifier: BSL-1.0
// Accepts connections and finds out who is calling; bounded in number and time, because anyone may call.
#pragma once

#include "options.hpp"
#include "preamble.hpp"

#include "../../types.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>
#include <utility>
#include <vector>

#include <asio/basic_socket_acceptor.hpp>
#include <asio/basic_stream_socket.hpp>
#include <asio/buffer.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

namespace replicator::transport {

/// `Owner` is kept alive by the handlers and told of every caller that has said who it is:
/// `owner.called(const TcpPreamble&, socket)` returns false if nobody wants to talk to it.
template <class Owner, class Executor>
class TcpListener {
public:
    using Socket = asio::basic_stream_socket<asio::ip::tcp, Executor>;

    TcpListener(Owner& owner, const Executor& executor, const TcpOptions& options)
        : owner_(owner), acceptor_(executor), preamble_timeout_(options.preamble_timeout) {
        // One more than may wait, so that there is always one to accept into.
        callers_.reserve(options.pending_accepts_max + 1);
        for (std::size_t i = 0; i <= options.pending_accepts_max; ++i) callers_.emplace_back(executor);
    }

    [[nodiscard]] bool is_open() const noexcept { return acceptor_.is_open(); }
    /// Callers that were closed because they did not say, or not in time, that they are a peer that may call, or
    /// because of their address.
    [[nodiscard]] std::uint64_t refused() const noexcept { return refused_; }

    /// Asked for the address of each caller; null lets everybody try.
    void screen(bool (*may_call)(void*, const asio::ip::address&), void* context) noexcept {
        may_call_ = may_call;
        may_call_context_ = context;
    }

    /// Listens, and returns where; port 0 takes one that is free. Nobody is accepted before `accept`.
    asio::ip::tcp::endpoint open(const asio::ip::tcp::endpoint& endpoint, std::error_code& error) {
        std::error_code ignored;
        acceptor_.close(ignored);
        acceptor_.open(endpoint.protocol(), error);
        if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
        if (!error) acceptor_.bind(endpoint, error);
        if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
        asio::ip::tcp::endpoint local;
        if (!error) local = acceptor_.local_endpoint(error);
        if (error) acceptor_.close(ignored);
        return local;
    }

    /// Accepts the next caller, unless that is under way. Called from time to time, because accepting can fail for lack
    /// of something that comes back.
    void accept() {
        if (!acceptor_.is_open() || accepting_) return;
        const auto caller = std::find_if(callers_.begin(), callers_.end(), [](const Caller& c) { return !c.busy; });
        if (caller == callers_.end()) return;
        caller->busy = accepting_ = true;
        acceptor_.async_accept(caller->socket, [owner = owner_.shared_from_this(), this,
                                                at = &*caller](std::error_code error) { accepted(*at, error); });
    }

    void close_late_callers(Instant now) {
        now_ = now;
        for (Caller& caller : callers_) {
            if (caller.reading && now >= caller.deadline) close(caller);
        }
    }

    void close() {
        std::error_code ignored;
        acceptor_.close(ignored);
        for (Caller& caller : callers_) close(caller);
    }

private:
    struct Caller {
        explicit Caller(const Executor& executor) : socket(executor) {}

        Socket socket;
        TcpPreambleBytes preamble{};
        std::size_t preamble_bytes = 0;
        Instant deadline;
        std::uint64_t number = 0;  ///< grows with every one that is accepted
        bool busy = false;         ///< an operation is under way
        bool reading = false;
    };

    void accepted(Caller& caller, std::error_code error) {
        accepting_ = false;
        if (error || !acceptor_.is_open()) {
            // Not tried again at once: what is missing, such as a descriptor, may take its time to come back.
            close(caller);
            caller.busy = false;
            return;
        }
        if (!lets_in(caller)) return refuse(caller);
        caller.deadline = now_ + preamble_timeout_;
        caller.number = ++accepted_;
        caller.preamble_bytes = 0;
        read(caller);
        close_oldest_if_full();
        accept();
    }

    [[nodiscard]] bool lets_in(const Caller& caller) const {
        if (may_call_ == nullptr) return true;
        std::error_code error;
        asio::ip::address address = caller.socket.remote_endpoint(error).address();
        if (error) return false;
        if (address.is_v6() && address.to_v6().is_v4_mapped()) {
            address = asio::ip::make_address_v4(asio::ip::v4_mapped, address.to_v6());
        }
        return may_call_(may_call_context_, address);
    }

    void read(Caller& caller) {
        caller.reading = true;
        caller.socket.async_read_some(
            asio::buffer(caller.preamble.data() + caller.preamble_bytes,
                         caller.preamble.size() - caller.preamble_bytes),
            [owner = owner_.shared_from_this(), this, &caller](std::error_code error, std::size_t bytes) {
                caller.reading = false;
                if (error || !caller.socket.is_open()) return refuse(caller);
                caller.preamble_bytes += bytes;
                if (caller.preamble_bytes < caller.preamble.size()) return read(caller);
                identify(caller);
            });
    }

    void identify(Caller& caller) {
        const std::optional<TcpPreamble> preamble = decode_preamble(caller.preamble);
        if (!preamble || !owner_.called(*preamble, caller.socket)) return refuse(caller);
        release(caller);
    }

    void refuse(Caller& caller) {
        ++refused_;
        release(caller);
    }

    void release(Caller& caller) {
        close(caller);
        caller.busy = false;
        accept();
    }

    /// The handler of the operation under way, if there is one, then releases the caller.
    void close(Caller& caller) {
        std::error_code ignored;
        caller.socket.close(ignored);
    }

    void close_oldest_if_full() {
        Caller* oldest = nullptr;
        for (Caller& caller : callers_) {
            if (!caller.busy) return;
            if (caller.socket.is_open() && (oldest == nullptr || caller.number < oldest->number)) oldest = &caller;
        }
        if (oldest != nullptr) close(*oldest);
    }

    Owner& owner_;
    asio::basic_socket_acceptor<asio::ip::tcp, Executor> acceptor_;
    Duration preamble_timeout_;
    std::vector<Caller> callers_;
    bool (*may_call_)(void*, const asio::ip::address&) = nullptr;
    void* may_call_context_ = nullptr;
    Instant now_;
    std::uint64_t accepted_ = 0;
    std::uint64_t refused_ = 0;
    bool accepting_ = false;
};

}  // namespace replicator::transport
