// SPDX-License-Identifier: BSL-1.0
// transport::Memory: joins the nodes of one process, in the same order every time; no thread, no heap, no clock.
#pragma once

#include "node_handle.hpp"

#include "../assert.hpp"
#include "../concepts/transport.hpp"
#include "../types.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::transport {

/// Carries bytes between at most `NodesMax` nodes when it is told to, in frames of up to `BufferBytes`.
///
/// Nothing moves inside `write`: call `deliver` to carry what is owed now, `advance` to let time pass, `settle` for
/// both until everything that was written is everywhere.
template <std::size_t NodesMax, std::size_t BufferBytes>
class MemoryOf {
    static_assert(NodesMax >= 1 && NodesMax <= 8, "transport::MemoryOf<NodesMax, BufferBytes> joins at most 8 nodes.");

public:
    static constexpr Delivers delivers = Delivers::frames;

    /// Called by a node when it is made and when it goes. Every two nodes are connected until they are cut.
    template <class Node>
    void attach(Node& node) noexcept {
        static_assert(Node::transmit_bytes_min <= BufferBytes,
                      "The frames of this node do not fit in the transport's buffer: take a larger "
                      "transport::MemoryOf<Nodes, Bytes>, or smaller limits in Options.");
        std::size_t place = 0;
        while (place < NodesMax && nodes_[place]) ++place;
        REPLICATOR_ASSERT(place < NodesMax);
        REPLICATOR_ASSERT(place_of(node.id()) == NodesMax);  // two nodes of one id would never be heard of again
        nodes_[place] = NodeHandle(node);
        ids_[place] = node.id();
        for (std::size_t other = 0; other < NodesMax; ++other) owed_ |= way(place, other) | way(other, place);
        nodes_[place].tick(now_);
    }
    template <class Node>
    void detach(Node& node) noexcept {
        std::size_t place = 0;
        while (place < NodesMax && !nodes_[place].is(&node)) ++place;
        if (place == NodesMax) return;
        nodes_[place] = NodeHandle();
        ids_[place] = NodeId{};
        for (std::size_t other = 0; other < NodesMax; ++other) {
            cut_ &= ~(way(place, other) | way(other, place));
            if (nodes_[other]) nodes_[other].disconnected(node.id());
        }
    }

    template <class Node>
    void wake(Node& node, NodeId peer) noexcept {
        const std::size_t from = place_of(node.id());
        const std::size_t to = place_of(peer);
        if (from < NodesMax && to < NodesMax) owed_ |= way(from, to);
    }

    template <class Node>
    void flush_soon(Node& node) noexcept {
        if (const std::size_t place = place_of(node.id()); place < NodesMax) flush_ |= std::uint64_t{1} << place;
    }

    /// Nothing travels between two nodes until they are joined again; both are told that they are disconnected.
    void cut(NodeId a, NodeId b) noexcept { set_cut(a, b, true); }
    void join(NodeId a, NodeId b) noexcept { set_cut(a, b, false); }

    /// Carries all that is owed now, and what that leads to, until nobody has anything more to say.
    void deliver() noexcept {
        for (;;) {
            while (const std::uint64_t ready = owed_ & ~broken_) {
                const auto first = static_cast<std::size_t>(std::countr_zero(ready));
                const std::uint64_t bit = ready & (~ready + 1);
                owed_ &= ~bit;
                carry(first / NodesMax, first % NodesMax, (cut_ & bit) != 0);
            }
            if (flush_ == 0) return;
            const auto place = static_cast<std::size_t>(std::countr_zero(flush_));
            flush_ &= flush_ - 1;
            if (nodes_[place]) nodes_[place].flush();
        }
    }

    /// Lets time pass for all nodes, in steps of a millisecond, and carries what is owed after each.
    void advance(Duration duration) noexcept {
        deliver();
        const Instant end = now_ + duration;
        while (now_ < end) {
            const Duration left = end - now_;
            now_ = now_ + (left < milliseconds(1) ? left : milliseconds(1));
            broken_ = 0;
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
    /// The bit that stands for the way from one node to another.
    [[nodiscard]] static constexpr std::uint64_t way(std::size_t from, std::size_t to) noexcept {
        return std::uint64_t{1} << (from * NodesMax + to);
    }

    [[nodiscard]] std::size_t place_of(NodeId node) const noexcept {
        std::size_t place = 0;
        while (place < NodesMax && ids_[place] != node) ++place;
        return place;
    }

    void set_cut(NodeId a, NodeId b, bool cut) noexcept {
        const std::size_t i = place_of(a);
        const std::size_t j = place_of(b);
        if (i == NodesMax || j == NodesMax || ((cut_ & way(i, j)) != 0) == cut) return;
        const std::uint64_t both = way(i, j) | way(j, i);
        cut_ ^= both;
        owed_ |= both;
        if (cut) {
            nodes_[i].disconnected(b);
            nodes_[j].disconnected(a);
        } else {
            nodes_[i].connected(b);
            nodes_[j].connected(a);
        }
    }

    void carry(std::size_t from, std::size_t to, bool is_cut) noexcept {
        if (!nodes_[from] || !nodes_[to]) return;
        if (!is_cut && nodes_[from].is_like(nodes_[to])) {
            if (!nodes_[from].carry(nodes_[to], buffer_)) break_connection(from, to);
            return;
        }
        while (const std::size_t size = nodes_[from].transmit(ids_[to], buffer_)) {
            if (is_cut) continue;
            if (!nodes_[to].receive(ids_[from], std::span(buffer_).first(size))) return break_connection(from, to);
        }
    }

    /// As over a real connection: a new one takes a while.
    void break_connection(std::size_t a, std::size_t b) noexcept {
        broken_ |= way(a, b) | way(b, a);
        owed_ |= way(a, b) | way(b, a);
        nodes_[a].disconnected(ids_[b]);
        nodes_[b].disconnected(ids_[a]);
    }

    alignas(8) std::array<std::byte, BufferBytes> buffer_{};
    std::array<NodeHandle, NodesMax> nodes_{};
    std::array<NodeId, NodesMax> ids_{};
    std::uint64_t owed_ = 0;    // ways on which a node may have something to send
    std::uint64_t flush_ = 0;   // places of nodes that asked for a flush
    std::uint64_t cut_ = 0;     // ways on which everything is lost
    std::uint64_t broken_ = 0;  // ways on which nothing is carried until time passes
    Instant now_{1'000'000};
};

/// For up to eight nodes.
using Memory = MemoryOf<8, std::size_t{64} * 1024>;

}  // namespace replicator::transport
