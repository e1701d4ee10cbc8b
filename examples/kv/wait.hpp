// SPDX-License-Identifier: BSL-1.0
// Wait: a command that is answered when something has come about, or when its time is up.
#pragma once

#include "client.hpp"
#include "reply.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace kv {

struct Wait {
    /// Asked again and again. False: not yet. True: the answer is written; it must be when `late` is true.
    std::function<bool(const Service& service, ReplyWriter& reply, bool late)> answers;
    std::optional<std::chrono::steady_clock::time_point> deadline;
};

}  // namespace kv
