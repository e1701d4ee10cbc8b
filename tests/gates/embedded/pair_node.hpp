// SPDX-License-Identifier: BSL-1.0
// The composition of the programs that measure a pair: a thermostat on two boards, whose settings have names.
#pragma once

#include "board.hpp"

#include <replicator/ack/semi_sync.hpp>
#include <replicator/profile/pair.hpp>
#include <replicator/transport/manual.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

struct Thermostat {
    using Command = std::span<const std::byte>;  // a room, its degrees, and a word or two about the reason
    std::uint8_t degrees[32] = {};

    void apply(const Command& command) noexcept {
        if (command.size() < 2) return;
        degrees[std::to_integer<std::size_t>(command[0]) % 32] = std::to_integer<std::uint8_t>(command[1]);
    }
};

struct AllParts : replicator::profile::Pair {
    using Transfer = replicator::pair::transfer::Pieces<16>;
};
/// A program may name parts that it leaves out.
#ifndef PAIR_PARTS
#define PAIR_PARTS AllParts
#endif

struct Limits : PAIR_PARTS {
    using Roles = PAIR_ROLES;
    static constexpr std::size_t command_bytes_max = 32;
    static constexpr std::size_t frame_bytes_max = 96;
};

/// Shows what comes back.
struct Lamp {
    void on_discarded(replicator::Position position, const Thermostat::Command& command) noexcept {
        board::show(static_cast<std::uint32_t>(position.index.value + command.size()));
    }
};

// A ring of 1,024 bytes has room for 32 commands of 16 bytes.
using Node = replicator::Replicator<Thermostat, replicator::log::Ring<1024>, replicator::ack::SemiSync<>,
                                    replicator::transport::Manual, Limits, Lamp>;

inline constexpr replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};

/// Makes the node in static memory, whose size the linker counts. No constructor has to run before main.
inline Node& make_node(replicator::NodeId self) noexcept {
    static replicator::transport::Manual line;
    static Lamp lamp;
    alignas(Node) static std::byte memory[sizeof(Node)];
    return *new (memory)
        Node{line, {.node = self, .nodes = nodes, .run = replicator::Run{board::start_number() | 1}}, lamp};
}

/// One turn of the main loop: take what came, let time pass, say what is owed.
inline void turn(Node& node, replicator::NodeId peer) noexcept {
    alignas(8) static std::byte buffer[Node::transmit_bytes_min];
    std::size_t size = 0;
    for (int byte = board::read_byte(); byte >= 0 && size < sizeof buffer; byte = board::read_byte()) {
        buffer[size++] = static_cast<std::byte>(byte);
    }
    if (size > 0) static_cast<void>(node.receive(peer, std::span(buffer).first(size)));
    node.tick({board::clock_milliseconds() * std::uint64_t{1000}});
    while ((size = node.transmit(peer, buffer)) > 0) {
        for (std::size_t i = 0; i < size; ++i) board::write_byte(static_cast<std::uint8_t>(buffer[i]));
    }
}

/// Shows what a person wants to know.
inline void show_status(const Node& node) noexcept {
    const Node::NodeStatus status = node.status();
    const auto& peer = status.peers()[0];
    board::show(static_cast<std::uint32_t>(peer.refusal) << 24 | static_cast<std::uint32_t>(status.fault) << 16 |
                static_cast<std::uint32_t>(status.role) << 8 | (peer.connected ? 1u : 0u));
    board::show(static_cast<std::uint32_t>(status.last - status.applied));
    board::show(node.state().degrees[0]);
}
