// SPDX-License-Identifier: BSL-1.0
// RecurringTimer: calls back again and again, and after `stop` never again.
#pragma once

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <functional>
#include <system_error>
#include <utility>

namespace kv {

/// The server ends when its context has nothing more to wait for, so whoever waits again after the end keeps the
/// process for ever. `cancel` of a timer cannot see to that: a timer that has run out already is not cancelled, and its
/// handler, which is still to come, would arm it again. Hence a timer that cannot be armed once it was stopped.
class RecurringTimer {
public:
    RecurringTimer(asio::io_context& context, std::function<void()> callback)
        : callback_(std::move(callback)), timer_(context) {}
    RecurringTimer(const RecurringTimer&) = delete;
    RecurringTimer& operator=(const RecurringTimer&) = delete;

    /// The callback comes once, so much later, unless it is stopped before. For a timer that is not set.
    void set(std::chrono::steady_clock::duration later) {
        if (stopped_) return;
        timer_.expires_after(later);
        timer_.async_wait([this](std::error_code error) {
            if (!error && !stopped_) callback_();
        });
    }
    void stop() {
        stopped_ = true;
        timer_.cancel();
    }

private:
    std::function<void()> callback_;
    asio::steady_timer timer_;
    bool stopped_ = false;
};

}  // namespace kv
