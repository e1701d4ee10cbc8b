// SPDX-License-Identifier: BSL-1.0
// A network for tests: every frame stands in a queue until the test delivers, drops, repeats or damages it, and every
// delivered one leaves a line in the transcript.
#pragma once

#include "frames.hpp"

#include <replicator/transport/node_handle.hpp>
#include <replicator/types.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <deque>
#include <functional>
#include <map>
#include <set>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

namespace support {

using replicator::NodeId;

struct Frame {
    NodeId from{};
    NodeId to{};
    Bytes bytes;

    [[nodiscard]] replicator::core::FrameType type() const { return replicator::core::load_header(bytes.data()).type; }
};

class Network {
public:
    std::deque<Frame> queue;
    /// When set, what it answers true for is lost instead of delivered.
    std::function<bool(const Frame&)> loses;
    std::size_t buffer_bytes = 4096;
    /// Frames arrive in pieces of so many bytes.
    std::size_t piece_bytes = ~std::size_t{0};
    std::vector<std::string> errors;  ///< what `receive` was not content with

    template <class Node>
    void attach(Node& node) {
        nodes_[node.id()] = replicator::transport::NodeHandle(node);
        for (auto way = woken_.begin(); way != woken_.end();) way = way->first == node.id() ? woken_.erase(way) : ++way;
        node.tick(now_);
    }
    template <class Node>
    void detach(Node& node) noexcept {
        const auto found = nodes_.find(node.id());
        if (found != nodes_.end() && found->second.is(&node)) nodes_.erase(found);
        flushing_.erase(node.id());
    }
    template <class Node>
    void wake(Node& node, NodeId peer) noexcept {
        const auto pair = std::make_pair(node.id(), peer);
        if (!woken_.insert(pair).second) ++woken_twice;
    }
    template <class Node>
    void flush_soon(Node& node) noexcept {
        if (!flushing_.insert(node.id()).second) ++woken_twice;
    }
    /// Lets the disks of all nodes work that asked for it.
    void flush() {
        for (const NodeId id : std::exchange(flushing_, {})) {
            if (const auto found = nodes_.find(id); found != nodes_.end()) found->second.flush();
        }
    }
    bool flushes = true;          ///< when everything was sent; otherwise call `flush`
    std::size_t woken_twice = 0;  ///< must stay 0: a node wakes once until `transmit` returned 0
    std::size_t not_woken = 0;    ///< must stay 0: who has something to say has called `wake`

    /// Asks every node for all that it owes to anybody.
    void collect() {
        for (auto& [id, node] : nodes_) {
            if (paused_.count(id) != 0) continue;
            for (auto& [peer, other] : nodes_) {
                if (peer == id || cut_.count({id, peer}) != 0) continue;
                Bytes buffer(buffer_bytes);
                const bool woken = woken_.count({id, peer}) != 0;
                while (const std::size_t size = node.transmit(peer, buffer)) {
                    if (!woken) ++not_woken;
                    queue.push_back({id, peer, {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)}});
                }
                woken_.erase({id, peer});
            }
        }
    }

    void deliver(const Frame& frame) {
        if (cut_.count({frame.from, frame.to}) != 0) return;
        if (loses && loses(frame)) return note(frame, " lost");
        if (paused_.count(frame.to) != 0) return held_.push_back(frame);
        note(frame, "");
        inject(frame);
    }

    /// Delivers without a line and without loss.
    void inject(const Frame& frame) {
        const auto found = nodes_.find(frame.to);
        if (found == nodes_.end()) return;
        for (std::size_t at = 0; at < frame.bytes.size();) {
            const std::size_t left = frame.bytes.size() - at;
            const std::size_t size = left < piece_bytes ? left : piece_bytes;
            // In a place of its own, so that a sanitizer sees whoever keeps a reference to it.
            const Bytes piece(frame.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                              frame.bytes.begin() + static_cast<std::ptrdiff_t>(at + size));
            const auto result = found->second.receive(frame.from, piece);
            if (!result) return errors.emplace_back(to_string(result.error())), void();
            at += size;
        }
    }

    /// Delivers everything, and what that leads to.
    void run() {
        std::size_t rounds = 0;
        for (collect(); !queue.empty() || (flushes && !flushing_.empty()); collect()) {
            BOOST_REQUIRE_MESSAGE(++rounds < 10'000, "the nodes never fall silent");
            std::deque<Frame> frames;
            frames.swap(queue);
            for (const Frame& frame : frames) deliver(frame);
            if (queue.empty() && flushes) flush();
        }
    }

    /// Delivers so many frames, one after the other, and what they lead to comes last; false when there were fewer.
    bool run_some(std::size_t frames) {
        for (; frames > 0; --frames) {
            if (queue.empty()) collect();
            if (queue.empty()) return false;
            const Frame frame = std::move(queue.front());
            queue.pop_front();
            deliver(frame);
        }
        return true;
    }

    /// Delivers everything between two nodes, and what that leads to between them; the rest stays in the queue.
    void run_between(NodeId a, NodeId b) {
        std::size_t rounds = 0;
        for (bool moved = true; moved;) {
            moved = false;
            BOOST_REQUIRE_MESSAGE(++rounds < 10'000, "the nodes never fall silent");
            collect();
            std::deque<Frame> frames;
            frames.swap(queue);
            for (const Frame& frame : frames) {
                if ((frame.from == a && frame.to == b) || (frame.from == b && frame.to == a)) {
                    deliver(frame);
                    moved = true;
                } else {
                    queue.push_back(frame);
                }
            }
        }
    }

    /// Lets time pass in steps of `step`, and delivers after each.
    void advance(replicator::Duration duration, replicator::Duration step = replicator::milliseconds(1)) {
        run();
        for (std::uint64_t passed = 0; passed < duration.microseconds; passed += step.microseconds) {
            tick(step);
            run();
        }
    }
    /// Lets time pass at once, and delivers nothing.
    void tick(replicator::Duration duration) {
        now_ = now_ + duration;
        for (auto& [id, node] : nodes_) {
            if (paused_.count(id) == 0) node.tick(now_);
        }
    }
    void settle() { advance(replicator::milliseconds(3)); }

    /// Nothing passes from `from` to `to`; with `tell`, both learn that they are disconnected.
    void cut(NodeId from, NodeId to, bool tell = true) {
        cut_.insert({from, to});
        cut_.insert({to, from});
        if (tell) each(from, to, [](auto& node, NodeId peer) { node.disconnected(peer); });
    }
    void cut_one_way(NodeId from, NodeId to) { cut_.insert({from, to}); }
    void join(NodeId from, NodeId to, bool tell = true) {
        cut_.erase({from, to});
        cut_.erase({to, from});
        if (tell) each(from, to, [](auto& node, NodeId peer) { node.connected(peer); });
    }

    /// The process of a node is stopped: no time passes for it, and what it is sent waits until it goes on.
    void pause(NodeId node) { paused_.insert(node); }
    void resume(NodeId node) {
        paused_.erase(node);
        queue.insert(queue.begin(), held_.begin(), held_.end());
        held_.clear();
    }

    [[nodiscard]] replicator::Instant now() const { return now_; }

    /// The lines since the last call.
    std::string transcript() {
        std::string lines = "\n";
        lines.append(std::exchange(lines_, {}));
        return lines;
    }

private:
    template <class Call>
    void each(NodeId a, NodeId b, Call&& call) {
        if (const auto found = nodes_.find(a); found != nodes_.end()) call(found->second, b);
        if (const auto found = nodes_.find(b); found != nodes_.end()) call(found->second, a);
    }

    void note(const Frame& frame, const char* what) {
        std::ostringstream out;
        out << frame.from << " -> " << frame.to << ' ' << frame_lines_.line(frame.bytes) << what << '\n';
        lines_ += out.str();
    }

    std::map<NodeId, replicator::transport::NodeHandle> nodes_;
    std::set<std::pair<NodeId, NodeId>> cut_;
    std::set<NodeId> paused_;
    std::vector<Frame> held_;  // for nodes that are stopped
    std::set<std::pair<NodeId, NodeId>> woken_;
    std::set<NodeId> flushing_;
    FrameLines frame_lines_;
    std::string lines_;
    replicator::Instant now_{1'000'000};
};

}  // namespace support
