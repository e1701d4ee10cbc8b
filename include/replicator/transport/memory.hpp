// SPDX-License-Identifier: BSL-1.0
// transport::Memory: joins the nodes of one process, in the same order every time; no thread, no heap, no clock.
#pragma once

#include "node_handle.hpp"

#include "../assert.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <span>

namespace replicator::transport {

/// Carries bytes between at most `NodesMax` nodes when it is told to, in frames of up to `BufferBytes`.
///
/// Nothing moves inside `write`: call `deliver` to carry what is owed now, `advance` to let time pass, `settle` for both
/// until everything that was written is everywhere.
template <std::size_t NodesMax, std::size_t BufferBytes>
class MemoryOf {
public:
    /// Called by a node when it is made and when it goes. Every two nodes are connected until they are cut.
    template <class Node>
    void attach(Node& node) noexcept {
        static_assert(Node::transmit_bytes_min <= BufferBytes,
                      "The frames of this node do not fit in the transport's buffer: take a larger "
                      "transport::MemoryOf<Nodes, Bytes>, or smaller limits in Options.");
        std::size_t place = 0;
        while (place < NodesMax && nodes_[place]) ++place;
        REPLICATOR_ASSERT(place < NodesMax);
        nodes_[place] = NodeHandle(node);
        owed_[place].fill(true);
        for (std::size_t other = 0; other < NodesMax; ++other) owed_[other][place] = true;
        nodes_[place].tick(now_);
    }
    template <class Node>
    void detach(Node& node) noexcept {
        for (std::size_t i = 0; i < NodesMax; ++i) {
            if (!nodes_[i].is(&node)) continue;
            nodes_[i] = NodeHandle();
            for (std::size_t other = 0; other < NodesMax; ++other) {
                cut_[i][other] = cut_[other][i] = false;
                if (nodes_[other]) nodes_[other].disconnected(node.id());
            }
        }
    }

    template <class Node>
    void wake(Node& node, NodeId peer) noexcept {
        const std::size_t from = place_of(node.id());
        const std::size_t to = place_of(peer);
        if (from < NodesMax && to < NodesMax) owed_[from][to] = true;
    }

    /// Nothing travels between two nodes until they are joined again; both are told that they are disconnected.
    void cut(NodeId a, NodeId b) noexcept { set_cut(a, b, true); }
    void join(NodeId a, NodeId b) noexcept { set_cut(a, b, false); }

    /// Carries all that is owed now, and what that leads to, until nobody has anything more to say.
    void deliver() noexcept {
        for (bool moved = true; moved;) {
            moved = false;
            for (std::size_t from = 0; from < NodesMax; ++from) {
                for (std::size_t to = 0; to < NodesMax; ++to) {
                    if (owed_[from][to]) moved = carry(from, to) || moved;
                }
            }
        }
    }

    /// Lets time pass for all nodes, in steps of a millisecond, and carries what is owed after each.
    void advance(Duration duration) noexcept {
        deliver();
        const Instant end = now_ + duration;
        while (now_ < end) {
            const Duration left = end - now_;
            now_ = now_ + (left < milliseconds(1) ? left : milliseconds(1));
            for (auto& row : broken_) row.fill(false);
            for (NodeHandle& node : nodes_) {
                if (node) node.tick(now_);
            }
            deliver();
        }
    }

    /// Carries what is owed, and lets so much time pass that followers also learn what they may apply.
    void settle() noexcept { advance(milliseconds(2)); }

    [[nodiscard]] Instant now() const noexcept { return now_; }

private:
    [[nodiscard]] std::size_t place_of(NodeId node) const noexcept {
        for (std::size_t i = 0; i < NodesMax; ++i) {
            if (nodes_[i] && nodes_[i].id() == node) return i;
        }
        return NodesMax;
    }

    void set_cut(NodeId a, NodeId b, bool cut) noexcept {
        const std::size_t i = place_of(a);
        const std::size_t j = place_of(b);
        if (i == NodesMax || j == NodesMax || cut_[i][j] == cut) return;
        cut_[i][j] = cut_[j][i] = cut;
        owed_[i][j] = owed_[j][i] = !cut;
        if (cut) {
            nodes_[i].disconnected(b);
            nodes_[j].disconnected(a);
        } else {
            nodes_[i].connected(b);
            nodes_[j].connected(a);
        }
    }

    /// True when something was carried.
    bool carry(std::size_t from, std::size_t to) noexcept {
        if (!nodes_[from] || !nodes_[to] || broken_[from][to]) return false;
        owed_[from][to] = false;
        const NodeId sender = nodes_[from].id();
        const NodeId receiver = nodes_[to].id();
        bool moved = false;
        while (const std::size_t size = nodes_[from].transmit(receiver, buffer_)) {
            if (cut_[from][to]) continue;
            moved = true;
            owed_[to][from] = true;
            if (nodes_[to].receive(sender, std::span(buffer_).first(size))) continue;
            // As over a real connection: it breaks, and a new one takes a while.
            broken_[from][to] = broken_[to][from] = true;
            nodes_[from].disconnected(receiver);
            nodes_[to].disconnected(sender);
            return true;
        }
        return moved;
    }

    alignas(8) std::array<std::byte, BufferBytes> buffer_{};
    std::array<NodeHandle, NodesMax> nodes_{};
    std::array<std::array<bool, NodesMax>, NodesMax> owed_{};
    std::array<std::array<bool, NodesMax>, NodesMax> cut_{};
    std::array<std::array<bool, NodesMax>, NodesMax> broken_{};  // until time passes
    Instant now_{1'000'000};
};

/// For up to eight nodes.
using Memory = MemoryOf<8, std::size_t{64} * 1024>;

}  // namespace replicator::transport
