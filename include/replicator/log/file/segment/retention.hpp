// SPDX-License-Identifier: BSL-1.0
// Which of its files a log keeps: it drops the oldest once they may go and room is wanted, and removes them later.
#pragma once

#include "reader.hpp"
#include "segments.hpp"
#include "writer.hpp"

#include "../../../concepts/log_policy.hpp"
#include "../../../concepts/storage.hpp"
#include "../../../error.hpp"
#include "../disk.hpp"
#include "../ledger.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace replicator::log::detail {

/// Refers to the other parts of the same log. `end` is the offset behind its last entry.
template <Storage S, class Options>
class FileRetention {
public:
    using Segments = SegmentTable<Options::segments_max>;

    FileRetention(FileDisk<S>& disk, FileLedger<S, Options>& ledger, Segments& segments,
                  FileReader<S, Options>& reader) noexcept
        : disk_(disk), ledger_(ledger), segments_(segments), reader_(reader) {}

    /// Where the log begins, and the chain up to there.
    [[nodiscard]] Cursor begin() const noexcept { return begin_; }
    [[nodiscard]] Index base() const noexcept { return begin_.index - 1; }
    [[nodiscard]] Chain base_chain() const noexcept { return base_chain_; }
    void begin_at(Cursor begin, Chain before) noexcept {
        begin_ = begin;
        base_chain_ = before;
        released_ = base();
    }

    void release(Index index) noexcept { released_ = larger(released_, index); }
    void need(Index index) noexcept { needed_ = index; }

    /// How many segments at the front are no longer the log's, and still there.
    [[nodiscard]] std::size_t dropped() const noexcept { return dropped_; }
    /// Half-way from what the bytes need to what the table has.
    [[nodiscard]] bool is_crowded() const noexcept {
        return (segments_.size() - dropped_) * 2 >
               Options::segments_max + Options::capacity_bytes / Options::segment_bytes + 2;
    }
    /// Bytes that may be appended before the entry `index` may be dropped although somebody needs it. Entries from
    /// `unwritten` on are in no file.
    [[nodiscard]] std::uint64_t distance_to_loss(Index index, Index unwritten, std::uint64_t end) const noexcept {
        if (index < begin_.index) return 0;
        std::uint64_t from = begin_.offset;
        if (dropped_ < segments_.size() && index < unwritten) from = segments_[segments_.find(index)].first.offset;
        const std::uint64_t used = end - (std::max)(from, begin_.offset);
        return used < Options::capacity_bytes ? Options::capacity_bytes - used : 0;
    }

    /// Drops what may go; true when `least` more bytes fit.
    [[nodiscard]] bool has_room(std::size_t least, std::uint64_t end) noexcept {
        if (end - begin_.offset + least > Options::retained_bytes || is_crowded()) {
            drop(least, Options::retained_bytes, end);
        }
        return end - begin_.offset + least <= Options::capacity_bytes + Options::segment_bytes &&
               segments_.size() + 2 <= Options::segments_max + dropped_;
    }
    /// What nobody is known to need is kept up to `retained_bytes`.
    void drop(std::size_t least, std::size_t retained_bytes, std::uint64_t end) noexcept {
        if (ledger_.is_cut_due() || ledger_.is_reset_due()) return;
        Index may = released_;
        if (Options::keeps_for_restart) may = smaller(may, ledger_.metadata().snapshot.position.index);
        while (dropped_ + 1 < segments_.size()) {
            const Segment& next = segments_[dropped_ + 1];
            if (next.first.index - 1 > may) return;
            const std::size_t bound = next.first.index - 1 < needed_ ? retained_bytes : Options::capacity_bytes;
            if (!is_crowded() && end - begin_.offset + least <= bound) return;
            begin_ = next.first;
            base_chain_ = next.chain_before;
            ++dropped_;
        }
    }

    /// Removes the files of what was dropped, but for `spare` of them. Its room the next segment takes over, which
    /// spares the system the work of freeing and claiming it.
    [[nodiscard]] Error let_go(std::size_t spare, FileWriter<S, Options>& writer) noexcept {
        const bool takes_over =
            dropped_ == 1 && spare == 1 && writer.wants_file() && segments_[0].size == Options::segment_bytes;
        if (dropped_ <= spare && !takes_over) return Error::none;
        reader_.forget_all();
        if (!Options::keeps_for_restart) {
            const Error error = ledger_.put_base({{ledger_.epochs().at(base()), base()}, base_chain_});
            if (error != Error::none) return disk_.result();
        }
        if (takes_over) {
            const FileName name = segments_[0].name();
            if (!disk_.keep(writer.take_over(disk_.storage(), disk_.directory(), name.text()))) return disk_.result();
            segments_.pop_front();
            --dropped_;
            return Error::none;
        }
        for (; dropped_ > spare; --dropped_) {
            if (!remove(segments_[0])) return disk_.result();
            segments_.pop_front();
        }
        return disk_.sync_directory();
    }
    /// Removes the files that begin at `from` or later, newest first.
    [[nodiscard]] Error remove_from(Index from) noexcept {
        bool removed = false;
        for (; segments_.size() > dropped_ && segments_.back().first.index >= from; segments_.pop_back()) {
            if (!remove(segments_.back())) return disk_.result();
            removed = true;
        }
        return removed ? disk_.sync_directory() : Error::none;
    }
    /// Removes every file, but leaves it to the caller to flush the directory.
    [[nodiscard]] bool remove_all() noexcept {
        for (; !segments_.empty(); segments_.pop_back()) {
            if (!remove(segments_.back())) return false;
        }
        dropped_ = 0;
        return true;
    }

private:
    [[nodiscard]] bool remove(const Segment& segment) noexcept { return disk_.remove(segment.name().text()); }

    FileDisk<S>& disk_;
    FileLedger<S, Options>& ledger_;
    Segments& segments_;
    FileReader<S, Options>& reader_;
    Cursor begin_;
    Chain base_chain_{};
    Index released_;
    Index needed_{~std::uint64_t{0}};
    std::size_t dropped_ = 0;
};

}  // namespace replicator::log::detail
