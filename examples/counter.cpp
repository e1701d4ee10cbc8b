// SPDX-License-Identifier: BSL-1.0
// The program of the README: a counter on two nodes of one process.

#include <replicator/replicator.hpp>

#include <cstdint>
#include <cstdio>

struct Counter {  // any type with a Command and an apply
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};

using namespace replicator;
using Node = Replicator<Counter,             // what is replicated
                        log::Ring<4096>,     // where entries live
                        ack::SemiSync<>,     // when a write is acknowledged
                        transport::Memory>;  // how bytes travel

int main() {
    const NodeId nodes[] = {NodeId{1}, NodeId{2}};
    transport::Memory network;
    Node leader{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node backup{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    if (!leader.bootstrap(HistoryId{1})) return 1;  // you say who leads, and when a history begins
    network.settle();

    const auto ticket = leader.write({.add = 5});
    network.settle();
    if (!ticket || leader.outcome(*ticket).state != WriteState::acknowledged) return 1;
    std::printf("leader %d, backup %d\n", leader.state().total, backup.state().total);
}
