// SPDX-License-Identifier: BSL-1.0
// SignalWatch: tells of each signal to end, until it is stopped.
#pragma once

#include <asio/io_context.hpp>
#include <asio/signal_set.hpp>

#include <csignal>
#include <functional>
#include <system_error>
#include <utility>

namespace kv {

/// As a `RecurringTimer`, it waits no more once it was stopped: also when a signal came that nobody was told of yet.
class SignalWatch {
public:
    SignalWatch(asio::io_context& context, std::function<void()> signalled)
        : signalled_(std::move(signalled)), signals_(context, SIGINT, SIGTERM) {
        wait();
    }
    SignalWatch(const SignalWatch&) = delete;
    SignalWatch& operator=(const SignalWatch&) = delete;

    void stop() {
        stopped_ = true;
        std::error_code ignored;
        signals_.cancel(ignored);
    }

private:
    void wait() {
        signals_.async_wait([this](std::error_code error, int) {
            if (error || stopped_) return;
            wait();  // before the callback, which may stop it
            signalled_();
        });
    }

    std::function<void()> signalled_;
    asio::signal_set signals_;
    bool stopped_ = false;
};

}  // namespace kv
