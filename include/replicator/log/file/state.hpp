// SPDX-License-Identifier: BSL-1.0
// The parts of an open log::File and what holds them together: how it is opened, flushed, and what becomes of errors.
#pragma once

#include "metadata.hpp"
#include "open.hpp"
#include "options.hpp"
#include "segment/reader.hpp"
#include "segment/segments.hpp"
#include "segment/writer.hpp"
#include "snapshot/file.hpp"
#include "tail.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../concepts/storage.hpp"
#include "../../encoding/entry.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log::detail {

template <Storage S, class Options>
class FileState {
public:
    S storage;
    typename S::Directory directory;
    Metadata metadata;
    Verdict verdict;
    bool closed_in_order = false;
    Error fault = Error::none;

    Cursor begin;
    Chain base_chain{};
    Chain chain{};
    Index held;
    Index released;
    Index needed{~std::uint64_t{0}};
    FileTail<Options> tail;
    bool no_space = false;  // for what passes: a full disk, no descriptors, no memory
    bool stalled = false;   // a file could not be read for a reason that passes
    EpochHistory epochs;

    [[nodiscard]] Error open(const char* path, const FileIdentity& identity, OnDamage on_damage) noexcept {
        if (!tail.allocate() || !segments_.allocate() || !reader_.allocate()) return Error::log_full;
        if (const StorageError error = storage.open_directory(path, directory); error != StorageError::none) {
            return error == StorageError::locked ? Error::duplicate_node : error_of(error);
        }
        bool damaged = false;
        StorageError error = metafile_.open(storage, directory, metadata, damaged);
        if (error == StorageError::not_found) {
            if (const Error refused = make(identity); refused != Error::none) return refused;
        } else if (damaged) {
            verdict.kind = Verdict::Kind::metadata_lost;
            return verdict.error = Error::corrupt;
        } else if (error != StorageError::none) {
            return error_of(error);
        }
        if (metadata.format != file_format) return Error::wrong_version;
        if (metadata.cluster != identity.cluster) return Error::wrong_cluster;
        if (metadata.group != identity.group) return Error::wrong_group;
        if (metadata.node != identity.node) return Error::wrong_node;
        const bool other = value(identity.history) != 0 && value(metadata.history) != 0;
        if (other && metadata.history != identity.history) return Error::wrong_history;
        return recover(on_damage);
    }

    void poll() noexcept {
        if (!syncing_) return;
        if (const auto done = storage.poll_sync()) finish_sync(*done);
    }
    void wait() noexcept {
        if (syncing_) finish_sync(storage.wait_sync());
    }
    [[nodiscard]] bool syncing() const noexcept { return syncing_; }

    // A state's file is flushed in turn with those of the log, one at a time.
    void want_state_sync() noexcept { state_sync_due_ = true; }
    /// Begins one that is due, unless another flush is under way.
    void start_state_sync(typename S::File& file) noexcept {
        poll();
        if (syncing_ || !state_sync_due_) return;
        state_sync_due_ = false;
        syncing_ = state_syncing_ = true;
        storage.start_sync(file);
        poll();
    }
    [[nodiscard]] bool is_state_syncing() const noexcept { return state_syncing_; }
    [[nodiscard]] bool is_state_synced() const noexcept { return !state_sync_due_ && !state_syncing_; }
    [[nodiscard]] StorageError take_state_sync_error() noexcept {
        return std::exchange(state_sync_error_, StorageError::none);
    }
    void forget_state_sync() noexcept { state_sync_due_ = false, state_sync_error_ = StorageError::none; }

    /// Writes the metadata as they are, with what is known to be on the disk.
    [[nodiscard]] Error save() noexcept {
        if (!reset_due_) metadata.epochs = epochs;
        if (!reset_due_ && !cut_due_) note_durable(held);
        return put_metadata();
    }
    /// Counts a result: false when it was none; a disk that failed is given up for good.
    bool keep(StorageError error) noexcept {
        if (error == StorageError::none) return true;
        if (passes(error)) {
            no_space = true;
        } else {
            fault = Error::log_failed;
        }
        return false;
    }
    [[nodiscard]] Error result() const noexcept {
        return fault != Error::none ? fault : no_space ? Error::log_full : Error::none;
    }
    [[nodiscard]] StorageFailure failure() const noexcept {
        if constexpr (requires { storage.failure(); }) return storage.failure();
        return {};
    }
    [[nodiscard]] bool reset_due() const noexcept { return reset_due_; }

    /// Bytes that may be appended before the entry `index` may be dropped although somebody needs it.
    [[nodiscard]] std::uint64_t distance_to_loss(Index index) const noexcept {
        if (index < begin.index) return 0;
        std::uint64_t from = begin.offset;
        if (dropped_ < segments_.size() && index < written_.index) from = segments_[segments_.find(index)].first.offset;
        const std::uint64_t used = tail.end().offset - (std::max)(from, begin.offset);
        return used < Options::capacity_bytes ? Options::capacity_bytes - used : 0;
    }

    /// Half-way from what the bytes need to what the table has.
    [[nodiscard]] bool is_crowded() const noexcept {
        return (segments_.size() - dropped_) * 2 >
               Options::segments_max + Options::capacity_bytes / Options::segment_bytes + 2;
    }

protected:
    /// Drops what may go; true when `least` more bytes fit.
    [[nodiscard]] bool has_room(std::size_t least) noexcept {
        const std::uint64_t kept = tail.end().offset - begin.offset;
        if (kept + least > Options::retained_bytes || is_crowded()) drop(least, Options::retained_bytes);
        return tail.end().offset - begin.offset + least <= Options::capacity_bytes + Options::segment_bytes &&
               segments_.size() + 2 <= Options::segments_max + dropped_;
    }
    /// What nobody is known to need is kept up to `retained_bytes`.
    void drop(std::size_t least, std::size_t retained_bytes) noexcept {
        if (cut_due_ || reset_due_) return;
        Index may = released;
        if (Options::keeps_for_restart) may = smaller(may, metadata.snapshot.position.index);
        while (dropped_ + 1 < segments_.size()) {
            const Segment& next = segments_[dropped_ + 1];
            if (next.first.index - 1 > may) return;
            const std::size_t bound = next.first.index - 1 < needed ? retained_bytes : Options::capacity_bytes;
            if (!is_crowded() && tail.end().offset - begin.offset + least <= bound) return;
            begin = next.first;
            base_chain = next.chain_before;
            ++dropped_;
        }
    }

    [[nodiscard]] Error put_metadata() noexcept {
        return keep(metafile_.store(storage, metadata)) ? Error::none : result();
    }

    /// From here on the disk says that nothing of the files is the log's.
    [[nodiscard]] Error put_reset() noexcept { return put_reset(epochs); }
    [[nodiscard]] Error put_reset(const EpochHistory& epochs_before) noexcept {
        wait();
        if (fault != Error::none) return fault;
        metadata.first_segment = ++metadata.last_segment;
        metadata.durable = metadata.base.position.index;
        metadata.durable_segment = 0;
        metadata.cut_segment = 0;
        metadata.epochs = epochs_before;
        return put_metadata();
    }

    /// The disk says that a state took the place of the log. When that is refused for a reason that passes, the log is
    /// what it was, in memory for sure and on the disk perhaps; so nothing counts as being there that the state does
    /// not include, until the disk says again what is.
    [[nodiscard]] Error put_installed(const SnapshotHead& head, const EpochHistory& epochs_before) noexcept {
        const Metadata before = metadata;
        metadata.snapshot = {head.id, head.position, head.chain};
        metadata.base = {head.position, head.chain};
        metadata.history = head.history;
        metadata.installing = false;
        const Error error = put_reset(epochs_before);
        if (error != Error::log_full) return error;
        const std::uint64_t used = metadata.last_segment;
        metadata = before;
        metadata.last_segment = used;
        refused_ = head.id;
        held = smaller(held, larger(head.position.index, begin.index - 1));
        syncing_to_ = smaller(syncing_to_, held);
        return error;
    }
    /// After a state was refused in the end: makes sure that the disk does not say that it took the place of the log.
    [[nodiscard]] Error settle() noexcept {
        if (refused_ == SnapshotId{}) return Error::none;
        if (const Error error = reset_due_ ? put_reset() : save(); error != Error::none) return error;
        const SnapshotId refused = std::exchange(refused_, SnapshotId{});
        if (refused == metadata.snapshot.id) return Error::none;
        // The next start removes what stays now.
        const StorageError error = storage.remove(directory, snapshot_name(refused).text());
        return error == StorageError::failed ? fault = Error::log_failed : Error::none;
    }

    /// The header of the segment that begins behind all that was written.
    [[nodiscard]] SegmentHeader next_segment() const noexcept {
        SegmentHeader header;
        header.cluster = metadata.cluster;
        header.group = metadata.group;
        header.node = metadata.node;
        header.history = metadata.history;
        header.incarnation = metadata.incarnation;
        header.number = metadata.last_segment + 1;
        header.previous = segments_.empty() ? 0 : segments_.back().number;
        header.first = written_.index;
        header.epoch_before = epochs.at(written_.index - 1);
        header.chain_before = written_chain_;
        header.size = Options::segment_bytes;
        header.records_at = Options::block_bytes;
        header.salt = segment_salt(header, metadata.run_counter);
        return header;
    }

    /// Up to `index` everything is on the disk.
    void note_durable(Index index) noexcept {
        metadata.durable = index;
        metadata.durable_segment = segments_.empty() ? 0 : segments_.back().number;
    }

    [[nodiscard]] EntryRun read_files(Index index, Cursor& from) noexcept {
        if (stalled) return {};
        Damage damage;
        const EntryRun run = reader_.read(storage, directory, segments_, index, written_.index - 1, from, damage);
        if (run.bytes.empty() && damage.passes) {
            stalled = true;
        } else if (run.bytes.empty()) {
            verdict = {Verdict::Kind::corrupt, Error::log_failed, damage.segment, damage.place, damage.index, false, 0};
            fault = Error::log_failed;
        }
        return run;
    }

    [[nodiscard]] bool remove(const Segment& segment) noexcept {
        const StorageError error = storage.remove(directory, segment.name().text());
        return error == StorageError::not_found || keep(error);
    }

    void finish_sync(StorageError error) noexcept {
        syncing_ = false;
        if (std::exchange(state_syncing_, false)) {
            state_sync_error_ = error;
        } else if (error != StorageError::none) {
            fault = Error::log_failed;
        } else {
            held = larger(held, syncing_to_);
        }
    }

    MetadataFile<S> metafile_;
    SegmentTable<Options::segments_max> segments_;
    std::size_t dropped_ = 0;  // segments at the front that are no longer the log's, and still there
    FileReader<S, Options> reader_;
    FileWriter<S, Options> writer_;
    Cursor written_;  // everything before it is in files
    Chain written_chain_{};
    bool syncing_ = false;
    Index syncing_to_;
    bool state_sync_due_ = false;
    bool state_syncing_ = false;  // that is what is being flushed
    StorageError state_sync_error_ = StorageError::none;
    bool scribbled_ = false;  // a write failed behind the last record
    bool cut_due_ = false;    // files hold more than the log
    bool reset_due_ = false;  // and nothing of it is the log's
    SnapshotId refused_{};    // the disk may say that this state is the base of the log, which it is not

private:
    /// A blank directory becomes that of a node.
    [[nodiscard]] Error make(const FileIdentity& identity) noexcept {
        bool blank = true;
        const StorageError error = storage.list(directory, [&](const char* name) {
            std::uint64_t number = 0;
            Index first;
            if (read_segment_name(name, number, first)) blank = false;
        });
        if (error != StorageError::none) return error_of(error);
        if (!blank) {
            verdict.kind = Verdict::Kind::metadata_lost;
            return verdict.error = Error::corrupt;
        }
        metadata.cluster = identity.cluster;
        metadata.group = identity.group;
        metadata.node = identity.node;
        metadata.incarnation = identity.incarnation;
        metadata.history = identity.history;
        metadata.base.chain = value(identity.history) == 0 ? Chain{} : first_chain(identity.history);
        const StorageError made = metafile_.create(storage, directory, metadata);
        return error_of(made);
    }

    [[nodiscard]] Error recover(OnDamage on_damage) noexcept {
        FileOpening<S, Options> opening(storage, directory, metadata, segments_, reader_.raw());
        const Error error = opening.run(on_damage);
        verdict = opening.verdict;
        if (error != Error::none) return verdict.error = error;
        if (const StorageError kept = metafile_.confirm(storage, metadata); kept != StorageError::none) {
            return error_of(kept);
        }
        if (opening.newest) {
            if (const StorageError lasting = make_durable(opening); lasting != StorageError::none) {
                return error_of(lasting);
            }
        }

        begin = opening.begin;
        base_chain = opening.base_chain;
        written_ = opening.end.at;
        chain = written_chain_ = opening.end.chain;
        epochs = opening.epochs;
        held = syncing_to_ = written_.index - 1;
        released = begin.index - 1;
        tail.reset(written_);
        cut_due_ = !opening.goes_on && (!segments_.empty() || opening.given_up() > 0);
        if (opening.goes_on) writer_.resume(std::move(opening.newest), opening.place, opening.size);

        const Index suspect = opening.suspect_from;
        if (suspect != Index{} && (metadata.suspect_from == Index{} || suspect < metadata.suspect_from)) {
            metadata.suspect_from = suspect;
        }
        metadata.last_segment = (std::max)(metadata.last_segment, opening.highest_number());
        closed_in_order = std::exchange(metadata.clean_stop, false);
        recognize();
        ++metadata.run_counter;
        metadata.epochs = epochs;
        note_durable(held);
        if (const StorageError kept = metafile_.store(storage, metadata); kept != StorageError::none) {
            return error_of(kept);
        }
        return remove_leftovers(opening);
    }
    /// A copy has forgotten what the node promised and vouched for since, so it is another incarnation; each copy is
    /// one of its own, or the second that is put back would be taken for the first. A directory whose identity was
    /// never noted is no copy.
    void recognize() noexcept {
        const StorageIdentity found = metafile_.identity(storage);
        if (found == StorageIdentity{} || found == metadata.identity) return;
        verdict.is_copy = metadata.identity != StorageIdentity{};
        metadata.identity = found;
        if (!verdict.is_copy) return;
        std::uint64_t mixed = metadata.copies_lost;
        for (const std::uint64_t part : {found.origin, found.number, metadata.run_counter}) {
            mixed = (mixed ^ part) * 0x9e37'79b9'7f4a'7c15u;
            mixed ^= mixed >> 29;
        }
        metadata.copies_lost = mixed;
    }
    /// What was read may stand in the memory of the system only, and a flush that failed in a former run would not be
    /// repeated: so what nothing proves is written again.
    [[nodiscard]] StorageError make_durable(FileOpening<S, Options>& opening) noexcept {
        const auto raw = reader_.raw();
        std::uint64_t at = opening.rewrite_from != 0 ? opening.rewrite_from : opening.place;
        const std::uint64_t end =
            opening.goes_on ? opening.place : (std::min)(opening.size, opening.place + raw.size());
        while (at < end) {
            std::size_t got = 0;
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(raw.size(), end - at));
            StorageError error = storage.read(opening.newest, at, raw.first(size), got);
            if (error == StorageError::none && got == 0) break;
            const std::span<const std::byte> piece = raw.first(got);
            if (error == StorageError::none) error = storage.write(opening.newest, at, std::span(&piece, 1));
            if (error != StorageError::none) return error;
            at += got;
        }
        return storage.sync(opening.newest);
    }
    /// What stands there may stand in the memory of the system only, so the directory is flushed. Where the file system
    /// cannot do that, names are as good as they get, but for those of segments that must not come back.
    [[nodiscard]] Error remove_leftovers(FileOpening<S, Options>& opening) noexcept {
        StorageError error = StorageError::none;
        bool must_last = opening.given_up() > 0;
        for (std::size_t i = 0; i < opening.given_up() && error == StorageError::none; ++i) {
            error = storage.remove(directory, opening.given_up_name(i).text());
        }
        for (std::size_t i = 0; i < opening.leftover_count && error == StorageError::none; ++i) {
            std::uint64_t number = 0;
            Index first;
            must_last = must_last || read_segment_name(opening.leftovers[i].text(), number, first);
            error = storage.remove(directory, opening.leftovers[i].text());
        }
        if (error == StorageError::none) error = storage.sync_directory(directory);
        if (error == StorageError::unsupported && !must_last) return Error::none;
        return error_of(error);
    }
};

}  // namespace replicator::log::detail
