// SPDX-License-Identifier: BSL-1.0
// Any node behind a table of functions, for what is said to a second connection of a peer.
#pragma once

#include "../../result.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::transport {

/// Empty for a node that has no `aside()`, see TR-10: then the newest connection of a peer is the one that counts.
class TcpJudge {
public:
    TcpJudge() = default;
    template <class Node>
    explicit TcpJudge(Node& node) noexcept {
        if constexpr (requires { node.aside(); }) {
            node_ = &node;
            calls_ = &calls_of<Node>;
        }
    }

    [[nodiscard]] explicit operator bool() const noexcept { return node_ != nullptr; }

    /// How long the answer may take.
    [[nodiscard]] Duration patience() const noexcept { return calls_->patience; }
    [[nodiscard]] std::size_t ask(NodeId peer, std::uint64_t& nonce, std::span<std::byte> buffer) const {
        return calls_->ask(node_, peer, nonce, buffer);
    }
    [[nodiscard]] Result<bool> judge(NodeId peer, std::uint64_t nonce, std::span<const std::byte> bytes,
                                     std::span<std::byte> reply, std::size_t& size) const {
        return calls_->judge(node_, peer, nonce, bytes, reply, size);
    }
    void take_over(NodeId peer, std::uint64_t nonce, std::span<const std::byte> bytes) const {
        calls_->take_over(node_, peer, nonce, bytes);
    }

private:
    struct Calls {
        Duration patience;
        std::size_t (*ask)(void*, NodeId, std::uint64_t&, std::span<std::byte>);
        Result<bool> (*judge)(void*, NodeId, std::uint64_t, std::span<const std::byte>, std::span<std::byte>,
                              std::size_t&);
        void (*take_over)(void*, NodeId, std::uint64_t, std::span<const std::byte>);
    };

    template <class Node>
    static auto aside(void* node) noexcept {
        return static_cast<Node*>(node)->aside();
    }

    template <class Node>
    static constexpr Calls calls_of{
        decltype(aside<Node>(nullptr))::patience,
        [](void* node, NodeId peer, std::uint64_t& nonce, std::span<std::byte> buffer) {
            return aside<Node>(node).ask(peer, nonce, buffer);
        },
        [](void* node, NodeId peer, std::uint64_t nonce, std::span<const std::byte> bytes, std::span<std::byte> reply,
           std::size_t& size) { return aside<Node>(node).judge(peer, nonce, bytes, reply, size); },
        [](void* node, NodeId peer, std::uint64_t nonce, std::span<const std::byte> bytes) {
            aside<Node>(node).take_over(peer, nonce, bytes);
        },
    };

    void* node_ = nullptr;
    const Calls* calls_ = nullptr;
};

}  // namespace replicator::transport
