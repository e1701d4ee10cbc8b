// SPDX-License-Identifier: BSL-1.0
// The newest entries of one line of history, in memory of fixed size, each with the chain up to it.
#pragma once

#include "../options.hpp"
#include "wire.hpp"

#include "../../encoding/bytes.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::pair::detail {

/// Positions go around at 2^32: all comparisons are within the window of what is held. Commands stand in one piece,
/// aligned to eight.
template <std::size_t Entries, std::size_t Bytes>
class Log {
    static_assert(Entries >= 4 && (Entries & (Entries - 1)) == 0,
                  "pair::Options::log_entries_max: the entries of the log must be a power of two, and at least 4.");
    static_assert(
        Bytes >= 16 && Bytes % 8 == 0 && Bytes <= 0x8000,
        "pair::Options::log_bytes_max: the bytes of the log must be a multiple of eight, and at most 32 KiB.");

public:
    /// In the size of an entry: it opens an epoch, and is no command.
    static constexpr std::uint16_t opening = 0x8000;

    /// The position before the oldest entry.
    [[nodiscard]] std::uint32_t base() const noexcept { return base_; }
    [[nodiscard]] std::uint32_t last() const noexcept { return last_; }
    [[nodiscard]] std::uint32_t last_chain() const noexcept { return chain_at(last_); }

    /// The chain at `index` is known here.
    [[nodiscard]] bool reaches(std::uint32_t index) const noexcept { return index - base_ <= last_ - base_; }
    [[nodiscard]] std::uint32_t chain_at(std::uint32_t index) const noexcept {
        return index == base_ ? base_chain_ : slot(index).chain;
    }
    /// This position is on the line that is held here.
    [[nodiscard]] bool holds(std::uint32_t index, std::uint32_t chain) const noexcept {
        return reaches(index) && chain_at(index) == chain;
    }
    /// The size of an entry, with `opening`, and its bytes.
    [[nodiscard]] std::uint16_t size_at(std::uint32_t index) const noexcept { return slot(index).size; }
    [[nodiscard]] std::span<const std::byte> bytes_at(std::uint32_t index) const noexcept {
        const Slot& found = slot(index);
        return {bytes_ + found.offset, std::size_t{found.size} & ~std::size_t{opening}};
    }

    /// Room for the bytes of the next entry; entries up to `applied` give way. nullptr: there is none.
    [[nodiscard]] std::byte* room(std::size_t bytes, std::uint32_t applied) noexcept {
        bytes = taken(bytes);
        for (;;) {
            if (last_ == base_) {
                next_ = 0;
                break;
            }
            const std::size_t oldest = slot(base_ + 1).offset;
            if (last_ - base_ != Entries) {
                const std::size_t end = oldest < next_ ? Bytes : oldest;
                if (end - next_ >= bytes) break;
                if (oldest < next_ && oldest >= bytes) {
                    next_ = 0;
                    break;
                }
            }
            if (is_after(base_ + 1, applied)) return nullptr;
            ++base_;
            base_chain_ = slot(base_).chain;
        }
        return bytes <= Bytes ? bytes_ + next_ : nullptr;
    }
    /// What was written to the room becomes the next entry.
    void seal(std::uint16_t size) noexcept {
        const std::uint32_t chain = chain_of(last_, bytes_ + next_, size);
        Slot& sealed = slot(++last_);
        sealed = {chain, static_cast<std::uint16_t>(next_), size};
        next_ += taken(size & ~std::size_t{opening});
    }
    /// The chain after an entry that follows on `index`.
    [[nodiscard]] std::uint32_t chain_of(std::uint32_t index, const std::byte* bytes,
                                         std::uint16_t size) const noexcept {
        return crc(bytes, size & ~std::size_t{opening}, chain_at(index) ^ size);
    }

    /// Gives up all after `index`, which is held.
    void cut(std::uint32_t index) noexcept {
        if (index != last_) next_ = slot(index + 1).offset;
        last_ = index;
    }
    /// A state took the place of all entries.
    void reset(std::uint32_t index, std::uint32_t chain) noexcept {
        base_ = last_ = index;
        base_chain_ = chain;
    }

private:
    struct Slot {
        std::uint32_t chain;
        std::uint16_t offset;
        std::uint16_t size;
    };

    /// An empty command takes room, too, or two entries would stand in one place.
    [[nodiscard]] static constexpr std::size_t taken(std::size_t bytes) noexcept {
        return bytes == 0 ? 8 : align_up(bytes);
    }
    [[nodiscard]] const Slot& slot(std::uint32_t index) const noexcept { return slots_[index % Entries]; }
    [[nodiscard]] Slot& slot(std::uint32_t index) noexcept { return slots_[index % Entries]; }

    alignas(8) std::byte bytes_[Bytes];
    Slot slots_[Entries];
    std::uint32_t base_ = 0;
    std::uint32_t base_chain_ = 0;
    std::uint32_t last_ = 0;
    std::size_t next_ = 0;  // where the next entry begins, if it fits there
};

}  // namespace replicator::pair::detail
