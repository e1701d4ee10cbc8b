// SPDX-License-Identifier: BSL-1.0
// The working parts of log::File, joined: entries gathered in memory, records written, flushes, cuts, removal.
#pragma once

#include "file_metadata.hpp"
#include "file_open.hpp"
#include "file_options.hpp"
#include "file_reader.hpp"
#include "file_segments.hpp"
#include "file_tail.hpp"
#include "file_writer.hpp"

#include "../assert.hpp"
#include "../concepts/log_policy.hpp"
#include "../concepts/storage.hpp"
#include "../entry.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <span>

namespace replicator::log::detail {

template <Storage S, class Options>
class FileBody {
public:
    S storage;
    typename S::Directory directory;
    Metadata metadata;
    Verdict verdict;
    Error fault = Error::none;

    Cursor begin;
    Chain base_chain{};
    Chain chain{};
    Index held;
    Index released;
    Index needed{~std::uint64_t{0}};
    FileTail<Options> tail;
    bool no_space = false;

    [[nodiscard]] Error open(const char* path, const FileIdentity& identity, OnDamage on_damage) noexcept {
        if (!tail.allocate() || !segments_.allocate() || !reader_.allocate()) return Error::log_failed;
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

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        if (fault != Error::none || no_space || least > Options::entry_bytes_max) return {};
        if (!has_room(least)) {
            // Only what is in files can be dropped.
            if (write_out() != Error::none || !has_room(least)) return {};
        }
        auto room = tail.reserve(least, most, written_);
        if (room.empty() && write_out() == Error::none) room = tail.reserve(least, most, written_);
        return room;
    }

    void append(std::size_t bytes, std::uint64_t count, Chain to) noexcept {
        tail.append(bytes, count);
        chain = to;
    }

    void cut(Cursor at, Chain to) noexcept {
        tail.cut(at);
        chain = to;
        if (written_.index <= at.index) return;
        written_ = at;
        written_chain_ = to;
        cut_due_ = true;
        writer_.seal();
        epochs.cut(at.index);
        reader_.forget(at.index);
        held = min(held, at.index - 1);
        syncing_to_ = min(syncing_to_, at.index - 1);
    }

    void reset(Index index, Chain to) noexcept {
        begin = written_ = {index + 1, 0};
        tail.reset(begin);
        base_chain = chain = written_chain_ = to;
        reset_due_ = true;
        cut_due_ = false;
        writer_.seal();
        epochs = {};
        metadata.base = {{{}, index}, to};
        reader_.forget_all();
        held = released = syncing_to_ = index;
    }

    [[nodiscard]] Cursor seek(Index index) noexcept {
        if (tail.begin().index <= index) return tail.seek(index);
        Cursor from{Index{}, 0};
        return read_files(index, from).bytes.empty() ? Cursor{index, 0} : from;
    }
    [[nodiscard]] EntryRun read(Cursor cursor) noexcept {
        if (cursor.index >= tail.end().index) return {};
        if (tail.begin().offset <= cursor.offset && tail.begin().index <= cursor.index) return tail.read(cursor);
        return read_files(cursor.index, cursor);
    }

    // --- To the disk ---

    /// Everything that was appended is in files when this returns `Error::none`, though perhaps not flushed.
    [[nodiscard]] Error write_out() noexcept {
        if (fault != Error::none) return fault;
        no_space = false;
        if (reset_due_ && apply_reset() != Error::none) return result();
        if (cut_due_ && apply_cut() != Error::none) return result();
        while (written_.index < tail.end().index) {
            if (!write_record()) return result();
        }
        if (unlink_dropped() != Error::none) return fault;
        return Error::none;
    }

    [[nodiscard]] Error flush() noexcept {
        poll();
        if (fault != Error::none) return fault;
        if (syncing_) return Error::none;
        if (const Error error = write_out(); error != Error::none) return error;
        if (held + 1 < written_.index) {
            syncing_ = true;
            syncing_to_ = written_.index - 1;
            storage.start_sync(writer_.file());
            poll();
        }
        return fault;
    }
    void poll() noexcept {
        if (!syncing_) return;
        if (const auto done = storage.poll_sync()) finish_sync(*done);
    }
    void wait() noexcept {
        if (syncing_) finish_sync(storage.wait_sync());
    }
    [[nodiscard]] bool syncing() const noexcept { return syncing_; }

    [[nodiscard]] Error store(const Metadata& wanted) noexcept {
        if (fault != Error::none) return fault;
        const bool moves = wanted.history != metadata.history;
        if (moves && !reset_due_ && !segments_.empty()) return Error::wrong_history;
        metadata.history = wanted.history;
        metadata.promised = wanted.promised;
        metadata.counter_opened = wanted.counter_opened;
        metadata.suspect_from = wanted.suspect_from;
        metadata.installing = wanted.installing;
        metadata.fault = wanted.fault;
        metadata.roster_size = wanted.roster_size;
        metadata.roster = wanted.roster;
        if (!reset_due_) return save();
        metadata.base.position.epoch = wanted.base.position.epoch;
        epochs = wanted.epochs;
        return apply_reset();
    }
    /// Writes the metadata as they are, with what is known to be on the disk.
    [[nodiscard]] Error save() noexcept {
        if (!reset_due_) metadata.epochs = epochs;
        if (!reset_due_ && !cut_due_) note_durable(held);
        return keep(metafile_.store(storage, metadata)) ? Error::none : fault;
    }
    [[nodiscard]] Error close() noexcept {
        wait();
        if (const Error error = flush(); error != Error::none) return error;
        wait();
        if (fault != Error::none) return fault;
        metadata.clean_stop = true;
        return save();
    }

    /// Bytes that may be appended before the entry `index` may be dropped although somebody needs it.
    [[nodiscard]] std::uint64_t distance_to_loss(Index index) const noexcept {
        if (index < begin.index) return 0;
        std::uint64_t from = begin.offset;
        if (dropped_ < segments_.size() && index < written_.index) from = segments_[segments_.find(index)].first.offset;
        if (from < begin.offset) from = begin.offset;
        const std::uint64_t used = tail.end().offset - from;
        return used < Options::capacity_bytes ? Options::capacity_bytes - used : 0;
    }

    [[nodiscard]] Error prepare(std::uint64_t bytes) noexcept {
        return keep(writer_.prepare(storage, directory, bytes)) ? Error::none : result();
    }

    /// Counts a result: false when it was none; a disk that failed is given up for good.
    bool keep(StorageError error) noexcept {
        if (error == StorageError::none) return true;
        if (error == StorageError::no_space) {
            no_space = true;
        } else {
            fault = Error::log_failed;
        }
        return false;
    }
    [[nodiscard]] Error result() const noexcept {
        return fault != Error::none ? fault : no_space ? Error::log_full : Error::none;
    }
    [[nodiscard]] bool reset_due() const noexcept { return reset_due_; }
    [[nodiscard]] Error apply_reset() noexcept {
        wait();
        if (fault != Error::none) return fault;
        metadata.first_segment = ++metadata.last_segment;
        metadata.durable = metadata.base.position.index;
        metadata.durable_segment = 0;
        metadata.epochs = epochs;
        if (!keep(metafile_.store(storage, metadata))) return fault = Error::log_failed;
        writer_.close();
        reader_.forget_all();
        for (; !segments_.empty(); segments_.pop_back()) {
            if (!remove(segments_.back())) return result();
        }
        dropped_ = 0;
        reset_due_ = cut_due_ = false;
        return keep(storage.sync_directory(directory)) ? Error::none : result();
    }

    EpochHistory epochs;

private:
    [[nodiscard]] static Error error_of(StorageError error) noexcept {
        return error == StorageError::no_space ? Error::log_full : Error::log_failed;
    }

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
        return made == StorageError::none ? Error::none : error_of(made);
    }

    [[nodiscard]] Error recover(OnDamage on_damage) noexcept {
        FileOpening<S, Options> opening(storage, directory, metadata, segments_, reader_.raw());
        const Error error = opening.run(on_damage);
        verdict = opening.verdict;
        if (error != Error::none) return verdict.error = error;
        if (opening.newest && !make_durable(opening)) return Error::log_failed;

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
        metadata.last_segment = std::max(metadata.last_segment, opening.highest_number());
        metadata.clean_stop = false;
        ++metadata.run_counter;
        metadata.epochs = epochs;
        note_durable(held);
        if (metafile_.store(storage, metadata) != StorageError::none) return Error::log_failed;
        return remove_leftovers(opening);
    }
    /// What was read may stand in the memory of the system only, and a flush that failed in a former run would not be
    /// repeated: so what nothing proves is written again.
    [[nodiscard]] bool make_durable(FileOpening<S, Options>& opening) noexcept {
        const auto raw = reader_.raw();
        std::uint64_t at = opening.rewrite_from != 0 ? opening.rewrite_from : opening.place;
        const std::uint64_t end = opening.goes_on ? opening.place : std::min(opening.size, opening.place + raw.size());
        while (at < end) {
            std::size_t got = 0;
            const auto size = static_cast<std::size_t>(std::min<std::uint64_t>(raw.size(), end - at));
            if (storage.read(opening.newest, at, raw.first(size), got) != StorageError::none) return false;
            if (got == 0) break;
            const std::span<const std::byte> piece = raw.first(got);
            if (storage.write(opening.newest, at, std::span(&piece, 1)) != StorageError::none) return false;
            at += got;
        }
        return storage.sync(opening.newest) == StorageError::none;
    }
    [[nodiscard]] Error remove_leftovers(FileOpening<S, Options>& opening) noexcept {
        StorageError error = StorageError::none;
        for (std::size_t i = 0; i < opening.given_up() && error == StorageError::none; ++i) {
            error = storage.remove(directory, opening.given_up_name(i).text());
        }
        for (std::size_t i = 0; i < opening.leftover_count && error == StorageError::none; ++i) {
            error = storage.remove(directory, opening.leftovers[i].text());
        }
        if (error == StorageError::none) error = storage.sync_directory(directory);
        return error == StorageError::none ? Error::none : error_of(error);
    }

    /// Up to `index` everything is on the disk.
    void note_durable(Index index) noexcept {
        metadata.durable = index;
        metadata.durable_segment = segments_.empty() ? 0 : segments_.back().number;
    }

    [[nodiscard]] EntryRun read_files(Index index, Cursor& from) noexcept {
        Damage damage;
        const EntryRun run =
            reader_.read(storage, directory, segments_, index, written_.index - 1, from, damage);
        if (run.bytes.empty()) {
            verdict = {Verdict::Kind::corrupt, Error::log_failed, damage.segment, damage.place, damage.index, false, 0};
            fault = Error::log_failed;
        }
        return run;
    }

    /// Drops what may go; true when `least` more bytes fit.
    [[nodiscard]] bool has_room(std::size_t least) noexcept {
        const std::uint64_t kept = tail.end().offset - begin.offset;
        if (kept + least > Options::retained_bytes || segments_.size() + 4 > Options::segments_max) drop(least);
        return tail.end().offset - begin.offset + least <= Options::capacity_bytes + Options::segment_bytes &&
               segments_.size() + 2 <= Options::segments_max + dropped_;
    }
    void drop(std::size_t least) noexcept {
        if (cut_due_ || reset_due_) return;
        Index may = released;
        if (Options::keeps_for_restart) may = min(may, metadata.snapshot.position.index);
        while (dropped_ + 1 < segments_.size()) {
            const Segment& next = segments_[dropped_ + 1];
            if (next.first.index - 1 > may) return;
            const std::size_t bound =
                next.first.index - 1 < needed ? Options::retained_bytes : Options::capacity_bytes;
            const bool crowded = segments_.size() - dropped_ + 4 > Options::segments_max;
            if (!crowded && tail.end().offset - begin.offset + least <= bound) return;
            begin = next.first;
            base_chain = next.chain_before;
            ++dropped_;
        }
    }
    [[nodiscard]] Error unlink_dropped() noexcept {
        if (dropped_ == 0) return Error::none;
        reader_.forget_all();
        if (!Options::keeps_for_restart) {
            // No state on the disk says where the log may begin, so the metadata do.
            metadata.base = {{epochs.at(begin.index - 1), begin.index - 1}, base_chain};
            if (save() != Error::none) return fault;
        }
        for (; dropped_ > 0; --dropped_) {
            if (!remove(segments_[0])) return result();
            segments_.pop_front();
        }
        return keep(storage.sync_directory(directory)) ? Error::none : result();
    }
    [[nodiscard]] bool remove(const Segment& segment) noexcept {
        const StorageError error =
            storage.remove(directory, segment_name(segment.number, segment.first.index).text());
        return error == StorageError::not_found || keep(error);
    }

    /// Removes what was cut, newest first; the next record begins a new segment, which ends the one before it.
    [[nodiscard]] Error apply_cut() noexcept {
        wait();
        if (fault != Error::none) return fault;
        note_durable(min(held, written_.index - 1));
        metadata.epochs = epochs;
        if (!keep(metafile_.store(storage, metadata))) return fault = Error::log_failed;
        bool removed = false;
        for (; segments_.size() > dropped_ && segments_.back().first.index >= written_.index; segments_.pop_back()) {
            if (!remove(segments_.back())) return result();
            removed = true;
        }
        if (removed && !keep(storage.sync_directory(directory))) return result();
        reader_.forget(written_.index);
        cut_due_ = false;
        return Error::none;
    }

    /// Writes the next entries as one record, in a new segment where there is no room.
    [[nodiscard]] bool write_record() noexcept {
        const EntryRun run = tail.read(written_);
        const std::size_t first_size = load_entry_header(run.bytes.data()).bytes();
        if (writer_.room() < first_size && !begin_segment()) return false;
        const std::size_t limit = std::min(Options::record_bytes_max, writer_.room());
        RecordHeader header;
        header.first = written_.index;
        header.durable = held;
        header.chain_before = written_chain_;
        header.chain = written_chain_;
        EpochHistory noted = epochs;
        std::size_t size = 0;
        while (header.count < run.count) {
            const std::byte* const entry = run.bytes.data() + size;
            const EntryHeader head = load_entry_header(entry);
            if (size + head.bytes() > limit) break;
            if (head.type() == EntryType::epoch_start) note_epoch(entry, written_.index + header.count, header.chain, noted);
            size += head.bytes();
            header.chain = head.chain;
            ++header.count;
        }
        header.size = static_cast<std::uint32_t>(size);
        Segment& segment = segments_.back();
        const std::uint64_t place = writer_.place();
        if (!keep(writer_.write(storage, header, segment.salt, run.bytes.first(size)))) return false;
        segment.note({written_, place});
        written_ = {written_.index + header.count, written_.offset + size};
        written_chain_ = header.chain;
        epochs = noted;
        // The log is whole without it, so a full disk is no trouble yet.
        const StorageError ahead = writer_.keep_ahead(storage, directory, size + RecordHeader::bytes);
        return ahead == StorageError::no_space || keep(ahead);
    }
    static void note_epoch(const std::byte* entry, Index index, Chain before, EpochHistory& to) noexcept {
        if (entry_body(entry).size() < 16) return;
        Epoch epoch;
        ByteReader(entry_body(entry).data()).get(epoch);
        to.push({epoch, index, before});
    }

    [[nodiscard]] bool begin_segment() noexcept {
        wait();
        if (fault != Error::none) return false;
        if (segments_.full() && unlink_dropped() != Error::none) return false;
        if (segments_.full()) return no_space = true, false;
        // The existence of the new segment says that all before it is on the disk.
        if (held + 1 < written_.index) {
            if (const StorageError error = storage.sync(writer_.file()); error != StorageError::none) {
                fault = Error::log_failed;
                return false;
            }
            held = written_.index - 1;
        }
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
        header.salt = checksum_of(header);
        if (!keep(writer_.begin(storage, directory, header))) return false;
        ++metadata.last_segment;
        segments_.push().begin(header, written_.offset);
        return true;
    }
    /// Differs from that of every other segment, as far as thirty-two bits can.
    [[nodiscard]] std::uint32_t checksum_of(const SegmentHeader& header) const noexcept {
        std::array<std::byte, 24> bytes;
        ByteWriter(bytes.data()).each(header.incarnation, header.number, metadata.run_counter);
        return checksum(bytes);
    }

    void finish_sync(StorageError error) noexcept {
        syncing_ = false;
        if (error != StorageError::none) {
            fault = Error::log_failed;
        } else {
            held = max(held, syncing_to_);
        }
    }

    MetadataFile<S> metafile_;
    SegmentTable<Options::segments_max> segments_;
    std::size_t dropped_ = 0;  // segments at the front that are no longer the log's, and still there
    FileReader<S, Options> reader_;
    FileWriter<S, Options> writer_;
    Cursor written_;           // everything before it is in files
    Chain written_chain_{};
    bool syncing_ = false;
    Index syncing_to_;
    bool cut_due_ = false;     // files hold more than the log
    bool reset_due_ = false;   // and nothing of it is the log's
};

}  // namespace replicator::log::detail
