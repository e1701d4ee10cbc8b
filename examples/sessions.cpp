// SPDX-License-Identifier: BSL-1.0
// A client reads from any node, and never sees less than it has seen already.

#include <replicator/replicator.hpp>

#include <cstdint>
#include <cstdio>

using namespace replicator;

struct Score {
    struct Command {
        std::uint32_t points;
    };
    std::uint32_t total = 0;
    std::uint32_t apply(const Command& command) { return total += command.points; }
};

using Node = Replicator<Score, log::Ring<4096>, ack::SemiSync<>, transport::Memory>;

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

void show(const char* where, Node& node, Session& session) {
    const auto score = node.read(session);
    if (score)
        std::printf("%s: %u\n", where, static_cast<unsigned>((*score)->total));
    else
        std::printf("%s: %s\n", where, to_string(score.error()));
}

int main() {
    transport::Memory network;
    Node leader{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node near{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    Node far{network, {.node = nodes[2], .nodes = nodes, .run = Run{3}}};
    if (!leader.bootstrap(HistoryId{1})) return 1;
    network.settle();

    network.cut(nodes[0], nodes[2]);  // the third node no longer hears the leader
    const auto ticket = leader.write({.points = 10});
    network.settle();
    const auto outcome = leader.outcome(*ticket);
    if (outcome.state != WriteState::acknowledged) return 1;

    Session session;  // a plain value: keep it with the client, send it along
    session.saw(outcome.acknowledgement.position);
    show("the node that holds the write", near, session);
    show("the node that was cut off", far, session);  // `far.state()` would show 0 here

    network.join(nodes[0], nodes[2]);
    network.advance(milliseconds(200));
    network.settle();
    show("the same after it caught up", far, session);
}
