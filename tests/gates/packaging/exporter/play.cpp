// SPDX-License-Identifier: BSL-1.0
#include <game.hpp>

int main() {
    using namespace replicator;
    const NodeId nodes[] = {NodeId{1}, NodeId{2}};
    transport::Memory network;
    game::Node leader{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    game::Node backup{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    if (!leader.bootstrap(HistoryId{1})) return 1;
    network.settle();
    static_cast<void>(leader.write({.points = 5}));
    network.settle();
    return leader.state().total == 5 && backup.state().total == 5 ? 0 : 1;
}
