// SPDX-License-Identifier: BSL-1.0
// What a board does that may lead.
#pragma once

#include "pair_node.hpp"

/// Writes a setting when the button goes down, and shows when it is acknowledged.
inline void lead(Node& node) noexcept {
    static replicator::Ticket ticket;
    static bool was_down;
    const bool down = board::button();
    if (down && !was_down) {
        const std::uint32_t now = board::clock_milliseconds();
        const std::byte setting[12] = {static_cast<std::byte>(now % 8), std::byte{21}};
        const auto written = node.write(std::span(setting).first(2 + now % 10));
        if (written) {
            ticket = *written;
        } else {
            board::show(static_cast<std::uint32_t>(written.error()));
        }
    }
    was_down = down;
    const Node::Outcome outcome = node.outcome(ticket);
    board::show(static_cast<std::uint32_t>(outcome.state) << 8 |
                static_cast<std::uint32_t>(outcome.acknowledgement.holders));
}
