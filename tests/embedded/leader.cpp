// SPDX-License-Identifier: BSL-1.0
// Writes a setting whenever the button is pressed, and shows how many are acknowledged.

#include "node.hpp"

void board::run() noexcept {
    Node& node = make_node(nodes[0]);
    if (!node.found(replicator::HistoryId{board::start_number()})) return;
    bool was_down = false;
    for (;;) {
        turn(node, nodes[1]);
        const bool down = board::button();
        if (down && !was_down) {
            const std::uint32_t now = board::clock_milliseconds();
            if (!node.write({.room = now % 8, .degrees = 21, .minutes = now / 60000, .source = 1})) board::show(0);
        }
        was_down = down;
        board::show(static_cast<std::uint32_t>(node.acknowledged().value));
    }
}
