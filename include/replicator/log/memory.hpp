// SPDX-License-Identifier: BSL-1.0
// log::Memory: entries in segments from the heap, as many as are needed up to a bound; lost with the process.
//
// Segments that are given up are used again, so that a log which has reached its bound allocates no more. When there is
// no memory, the log is full.
#pragma once

#include "../assert.hpp"
#include "../concepts/log_policy.hpp"
#include "../fwd.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <new>
#include <span>

namespace replicator::log {

/// Keeps up to `BytesMax` bytes of entries in segments of `SegmentBytes`. One entry, header included, has at most
/// `EntryBytesMax` bytes. If not said: 64 MiB, 1 MiB, and a quarter of a segment. Takes at most (BytesMax /
/// SegmentBytes + 2) * (SegmentBytes + EntryBytesMax) bytes.
template <std::size_t BytesMax, std::size_t SegmentBytes, std::size_t EntryBytesMax>
class Memory {
    static_assert(SegmentBytes % 8 == 0 && BytesMax % SegmentBytes == 0 && BytesMax >= 2 * SegmentBytes,
                  "log::Memory: BytesMax must be a multiple of SegmentBytes, two of them at least.");
    static_assert(EntryBytesMax >= 16 && EntryBytesMax % 8 == 0 && EntryBytesMax <= SegmentBytes,
                  "log::Memory: the largest entry must be a multiple of 8 and fit in a segment.");

public:
    static constexpr std::size_t capacity_bytes = BytesMax;
    static constexpr std::size_t entry_bytes_max = EntryBytesMax;
    static constexpr Stage stage = Stage::received;

    Memory() noexcept = default;
    Memory(const Memory&) = delete;
    Memory& operator=(const Memory&) = delete;
    ~Memory() {
        for (Segment& segment : segments_) ::operator delete(segment.bytes);
    }

    [[nodiscard]] LogBase base() const noexcept { return {begin_.index - 1, base_chain_}; }
    [[nodiscard]] Index last() const noexcept { return end_.index - 1; }
    [[nodiscard]] Index flushed() const noexcept { return last(); }
    [[nodiscard]] Chain chain() const noexcept { return chain_; }
    [[nodiscard]] Cursor begin() const noexcept { return begin_; }
    [[nodiscard]] Cursor end() const noexcept { return end_; }
    [[nodiscard]] Error fault() const noexcept { return Error::none; }

    /// The place of `index`, which must be kept. O(segments + entries in a segment).
    [[nodiscard]] Cursor seek(Index index) const noexcept {
        REPLICATOR_ASSERT(begin_.index <= index && index <= end_.index);
        if (index == end_.index) return end_;
        std::size_t i = used_ - 1;
        while (index < segment(i).first.index) --i;
        Cursor at = segment(i).first;
        while (at.index < index) at = {at.index + 1, at.offset + load_entry_header(place(i, at.offset)).bytes()};
        return at;
    }

    [[nodiscard]] EntryRun read(Cursor cursor) const noexcept {
        if (cursor.index >= end_.index) return {};
        std::size_t i = used_ - 1;
        while (cursor.index < segment(i).first.index) --i;
        const Cursor stop = i + 1 < used_ ? segment(i + 1).first : end_;
        return {{place(i, cursor.offset), static_cast<std::size_t>(stop.offset - cursor.offset)},
                stop.index - cursor.index};
    }

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        if (least > EntryBytesMax) return {};
        if ((used_ == 0 || used_bytes() >= SegmentBytes) && !open_segment()) return {};
        // Several entries must not begin behind the end of the segment; a single one may reach over it.
        const std::size_t straight = SegmentBytes - used_bytes();
        const std::size_t size = most < straight ? most : straight;
        return {segment(used_ - 1).bytes + used_bytes(), size < least ? least : size};
    }

    void append(std::size_t bytes, std::uint64_t count, Chain chain) noexcept {
        REPLICATOR_ASSERT(bytes % 8 == 0 && used_ > 0);
        end_ = {end_.index + count, end_.offset + bytes};
        chain_ = chain;
    }

    void cut(Cursor cursor, Chain chain) noexcept {
        while (used_ > 1 && cursor.index <= segment(used_ - 1).first.index) --used_;
        end_ = cursor;
        chain_ = chain;
    }

    void reset(Index index, Chain chain) noexcept {
        used_ = 0;
        begin_ = end_ = {index + 1, 0};
        base_chain_ = chain_ = chain;
        released_ = index;
    }

    void release(Index index) noexcept { released_ = larger(released_, index); }

private:
    struct Segment {
        std::byte* bytes = nullptr;
        Cursor first;
        Chain chain_before{};
    };

    static constexpr std::size_t segments_max = BytesMax / SegmentBytes + 2;

    [[nodiscard]] Segment& segment(std::size_t i) noexcept { return segments_[(first_segment_ + i) % segments_max]; }
    [[nodiscard]] const Segment& segment(std::size_t i) const noexcept {
        return segments_[(first_segment_ + i) % segments_max];
    }
    [[nodiscard]] const std::byte* place(std::size_t i, std::uint64_t offset) const noexcept {
        return segment(i).bytes + (offset - segment(i).first.offset);
    }
    /// Of the newest segment.
    [[nodiscard]] std::size_t used_bytes() const noexcept {
        return static_cast<std::size_t>(end_.offset - segment(used_ - 1).first.offset);
    }

    bool open_segment() noexcept {
        if (used_ == segments_max && !drop_oldest()) return false;
        Segment& next = segment(used_);
        if (next.bytes == nullptr) {
            next.bytes = static_cast<std::byte*>(::operator new(SegmentBytes + EntryBytesMax, std::nothrow));
            if (next.bytes == nullptr) return false;
        }
        next.first = end_;
        next.chain_before = chain_;
        ++used_;
        return true;
    }

    bool drop_oldest() noexcept {
        if (used_ < 2 || released_ + 1 < segment(1).first.index) return false;
        begin_ = segment(1).first;
        base_chain_ = segment(1).chain_before;
        first_segment_ = (first_segment_ + 1) % segments_max;
        --used_;
        return true;
    }

    std::array<Segment, segments_max> segments_{};
    std::size_t first_segment_ = 0;
    std::size_t used_ = 0;
    Cursor begin_;
    Cursor end_;
    Chain base_chain_{};
    Chain chain_{};
    Index released_;
};

}  // namespace replicator::log
