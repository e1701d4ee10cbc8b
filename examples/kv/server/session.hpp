// SPDX-License-Identifier: BSL-1.0
// Session: one connection of a client. Answers in order, keeps many writes on the way, and never more than the bounds.
//
// Requests are served until one has to wait: a read for the writes before it, so that clients read what they wrote; a
// write for room in the node; any for the client to take its replies. While one waits, nothing more is read.
#pragma once

#include "../base/limits.hpp"
#include "../commands/client.hpp"
#include "../commands/commands.hpp"
#include "../commands/wait.hpp"
#include "../node/node.hpp"
#include "../protocol/request.hpp"

#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <system_error>

namespace kv {

class Server;

class Session final : public std::enable_shared_from_this<Session> {
public:
    using Socket = asio::basic_stream_socket<asio::ip::tcp, asio::io_context::executor_type>;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                             asio::io_context::executor_type>;

    Session(Server& server, Socket socket, std::uint64_t id);

    void start();
    /// Says why, and closes.
    void refuse(std::string_view error);
    void close();
    [[nodiscard]] std::uint64_t id() const noexcept { return client_.id; }
    /// There may be room in the node again.
    void resume();
    /// Nothing is read any more; what was received is answered before the connection ends.
    void finish();

    /// The client has sent its last byte, or the connection is broken. While something waits nothing is read, so this
    /// is how it is noticed.
    void hung_up(bool is_broken);
    /// The node's status is another one: does it answer what is waited for?
    void look(const Status& status);

private:
    struct PendingWrite {
        ReplyForm form = ReplyForm::ok;
        bool ended = false;
        WriteEnd end;
    };

    void read();
    void serve();
    void serve_soon();
    /// False: it has to wait, and is served again.
    bool serve_request();
    bool serve_write(const CommandType& type);
    void written(std::uint64_t number, const WriteEnd& end);
    bool serve_refusal(std::string_view error);
    bool begin_wait(const CommandType& type);
    void end_wait();
    void look_later();
    void leave_later();
    void tell_ends();
    void flush();
    void end();
    void discard();

    Server& server_;
    Socket socket_;
    Timer timer_;
    Client client_;
    RequestReader reader_;
    RequestReader::Step step_ = RequestReader::Step::incomplete;  // what the reader is at
    std::deque<PendingWrite> pending_;
    std::uint64_t first_pending_ = 0;  // its number
    std::optional<Wait> wait_;

    std::string replies_;  // gathered while the others are sent
    std::string sending_;
    std::size_t discarded_bytes_ = 0;
    bool reading_ = false;
    bool writing_ = false;
    bool serving_soon_ = false;
    bool held_ = false;
    bool hung_up_ = false;    // it sends no more, and may still listen
    bool finishing_ = false;  // only what was received is still served
    bool ending_ = false;     // no more requests are read
    bool ended_ = false;      // and all replies are sent
    bool closed_ = false;
};

}  // namespace kv
