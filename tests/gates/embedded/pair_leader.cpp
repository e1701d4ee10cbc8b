// SPDX-License-Identifier: BSL-1.0
// Leads, and never follows.

#define PAIR_ROLES replicator::roles::LeadsOnly
#include "pair_leading.hpp"

void board::run() noexcept {
    constexpr replicator::NodeId self = nodes[0], peer = nodes[1];
    Node& node = make_node(self);
    board::show(node.bootstrap(replicator::HistoryId{board::start_number() | 1}) ? 1 : 0);
    for (;;) {
        turn(node, peer);
        lead(node);
        show_status(node);
    }
}
