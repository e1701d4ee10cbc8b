// SPDX-License-Identifier: BSL-1.0
// Nothing is wrong with these pairs.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Follows : profile::Pair {
    using Roles = roles::FollowsOnly;
    using Transfer = pair::transfer::Whole;
};

struct Observer {
    void on_role(Role, Epoch) {}
    void on_discarded(Position, const Counter::Command&) {}
};

void accepted(transport::Memory& network, transport::Manual& line) {
    use<Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair>>(network);
    use<Replicator<Counter, Log, ack::Async<>, transport::Memory, Follows>>(network);
    use<Replicator<Line, Log, ack::SemiSync<>, transport::Manual, profile::Pair>, transport::Manual>(line);
    Observer observer;
    const NodeId nodes[] = {NodeId{1}, NodeId{2}};
    const Config config{.node = nodes[0], .nodes = nodes, .run = Run{1}};
    Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair, Observer> node{network, config,
                                                                                               observer};
    static_cast<void>(node.promote());
    static_cast<void>(node.hand_over(nodes[1]));
}
