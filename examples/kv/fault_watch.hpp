// SPDX-License-Identifier: BSL-1.0
// FaultWatch: says on stderr, once, that the node takes part no more, and ends the server some time later.
#pragma once

#include "networked_node.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <cstdio>
#include <functional>
#include <system_error>
#include <utility>

namespace kv {

/// What the exit status says of a node that faulted.
inline constexpr int faulted_status = 3;

/// A node that faulted never takes part again in this process. It is still asked for a while, so that probes and people
/// see what is wrong; then the process ends, because that is what a supervisor notices, and what sends clients away.
class FaultWatch {
public:
    FaultWatch(asio::io_context& context, NetworkedNode& node, std::chrono::seconds stays, std::function<void()> end)
        : node_(node), stays_(stays), end_(std::move(end)), timer_(context) {}

    void start() { look(); }
    void stop() {
        stopped_ = true;  // the timer may have run out already
        timer_.cancel();
    }

private:
    void look() {
        if (stopped_) return;
        const bool faulted = node_.role() == replicator::Role::faulted;
        if (faulted && std::exchange(faulted_, true)) return end_();
        if (faulted) {
            std::fprintf(stderr, "kv_server: this node takes part no more: %s; it ends in %lld s with status %d\n",
                         to_string(node_.status().fault), static_cast<long long>(stays_.count()), faulted_status);
        }
        timer_.expires_after(faulted ? std::chrono::steady_clock::duration(stays_) : look_interval);
        timer_.async_wait([this](std::error_code error) {
            if (!error) look();
        });
    }

    static constexpr std::chrono::steady_clock::duration look_interval = std::chrono::milliseconds(100);

    NetworkedNode& node_;
    std::chrono::seconds stays_;
    std::function<void()> end_;
    asio::steady_timer timer_;
    bool faulted_ = false;
    bool stopped_ = false;
};

}  // namespace kv
