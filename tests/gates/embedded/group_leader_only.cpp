// SPDX-License-Identifier: BSL-1.0
// Leads from its start to its end, and never follows: writes a setting whenever the button is pressed, and shows what
// became of it.

#define BOARD_PARTS OneRole
#include "one_role.hpp"

struct OneRole : Alone {
    using Roles = replicator::roles::LeadsOnly;
};

#include "node.hpp"

void board::run() noexcept {
    Node& node = make_node(nodes[0]);
    board::show(node.bootstrap(replicator::HistoryId{board::start_number()}) ? 1 : 0);
    bool was_down = false;
    replicator::Ticket ticket;
    for (;;) {
        turn(node, nodes[1]);
        const bool down = board::button();
        if (down && !was_down) {
            const std::uint32_t now = board::clock_milliseconds();
            const auto written = node.write({.room = now % 8, .degrees = 21, .minutes = now / 60000, .source = 1});
            if (written) ticket = *written;
        }
        was_down = down;
        board::show(static_cast<std::uint32_t>(node.outcome(ticket).state));
        show_status(node);
    }
}
