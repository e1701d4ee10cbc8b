// SPDX-License-Identifier: BSL-1.0
// Writes a setting whenever the button is pressed, and shows how many are acknowledged. While the other board leads,
// which it does for a moment after this one was reset, the button is in vain.

#include "node.hpp"

void board::run() noexcept {
    Node& node = make_node(nodes[0]);
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
