// SPDX-License-Identifier: BSL-1.0
// The board without a node: what the others are compared with.

#include "board.hpp"

void board::run() noexcept {
    for (;;) {
        for (int byte = board::read_byte(); byte >= 0; byte = board::read_byte()) {
            board::write_byte(static_cast<std::uint8_t>(byte));
        }
        board::show(board::button() ? board::clock_milliseconds() : board::start_number());
    }
}
