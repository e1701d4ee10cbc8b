// SPDX-License-Identifier: BSL-1.0
// Follows, and never leads.

#define BOARD_PARTS OneRole
#include "one_role.hpp"

struct OneRole : Alone {
    using Roles = replicator::roles::FollowsOnly;
};

#include "node.hpp"

void board::run() noexcept {
    Node& node = make_node(nodes[1]);
    for (;;) {
        turn(node, nodes[0]);
        show_status(node);
    }
}
