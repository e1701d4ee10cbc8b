// SPDX-License-Identifier: BSL-1.0
// The board as hardware registers, and the start of the program: enough to link an image and measure it.

#include "board.hpp"

#include <cstdint>

namespace {

volatile std::uint32_t& device(std::uintptr_t offset) noexcept {
    return *reinterpret_cast<volatile std::uint32_t*>(std::uintptr_t{0x40000000} + offset);
}

}  // namespace

namespace board {

std::uint32_t clock_milliseconds() noexcept { return device(0x00); }
int read_byte() noexcept { return (device(0x08) & 1u) != 0 ? static_cast<int>(device(0x04) & 0xffu) : -1; }
void write_byte(std::uint8_t byte) noexcept { device(0x0c) = byte; }
bool button() noexcept { return device(0x10) != 0; }
std::uint32_t start_number() noexcept { return device(0x14); }
void show(std::uint32_t value) noexcept { device(0x18) = value; }

}  // namespace board

extern "C" {

// From the linker script.
extern std::uint32_t data_source[];
extern std::uint32_t data_begin[];
extern std::uint32_t data_end[];
extern std::uint32_t bss_begin[];
extern std::uint32_t bss_end[];

[[noreturn]] void start() noexcept {
    const std::uint32_t* from = data_source;
    for (std::uint32_t* to = data_begin; to != data_end; ++to) *to = *from++;
    for (std::uint32_t* to = bss_begin; to != bss_end; ++to) *to = 0;
    board::run();
    for (;;) device(0x1c) = 1;
}

extern std::uint32_t stack_end[];

/// Where the processor finds its stack and its first instruction.
struct VectorTable {
    std::uint32_t* stack;
    void (*reset)() noexcept;
};
extern const VectorTable vectors;
[[gnu::section(".vectors"), gnu::used]] const VectorTable vectors{stack_end, start};

}  // extern "C"
