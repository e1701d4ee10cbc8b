// SPDX-License-Identifier: BSL-1.0
// A group over TCP whose nodes are threads of this process, so that one clock sees them all; and a load that goes on.
#pragma once

#include "node.hpp"

#include "../process.hpp"

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <future>
#include <memory>
#include <optional>
#include <span>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

#include <unistd.h>

#include <asio/executor_work_guard.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/post.hpp>

namespace benchmark::ours {

using Clock = std::chrono::steady_clock;

/// Waits until `done()`, or fails.
template <class Done>
void await(Done&& done, const char* what) {
    const auto deadline = Clock::now() + std::chrono::seconds(10);
    while (!done()) {
        if (Clock::now() > deadline) fail(what);
        usleep(200);
    }
}

/// Where and when the seat was last given.
struct SeatWatch {
    replicator::Index index;
    Clock::time_point time;

    void on_seat(replicator::NodeId, replicator::Index at) {
        index = at;
        time = Clock::now();
    }
};

/// Clients that each wait for their write before the next one: so many writes are always under way, while the node
/// leads. It lives in the thread of its node, is called whenever the node was told something, and notes the time.
template <class Node>
class Load {
public:
    Load(std::span<const typename Node::Command> commands, const SeatWatch& seat) : commands_(commands), seat_(seat) {}

    /// From now on so many are under way; 0 for none.
    void begin(Node& node, std::size_t depth) {
        depth_ = depth;
        leads_ = false;
        acknowledgements = 0;
        acknowledged_at_ = Clock::now();
        seat_pause_ = seat_taken_in_ = {};
        latencies_.clear();
        taken_at_.reset();
        answered_at_.reset();
        go_on(node);
    }

    void go_on(Node& node) {
        if (node.role() != replicator::Role::leader) return;
        if (!std::exchange(leads_, true)) seen_ = node.confirmed() ? node.acknowledged() : node.last().index;
        if (node.acknowledged() > seen_) note(node);
        while (depth_ > 0 && node.last().index < seen_ + depth_ && node.write(commands_[next_])) {
            accepted_at_ = Clock::now();
            if (!taken_at_) taken_at_ = accepted_at_;
            if (++next_ == commands_.size()) next_ = 0;
        }
    }

    /// How long nothing was acknowledged while the seat went to another follower; and of this, since it was given.
    [[nodiscard]] Clock::duration seat_pause() const { return seat_pause_; }
    [[nodiscard]] Clock::duration seat_taken_in() const { return seat_taken_in_; }
    /// The median time of a write at depth 1.
    [[nodiscard]] Clock::duration median_latency() {
        const auto middle = latencies_.begin() + static_cast<std::ptrdiff_t>(latencies_.size() / 2);
        std::nth_element(latencies_.begin(), middle, latencies_.end());
        return *middle;
    }
    /// When the first write since `begin` was taken, and when one was acknowledged.
    [[nodiscard]] Clock::time_point taken_at() const { return *taken_at_; }
    [[nodiscard]] Clock::time_point answered_at() const { return *answered_at_; }

    std::atomic<std::uint64_t> acknowledgements{0};  ///< how often something was acknowledged since `begin`

private:
    void note(const Node& node) {
        const Clock::time_point now = Clock::now();
        if (seen_ < seat_.index) {
            seat_pause_ = now - acknowledged_at_;
            seat_taken_in_ = now - seat_.time;
        }
        if (depth_ == 1) latencies_.push_back(now - accepted_at_);
        if (!answered_at_) answered_at_ = now;
        seen_ = node.acknowledged();
        acknowledged_at_ = now;
        ++acknowledgements;
    }

    std::span<const typename Node::Command> commands_;
    const SeatWatch& seat_;
    std::size_t next_ = 0;
    std::size_t depth_ = 0;
    bool leads_ = false;
    replicator::Index seen_;
    Clock::time_point acknowledged_at_;
    Clock::time_point accepted_at_;
    Clock::duration seat_pause_{};
    Clock::duration seat_taken_in_{};
    std::vector<Clock::duration> latencies_;
    std::optional<Clock::time_point> taken_at_;
    std::optional<Clock::time_point> answered_at_;
};

/// A node in a thread of its own, on a core of its own where there are enough.
template <class Node>
class NodeThread {
public:
    using Command = typename Node::Command;

    NodeThread(std::size_t number, std::span<const replicator::NodeId> nodes, std::span<const Command> commands)
        : node_(std::make_unique<Node>(
              network_, replicator::Config{.node = nodes[number], .nodes = nodes, .run = replicator::Run{number + 1}},
              seat_)),
          load_(commands, seat_),
          core_(number == 0 ? 0 : core_of_follower(static_cast<int>(number) - 1)) {
        std::error_code error;
        endpoint_ = network_.listen({asio::ip::address_v4::loopback(), 0}, error);
        if (error) fail("failover: listen");
        network_.on_progress([](void* self) { static_cast<NodeThread*>(self)->progress(); }, this);
    }
    NodeThread(const NodeThread&) = delete;
    NodeThread& operator=(const NodeThread&) = delete;
    ~NodeThread() { halt(); }

    void add_peer(const NodeThread& peer) { network_.add_peer(peer.node_->id(), peer.endpoint_); }

    void run() {
        if (network_.start()) fail("failover: start");
        thread_ = std::thread([this] {
            pin_to(core_);
            context_.run();
        });
    }
    /// The thread ends. The connections stay, and nobody serves them: to the others this node falls silent.
    void halt() {
        context_.stop();
        if (thread_.joinable()) thread_.join();
    }
    void close_connections() {
        ask([](NodeThread& self) { return self.network_.stop(), true; });
    }

    /// Runs `question(*this)` in the thread of the node, and returns the answer.
    template <class Question>
    auto ask(Question&& question) {
        std::promise<decltype(question(*this))> answer;
        asio::post(context_, [&] { answer.set_value(question(*this)); });
        return answer.get_future().get();
    }
    void load(std::size_t depth) {
        ask([depth](NodeThread& self) { return self.load_.begin(self.node(), depth), true; });
    }

    /// Only in the thread of the node.
    [[nodiscard]] Node& node() { return *node_; }
    [[nodiscard]] Load<Node>& load() { return load_; }

private:
    void progress() { load_.go_on(*node_); }

    asio::io_context context_{1};
    asio::executor_work_guard<asio::io_context::executor_type> work_{context_.get_executor()};
    replicator::transport::AsioTcp network_{context_};
    SeatWatch seat_;
    std::unique_ptr<Node> node_;  // large, and gone before its transport
    Load<Node> load_;
    int core_;
    asio::ip::tcp::endpoint endpoint_;
    std::thread thread_;
};

/// A leader and followers, all connected with each other.
template <class Node>
class Threads {
public:
    Threads(std::size_t count, std::span<const typename Node::Command> commands) {
        const auto nodes = std::span(node_ids).first(count);
        for (std::size_t number = 0; number < count; ++number) {
            threads_.push_back(std::make_unique<NodeThread<Node>>(number, nodes, commands));
        }
        for (const auto& thread : threads_) {
            for (const auto& other : threads_) {
                if (other != thread) thread->add_peer(*other);
            }
        }
        for (const auto& thread : threads_) thread->run();
        leader().ask([](auto& self) {
            if (!self.node().bootstrap(replicator::HistoryId{1})) fail("failover: bootstrap");
            return true;
        });
        await([&] { return leader().ask([](auto& self) { return all_stream(self.node()); }); },
              "failover: the followers do not come");
    }

    [[nodiscard]] NodeThread<Node>& leader() { return *threads_.front(); }
    [[nodiscard]] NodeThread<Node>& operator[](std::size_t number) { return *threads_[number]; }

    /// The follower that acknowledges.
    [[nodiscard]] NodeThread<Node>& seated() {
        const replicator::NodeId seat = leader().ask([](auto& self) {
            for (const replicator::PeerStatus& peer : self.node().status().peers()) {
                if (peer.seat) return peer.node;
            }
            return replicator::NodeId{};
        });
        for (const auto& thread : threads_) {
            if (thread->node().id() == seat) return *thread;
        }
        fail("failover: nobody has the seat");
    }

    /// The median time of a write that is under way alone, while nothing else is.
    [[nodiscard]] Clock::duration round_trip() {
        leader().load(1);
        await([&] { return leader().load().acknowledgements >= 500; }, "failover: no acknowledgements");
        leader().load(0);
        return leader().ask([](auto& self) { return self.load().median_latency(); });
    }

private:
    [[nodiscard]] static bool all_stream(const Node& node) {
        for (const replicator::PeerStatus& peer : node.status().peers()) {
            if (peer.state != replicator::FollowerState::streaming || !peer.counts) return false;
        }
        return node.acknowledged() == node.last().index;
    }

    std::vector<std::unique_ptr<NodeThread<Node>>> threads_;
};

}  // namespace benchmark::ours
