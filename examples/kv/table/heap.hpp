// SPDX-License-Identifier: BSL-1.0
// Heap: what tables take from the allocator, block by block, so that a limit in bytes is one of the process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>

namespace kv {

/// Of all tables of the process, which one thread changes: also of what only a frozen table still has, and of what is
/// waiting to be freed.
class Heap {
public:
    [[nodiscard]] static std::uint64_t bytes() noexcept { return bytes_; }

    /// Without what is waiting to be freed since all was thrown away.
    [[nodiscard]] static std::uint64_t bytes_in_use() noexcept { return bytes_ - waste_; }

    static void took(std::uint64_t bytes) noexcept { bytes_ += bytes; }
    static void gave_back(std::uint64_t bytes) noexcept {
        bytes_ -= bytes;
        waste_ -= bytes < waste_ ? bytes : waste_;
    }
    /// The table was cleared: what there is now is in nobody's way any more.
    static void thrown_away() noexcept { waste_ = bytes_; }

    /// What a block of so many bytes takes: the allocators of glibc, musl and others keep a word beside it, and give
    /// out multiples of sixteen.
    [[nodiscard]] static constexpr std::uint64_t block_bytes(std::size_t bytes) noexcept {
        const std::uint64_t rounded = (std::uint64_t{bytes} + sizeof(void*) + 15) / 16 * 16;
        return rounded < 32 ? 32 : rounded;
    }
    /// What `std::make_shared` takes for a T: counters, and a pointer to their functions, stand before it.
    template <class T>
    [[nodiscard]] static constexpr std::uint64_t shared_bytes() noexcept {
        return block_bytes(sizeof(T) + 2 * sizeof(void*));
    }
    /// What a string takes beside itself; short ones need nothing.
    [[nodiscard]] static std::uint64_t string_bytes(const std::string& text) noexcept {
        static const std::size_t short_max = std::string().capacity();
        return text.capacity() <= short_max ? 0 : block_bytes(text.capacity() + 1);
    }

private:
    static inline std::uint64_t bytes_ = 0;
    static inline std::uint64_t waste_ = 0;
};

}  // namespace kv
