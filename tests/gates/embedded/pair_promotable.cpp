// SPDX-License-Identifier: BSL-1.0
// Leads or follows: as it is told.

#define PAIR_ROLES replicator::roles::Both
#include "pair_leading.hpp"

void board::run() noexcept {
    constexpr replicator::NodeId self = nodes[0], peer = nodes[1];
    Node& node = make_node(self);
    for (;;) {
        turn(node, peer);
        lead(node);
        show_status(node);
        const std::uint32_t order = board::start_number();
        if (order == 1) board::show(node.bootstrap(replicator::HistoryId{board::start_number() | 1}) ? 1 : 0);
        if (order == 2) board::show(static_cast<std::uint32_t>(node.promote().error()));
        if (order == 3) board::show(static_cast<std::uint32_t>(node.promote({.may_lose = true}).error()));
        if constexpr (Limits::HandOver::present) {
            if (order == 4) board::show(static_cast<std::uint32_t>(node.hand_over(peer).error()));
        }
    }
}
