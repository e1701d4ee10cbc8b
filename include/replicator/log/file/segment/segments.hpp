// SPDX-License-Identifier: BSL-1.0
// What a log knows about its files without looking at them: where each begins, and sparse places of records in it.
#pragma once

#include "format.hpp"

#include "../../../assert.hpp"
#include "../../../concepts/log_policy.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>

namespace replicator::log {

/// A place in a file where a record begins, and in the log.
struct RecordMark {
    Cursor at;
    std::uint64_t place = 0;
};

struct Segment {
    static constexpr std::size_t marks_max = 64;

    std::uint64_t number = 0;
    Cursor first;
    Chain chain_before{};
    std::uint32_t salt = 0;
    std::uint64_t size = 0;                     ///< of the file, as it was made
    std::array<RecordMark, marks_max> marks{};  ///< the first is that of the first record
    std::size_t mark_count = 0;

    void begin(const SegmentHeader& header, std::uint64_t offset) noexcept {
        number = header.number;
        first = {header.first, offset};
        chain_before = header.chain_before;
        salt = header.salt;
        size = header.size;
        marks[0] = {first, header.records_at};
        mark_count = 1;
    }
    [[nodiscard]] FileName name() const noexcept { return segment_name(number, first.index); }
    /// A record begins here. Kept only when the last one that was kept is far enough away.
    void note(const RecordMark& mark) noexcept {
        if (mark_count < marks_max && mark.place >= marks[mark_count - 1].place + size / marks_max) {
            marks[mark_count++] = mark;
        }
    }
    /// The newest known record at or before `index`.
    [[nodiscard]] const RecordMark& mark_before(Index index) const noexcept {
        std::size_t i = mark_count;
        while (i > 1 && index < marks[i - 1].at.index) --i;
        return marks[i - 1];
    }
};

/// The segments of a log, oldest first. Takes memory once.
template <std::size_t Max>
class SegmentTable {
public:
    [[nodiscard]] bool allocate() noexcept {
        segments_.reset(new (std::nothrow) Segment[Max]);
        return segments_ != nullptr;
    }

    [[nodiscard]] std::size_t size() const noexcept { return size_; }
    [[nodiscard]] bool empty() const noexcept { return size_ == 0; }
    [[nodiscard]] bool full() const noexcept { return size_ == Max; }
    [[nodiscard]] Segment& operator[](std::size_t i) const noexcept { return segments_[(front_ + i) % Max]; }
    [[nodiscard]] Segment& back() const noexcept { return (*this)[size_ - 1]; }

    Segment& push() noexcept {
        REPLICATOR_ASSERT(size_ < Max);
        return (*this)[size_++];
    }
    void pop_back() noexcept { --size_; }
    void pop_front() noexcept {
        front_ = (front_ + 1) % Max;
        --size_;
    }
    void clear() noexcept { size_ = 0; }

    /// The newest segment that begins at or before `index`, which is not before the first. O(log segments).
    [[nodiscard]] std::size_t find(Index index) const noexcept {
        std::size_t low = 0;
        std::size_t high = size_;
        while (low + 1 < high) {
            const std::size_t middle = (low + high) / 2;
            ((*this)[middle].first.index <= index ? low : high) = middle;
        }
        return low;
    }

private:
    std::unique_ptr<Segment[]> segments_;
    std::size_t front_ = 0;
    std::size_t size_ = 0;
};

}  // namespace replicator::log
