// SPDX-License-Identifier: BSL-1.0
// Follows, and never leads.

#define PAIR_ROLES replicator::roles::FollowsOnly
#include "pair_node.hpp"

void board::run() noexcept {
    constexpr replicator::NodeId self = nodes[1], peer = nodes[0];
    Node& node = make_node(self);
    for (;;) {
        turn(node, peer);
        show_status(node);
    }
}
