// SPDX-License-Identifier: BSL-1.0
// log::Ring: entries in a fixed number of bytes inside the object; no heap, lost with the process.
//
// Entries are neither split nor padded. One that begins before the end of the ring may overhang it, for which there is
// extra room; the next then begins where a ring without that room would have it. So any range of the log is at most two
// runs, and every entry can be read and applied where it stands.
#pragma once

#include "../assert.hpp"
#include "../concepts/log_policy.hpp"
#include "../fwd.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::log {

/// Keeps the newest entries in `Bytes` bytes, a power of two. `EntryBytesMax` bounds one entry, header included, and is
/// a quarter if not said. The object takes the sum of both, and a little.
template <std::size_t Bytes, std::size_t EntryBytesMax>
class Ring {
    static_assert(std::has_single_bit(Bytes) && Bytes >= 64, "log::Ring<Bytes>: Bytes must be a power of two.");
    static_assert(EntryBytesMax >= 16 && EntryBytesMax % 8 == 0 && EntryBytesMax <= Bytes,
                  "log::Ring<Bytes, EntryBytesMax>: the largest entry must be a multiple of 8 and fit in the ring.");

public:
    static constexpr std::size_t capacity_bytes = Bytes;
    static constexpr std::size_t entry_bytes_max = EntryBytesMax;
    static constexpr Stage stage = Stage::received;

    [[nodiscard]] LogBase base() const noexcept { return {begin_.index - 1, base_chain_}; }
    [[nodiscard]] Index last() const noexcept { return end_.index - 1; }
    [[nodiscard]] Index flushed() const noexcept { return last(); }
    [[nodiscard]] Chain chain() const noexcept { return chain_; }
    [[nodiscard]] Cursor begin() const noexcept { return begin_; }
    [[nodiscard]] Cursor end() const noexcept { return end_; }
    [[nodiscard]] Error fault() const noexcept { return Error::none; }

    /// The place of `index`, which must be kept. O(entries in a sixteenth of the ring, or in one batch).
    [[nodiscard]] Cursor seek(Index index) const noexcept {
        REPLICATOR_ASSERT(begin_.index <= index && index <= end_.index);
        if (index == end_.index) return end_;
        Cursor at = begin_;
        for (std::size_t i = 0; i < mark_count_ && mark(i).at.index <= index; ++i) at = mark(i).at;
        while (at.index < index) at = {at.index + 1, at.offset + load_entry_header(place(at.offset)).bytes()};
        return at;
    }

    [[nodiscard]] EntryRun read(Cursor cursor) const noexcept {
        const Cursor stop = cursor.offset < lap_.offset ? lap_ : end_;
        return {{place(cursor.offset), static_cast<std::size_t>(stop.offset - cursor.offset)},
                stop.index - cursor.index};
    }

    // Both are a few instructions where they are called, unless there is no room, or a part of the ring ends.
#if defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)
    [[gnu::always_inline]]
#endif
    [[nodiscard]] std::span<std::byte>
    reserve(std::size_t least, std::size_t most) noexcept {
        const bool fits = end_.offset + least <= begin_.offset + Bytes && least <= EntryBytesMax;
        if (fits && most == least) return {place(end_.offset), least};
        return make_room(least, most);
    }

#if defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)
    [[gnu::always_inline]]
#endif
    void
    append(std::size_t bytes, std::uint64_t count, Chain chain) noexcept {
        REPLICATOR_ASSERT(bytes % 8 == 0 && bytes <= free_bytes());
        if (end_.offset + bytes >= plain_to_) return append_at_mark(bytes, count, chain);
        end_ = {end_.index + count, end_.offset + bytes};
        chain_ = chain;
    }

    void cut(Cursor cursor, Chain chain) noexcept {
        while (mark_count_ > 0 && cursor.index <= mark(mark_count_ - 1).at.index) --mark_count_;
        end_ = cursor;
        chain_ = chain;
        plain_to_ = 0;
        if (cursor.offset < lap_.offset) lap_ = begin_;
    }

    void reset(Index index, Chain chain) noexcept {
        begin_ = end_ = lap_ = {index + 1, 0};
        base_chain_ = chain_ = chain;
        released_ = index;
        mark_count_ = 0;
        plain_to_ = 0;
    }

    void release(Index index) noexcept { released_ = larger(released_, index); }

private:
    /// A place that can be found without walking: where an append began. There is one in about every sixteenth.
    struct Mark {
        Cursor at;
        Chain chain_before{};
    };

    static constexpr std::size_t mask = Bytes - 1;
    static constexpr std::size_t mark_bytes = Bytes / 16;
    static constexpr std::size_t marks_max = 32;
    /// Room is made for so much at once, when so much is asked for and enough is released.
    static constexpr std::size_t batch_bytes = Bytes / 8;

    [[nodiscard]] std::byte* place(std::uint64_t offset) noexcept { return bytes_.data() + (offset & mask); }
    [[nodiscard]] const std::byte* place(std::uint64_t offset) const noexcept {
        return bytes_.data() + (offset & mask);
    }
    [[nodiscard]] std::size_t free_bytes() const noexcept {
        return Bytes - static_cast<std::size_t>(end_.offset - begin_.offset);
    }
    [[nodiscard]] const Mark& mark(std::size_t i) const noexcept { return marks_[(first_mark_ + i) % marks_max]; }

    /// An append that begins in a part without a mark, or ends one.
    [[gnu::noinline]] void append_at_mark(std::size_t bytes, std::uint64_t count, Chain chain) noexcept {
        const bool next_lap = (end_.offset & mask) + bytes >= Bytes;
        if (mark_count_ == 0 || mark(mark_count_ - 1).at.offset / mark_bytes != end_.offset / mark_bytes) add_mark();
        end_ = {end_.index + count, end_.offset + bytes};
        if (next_lap) lap_ = end_;
        chain_ = chain;
        const bool marked = mark(mark_count_ - 1).at.offset / mark_bytes == end_.offset / mark_bytes;
        plain_to_ = marked ? (end_.offset / mark_bytes + 1) * mark_bytes : 0;
    }

    /// Room behind the last entry, after dropping released entries where there is too little. Apart, so that a reserve
    /// for one entry is a few instructions where it is called.
    [[nodiscard, gnu::noinline]] std::span<std::byte> make_room(std::size_t least, std::size_t most) noexcept {
        if (least > EntryBytesMax) return {};
        const std::size_t wanted = most < batch_bytes ? most : batch_bytes;
        if (free_bytes() < (least < wanted ? wanted : least)) evict(least, wanted);
        const std::size_t free = free_bytes();
        if (free < least) return {};
        // Several entries must not begin behind the end of the ring; a single one may reach over it.
        const std::size_t straight = Bytes - (end_.offset & mask);
        const std::size_t limit = free < straight ? free : straight;
        const std::size_t size = most < limit ? most : limit;
        return {place(end_.offset), size < least ? least : size};
    }

    void add_mark() noexcept {
        if (mark_count_ == marks_max) return;
        marks_[(first_mark_ + mark_count_++) % marks_max] = {end_, chain_};
    }

    /// Drops released entries: up to marks while that helps to get `wanted` bytes, one by one to get `least`.
    void evict(std::size_t least, std::size_t wanted) noexcept {
        drop_marks_behind();
        while (free_bytes() < wanted && mark_count_ > 0 && mark(0).at.index <= released_ + 1) {
            begin_ = mark(0).at;
            base_chain_ = mark(0).chain_before;
            drop_marks_behind();
        }
        while (free_bytes() < least && begin_.index <= released_) {
            const EntryHeader header = load_entry_header(place(begin_.offset));
            begin_ = {begin_.index + 1, begin_.offset + header.bytes()};
            base_chain_ = header.chain;
        }
        drop_marks_behind();
    }

    void drop_marks_behind() noexcept {
        while (mark_count_ > 0 && mark(0).at.index <= begin_.index) {
            first_mark_ = (first_mark_ + 1) % marks_max;
            --mark_count_;
        }
    }

    alignas(8) std::array<std::byte, Bytes + EntryBytesMax> bytes_{};
    Cursor begin_;
    Cursor end_;
    Cursor lap_;  // where the newest lap begins; entries before it lie behind those after it
    Chain base_chain_{};
    Chain chain_{};
    Index released_;
    std::uint64_t plain_to_ = 0;  // an append that ends below needs neither a mark nor a new lap
    std::array<Mark, marks_max> marks_{};
    std::size_t first_mark_ = 0;
    std::size_t mark_count_ = 0;
};

}  // namespace replicator::log
