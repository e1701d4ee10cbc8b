// SPDX-License-Identifier: BSL-1.0
// HangupWatch: learns that a client has gone while nothing is read from it.
//
// While a request waits, the next ones stay in the socket, so the end of the stream is behind them and no read would
// find it. The system tells of it all the same, once for each client, and at no cost before.
#pragma once

#include <asio/io_context.hpp>
#include <asio/posix/stream_descriptor.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <system_error>
#include <utility>

#if __has_include(<sys/epoll.h>)
#include <sys/epoll.h>

#include <cerrno>
#endif

namespace kv {

/// On systems without epoll it says nothing: there a client that left bytes behind is noticed when its turn comes.
class HangupWatch {
public:
    /// `is_broken`: the connection is of no use any more; otherwise the client has sent its last byte, and may listen.
    using HungUp = std::function<void(std::uint64_t id, bool is_broken)>;

    HangupWatch(asio::io_context& context, HungUp hung_up) : events_(context), hung_up_(std::move(hung_up)) {}

#if __has_include(<sys/epoll.h>)
    [[nodiscard]] std::error_code start() {
        const int descriptor = ::epoll_create1(EPOLL_CLOEXEC);
        if (descriptor < 0) return {errno, std::system_category()};
        std::error_code error;
        events_.assign(descriptor, error);
        if (!error) wait();
        return error;
    }
    /// Until the socket is closed. What cannot be watched, for want of memory, goes without.
    void add(int socket, std::uint64_t id) {
        if (!events_.is_open()) return;
        epoll_event event{};
        event.events = EPOLLRDHUP | EPOLLET;
        event.data.u64 = id;
        static_cast<void>(::epoll_ctl(events_.native_handle(), EPOLL_CTL_ADD, socket, &event));
    }
    void stop() {
        std::error_code ignored;
        events_.close(ignored);
    }

private:
    void wait() {
        events_.async_wait(asio::posix::stream_descriptor::wait_read, [this](std::error_code error) {
            if (error || !events_.is_open()) return;
            std::array<epoll_event, 64> found;
            const int count = ::epoll_wait(events_.native_handle(), found.data(), found.size(), 0);
            for (int i = 0; i < count; ++i) {
                const epoll_event& event = found[static_cast<std::size_t>(i)];
                hung_up_(event.data.u64, (event.events & EPOLLERR) != 0);
            }
            wait();
        });
    }
#else
    [[nodiscard]] std::error_code start() { return {}; }
    void add(int, std::uint64_t) {}
    void stop() {}

private:
#endif
    asio::posix::stream_descriptor events_;
    HungUp hung_up_;
};

}  // namespace kv
