// SPDX-License-Identifier: BSL-1.0
// Two game servers with a fixed tick: packets come in, the world moves on, packets go out, a few in each tick. The tick
// alone calls the library, which starts no thread, and no call waits.

#include <replicator/replicator.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <span>
#include <vector>

using namespace replicator;

struct World {
    struct Command {
        std::int32_t player, dx, dy;
    };
    std::array<std::array<std::int32_t, 2>, 4> players{};
    void apply(const Command& command) {
        auto& player = players[static_cast<std::size_t>(command.player) % players.size()];
        player[0] += command.dx;
        player[1] += command.dy;
    }
};

struct Packets : Options {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 1200;  // what one datagram carries
    static constexpr std::size_t snapshot_piece_bytes_max = 1024;
};
using Node = Replicator<World, log::Ring<65536>, ack::Async<>, transport::Manual, Packets>;
using Socket = std::deque<std::vector<std::byte>>;  // stands for UDP

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};
constexpr std::size_t packets_per_tick = 4;

void turn(Node& node, NodeId peer, Socket& in, Socket& out, Instant now) {
    for (; !in.empty(); in.pop_front()) {
        if (!node.receive(peer, in.front())) node.disconnected(peer);
    }
    node.tick(now);
    std::array<std::byte, Node::transmit_bytes_min> packet;
    for (std::size_t i = 0; i < packets_per_tick; ++i) {
        const std::size_t size = node.transmit(peer, packet);
        if (size == 0) break;
        out.emplace_back(packet.begin(), packet.begin() + static_cast<std::ptrdiff_t>(size));
    }
}

int main() {
    transport::Manual loop;
    Node server{loop, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node spare{loop, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    Socket to_server, to_spare;
    if (!server.bootstrap(HistoryId{1})) return 1;
    for (std::uint64_t tick = 1; tick <= 120; ++tick) {
        const Instant now{tick * 16'000};  // 60 times a second
        if (tick <= 100 && !server.write({.player = 2, .dx = 1, .dy = -1})) return 1;
        turn(server, nodes[1], to_server, to_spare, now);
        turn(spare, nodes[0], to_spare, to_server, now);
    }
    const auto& player = spare.state().players[2];
    std::printf("player 2 on the spare server: %d, %d\n", static_cast<int>(player[0]), static_cast<int>(player[1]));
}
