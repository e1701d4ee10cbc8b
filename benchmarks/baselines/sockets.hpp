// SPDX-License-Identifier: BSL-1.0
// Loopback TCP sockets for the baselines, as plain as they come.
#pragma once

#include "../process.hpp"

#include <cstddef>
#include <cstdint>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace benchmark::baseline {

/// A file descriptor that is closed in the end.
class Socket {
public:
    explicit Socket(int descriptor) : descriptor_(descriptor) {
        if (descriptor_ < 0) fail("socket");
    }
    Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
    Socket& operator=(Socket&&) = delete;
    ~Socket() {
        if (descriptor_ >= 0) close(descriptor_);
    }
    [[nodiscard]] int descriptor() const { return descriptor_; }

private:
    int descriptor_;
};

/// Listens on a free port of 127.0.0.1.
[[nodiscard]] inline Socket listen_on_loopback() {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (bind(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("bind");
    if (listen(socket.descriptor(), 4) != 0) fail("listen");
    return socket;
}

inline void send_at_once(const Socket& socket) {
    const int on = 1;
    setsockopt(socket.descriptor(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
}

[[nodiscard]] inline Socket accept_on(const Socket& listener) {
    Socket socket(accept(listener.descriptor(), nullptr, nullptr));
    send_at_once(socket);
    return socket;
}

[[nodiscard]] inline std::uint16_t port_of(const Socket& listener) {
    sockaddr_in address{};
    socklen_t bytes = sizeof address;
    if (getsockname(listener.descriptor(), reinterpret_cast<sockaddr*>(&address), &bytes) != 0) fail("getsockname");
    return ntohs(address.sin_port);
}

[[nodiscard]] inline Socket connect_to(const Socket& listener) {
    Socket socket(::socket(AF_INET, SOCK_STREAM, 0));
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons(port_of(listener));
    if (connect(socket.descriptor(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) fail("connect");
    send_at_once(socket);
    return socket;
}

inline void send_all(const Socket& socket, const std::byte* from, std::size_t bytes) {
    while (bytes != 0) {
        const ssize_t sent = send(socket.descriptor(), from, bytes, MSG_NOSIGNAL);
        if (sent <= 0) fail("send");
        from += sent;
        bytes -= static_cast<std::size_t>(sent);
    }
}

}  // namespace benchmark::baseline
