// SPDX-License-Identifier: BSL-1.0
// Entries become records, and records files: where one ends and the next begins, and how far the log is in files.
#pragma once

#include "retention.hpp"
#include "segments.hpp"
#include "writer.hpp"

#include "../../../concepts/log_policy.hpp"
#include "../../../concepts/storage.hpp"
#include "../../../encoding/entry.hpp"
#include "../../../error.hpp"
#include "../disk.hpp"
#include "../ledger.hpp"
#include "../tail.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log::detail {

/// Refers to the other parts of the same log.
template <Storage S, class Options>
class FileRecords {
public:
    using Segments = SegmentTable<Options::segments_max>;

    FileRecords(FileDisk<S>& disk, FileLedger<S, Options>& ledger, Segments& segments,
                FileRetention<S, Options>& retention) noexcept
        : disk_(disk), ledger_(ledger), segments_(segments), retention_(retention) {}

    /// Everything before it is in files.
    [[nodiscard]] Cursor end() const noexcept { return end_; }
    /// Entries that end by here have room in files that are there.
    [[nodiscard]] std::uint64_t placed_to() const noexcept { return end_.offset + writer_.placed(); }
    [[nodiscard]] bool has_place_for_any() const noexcept { return writer_.placed() >= Options::entry_bytes_max; }
    [[nodiscard]] bool claim_next() noexcept {
        return disk_.keep(writer_.claim_next(disk_.storage(), disk_.directory()));
    }
    [[nodiscard]] Error prepare(std::uint64_t bytes) noexcept {
        return disk_.keep(writer_.prepare(disk_.storage(), disk_.directory(), bytes)) ? Error::none : disk_.result();
    }
    [[nodiscard]] Error let_go(std::size_t spare) noexcept { return retention_.let_go(spare, writer_); }

    /// What was found in files ends here.
    void begin_at(const RecordWalk& end) noexcept {
        end_ = end.at;
        chain_ = end.chain;
    }
    void resume(typename S::File file, std::uint64_t place, std::uint64_t size) noexcept {
        writer_.resume(std::move(file), place, size);
    }
    /// The log ends at `at`, perhaps before what is in files: then nothing more goes into the newest of them.
    void cut(Cursor at, Chain chain) noexcept {
        // A write that failed may have left all of what is cut now.
        const bool is_in_files = at.index < end_.index;
        if (!is_in_files && !scribbled_) return;
        ledger_.owe_cut();
        writer_.seal();
        if (!is_in_files) return;
        begin_at({at, chain});
        ledger_.cut_epochs(at.index);
        disk_.hold_at_most(at.index - 1);
    }
    void reset(Cursor at, Chain chain) noexcept {
        writer_.seal();
        begin_at({at, chain});
    }
    void close() noexcept { writer_.close(); }
    /// Nothing of what failed to be written counts as there any more.
    void forget_failure() noexcept { scribbled_ = false; }

    /// Begins to flush what is in files.
    void start_sync() noexcept { disk_.start_sync(writer_.file(), end_.index - 1); }

    /// Writes the next entries as one record, in a new segment where there is no room.
    [[nodiscard]] bool write(const FileTail<Options>& tail) noexcept {
        const EntryRun run = tail.read(end_);
        const std::size_t first_size = load_entry_header(run.bytes.data()).bytes();
        if (writer_.room() < first_size && !begin_segment()) return false;
        const std::size_t limit = (std::min)(Options::record_bytes_max, writer_.room());
        RecordHeader header;
        header.first = end_.index;
        header.durable = disk_.flushed();
        header.chain_before = chain_;
        header.chain = chain_;
        std::size_t size = 0;
        bool opens_epoch = false;
        while (header.count < run.count) {
            const EntryHeader head = load_entry_header(run.bytes.data() + size);
            if (size + head.bytes() > limit) break;
            opens_epoch = opens_epoch || head.type() == EntryType::epoch_start;
            size += head.bytes();
            header.chain = head.chain;
            ++header.count;
        }
        header.size = static_cast<std::uint32_t>(size);
        Segment& segment = segments_.back();
        const std::uint64_t place = writer_.place();
        scribbled_ = true;
        if (!disk_.keep(writer_.write(disk_.storage(), header, segment.salt, run.bytes.first(size)))) return false;
        scribbled_ = false;
        segment.note({end_, place});
        if (opens_epoch) note_epochs(run.bytes.first(size));
        end_ = {end_.index + header.count, end_.offset + size};
        chain_ = header.chain;
        // The log is whole without it, so what passes is no trouble yet.
        const StorageError ahead = writer_.keep_ahead(disk_.storage(), disk_.directory(), size + RecordHeader::bytes);
        return passes(ahead) || disk_.keep(ahead);
    }
    /// The next entry does not fit into the segment, of which a part is not on the disk yet.
    [[nodiscard]] bool must_wait(const FileTail<Options>& tail) const noexcept {
        const std::size_t first_size = load_entry_header(tail.read(end_).bytes.data()).bytes();
        return writer_.room() < first_size && disk_.flushed() + 1 < end_.index;
    }

    /// The next record begins a file.
    [[nodiscard]] bool begin_segment() noexcept {
        disk_.wait();
        if (disk_.fault() != Error::none) return false;
        if (segments_.full() && let_go(0) != Error::none) return false;
        if (segments_.full()) {
            disk_.record_full();
            return false;
        }
        // The existence of the new segment says that all before it is on the disk.
        if (disk_.flushed() + 1 < end_.index && !disk_.sync(writer_.file(), end_.index - 1)) return false;
        const SegmentHeader header = next_header();
        if (!disk_.keep(writer_.begin(disk_.storage(), disk_.directory(), header))) return false;
        ledger_.count_segment();
        segments_.push().begin(header, end_.offset);
        return let_go(1) == Error::none;
    }

private:
    /// Keeps the epochs that these entries open, which are the next.
    void note_epochs(std::span<const std::byte> entries) noexcept {
        Chain before = chain_;
        for (Index index = end_.index; !entries.empty(); ++index) {
            const EntryHeader head = load_entry_header(entries.data());
            ledger_.record_epoch(entries.data(), index, before);
            before = head.chain;
            entries = entries.subspan(head.bytes());
        }
    }
    [[nodiscard]] SegmentHeader next_header() const noexcept {
        const Metadata& metadata = ledger_.metadata();
        SegmentHeader header;
        header.cluster = metadata.cluster;
        header.group = metadata.group;
        header.node = metadata.node;
        header.history = metadata.history;
        header.incarnation = metadata.incarnation;
        header.number = ledger_.next_segment();
        header.previous = segments_.empty() ? 0 : segments_.back().number;
        header.first = end_.index;
        header.epoch_before = ledger_.epochs().at(end_.index - 1);
        header.chain_before = chain_;
        header.size = Options::segment_bytes;
        header.records_at = Options::block_bytes;
        header.salt = segment_salt(header, metadata.run_counter);
        return header;
    }

    FileDisk<S>& disk_;
    FileLedger<S, Options>& ledger_;
    Segments& segments_;
    FileRetention<S, Options>& retention_;
    FileWriter<S, Options> writer_;
    Cursor end_;
    Chain chain_{};
    bool scribbled_ = false;  // a write failed behind the last record
};

}  // namespace replicator::log::detail
