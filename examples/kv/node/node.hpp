// SPDX-License-Identifier: BSL-1.0
// Node: the replicated table as the server knows it, whatever log and policy it is composed of.
#pragma once

#include "../base/limits.hpp"
#include "../table/command.hpp"
#include "../table/table.hpp"

#include <replicator/dynamic/any_node.hpp>
#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <chrono>
#include <cstdint>

namespace kv {

using Node = replicator::AnyNode<Table, Limits>;
using Status = Node::NodeStatus;
using PromotionStatus = Node::PromotionStatus;

/// How a write ended: acknowledged when there is no error.
struct WriteEnd {
    replicator::Error error = replicator::Error::none;
    bool reply_kept = true;  ///< false when the node no longer knows the reply
    Reply reply;
    replicator::Position position;
};

/// True when this node leads and knows that nobody else does: now, and not as of the last tick, because the process may
/// have been stopped since then.
[[nodiscard]] inline bool is_confirmed_now(const Node& node) noexcept {
    using std::chrono::microseconds;
    const auto now = std::chrono::steady_clock::now().time_since_epoch();
    const auto passed = std::chrono::duration_cast<microseconds>(now).count();
    return node.confirmed(replicator::Instant{static_cast<std::uint64_t>(passed)});
}

}  // namespace kv
