// SPDX-License-Identifier: BSL-1.0
// Server: accepts clients, up to a bound, and lets them share the room for writes in the node.
#pragma once

#include "../base/recurring_timer.hpp"
#include "../commands/client.hpp"
#include "../node/moment.hpp"
#include "../node/networked_node.hpp"
#include "../node/write_room.hpp"
#include "hangup_watch.hpp"
#include "session.hpp"

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <set>
#include <system_error>

namespace kv {

class Server {
public:
    /// All three must outlive it; the service is about that node.
    Server(asio::io_context& context, NetworkedNode& node, Service& service);

    /// Where clients are accepted from now on; port 0 takes one that is free.
    asio::ip::tcp::endpoint listen(const asio::ip::tcp::endpoint& endpoint, std::error_code& error);
    /// Refuses whatever comes from now on, and nobody new is accepted; what was begun goes on.
    void take_no_commands();
    /// Sessions end when their clients have the answers to all that was received.
    void dismiss();
    /// Closes everything.
    void stop();

    [[nodiscard]] Service& service() noexcept { return service_; }

    /// The node was told something, which may be what clients wait for.
    void node_moved();

    // For sessions.

    void forget(Session& session);
    /// The session hears when the client hangs up.
    void watch(int socket, std::uint64_t id) { watch_.add(socket, id); }
    /// The session is asked whenever the node's `Moment` is another one.
    void wait_begins(std::uint64_t id);
    void wait_ends(std::uint64_t id);
    /// The session has a write for which there was no room.
    void hold(std::shared_ptr<Session> session) { held_.push_back(std::move(session)); }
    /// A write has ended.
    void room_again();
    [[nodiscard]] WriteRoom& writes() noexcept { return writes_; }

private:
    void accept();
    void admit(Session::Socket socket);
    /// Null when it is gone.
    [[nodiscard]] std::shared_ptr<Session> find(std::uint64_t id) const;

    asio::io_context& context_;
    Service& service_;
    WriteRoom writes_;
    asio::basic_socket_acceptor<asio::ip::tcp, asio::io_context::executor_type> acceptor_;
    RecurringTimer timer_;  // to accept again after an error
    HangupWatch watch_;
    std::map<std::uint64_t, std::shared_ptr<Session>> sessions_;
    std::set<std::uint64_t> waiting_;
    Moment seen_;  // by those
    std::deque<std::shared_ptr<Session>> held_;
    std::uint64_t last_id_ = 0;
    bool resuming_ = false;
};

}  // namespace kv
