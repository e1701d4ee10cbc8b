// SPDX-License-Identifier: BSL-1.0
// Two game servers with a fixed tick: packets come in, the world moves on, packets go out, a few in each tick. The tick
// alone calls the library, which starts no thread, and no call waits.

#include <replicator/replicator.hpp>
#include <replicator/transport/datagram.hpp>

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

using Address = int;  // what the sockets use; here a server's number
using Network = transport::Datagram<1200, Address>;
using Node = Replicator<World, log::Ring<65536>, ack::Async<>, Network, transport::DatagramOptions<1200>>;
struct Datagram {
    Address from;
    std::vector<std::byte> bytes;
};
using Socket = std::deque<Datagram>;  // stands for UDP

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};
constexpr std::size_t datagrams_per_tick = 4;

struct Server {
    Address address;
    Network network{};
    Node node;
    Socket socket{};

    Server(int self, int peer, Run run)
        : address(self), node(network, {.node = nodes[self - 1], .nodes = nodes, .run = run}) {
        network.set_peer(nodes[peer - 1], peer);
    }

    bool turn(Instant now, Server& other) {
        for (; !socket.empty(); socket.pop_front()) {
            if (!network.receive(node, socket.front().from, socket.front().bytes))
                return false;  // the node has stopped
        }
        node.tick(now);
        Network::Buffer buffer;
        for (std::size_t i = 0; i < datagrams_per_tick; ++i) {
            const auto next = network.transmit(node, buffer);
            if (!next) break;
            other.socket.push_back({address, {next->bytes.begin(), next->bytes.end()}});
        }
        return true;
    }
};

int main() {
    Server server{1, 2, Run{1}}, spare{2, 1, Run{2}};
    if (!server.node.bootstrap(HistoryId{1})) return 1;
    for (std::uint64_t tick = 1; tick <= 120; ++tick) {
        const Instant now{tick * 16'000};  // 60 times a second
        if (tick <= 100 && !server.node.write({.player = 2, .dx = 1, .dy = -1})) return 1;
        if (!server.turn(now, spare) || !spare.turn(now, server)) return 1;
    }
    const auto& player = spare.node.state().players[2];
    std::printf("player 2 on the spare server: %d, %d\n", static_cast<int>(player[0]), static_cast<int>(player[1]));
}
