// SPDX-License-Identifier: BSL-1.0
// FaultWatch: says on stderr, once, that the node takes part no more, and ends the server some time later.
#pragma once

#include "../base/recurring_timer.hpp"
#include "node.hpp"

#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <asio/io_context.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <utility>

namespace kv {

/// What the exit status says of a node that faulted.
inline constexpr int faulted_status = 3;

/// A node that faulted never takes part again in this process. It is still asked for a while, so that probes and people
/// see what is wrong; then the process ends, because that is what a supervisor notices, and what sends clients away.
class FaultWatch {
public:
    FaultWatch(asio::io_context& context, Node node, std::chrono::seconds stays, std::function<void()> end)
        : node_(node), stays_(stays), end_(std::move(end)), timer_(context, [this] { look(); }) {}

    void start() { look(); }
    void stop() { timer_.stop(); }

private:
    void look() {
        const bool faulted = node_.role() == replicator::Role::faulted;
        if (faulted && std::exchange(faulted_, true)) return end_();
        if (faulted) {
            std::fprintf(stderr, "kv_server: this node takes part no more: %s; it ends in %lld s with status %d\n",
                         to_string(node_.status().fault), static_cast<long long>(stays_.count()), faulted_status);
        }
        timer_.set(faulted ? std::chrono::steady_clock::duration(stays_) : look_interval);
    }

    static constexpr std::chrono::steady_clock::duration look_interval = std::chrono::milliseconds(100);

    Node node_;
    std::chrono::seconds stays_;
    std::function<void()> end_;
    RecurringTimer timer_;
    bool faulted_ = false;
};

}  // namespace kv
