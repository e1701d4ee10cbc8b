// SPDX-License-Identifier: BSL-1.0
// Connection: the loader's side of the Redis protocol, over one socket that never blocks for ever.
#pragma once

#include "loopback.hpp"

#include <array>
#include <cerrno>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kv {

/// What the server said: the first letter of the protocol, and the line or the bulk string. `none` is a null.
struct Answer {
    char kind = '+';
    std::string_view text;
    bool none = false;
};

class Connection {
public:
    /// Says the password before anything else, when there is one; it must stay where it is.
    explicit Connection(std::string_view password = {}) : password_(password) {}
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;
    ~Connection() { close(); }

    /// To a server on the loopback address.
    [[nodiscard]] bool open(std::uint16_t port) {
        close();
        socket_ = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (socket_ < 0) return false;
        if (!connect_to(socket_, port) || !make_ready(socket_)) return close(), false;
        logs_in_ = !password_.empty();
        log_in_failed_ = false;
        if (logs_in_) request(std::array<std::string_view, 2>{"AUTH", password_});
        return true;
    }

    void close() noexcept {
        if (socket_ >= 0) ::close(socket_);
        socket_ = -1;
        output_.clear();
        input_.clear();
        sent_ = taken_ = 0;
        logs_in_ = false;
    }

    [[nodiscard]] bool is_open() const noexcept { return socket_ >= 0; }
    /// The last connection was of no use, because the server took no password.
    [[nodiscard]] bool log_in_failed() const noexcept { return log_in_failed_; }
    /// What the server said to a password that is wrong, or to none: the next time it says the same. Empty otherwise.
    [[nodiscard]] const std::string& refusal() const noexcept { return refusal_; }
    /// Bytes that were not sent yet.
    [[nodiscard]] std::size_t unsent() const noexcept { return output_.size() - sent_; }

    void request(std::span<const std::string_view> words) {
        head('*', words.size());
        for (const std::string_view word : words) {
            head('$', word.size());
            output_.append(word).append("\r\n");
        }
    }

    /// Waits until something can be done, and does it. False when the connection is lost, or the log-in has failed;
    /// `idle` when nothing happened in that time.
    [[nodiscard]] bool move(int milliseconds_max, bool& idle) {
        if (log_in_failed_) return false;
        pollfd asked{socket_, static_cast<short>(unsent() > 0 ? POLLIN | POLLOUT : POLLIN), 0};
        const int ready = ::poll(&asked, 1, milliseconds_max);
        idle = ready == 0;
        if (ready < 0) return errno == EINTR;
        if (ready == 0) return true;
        if ((asked.revents & POLLOUT) != 0 && !send_some()) return false;
        return (asked.revents & (POLLIN | POLLHUP | POLLERR)) == 0 || receive_some();
    }

    /// The next answer that is whole; good until the next call of `move`. A broken one has kind 0. None after the
    /// log-in has failed.
    [[nodiscard]] std::optional<Answer> next() {
        if (log_in_failed_) return std::nullopt;
        std::optional<Answer> answer = parse();
        const bool is_error = answer && answer->kind == '-';
        const bool is_login = answer && std::exchange(logs_in_, false);
        if (is_error && (answer->text.starts_with("WRONGPASS ") || answer->text.starts_with("NOAUTH "))) {
            refusal_ = answer->text;
            log_in_failed_ = true;
        } else if (is_error && is_login) {
            // A server that asks for no password takes commands all the same.
            log_in_failed_ = !answer->text.starts_with("ERR AUTH ");
        }
        if (log_in_failed_) return std::nullopt;
        return is_login ? parse() : answer;
    }

private:
    [[nodiscard]] std::optional<Answer> parse() noexcept {
        const std::string_view left = std::string_view(input_).substr(taken_);
        const std::size_t stop = left.find("\r\n");
        if (stop == std::string_view::npos) return std::nullopt;
        const char kind = left[0];
        const std::string_view line = left.substr(1, stop - 1);
        if (kind == '+' || kind == '-' || kind == ':') return taken_ += stop + 2, Answer{kind, line, false};
        std::int64_t length = 0;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), length);
        if (kind != '$' || error != std::errc{} || end != line.data() + line.size()) return Answer{'\0', line, false};
        if (length < 0) return taken_ += stop + 2, Answer{kind, {}, true};
        const auto bytes = static_cast<std::size_t>(length);
        if (left.size() < stop + 2 + bytes + 2) return std::nullopt;
        taken_ += stop + 2 + bytes + 2;
        return Answer{kind, left.substr(stop + 2, bytes), false};
    }

    void head(char kind, std::size_t number) {
        output_ += kind;
        output_ += std::to_string(number);
        output_ += "\r\n";
    }

    [[nodiscard]] bool send_some() {
        const ssize_t sent = ::send(socket_, output_.data() + sent_, unsent(), MSG_NOSIGNAL);
        if (sent < 0) return errno == EAGAIN || errno == EINTR;
        sent_ += static_cast<std::size_t>(sent);
        if (unsent() == 0) {
            output_.clear();
            sent_ = 0;
        }
        return true;
    }

    [[nodiscard]] bool receive_some() {
        input_.erase(0, taken_);
        taken_ = 0;
        const std::size_t before = input_.size();
        input_.resize(before + 256 * 1024);
        const ssize_t received = ::recv(socket_, input_.data() + before, input_.size() - before, 0);
        input_.resize(before + static_cast<std::size_t>(received > 0 ? received : 0));
        if (received < 0) return errno == EAGAIN || errno == EINTR;
        return received > 0;
    }

    std::string_view password_;
    bool logs_in_ = false;  // the next answer is that to the password
    bool log_in_failed_ = false;
    std::string refusal_;
    int socket_ = -1;
    std::string output_;
    std::size_t sent_ = 0;
    std::string input_;
    std::size_t taken_ = 0;
};

}  // namespace kv
