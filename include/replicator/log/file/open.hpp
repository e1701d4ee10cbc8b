// SPDX-License-Identifier: BSL-1.0
// Puts together what is in a directory: lists the segments, links them, reads them, and gives a verdict.
#pragma once

#include "options.hpp"
#include "recovery.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>
#include <utility>

namespace replicator::log::detail {

/// `run` changes nothing on the disk. What it finds is in the public members.
template <Storage S, class Options>
class FileOpening {
public:
    FileOpening(S& storage, typename S::Directory& directory, const Metadata& metadata,
                SegmentTable<Options::segments_max>& segments, std::span<std::byte> raw) noexcept
        : storage_(storage), directory_(directory), metadata_(metadata), segments_(segments), raw_(raw) {}

    Verdict verdict;
    EpochHistory epochs;
    Cursor begin;
    Chain base_chain{};
    RecordWalk end;           ///< behind the last entry
    typename S::File newest;  ///< the segment to go on in, if `goes_on`
    std::uint64_t place = 0;  ///< in it
    std::uint64_t size = 0;
    std::uint64_t rewrite_from = 0;
    bool goes_on = false;  ///< false: the next entry needs a new segment, and later ones are void
    Index suspect_from;    ///< 0 when all is sure

    /// The error is `Error::none` when the log can be opened.
    [[nodiscard]] Error run(OnDamage on_damage) noexcept {
        found_.reset(new (std::nothrow) FoundSegment[Options::segments_max]);
        if (found_ == nullptr) return Error::log_full;
        if (const Error error = list(); error != Error::none) return error;
        if (const Error error = read_headers(); error != Error::none) return error;
        link();
        if (const Error error = scan(); error != Error::none) return error;
        judge();
        if ((proven_ && on_damage == OnDamage::refuse) || verdict.error != Error::none) {
            if (verdict.error == Error::none) verdict.error = Error::corrupt;
            return verdict.error;
        }
        return Error::none;
    }

    /// What was read may stand in the memory of the system only, and a flush that failed in a former run would not be
    /// repeated: so what nothing proves is written again.
    [[nodiscard]] StorageError make_durable() noexcept {
        std::uint64_t at = rewrite_from != 0 ? rewrite_from : place;
        const std::uint64_t to = goes_on ? place : (std::min)(size, place + raw_.size());
        while (at < to) {
            std::size_t got = 0;
            const auto part = static_cast<std::size_t>(std::min<std::uint64_t>(raw_.size(), to - at));
            StorageError error = storage_.read(newest, at, raw_.first(part), got);
            if (error == StorageError::none && got == 0) break;
            const std::span<const std::byte> piece = raw_.first(got);
            if (error == StorageError::none) error = storage_.write(newest, at, std::span(&piece, 1));
            if (error != StorageError::none) return error;
            at += got;
        }
        return storage_.sync(newest);
    }
    /// What stands there may stand in the memory of the system only, so the directory is flushed. Where the file system
    /// cannot do that, names are as good as they get, but for those of segments that must not come back.
    [[nodiscard]] Error remove_leftovers() noexcept {
        StorageError error = StorageError::none;
        bool must_last = given_up() > 0;
        for (std::size_t i = 0; i < given_up() && error == StorageError::none; ++i) {
            const FoundSegment& segment = found_[count_ - 1 - i];
            error = storage_.remove(directory_, segment_name(segment.number, segment.first).text());
        }
        for (std::size_t i = 0; i < leftover_count_ && error == StorageError::none; ++i) {
            std::uint64_t number = 0;
            Index first;
            must_last = must_last || read_segment_name(leftovers_[i].text(), number, first);
            error = storage_.remove(directory_, leftovers_[i].text());
        }
        if (error == StorageError::none) error = storage_.sync_directory(directory_);
        if (error == StorageError::unsupported && !must_last) return Error::none;
        return error_of(error);
    }

    /// Segments that were given up: they are removed before anything new is written.
    [[nodiscard]] std::size_t given_up() const noexcept { return count_ - first_ - segments_.size(); }
    [[nodiscard]] std::uint64_t highest_number() const noexcept { return count_ == 0 ? 0 : found_[count_ - 1].number; }

private:
    [[nodiscard]] Error list() noexcept {
        bool fits = true;
        const StorageError error = storage_.list(directory_, [&](const char* name) {
            FoundSegment segment;
            SnapshotId snapshot{};
            if (read_segment_name(name, segment.number, segment.first)) {
                if (segment.number < metadata_.first_segment) return leave(name);
                if (was_cut(segment.number) && segment.first >= metadata_.cut_from) return leave(name);
                fits = fits && count_ < Options::segments_max;
                if (fits) found_[count_++] = segment;
            } else if (std::strcmp(name, metadata_new_name) == 0 || std::strcmp(name, segment_new_name) == 0 ||
                       std::strcmp(name, snapshot_new_name) == 0 ||
                       (read_snapshot_name(name, snapshot) && snapshot != metadata_.snapshot.id)) {
                leave(name);
            }
        });
        if (error != StorageError::none) return error_of(error);
        std::sort(found_.get(), found_.get() + count_,
                  [](const FoundSegment& a, const FoundSegment& b) { return a.number < b.number; });
        return fits ? Error::none : Error::wrong_limits;
    }
    /// True for segments of which only what is before the last cut counts.
    [[nodiscard]] bool was_cut(std::uint64_t number) const noexcept { return number <= metadata_.cut_segment; }
    void leave(const char* name) noexcept {
        if (leftover_count_ < leftovers_max) leftovers_[leftover_count_++] = FileName(name);
    }

    [[nodiscard]] Error read_headers() noexcept {
        for (std::size_t i = 0; i < count_; ++i) {
            FoundSegment& segment = found_[i];
            typename S::File file;
            std::size_t got = 0;
            const FileName name = segment_name(segment.number, segment.first);
            StorageError error = storage_.open(directory_, name.text(), file);
            if (error == StorageError::none) error = storage_.read(file, 0, raw_.first(SegmentHeader::bytes), got);
            if (error != StorageError::none) return error_of(error);
            SegmentHeader& header = segment.header;
            if (got < SegmentHeader::bytes || !header.read(raw_.data())) continue;
            if (header.format != file_format) return refuse(Error::wrong_version, segment);
            if (header.cluster != metadata_.cluster) return refuse(Error::wrong_cluster, segment);
            if (header.group != metadata_.group) return refuse(Error::wrong_group, segment);
            if (header.node != metadata_.node) return refuse(Error::wrong_node, segment);
            if (header.incarnation != metadata_.incarnation) return refuse(Error::wrong_node, segment);
            if (header.history != metadata_.history) return refuse(Error::wrong_history, segment);
            segment.sound = header.number == segment.number && header.first == segment.first;
        }
        return Error::none;
    }
    [[nodiscard]] Error refuse(Error error, const FoundSegment& segment) noexcept {
        verdict = {Verdict::Kind::corrupt, error, segment.number, 0, segment.first, false, 0};
        return error;
    }

    [[nodiscard]] bool linked(std::size_t i) const noexcept {
        return found_[i].sound && found_[i - 1].sound && found_[i].header.previous == found_[i - 1].number &&
               found_[i].first >= found_[i - 1].first;
    }
    /// The base that the metadata know: where the log began, or the state that stands on the disk.
    [[nodiscard]] BasePosition floor() const noexcept {
        const SnapshotPointer& snapshot = metadata_.snapshot;
        if (snapshot.id == SnapshotId{} || snapshot.position.index < metadata_.base.position.index) {
            return metadata_.base;
        }
        return {snapshot.position, snapshot.chain};
    }

    /// Decides which of the segments are the log.
    void link() noexcept {
        first_ = count_;
        last_ = count_;
        if (count_ == 0) return;
        first_ = count_ - 1;
        while (first_ > 0 && linked(first_)) --first_;
        if (found_[count_ - 1].sound && found_[first_].first <= floor().position.index + 1) {
            // What is before is not needed, whatever became of it.
            for (std::size_t i = 0; i < first_; ++i) leave(segment_name(found_[i].number, found_[i].first).text());
            return;
        }
        // Something is missing in between. What can be kept is what hangs together from the oldest on.
        first_ = 0;
        last_ = 0;
        if (found_[0].sound && found_[0].first <= floor().position.index + 1) {
            last_ = 1;
            while (last_ < count_ && linked(last_)) ++last_;
        }
        lost(Verdict::Kind::missing, last_ < count_ ? found_[last_] : found_[0]);
        if (last_ < count_ && !found_[last_].sound) verdict.kind = Verdict::Kind::corrupt;
    }
    void lost(Verdict::Kind kind, const FoundSegment& segment) noexcept {
        proven_ = true;
        verdict.kind = kind;
        verdict.segment = segment.number;
        verdict.place = 0;
    }

    /// Reads the segments; from anew behind one that is damaged, if a state on the disk includes all of that.
    [[nodiscard]] Error scan() noexcept {
        const bool missing = proven_;
        for (Verdict before = verdict;; verdict = before, proven_ = missing) {
            std::size_t read = 0;
            if (const Error error = scan_from_first(read); error != Error::none) return error;
            const std::size_t next = first_ + read;
            if (read == 0 || next >= last_ || found_[next].first > floor().position.index + 1) return Error::none;
            for (; first_ < next; ++first_) leave(segment_name(found_[first_].number, found_[first_].first).text());
            before.bytes_read = verdict.bytes_read;
        }
    }
    /// Tells how many segments were read, the last of them perhaps not to its end.
    [[nodiscard]] Error scan_from_first(std::size_t& read) noexcept {
        const bool empty = first_ >= last_;
        const BasePosition base = floor();
        const SegmentHeader& oldest = found_[empty ? 0 : first_].header;
        begin = {empty ? base.position.index + 1 : oldest.first, 0};
        base_chain = empty ? base.chain : oldest.chain_before;
        epochs = metadata_.epochs;
        epochs.cut(begin.index);
        end = {begin, base_chain};
        segments_.clear();
        for (std::size_t i = first_; i < last_; ++i) {
            bool whole = false;
            if (const Error error = scan_one(i, whole); error != Error::none) return error;
            ++read;
            if (!whole) break;
        }
        return Error::none;
    }

    [[nodiscard]] Error scan_one(std::size_t i, bool& whole) noexcept {
        const SegmentHeader& header = found_[i].header;
        const bool is_last = i + 1 == last_;
        // What comes after it counts no more, even where the segment that took its place is lost.
        Index stop = i + 1 < count_ ? found_[i + 1].first : Index{};
        if (is_last && was_cut(header.number)) {
            stop = stop == Index{} ? metadata_.cut_from : smaller(stop, metadata_.cut_from);
        }
        // The segment before ended elsewhere than this one begins: what is between is not there.
        if (header.chain_before != end.chain || header.first != end.at.index) {
            lost(Verdict::Kind::corrupt, found_[i]);
            return Error::none;
        }
        Segment& segment = segments_.push();
        segment.begin(header, end.at.offset);
        typename S::File file;
        const FileName name = segment_name(header.number, header.first);
        if (const StorageError error = storage_.open(directory_, name.text(), file); error != StorageError::none) {
            return error_of(error);
        }
        SegmentScan<S, Options> scan;
        scan.walk = end;
        scan.run(storage_, file, header, segment, stop, raw_, epochs);
        verdict.bytes_read += scan.bytes_read;
        if (scan.error != StorageError::none) return error_of(scan.error);
        if (scan.too_large) return refuse(Error::wrong_limits, found_[i]);
        end = scan.walk;
        place = scan.place;
        whole = !is_last && end.at.index == stop && end.chain == found_[i + 1].header.chain_before;
        if (is_last && last_ == count_) {
            found_end(scan, header, std::move(file));
        } else if (!is_last && !whole) {
            lost(Verdict::Kind::corrupt, found_[i]);
            verdict.place = scan.place;
        }
        return Error::none;
    }

    /// The newest segment was read.
    void found_end(const SegmentScan<S, Options>& scan, const SegmentHeader& header, typename S::File file) noexcept {
        newest = std::move(file);
        size = header.size;
        rewrite_from = scan.rewrite_from;
        goes_on = !scan.damaged && !was_cut(header.number);
        if (scan.damaged) {
            verdict.kind = Verdict::Kind::torn;
            verdict.segment = header.number;
            verdict.place = scan.place;
            suspect_from = end.at.index;
            if (scan.durable >= end.at.index) {
                proven_ = true;
                verdict.kind = Verdict::Kind::corrupt;
            }
        }
    }

    void judge() noexcept {
        verdict.clean_stop = metadata_.clean_stop;
        if (metadata_.durable >= end.at.index && !proven_) {
            proven_ = true;
            verdict.kind = verdict.kind == Verdict::Kind::torn ? Verdict::Kind::corrupt : Verdict::Kind::missing;
            if (verdict.segment == 0) {
                verdict.segment = segments_.empty() ? metadata_.durable_segment : segments_.back().number;
                verdict.place = place;
            }
        }
        if (proven_) {
            goes_on = false;
            suspect_from = end.at.index;
        }
        if (verdict.kind != Verdict::Kind::clean) verdict.index = end.at.index;
    }

    S& storage_;
    typename S::Directory& directory_;
    const Metadata& metadata_;
    SegmentTable<Options::segments_max>& segments_;
    std::span<std::byte> raw_;
    std::unique_ptr<FoundSegment[]> found_;
    std::size_t count_ = 0;
    std::size_t first_ = 0;  // of those that are the log
    std::size_t last_ = 0;   // behind them
    bool proven_ = false;    // entries are lost that were on the disk

    // Files that are of no use any more: void segments, halves of files, old snapshots.
    static constexpr std::size_t leftovers_max = 64;
    std::array<FileName, leftovers_max> leftovers_{};
    std::size_t leftover_count_ = 0;
};

}  // namespace replicator::log::detail
