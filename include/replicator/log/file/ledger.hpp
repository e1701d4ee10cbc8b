// SPDX-License-Identifier: BSL-1.0
// What the disk says of a log as a whole: whose it is, from where to where its files count, what the node promised; and
// what it does not say yet, because a cut or a reset comes with the next flush.
#pragma once

#include "disk.hpp"
#include "metadata.hpp"
#include "options.hpp"
#include "recovery.hpp"
#include "segment/segments.hpp"
#include "snapshot/file.hpp"

#include "../../concepts/storage.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace replicator::log::detail {

/// Refers to the disk and to the table of segments of the same log.
template <Storage S, class Options>
class FileLedger {
public:
    using Segments = SegmentTable<Options::segments_max>;

    FileLedger(FileDisk<S>& disk, const Segments& segments) noexcept : disk_(disk), segments_(segments) {}

    [[nodiscard]] const Metadata& metadata() const noexcept { return metadata_; }
    /// The newest epochs of what is in the files.
    [[nodiscard]] const EpochHistory& epochs() const noexcept { return epochs_; }
    void record_epoch(const std::byte* entry, Index index, Chain before) noexcept {
        detail::record_epoch(entry, index, before, epochs_);
    }
    [[nodiscard]] bool closed_in_order() const noexcept { return closed_in_order_; }
    [[nodiscard]] bool is_copy() const noexcept { return is_copy_; }

    // --- Opening ---

    /// Reads what is there, or makes it in a blank directory. `kind` is told when it is lost.
    [[nodiscard]] Error open(const FileIdentity& identity, Verdict::Kind& kind) noexcept {
        bool damaged = false;
        StorageError error = file_.open(disk_.storage(), disk_.directory(), metadata_, damaged);
        if (error == StorageError::not_found) {
            if (const Error refused = make(identity, kind); refused != Error::none) return refused;
        } else if (damaged) {
            kind = Verdict::Kind::metadata_lost;
            return Error::corrupt;
        } else if (error != StorageError::none) {
            return error_of(error);
        }
        if (metadata_.format != file_format) return Error::wrong_version;
        if (metadata_.cluster != identity.cluster) return Error::wrong_cluster;
        if (metadata_.group != identity.group) return Error::wrong_group;
        if (metadata_.node != identity.node) return Error::wrong_node;
        const bool other = value(identity.history) != 0 && value(metadata_.history) != 0;
        return other && metadata_.history != identity.history ? Error::wrong_history : Error::none;
    }
    /// What was read may stand in the memory of the system only.
    [[nodiscard]] Error confirm() noexcept { return error_of(file_.confirm(disk_.storage(), metadata_)); }
    /// A run begins with what the files were found to hold: up to the epochs, the entry from which on the copy is
    /// suspect, and the highest number of a segment.
    [[nodiscard]] Error begin_run(const EpochHistory& epochs, Index suspect_from, std::uint64_t last_segment) noexcept {
        epochs_ = epochs;
        if (suspect_from != Index{} && (metadata_.suspect_from == Index{} || suspect_from < metadata_.suspect_from)) {
            metadata_.suspect_from = suspect_from;
        }
        metadata_.last_segment = (std::max)(metadata_.last_segment, last_segment);
        closed_in_order_ = std::exchange(metadata_.clean_stop, false);
        recognize();
        ++metadata_.run_counter;
        metadata_.epochs = epochs_;
        record_durable(disk_.flushed());
        return error_of(file_.store(disk_.storage(), metadata_));
    }

    // --- Writing ---

    /// Writes the metadata as they are, with what is known to be on the disk.
    [[nodiscard]] Error save() noexcept {
        if (!reset_due_) metadata_.epochs = epochs_;
        if (!reset_due_ && !cut_due_) record_durable(disk_.flushed());
        return put();
    }
    /// Takes the node's own part. While a reset is due, also the epochs before it; then the reset writes all of that.
    [[nodiscard]] Error store(const Metadata& wanted) noexcept {
        const bool moves = wanted.history != metadata_.history;
        if (moves && !reset_due_ && !segments_.empty()) return Error::wrong_history;
        const Metadata before = metadata_;
        metadata_.history = wanted.history;
        metadata_.promised = wanted.promised;
        metadata_.counter_opened = wanted.counter_opened;
        metadata_.suspect_from = wanted.suspect_from;
        metadata_.installing = wanted.installing;
        metadata_.fault = wanted.fault;
        metadata_.copies_lost = wanted.copies_lost;
        metadata_.note_size = wanted.note_size;
        metadata_.note = wanted.note;
        if (reset_due_) {
            metadata_.base.position.epoch = wanted.base.position.epoch;
            epochs_ = wanted.epochs;
            return Error::none;
        }
        const Error error = save();
        if (error == Error::log_full) metadata_ = before;
        return error;
    }
    [[nodiscard]] Error record_clean_stop() noexcept {
        metadata_.clean_stop = true;
        const Error error = save();
        metadata_.clean_stop = error == Error::none;
        return error;
    }
    /// No state on the disk says where the log may begin, so this does.
    [[nodiscard]] Error put_base(const BasePosition& base) noexcept {
        metadata_.base = base;
        return save();
    }
    /// The state is the one that a restart begins with. What the log may drop, the state that the disk knows of must
    /// include: after an error, that may be either of both.
    [[nodiscard]] Error put_snapshot(const SnapshotPointer& snapshot) noexcept {
        const SnapshotPointer before = std::exchange(metadata_.snapshot, snapshot);
        if (save() == Error::none) return Error::none;
        metadata_.snapshot = before;
        return disk_.result();
    }
    /// The number of the segment that begins behind all others.
    [[nodiscard]] std::uint64_t next_segment() const noexcept { return metadata_.last_segment + 1; }
    void count_segment() noexcept { ++metadata_.last_segment; }

    // --- Cuts and resets ---

    [[nodiscard]] bool is_cut_due() const noexcept { return cut_due_; }
    [[nodiscard]] bool is_reset_due() const noexcept { return reset_due_; }
    /// Files hold more than the log.
    void owe_cut() noexcept { cut_due_ = true; }
    void end_cut() noexcept { cut_due_ = false; }
    /// Nothing of the files is the log's, which begins behind `base`.
    void owe_reset(const BasePosition& base) noexcept {
        reset_due_ = true;
        cut_due_ = false;
        epochs_ = {};
        metadata_.base = base;
    }
    void end_reset() noexcept { reset_due_ = cut_due_ = false; }
    void cut_epochs(Index from) noexcept { epochs_.cut(from); }

    /// From here on the disk says that entries from `from` on are void.
    [[nodiscard]] Error put_cut(Index from) noexcept {
        disk_.wait();
        if (disk_.fault() != Error::none) return disk_.fault();
        record_durable(smaller(disk_.flushed(), from - 1));
        metadata_.cut_from = from;
        metadata_.cut_segment = metadata_.last_segment;
        metadata_.epochs = epochs_;
        return put();
    }
    /// From here on the disk says that nothing of the files is the log's.
    [[nodiscard]] Error put_reset() noexcept { return put_reset(epochs_); }
    /// The disk says that a state took the place of the log, of which `base` is what is known from before its first
    /// entry. When that is refused for a reason that passes, the log is what it was, in memory for sure and on the disk
    /// perhaps; so nothing counts as being there that the state does not include, until the disk says again what is.
    [[nodiscard]] Error put_installed(const SnapshotHead& head, const EpochHistory& epochs_before,
                                      Index base) noexcept {
        const Metadata before = metadata_;
        metadata_.snapshot = {head.id, head.position, head.chain};
        metadata_.base = {head.position, head.chain};
        metadata_.history = head.history;
        metadata_.installing = false;
        const Error error = put_reset(epochs_before);
        if (error != Error::log_full) return error;
        const std::uint64_t used = metadata_.last_segment;
        metadata_ = before;
        metadata_.last_segment = used;
        refused_ = head.id;
        disk_.hold_at_most(larger(head.position.index, base));
        return error;
    }
    /// The log in memory was reset for the state, too.
    void end_installed(const SnapshotHead& head, const EpochHistory& epochs_before) noexcept {
        metadata_.base.position.epoch = head.position.epoch;
        epochs_ = epochs_before;
    }
    /// After a state was refused in the end: makes sure that the disk does not say that it took the place of the log.
    [[nodiscard]] Error settle() noexcept {
        if (refused_ == SnapshotId{}) return Error::none;
        if (const Error error = reset_due_ ? put_reset() : save(); error != Error::none) return error;
        const SnapshotId refused = std::exchange(refused_, SnapshotId{});
        if (refused == metadata_.snapshot.id) return Error::none;
        // The next start removes what stays now.
        const StorageError error = disk_.storage().remove(disk_.directory(), snapshot_name(refused).text());
        return error == StorageError::failed ? disk_.give_up() : Error::none;
    }

private:
    [[nodiscard]] Error put() noexcept {
        return disk_.keep(file_.store(disk_.storage(), metadata_)) ? Error::none : disk_.result();
    }
    /// Up to `index` everything is on the disk.
    void record_durable(Index index) noexcept {
        metadata_.durable = index;
        metadata_.durable_segment = segments_.empty() ? 0 : segments_.back().number;
    }
    [[nodiscard]] Error put_reset(const EpochHistory& epochs_before) noexcept {
        disk_.wait();
        if (disk_.fault() != Error::none) return disk_.fault();
        metadata_.first_segment = ++metadata_.last_segment;
        metadata_.durable = metadata_.base.position.index;
        metadata_.durable_segment = 0;
        metadata_.cut_segment = 0;
        metadata_.epochs = epochs_before;
        return put();
    }

    /// A blank directory becomes that of a node.
    [[nodiscard]] Error make(const FileIdentity& identity, Verdict::Kind& kind) noexcept {
        bool blank = true;
        const StorageError error = disk_.storage().list(disk_.directory(), [&](const char* name) {
            std::uint64_t number = 0;
            Index first;
            if (read_segment_name(name, number, first)) blank = false;
        });
        if (error != StorageError::none) return error_of(error);
        if (!blank) {
            kind = Verdict::Kind::metadata_lost;
            return Error::corrupt;
        }
        metadata_.cluster = identity.cluster;
        metadata_.group = identity.group;
        metadata_.node = identity.node;
        metadata_.incarnation = identity.incarnation;
        metadata_.history = identity.history;
        metadata_.base.chain = value(identity.history) == 0 ? Chain{} : first_chain(identity.history);
        return error_of(file_.create(disk_.storage(), disk_.directory(), metadata_));
    }
    /// A copy has forgotten what the node promised and vouched for since, so it is another incarnation; each copy is
    /// one of its own, or the second that is put back would be taken for the first. A directory whose identity was
    /// never noted is no copy.
    void recognize() noexcept {
        const StorageIdentity found = file_.identity(disk_.storage());
        if (found == StorageIdentity{} || found == metadata_.identity) return;
        is_copy_ = metadata_.identity != StorageIdentity{};
        metadata_.identity = found;
        if (!is_copy_) return;
        std::uint64_t mixed = metadata_.copies_lost;
        for (const std::uint64_t part : {found.origin, found.number, metadata_.run_counter}) {
            mixed = (mixed ^ part) * 0x9e37'79b9'7f4a'7c15u;
            mixed ^= mixed >> 29;
        }
        metadata_.copies_lost = mixed;
    }

    FileDisk<S>& disk_;
    const Segments& segments_;
    MetadataFile<S> file_;
    Metadata metadata_;
    EpochHistory epochs_;
    bool closed_in_order_ = false;
    bool is_copy_ = false;
    bool cut_due_ = false;
    bool reset_due_ = false;
    SnapshotId refused_{};  // the disk may say that this state is the base of the log, which it is not
};

}  // namespace replicator::log::detail
