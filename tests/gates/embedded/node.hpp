// SPDX-License-Identifier: BSL-1.0
// The composition that both programs share: a thermostat on two boards, joined by one line.
#pragma once

#include "board.hpp"
#include "history.hpp"

#include <replicator/replicator.hpp>

#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

struct Thermostat {
    struct Command {
        std::uint32_t room;
        std::uint32_t degrees;
        std::uint32_t minutes;
        std::uint32_t source;
    };
    std::uint32_t degrees[8] = {};

    void apply(const Command& command) noexcept { degrees[command.room % 8] = command.degrees; }
};

/// A program may name parts that it leaves out.
#ifndef BOARD_PARTS
#define BOARD_PARTS replicator::Options
#endif

struct Limits : BOARD_PARTS {
    static constexpr bool can_drain = false;  // a board is not stopped in order: its power goes
    static constexpr bool has_short_way = false;
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 640;
    static constexpr std::size_t gather_bytes = 64;
    static constexpr std::size_t writes_pending_max = 8;
    static constexpr std::size_t epochs_max = 2;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t snapshot_pieces_in_flight_max = 1;
};

using Node = replicator::Replicator<Thermostat, replicator::log::Ring<1024>, replicator::ack::SemiSync<>,
                                    replicator::transport::Manual, Limits>;

inline constexpr replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};

/// Makes the node in static memory, whose size the linker counts. No constructor has to run before main.
inline Node& make_node(replicator::NodeId self) noexcept {
    alignas(replicator::transport::Manual) static std::byte transport_memory[sizeof(replicator::transport::Manual)];
    alignas(Node) static std::byte node_memory[sizeof(Node)];
    auto& transport = *new (transport_memory) replicator::transport::Manual;
    return *new (node_memory)
        Node{transport, {.node = self, .nodes = nodes, .run = replicator::Run{board::start_number()}}};
}

/// One turn of the main loop: take what came, say what is owed, let time pass.
inline void turn(Node& node, replicator::NodeId peer) noexcept {
    static std::byte buffer[Limits::frame_bytes_max];
    static replicator::Clock32<replicator::milliseconds(1)> clock;
    std::size_t size = 0;
    for (int byte = board::read_byte(); byte >= 0 && size < sizeof buffer; byte = board::read_byte()) {
        buffer[size++] = static_cast<std::byte>(byte);
    }
    if (size > 0 && !node.receive(peer, std::span(buffer).first(size))) node.disconnected(peer);
    node.tick(clock.at(board::clock_milliseconds()));
    if constexpr (Node::can_be_promoted) {
        keep_history(node, peer, nodes[0], replicator::HistoryId{board::start_number()});
    }
    while ((size = node.transmit(peer, buffer)) > 0) {
        for (std::size_t i = 0; i < size; ++i) board::write_byte(static_cast<std::uint8_t>(buffer[i]));
    }
}

/// Shows what a person wants to know. What it takes of the stack shall not lie beneath all else.
[[gnu::noinline]] inline void show_status(const Node& node) noexcept {
    const auto status = node.status();
    board::show(static_cast<std::uint32_t>(status.fault) << 16 | static_cast<std::uint32_t>(status.role));
    board::show(static_cast<std::uint32_t>(status.peers()[0].refusal));
    board::show(static_cast<std::uint32_t>(status.last.value - status.applied.value));
    board::show(node.state().degrees[0]);
}
