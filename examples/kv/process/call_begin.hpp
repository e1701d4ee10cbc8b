// SPDX-License-Identifier: BSL-1.0
// CallBegin: when the first handler after a wait began, which `io_context::run_one` waits for and then calls at once.
//
// Asio includes this file where ASIO_CUSTOM_HANDLER_TRACKING names it, and then calls the macros beneath. Of what Asio
// tells, only that a handler is going to be called is of use here. Without the definition nobody knows when it began.
#pragma once

#include <chrono>
#include <optional>
#include <utility>

namespace kv {

/// Of the one thread that runs the loop.
class CallBegin {
public:
    /// The next handler is the first one after a wait.
    static void await() noexcept { awaited_ = true; }
    [[nodiscard]] static std::optional<std::chrono::steady_clock::time_point> take() noexcept {
        awaited_ = false;
        return std::exchange(at_, std::nullopt);
    }
    static void note() noexcept {
        if (!awaited_) return;
        awaited_ = false;
        at_ = std::chrono::steady_clock::now();
    }

private:
    static inline thread_local bool awaited_ = false;
    static inline thread_local std::optional<std::chrono::steady_clock::time_point> at_;
};

}  // namespace kv

#if defined(ASIO_CUSTOM_HANDLER_TRACKING)
#define ASIO_INHERIT_TRACKED_HANDLER
#define ASIO_ALSO_INHERIT_TRACKED_HANDLER
#define ASIO_HANDLER_TRACKING_INIT (void)0
#define ASIO_HANDLER_LOCATION(location) (void)0
#define ASIO_HANDLER_CREATION(operation) (void)0
#define ASIO_HANDLER_COMPLETION(operation) ::kv::CallBegin::note()
#define ASIO_HANDLER_INVOCATION_BEGIN(arguments) (void)0
#define ASIO_HANDLER_INVOCATION_END (void)0
#define ASIO_HANDLER_OPERATION(operation) (void)0
#define ASIO_HANDLER_REACTOR_REGISTRATION(descriptor) (void)0
#define ASIO_HANDLER_REACTOR_DEREGISTRATION(descriptor) (void)0
#define ASIO_HANDLER_REACTOR_READ_EVENT 0
#define ASIO_HANDLER_REACTOR_WRITE_EVENT 0
#define ASIO_HANDLER_REACTOR_ERROR_EVENT 0
#define ASIO_HANDLER_REACTOR_EVENTS(descriptor) (void)0
#define ASIO_HANDLER_REACTOR_OPERATION(operation) (void)0
#endif
