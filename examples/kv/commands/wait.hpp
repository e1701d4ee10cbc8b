// SPDX-License-Identifier: BSL-1.0
// Wait: a command that is answered when something has come about, or when its time is up.
#pragma once

#include "../protocol/reply.hpp"
#include "client.hpp"

#include <chrono>
#include <functional>
#include <optional>

namespace kv {

struct Wait {
    /// Asked whenever the node's `Moment` is another one. False: not yet. True: the answer is written; it must be when
    /// `late` is true, unless it comes by itself soon.
    std::function<bool(const Service& service, const Status& status, ReplyWriter& reply, bool late)> answers;
    std::optional<std::chrono::steady_clock::time_point> deadline{};
    /// Asked so often besides, where the answer depends on the time, too.
    std::optional<std::chrono::milliseconds> look_interval{};
};

}  // namespace kv
