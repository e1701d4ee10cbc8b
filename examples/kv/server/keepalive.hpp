// SPDX-License-Identifier: BSL-1.0
// How soon the system gives up a client that vanished without closing: its machine lost power, or the way to it did.
#pragma once

#include <algorithm>
#include <chrono>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace kv {

/// The connection is closed when the other side has given no sign of life for `timeout`: neither an answer to a probe,
/// the first of which is sent after half that time of silence, nor to what was sent to it. So is that of a client which
/// lives and takes none of its replies for so long. Where the system has no such options, its own times hold.
inline void set_keepalive(int socket, std::chrono::seconds timeout) noexcept {
    const auto set = [socket](int level, int name, int value) {
        static_cast<void>(::setsockopt(socket, level, name, &value, sizeof value));
    };
    set(SOL_SOCKET, SO_KEEPALIVE, 1);
    const int seconds = static_cast<int>(std::max<std::chrono::seconds::rep>(timeout.count(), 2));
    const int silent = seconds / 2;
    const int interval = std::max((seconds - silent) / 3, 1);
#ifdef TCP_KEEPIDLE
    set(IPPROTO_TCP, TCP_KEEPIDLE, silent);
    set(IPPROTO_TCP, TCP_KEEPINTVL, interval);
    set(IPPROTO_TCP, TCP_KEEPCNT, (seconds - silent) / interval);
#endif
#ifdef TCP_USER_TIMEOUT
    set(IPPROTO_TCP, TCP_USER_TIMEOUT, seconds * 1000);
#endif
}

}  // namespace kv
