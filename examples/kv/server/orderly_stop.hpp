// SPDX-License-Identifier: BSL-1.0
// OrderlyStop: what the server does between the signal to end and its end.
#pragma once

#include "../base/recurring_timer.hpp"
#include "../node/networked_node.hpp"
#include "server.hpp"

#include <asio/io_context.hpp>

#include <chrono>
#include <functional>

namespace kv {

/// Commands are refused, a leader is drained, every client gets its last answers, and then `ended` is called, once.
class OrderlyStop {
public:
    /// `patience` is for the drain. The node and the server must outlive it.
    OrderlyStop(asio::io_context& context, NetworkedNode& node, Server& server, std::chrono::milliseconds patience,
                std::function<void()> ended);

    /// The first one begins it, the second one ends it at once.
    void signal();
    [[nodiscard]] bool was_cut_short() const noexcept { return cut_short_; }

private:
    void look();
    void say(const replicator::DrainStatus& drain) const;
    void stop_node();
    void end();

    NetworkedNode& node_;
    Server& server_;
    std::chrono::milliseconds patience_;
    std::function<void()> ended_;
    RecurringTimer timer_;
    std::chrono::steady_clock::time_point began_;
    std::chrono::steady_clock::time_point handed_over_;
    enum class Step { none, draining, dismissing, ended } step_ = Step::none;
    bool dismissed_ = false;  // the clients were
    bool cut_short_ = false;
};

}  // namespace kv
