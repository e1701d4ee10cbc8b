// SPDX-License-Identifier: BSL-1.0
// What a small board offers a program: two byte queues, a clock, a lamp.
#pragma once

#include <cstdint>

namespace board {

/// The program; in place of main, which a program must not call itself. Returns when it cannot go on.
void run() noexcept;

/// Milliseconds since the start; wraps.
std::uint32_t clock_milliseconds() noexcept;
/// The next byte from the line; negative when there is none.
int read_byte() noexcept;
void write_byte(std::uint8_t byte) noexcept;
/// True while the button is down.
bool button() noexcept;
/// A number that differs at every start, from storage that keeps it.
std::uint32_t start_number() noexcept;
void show(std::uint32_t value) noexcept;

}  // namespace board
