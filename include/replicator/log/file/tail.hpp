// SPDX-License-Identifier: BSL-1.0
// The newest entries of a log on a disk, in memory: what waits to be written, and what followers and the machine read.
//
// It is laid out as log::Ring is: entries are neither split nor padded, and one that begins before the end of the ring
// may overhang it. Entries leave only when they are in a file.
#pragma once

#include "../../assert.hpp"
#include "../../concepts/log_policy.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <span>

namespace replicator::log {

template <class Options>
class FileTail {
    static constexpr std::size_t bytes = Options::tail_bytes;
    static constexpr std::size_t overhang = Options::entry_bytes_max;
    static_assert(std::has_single_bit(bytes) && bytes >= 64, "FileOptions::tail_bytes must be a power of two.");
    static_assert(overhang >= 16 && overhang % 8 == 0 && overhang <= bytes,
                  "FileOptions::entry_bytes_max must be a multiple of 8 and at most FileOptions::tail_bytes.");

public:
    /// Takes its memory; false when there is none.
    [[nodiscard]] bool allocate() noexcept {
        bytes_.reset(new (std::nothrow) Word[(bytes + overhang) / sizeof(Word)]);
        return bytes_ != nullptr;
    }

    [[nodiscard]] Cursor begin() const noexcept { return begin_; }
    [[nodiscard]] Cursor end() const noexcept { return end_; }

    /// Empties it; the next entry will stand at `at`.
    void reset(Cursor at) noexcept {
        begin_ = end_ = lap_ = at;
        mark_count_ = 0;
        plain_to_ = 0;
    }

    /// Up to this offset there is room without anything giving way.
    [[nodiscard]] std::uint64_t free_to() const noexcept { return begin_.offset + bytes; }
    /// The room behind the last entry, which must be free.
    [[nodiscard]] std::span<std::byte> next(std::size_t size) const noexcept { return {place(end_.offset), size}; }
    /// Room behind the last entry. Entries before `written` may give way. O(entries that do).
    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most, Cursor written) noexcept {
        const std::size_t wanted = most < bytes / 8 ? most : bytes / 8;
        if (free_bytes() < (least < wanted ? wanted : least)) evict(wanted < least ? least : wanted, written);
        const std::size_t free = free_bytes();
        if (free < least) return {};
        // Several entries must not begin behind the end of the ring; a single one may reach over it.
        const std::size_t straight = bytes - static_cast<std::size_t>(end_.offset & mask);
        const std::size_t limit = free < straight ? free : straight;
        const std::size_t size = most < limit ? most : limit;
        return {place(end_.offset), size < least ? least : size};
    }

    void append(std::size_t size, std::uint64_t count) noexcept {
        REPLICATOR_ASSERT(size % 8 == 0 && size <= free_bytes());
        if (end_.offset + size >= plain_to_) return append_at_mark(size, count);
        end_ = {end_.index + count, end_.offset + size};
    }

    void cut(Cursor at) noexcept {
        if (at.offset <= begin_.offset) return reset(at);
        plain_to_ = 0;
        while (mark_count_ > 0 && at.index <= mark(mark_count_ - 1).index) --mark_count_;
        end_ = at;
        if (at.offset < lap_.offset) lap_ = begin_;
    }

    /// Entries from `cursor` on that lie together.
    [[nodiscard]] EntryRun read(Cursor cursor) const noexcept {
        const Cursor stop = cursor.offset < lap_.offset ? lap_ : end_;
        return {{place(cursor.offset), static_cast<std::size_t>(stop.offset - cursor.offset)},
                stop.index - cursor.index};
    }

    /// The place of an entry that is here. O(entries in a thirty-second, or in one batch).
    [[nodiscard]] Cursor seek(Index index) const noexcept {
        Cursor at = begin_;
        for (std::size_t i = 0; i < mark_count_ && mark(i).index <= index; ++i) at = mark(i);
        while (at.index < index) at = {at.index + 1, at.offset + load_entry_header(place(at.offset)).bytes()};
        return at;
    }

private:
    struct alignas(8) Word {
        std::byte bytes[8];
    };
    static constexpr std::uint64_t mask = bytes - 1;
    static constexpr std::uint64_t mark_bytes = bytes / 32;
    static constexpr std::size_t marks_max = 64;

    [[nodiscard]] std::byte* place(std::uint64_t offset) const noexcept {
        return reinterpret_cast<std::byte*>(bytes_.get()) + (offset & mask);
    }
    [[nodiscard]] std::size_t free_bytes() const noexcept {
        return bytes - static_cast<std::size_t>(end_.offset - begin_.offset);
    }
    [[nodiscard]] const Cursor& mark(std::size_t i) const noexcept { return marks_[(first_mark_ + i) % marks_max]; }

    /// An append that begins in a part without a mark, or ends one.
    [[gnu::noinline]] void append_at_mark(std::size_t size, std::uint64_t count) noexcept {
        const bool next_lap = (end_.offset & mask) + size >= bytes;
        if (mark_count_ == 0 || mark(mark_count_ - 1).offset / mark_bytes != end_.offset / mark_bytes) add_mark();
        end_ = {end_.index + count, end_.offset + size};
        if (next_lap) lap_ = end_;
        const bool marked = mark(mark_count_ - 1).offset / mark_bytes == end_.offset / mark_bytes;
        plain_to_ = marked ? (end_.offset / mark_bytes + 1) * mark_bytes : 0;
    }
    void add_mark() noexcept {
        if (mark_count_ == marks_max) return;
        marks_[(first_mark_ + mark_count_++) % marks_max] = end_;
    }

    /// Whole parts leave first, so that this happens seldom and reads nothing.
    void evict(std::size_t wanted, Cursor written) noexcept {
        while (free_bytes() < wanted && mark_count_ > 0 && mark(0).offset <= written.offset) {
            begin_ = mark(0);
            drop_mark();
        }
        while (free_bytes() < wanted && begin_.offset < written.offset) {
            begin_ = {begin_.index + 1, begin_.offset + load_entry_header(place(begin_.offset)).bytes()};
        }
        while (mark_count_ > 0 && mark(0).index <= begin_.index) drop_mark();
    }
    void drop_mark() noexcept {
        first_mark_ = (first_mark_ + 1) % marks_max;
        --mark_count_;
    }

    std::unique_ptr<Word[]> bytes_;
    Cursor begin_;
    Cursor end_;
    Cursor lap_;  // where the newest lap begins; entries before it lie behind those after it
    std::array<Cursor, marks_max> marks_{};
    std::size_t first_mark_ = 0;
    std::size_t mark_count_ = 0;
    std::uint64_t plain_to_ = 0;  // an append that ends below needs neither a mark nor a new lap
};

}  // namespace replicator::log
