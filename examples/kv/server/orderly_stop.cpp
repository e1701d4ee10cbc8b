// SPDX-License-Identifier: BSL-1.0
// The steps of an orderly stop.

#include "orderly_stop.hpp"

#include "../base/text.hpp"

#include <replicator/api/drain.hpp>
#include <replicator/error.hpp>
#include <replicator/types.hpp>

#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <utility>

namespace kv {

namespace {

using replicator::DrainStep;
using replicator::Error;

constexpr std::chrono::milliseconds stop_look_interval{2};
/// So long commands are still refused in words, for clients that would rather hear that than an end of the stream.
constexpr std::chrono::milliseconds grace{100};
/// A session listens to its client for a second after its last answer; this is for one that does not take it.
constexpr std::chrono::milliseconds dismissal_time{1500};

[[nodiscard]] std::string_view what_is_lost(Error missing) {
    switch (missing) {
        case Error::not_enough_followers: return "no follower has caught up: what none holds is lost with it";
        case Error::busy: return "no follower holds everything: what none holds is lost with it";
        case Error::nodes_missing: return "a follower holds everything, but none leads: promote one (REPLICAOF NO ONE)";
        default: return to_string(missing);
    }
}

}  // namespace

OrderlyStop::OrderlyStop(asio::io_context& context, NetworkedNode& node, Server& server,
                         std::chrono::milliseconds patience, std::function<void()> ended)
    : node_(node), server_(server), patience_(patience), ended_(std::move(ended)), timer_(context, [this] {
          look();
      }) {}

void OrderlyStop::signal() {
    if (step_ != Step::none) {
        cut_short_ = step_ != Step::ended;
        return end();
    }
    began_ = std::chrono::steady_clock::now();
    server_.take_no_commands();
    step_ = Step::draining;
    // Who does not lead has nothing to hand over.
    if (!node_.node().drain(replicator::milliseconds(static_cast<std::uint64_t>(patience_.count())))) stop_node();
    look();
}

/// Often: nobody takes writes meanwhile.
void OrderlyStop::look() {
    if (step_ == Step::draining) {
        const replicator::DrainStatus drain = node_.node().drain_status();
        if (drain.step == DrainStep::done || drain.step == DrainStep::late) {
            say(drain);
            stop_node();
        }
    } else if (step_ == Step::dismissing) {
        const auto passed = std::chrono::steady_clock::now() - handed_over_;
        if (passed >= grace && !std::exchange(dismissed_, true)) server_.dismiss();
        if (passed >= dismissal_time || server_.service().clients == 0) end();
    }
    timer_.set(stop_look_interval);
}

void OrderlyStop::say(const replicator::DrainStatus& drain) const {
    using std::chrono::milliseconds;
    const auto passed = std::chrono::duration_cast<milliseconds>(std::chrono::steady_clock::now() - began_);
    if (drain.step == DrainStep::done) {
        std::printf("handed over to node=%u after milliseconds=%lld\n", value(node_.node().leader()),
                    static_cast<long long>(passed.count()));
        std::fflush(stdout);
    } else {
        std::fprintf(stderr, "kv_server: stops after %lld ms without having handed over: %s\n",
                     static_cast<long long>(passed.count()), std::string(what_is_lost(drain.error)).c_str());
    }
}

/// What is still without an outcome ends as unknown, so that everybody gets an answer.
void OrderlyStop::stop_node() {
    step_ = Step::dismissing;
    handed_over_ = std::chrono::steady_clock::now();
    node_.stop();
}

void OrderlyStop::end() {
    if (std::exchange(step_, Step::ended) == Step::ended) return;
    timer_.stop();
    ended_();
}

}  // namespace kv
