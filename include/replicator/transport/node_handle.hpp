// SPDX-License-Identifier: BSL-1.0
// Any node behind a table of functions, so that code which moves bytes is compiled once and not for every type of node.
#pragma once

#include "../assert.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <cstddef>
#include <span>

namespace replicator::transport {

class NodeHandle {
public:
    NodeHandle() = default;
    template <class Node>
    explicit NodeHandle(Node& node) noexcept : node_(&node), calls_(&calls_of<Node>) {}

    [[nodiscard]] explicit operator bool() const noexcept { return node_ != nullptr; }
    [[nodiscard]] bool is(const void* node) const noexcept { return node_ == node; }

    [[nodiscard]] NodeId id() const { return calls_->id(node_); }
    void connected(NodeId peer) const { calls_->connected(node_, peer); }
    void disconnected(NodeId peer) const { calls_->disconnected(node_, peer); }
    Result<void> receive(NodeId peer, std::span<const std::byte> bytes) const {
        return calls_->receive(node_, peer, bytes);
    }
    std::size_t transmit(NodeId peer, std::span<std::byte> buffer) const {
        return calls_->transmit(node_, peer, buffer);
    }
    /// True for two nodes of one type, which can talk to each other without a handle in between.
    [[nodiscard]] bool is_like(const NodeHandle& other) const noexcept { return calls_ == other.calls_; }
    /// Carries all that this node owes to `other`, which is like it, by way of `buffer`. False when a frame was
    /// refused, behind which nothing is carried.
    [[nodiscard]] bool carry(const NodeHandle& other, std::span<std::byte> buffer) const {
        return calls_->carry(node_, other.node_, buffer);
    }
    void tick(Instant now) const { calls_->tick(node_, now); }
    void flush() const { calls_->flush(node_); }

private:
    struct Calls {
        NodeId (*id)(void*);
        void (*connected)(void*, NodeId);
        void (*disconnected)(void*, NodeId);
        Result<void> (*receive)(void*, NodeId, std::span<const std::byte>);
        std::size_t (*transmit)(void*, NodeId, std::span<std::byte>);
        bool (*carry)(void*, void*, std::span<std::byte>);
        void (*tick)(void*, Instant);
        void (*flush)(void*);
    };

    template <class Node>
    static Node& as(void* node) noexcept {
        return *static_cast<Node*>(node);
    }

    template <class Node>
    static bool carry_between(Node& from, Node& to, std::span<std::byte> buffer) noexcept {
        bool more = true;
        while (more) {
            std::size_t size = 0;
            if constexpr (requires { from.transmit(to.id(), buffer, more); }) {
                size = from.transmit(to.id(), buffer, more);
            } else {
                size = from.transmit(to.id(), buffer);
                more = size != 0;
            }
            if (size != 0 && !to.receive(from.id(), buffer.first(size))) return false;
        }
        return true;
    }

    template <class Node>
    static constexpr Calls calls_of{
        [](void* node) { return as<Node>(node).id(); },
        [](void* node, NodeId peer) { as<Node>(node).connected(peer); },
        [](void* node, NodeId peer) { as<Node>(node).disconnected(peer); },
        [](void* node, NodeId peer, std::span<const std::byte> bytes) { return as<Node>(node).receive(peer, bytes); },
        [](void* node, NodeId peer, std::span<std::byte> buffer) { return as<Node>(node).transmit(peer, buffer); },
        [](void* from, void* to, std::span<std::byte> buffer) {
            return carry_between(as<Node>(from), as<Node>(to), buffer);
        },
        [](void* node, Instant now) { as<Node>(node).tick(now); },
        [](void* node) {
            if constexpr (requires { as<Node>(node).flush(); }) as<Node>(node).flush();
        },
    };

    void* node_ = nullptr;
    const Calls* calls_ = nullptr;
};

}  // namespace replicator::transport
