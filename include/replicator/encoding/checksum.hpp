// SPDX-License-Identifier: BSL-1.0
// CRC-32C (Castagnoli), by the processor's instruction where there is one, else by tables.
#pragma once

#include "bytes.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// 1 uses a table of 64 bytes in place of 8 KiB, eight times slower. Preset where flash is what is short.
#ifndef REPLICATOR_SMALL_CHECKSUM
#if defined(__OPTIMIZE_SIZE__) || (defined(__ARM_ARCH_PROFILE) && __ARM_ARCH_PROFILE == 'M')
#define REPLICATOR_SMALL_CHECKSUM 1
#else
#define REPLICATOR_SMALL_CHECKSUM 0
#endif
#endif

namespace replicator {

/// One way to feed a CRC-32C: four or eight bytes at a time, little-endian. The state is not inverted here.
#if REPLICATOR_SMALL_CHECKSUM

struct SmallTableCrc {
    [[nodiscard]] static std::uint32_t feed8(std::uint32_t crc, std::uint64_t bytes) noexcept {
        return feed4(feed4(crc, static_cast<std::uint32_t>(bytes)), static_cast<std::uint32_t>(bytes >> 32));
    }
    [[nodiscard]] static std::uint32_t feed4(std::uint32_t crc, std::uint32_t bytes) noexcept {
        crc ^= bytes;
        for (int nibble = 0; nibble < 8; ++nibble) crc = (crc >> 4) ^ table[crc & 15];
        return crc;
    }
    [[nodiscard]] static std::uint32_t feed1(std::uint32_t crc, std::uint8_t byte) noexcept {
        crc ^= byte;
        for (int nibble = 0; nibble < 2; ++nibble) crc = (crc >> 4) ^ table[crc & 15];
        return crc;
    }

private:
    static constexpr std::array<std::uint32_t, 16> table = [] {
        std::array<std::uint32_t, 16> entries{};
        for (std::uint32_t i = 0; i < 16; ++i) {
            std::uint32_t crc = i;
            for (int bit = 0; bit < 4; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
            entries[i] = crc;
        }
        return entries;
    }();
};
using TableCrc = SmallTableCrc;

#else

/// Slicing by eight (Kounavis and Berry, "A Systematic Approach to Building High Performance Software-based CRC
/// Generators", 2005): eight look-ups that do not wait for each other take in eight bytes.
struct SlicingTableCrc {
    [[nodiscard]] static std::uint32_t feed8(std::uint32_t crc, std::uint64_t bytes) noexcept {
        bytes ^= crc;
        std::uint32_t result = 0;
        for (std::size_t i = 0; i < 8; ++i) result ^= tables[7 - i][(bytes >> (8 * i)) & 0xff];
        return result;
    }
    [[nodiscard]] static std::uint32_t feed4(std::uint32_t crc, std::uint32_t bytes) noexcept {
        bytes ^= crc;
        std::uint32_t result = 0;
        for (std::size_t i = 0; i < 4; ++i) result ^= tables[3 - i][(bytes >> (8 * i)) & 0xff];
        return result;
    }
    [[nodiscard]] static std::uint32_t feed1(std::uint32_t crc, std::uint8_t byte) noexcept {
        return (crc >> 8) ^ tables[0][(crc ^ byte) & 0xff];
    }

private:
    static constexpr std::array<std::array<std::uint32_t, 256>, 8> tables = [] {
        std::array<std::array<std::uint32_t, 256>, 8> entries{};
        for (std::uint32_t i = 0; i < 256; ++i) {
            std::uint32_t crc = i;
            for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ ((crc & 1) != 0 ? 0x82f63b78u : 0u);
            entries[0][i] = crc;
        }
        for (std::size_t table = 1; table < 8; ++table) {
            for (std::size_t i = 0; i < 256; ++i) {
                const std::uint32_t crc = entries[table - 1][i];
                entries[table][i] = (crc >> 8) ^ entries[0][crc & 0xff];
            }
        }
        return entries;
    }();
};
using TableCrc = SlicingTableCrc;

#endif

#if defined(__x86_64__) && defined(__GNUC__)

/// The SSE 4.2 instruction. Written as assembly, because an intrinsic could only be inlined into functions that are
/// compiled for that processor, and a call for every entry costs half as much again as the checksum itself.
struct ProcessorCrc {
    [[nodiscard]] static std::uint32_t feed8(std::uint32_t crc, std::uint64_t bytes) noexcept {
        return static_cast<std::uint32_t>(feed_wide(crc, bytes));
    }
    /// Eight words, with no look at a counter in between.
    [[nodiscard]] static std::uint32_t feed64(std::uint32_t crc, const std::byte* at) noexcept {
        std::uint64_t wide = crc;
        wide = feed_wide(wide, load<std::uint64_t>(at));
        wide = feed_wide(wide, load<std::uint64_t>(at + 8));
        wide = feed_wide(wide, load<std::uint64_t>(at + 16));
        wide = feed_wide(wide, load<std::uint64_t>(at + 24));
        wide = feed_wide(wide, load<std::uint64_t>(at + 32));
        wide = feed_wide(wide, load<std::uint64_t>(at + 40));
        wide = feed_wide(wide, load<std::uint64_t>(at + 48));
        wide = feed_wide(wide, load<std::uint64_t>(at + 56));
        return static_cast<std::uint32_t>(wide);
    }
    [[nodiscard]] static std::uint32_t feed4(std::uint32_t crc, std::uint32_t bytes) noexcept {
        __asm__("crc32l %1, %0" : "+r"(crc) : "r"(bytes));
        return crc;
    }
    [[nodiscard]] static std::uint32_t feed1(std::uint32_t crc, std::uint8_t byte) noexcept {
        __asm__("crc32b %1, %0" : "+r"(crc) : "q"(byte));
        return crc;
    }

private:
    /// The instruction leaves the upper half zero, which the compiler cannot know; so it is not cleared each time.
    [[nodiscard]] static std::uint64_t feed_wide(std::uint64_t crc, std::uint64_t bytes) noexcept {
        __asm__("crc32q %1, %0" : "+r"(crc) : "rm"(bytes));
        return crc;
    }
};

namespace detail {

/// Apart, or the tables' code would keep the callers from being inlined. It takes a copy, or what the function refers
/// to would have to be in memory on the other path too.
template <class Function>
[[gnu::noinline, gnu::cold]] decltype(auto) with_table_crc(Function function) noexcept {
    return function(TableCrc{});
}

}  // namespace detail

/// Calls `function` with the fastest CRC of this machine. The choice is one test of a flag that is set before `main`;
/// make it once for a run of entries, not once for each.
template <class Function>
decltype(auto) with_crc(Function&& function) noexcept {
    if (__builtin_cpu_supports("sse4.2")) return function(ProcessorCrc{});
    return detail::with_table_crc(function);
}

#else

template <class Function>
decltype(auto) with_crc(Function&& function) noexcept {
    return function(TableCrc{});
}

#endif

/// Feeds words of eight bytes, up to `end`.
template <class Crc>
[[nodiscard]] inline std::uint32_t feed_words(Crc crc, std::uint32_t state, const std::byte* at,
                                              const std::byte* end) noexcept {
    if constexpr (requires { crc.feed64(state, at); }) {
        for (; end - at >= 64; at += 64) state = crc.feed64(state, at);
    }
    for (; at != end; at += 8) state = crc.feed8(state, load<std::uint64_t>(at));
    return state;
}

/// The CRC-32C of `bytes` in its usual form; "123456789" gives 0xe3069283. `previous` continues an earlier call, so
/// that a checksum over pieces is that over the whole.
[[nodiscard]] inline std::uint32_t checksum(std::span<const std::byte> bytes, std::uint32_t previous = 0) noexcept {
    return with_crc([bytes, previous](auto crc) noexcept {
        std::size_t left = bytes.size() % 8;
        const std::byte* at = bytes.data() + (bytes.size() - left);
        std::uint32_t state = feed_words(crc, ~previous, bytes.data(), at);
        if (left >= 4) state = crc.feed4(state, load<std::uint32_t>(at)), left -= 4, at += 4;
        for (; left > 0; --left, ++at) state = crc.feed1(state, std::to_integer<std::uint8_t>(*at));
        return ~state;
    });
}

}  // namespace replicator
