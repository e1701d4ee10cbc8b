// SPDX-License-Identifier: BSL-1.0
// How clients come and go.

#include "server.hpp"

#include "keepalive.hpp"

#include <asio/error.hpp>
#include <asio/post.hpp>
#include <asio/socket_base.hpp>

#include <chrono>
#include <utility>

namespace kv {

namespace {

/// After an error of the system, such as too many open files.
constexpr std::chrono::milliseconds accept_rest{100};

}  // namespace

Server::Server(asio::io_context& context, NetworkedNode& node, Service& service)
    : context_(context),
      service_(service),
      writes_(node),
      acceptor_(context.get_executor()),
      timer_(context, [this] { accept(); }),
      watch_(context, [this](std::uint64_t id, bool is_broken) {
          if (const auto session = find(id)) session->hung_up(is_broken);
      }) {
    service_.close_client = [this](std::uint64_t id) {
        if (const auto session = find(id)) session->close();
    };
}

std::shared_ptr<Session> Server::find(std::uint64_t id) const {
    const auto found = sessions_.find(id);
    return found == sessions_.end() ? nullptr : found->second;
}

asio::ip::tcp::endpoint Server::listen(const asio::ip::tcp::endpoint& endpoint, std::error_code& error) {
    acceptor_.open(endpoint.protocol(), error);
    if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
    if (!error) acceptor_.bind(endpoint, error);
    if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
    if (!error) error = watch_.start();
    if (error) return {};
    accept();
    return acceptor_.local_endpoint(error);
}

void Server::take_no_commands() {
    service_.stopping = true;
    std::error_code ignored;
    acceptor_.close(ignored);
    timer_.stop();
    room_again();
}

void Server::dismiss() {
    held_.clear();
    for (const auto& [at, session] : sessions_) session->finish();
}

void Server::stop() {
    std::error_code ignored;
    acceptor_.close(ignored);
    timer_.stop();
    watch_.stop();
    held_.clear();
    while (!sessions_.empty()) {
        const std::shared_ptr<Session> session = sessions_.begin()->second;
        session->close();
    }
}

void Server::forget(Session& session) {
    std::erase_if(held_, [&session](const auto& held) { return held.get() == &session; });
    sessions_.erase(session.id());
    service_.clients = sessions_.size();
}

void Server::wait_begins(std::uint64_t id) {
    waiting_.insert(id);
    service_.clients_waiting = waiting_.size();
}

void Server::wait_ends(std::uint64_t id) {
    waiting_.erase(id);
    service_.clients_waiting = waiting_.size();
}

void Server::node_moved() {
    if (waiting_.empty()) return;
    const Status status = service_.node.status();
    const Moment now(status);
    if (std::exchange(seen_, now) == now) return;
    // A session that is answered leaves, and no other one does.
    for (auto at = waiting_.begin(); at != waiting_.end();) sessions_.at(*at++)->look(status);
}

void Server::room_again() {
    if (held_.empty() || std::exchange(resuming_, true)) return;
    asio::post(context_, [this] {
        resuming_ = false;
        for (auto held = std::exchange(held_, {}); !held.empty(); held.pop_front()) held.front()->resume();
    });
}

void Server::accept() {
    acceptor_.async_accept([this](std::error_code error, Session::Socket socket) {
        if (error == asio::error::operation_aborted || !acceptor_.is_open()) return;
        if (error && error != asio::error::connection_aborted) return timer_.set(accept_rest);
        if (!error) admit(std::move(socket));
        accept();
    });
}

void Server::admit(Session::Socket socket) {
    std::error_code ignored;
    socket.set_option(asio::ip::tcp::no_delay(true), ignored);
    set_keepalive(socket.native_handle(), service_.client_timeout);
    ++service_.connections;
    const bool full = sessions_.size() >= service_.clients_max;
    // A few beyond the bound are told so; more than that are closed without a word.
    if (full) ++service_.connections_refused;
    if (sessions_.size() >= service_.clients_max + 16) return;
    const auto session = std::make_shared<Session>(*this, std::move(socket), ++last_id_);
    sessions_.emplace(session->id(), session);
    service_.clients = sessions_.size();
    full ? session->refuse("ERR max number of clients reached") : session->start();
}

}  // namespace kv
