// SPDX-License-Identifier: BSL-1.0
// Follows, and shows the setting of one room.

#include "node.hpp"

void board::run() noexcept {
    Node& node = make_node(nodes[1]);
    for (;;) {
        turn(node, nodes[0]);
        board::show(node.state().degrees[0]);
    }
}
