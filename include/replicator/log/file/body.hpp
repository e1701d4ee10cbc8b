// SPDX-License-Identifier: BSL-1.0
// What log::File does: entries gathered in memory, records written, flushes, cuts, removal of what may go.
#pragma once

#include "snapshot/keeping.hpp"
#include "state.hpp"

#include "../../assert.hpp"
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
class FileBody : public FileState<S, Options> {
    using State = FileState<S, Options>;

public:
    using State::base_chain;
    using State::begin;
    using State::chain;
    using State::cut_due_;
    using State::directory;
    using State::drop;
    using State::dropped_;
    using State::epochs;
    using State::fault;
    using State::has_room;
    using State::held;
    using State::is_crowded;
    using State::keep;
    using State::metadata;
    using State::next_segment;
    using State::no_space;
    using State::note_durable;
    using State::poll;
    using State::put_installed;
    using State::put_metadata;
    using State::put_reset;
    using State::read_files;
    using State::reader_;
    using State::released;
    using State::remove;
    using State::reset_due_;
    using State::result;
    using State::save;
    using State::scribbled_;
    using State::segments_;
    using State::settle;
    using State::stalled;
    using State::storage;
    using State::syncing_;
    using State::syncing_to_;
    using State::tail;
    using State::wait;
    using State::writer_;
    using State::written_;
    using State::written_chain_;

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        const bool fits = tail.end().offset + least <= plain_to_ && least <= Options::entry_bytes_max;
        if (fits && most == least && result() == Error::none) return tail.next(least);
        return make_room(least, most);
    }

    void append(std::size_t bytes, std::uint64_t count, Chain to) noexcept {
        tail.append(bytes, count);
        chain = to;
    }

    void cut(Cursor at, Chain to) noexcept {
        plain_to_ = 0;
        tail.cut(at);
        chain = to;
        if (written_.index <= at.index) {
            // A write that failed may have left all of what is cut now.
            if (scribbled_) cut_due_ = true, writer_.seal();
            return;
        }
        written_ = at;
        written_chain_ = to;
        cut_due_ = true;
        writer_.seal();
        epochs.cut(at.index);
        reader_.forget(at.index);
        held = smaller(held, at.index - 1);
        syncing_to_ = smaller(syncing_to_, at.index - 1);
    }

    void reset(Index index, Chain to) noexcept {
        plain_to_ = 0;
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

    /// Everything that was appended is in files when this returns `Error::none`, though perhaps not flushed. Who does
    /// not wait leaves what belongs into the next segment, until the one before is on the disk, and what is more than a
    /// portion.
    [[nodiscard]] Error write_out(bool waits = true) noexcept {
        if (fault != Error::none) return fault;
        const std::size_t spare = std::exchange(no_space, false) ? 0 : 1;
        if (reset_due_ && apply_reset() != Error::none) return result();
        if (cut_due_ && apply_cut() != Error::none) return result();
        if (settle() != Error::none) return result();
        // First, because it may be what makes room for the rest.
        if (let_go(spare) != Error::none) return result();
        const std::uint64_t from = written_.offset;
        const auto is_enough = [&] { return written_.offset - from >= Options::flush_bytes_max || must_wait(); };
        while (written_.index < tail.end().index && (waits || !is_enough())) {
            if (!write_record()) return result();
        }
        plain_to_ = 0;  // records have headers
        // What was refused for want of room stays so until there is some for the largest entry.
        const bool is_short = spare == 0 && writer_.placed() < Options::entry_bytes_max;
        return is_short && !keep(writer_.claim_next(storage, directory)) ? result() : Error::none;
    }

    [[nodiscard]] Error flush() noexcept {
        poll();
        stalled = false;
        if (fault != Error::none) return fault;
        if (!syncing_) keeping_.go_on(*this);
        if (syncing_) return Error::none;
        for (bool is_done = false; !is_done;) {
            if (const Error error = write_out(false); error != Error::none) return error;
            is_done = written_.index == tail.end().index;
            if (held + 1 >= written_.index) break;
            syncing_ = true;
            syncing_to_ = written_.index - 1;
            storage.start_sync(writer_.file());
            poll();
            if (syncing_ || fault != Error::none) break;
        }
        return fault;
    }
    [[nodiscard]] Error store(const Metadata& wanted) noexcept {
        if (fault != Error::none) return fault;
        const bool moves = wanted.history != metadata.history;
        if (moves && !reset_due_ && !segments_.empty()) return Error::wrong_history;
        const Metadata before = metadata;
        metadata.history = wanted.history;
        metadata.promised = wanted.promised;
        metadata.counter_opened = wanted.counter_opened;
        metadata.suspect_from = wanted.suspect_from;
        metadata.installing = wanted.installing;
        metadata.fault = wanted.fault;
        metadata.copies_lost = wanted.copies_lost;
        metadata.note_size = wanted.note_size;
        metadata.note = wanted.note;
        if (!reset_due_) {
            const Error error = save();
            if (error == Error::log_full) metadata = before;
            return error;
        }
        metadata.base.position.epoch = wanted.base.position.epoch;
        epochs = wanted.epochs;
        return apply_reset();
    }
    [[nodiscard]] Error close() noexcept {
        // A flush may be one of a state, or of a portion.
        do {
            wait();
            if (const Error error = flush(); error != Error::none) return error;
            wait();
            if (fault != Error::none) return fault;
        } while (held + 1 < tail.end().index);
        metadata.clean_stop = true;
        const Error error = save();
        metadata.clean_stop = error == Error::none;
        return error;
    }

    // --- States ---

    [[nodiscard]] Error begin_snapshot(SnapshotHead head, std::span<const std::byte> own) noexcept {
        if (fault != Error::none) return fault;
        if (const Error error = settle(); error != Error::none) return error;
        head.cluster = metadata.cluster;
        return keeping_.begin(*this, head, own);
    }
    [[nodiscard]] Error append_snapshot(std::span<const std::byte> piece) noexcept {
        return fault != Error::none ? fault : keeping_.append(*this, piece, Options::zeros_bytes_flushed);
    }
    [[nodiscard]] Error finish_snapshot(const EpochHistory* epochs_before) noexcept {
        return fault != Error::none ? fault : keeping_.finish(*this, epochs_before, Options::zeros_bytes_flushed);
    }
    void drop_snapshot() noexcept { keeping_.drop(*this); }

    [[nodiscard]] Error prepare(std::uint64_t bytes) noexcept {
        return keep(writer_.prepare(storage, directory, bytes)) ? Error::none : result();
    }

    [[nodiscard]] Error apply_reset() noexcept {
        const Error error = put_reset();
        return error == Error::none ? end_reset() : error;
    }

    [[nodiscard]] Error end_reset() noexcept {
        writer_.close();
        reader_.forget_all();
        for (; !segments_.empty(); segments_.pop_back()) {
            if (!remove(segments_.back())) return result();
        }
        dropped_ = 0;
        reset_due_ = cut_due_ = scribbled_ = false;
        return keep(storage.sync_directory(directory)) ? Error::none : result();
    }

private:
    /// Room behind the last entry, after dropping or writing what is in its way. Apart, so that a reserve for one entry
    /// is a few instructions where it is called.
    [[nodiscard, gnu::noinline]] std::span<std::byte> make_room(std::size_t least, std::size_t most) noexcept {
        if (fault != Error::none || least > Options::entry_bytes_max) return {};
        if (no_space) return drop(least, 0), std::span<std::byte>{};  // the next flush then has more
        // Only what is in files can be dropped.
        if (!has_room(least) && (write_out() != Error::none || !has_room(least))) return {};
        if (!make_place(least)) return {};
        auto room = tail.reserve(least, most, written_);
        if (room.empty() && write_out() == Error::none) room = tail.reserve(least, most, written_);
        const std::uint64_t placed_to = written_.offset + writer_.placed();
        const std::uint64_t free_to = (std::min)(begin.offset + Options::retained_bytes, tail.free_to());
        plain_to_ = is_crowded() ? 0 : (std::min)(free_to, placed_to);
        return room;
    }

    /// Nothing is taken that has no room on the disk already: a full one refuses at once, and nobody waits for it.
    [[nodiscard]] bool make_place(std::size_t least) noexcept {
        const auto is_made = [&] { return tail.end().offset + least <= written_.offset + writer_.placed(); };
        while (!is_made()) {
            if (!keep(writer_.claim_next(storage, directory))) return false;
            if (is_made() || written_.index == tail.end().index) return true;
            if (write_out() != Error::none) return false;
        }
        return true;
    }

    /// Removes the files of what was dropped, but for `spare` of them. Its room the next segment takes over, which
    /// spares the system the work of freeing and claiming it.
    [[nodiscard]] Error let_go(std::size_t spare) noexcept {
        const bool takes_over =
            dropped_ == 1 && spare == 1 && writer_.wants_file() && segments_[0].size == Options::segment_bytes;
        if (dropped_ <= spare && !takes_over) return Error::none;
        reader_.forget_all();
        if (!Options::keeps_for_restart) {
            // No state on the disk says where the log may begin, so the metadata do.
            metadata.base = {{epochs.at(begin.index - 1), begin.index - 1}, base_chain};
            if (save() != Error::none) return result();
        }
        if (takes_over) {
            if (!keep(writer_.take_over(storage, directory, segments_[0].name().text()))) return result();
            segments_.pop_front();
            --dropped_;
            return Error::none;
        }
        for (; dropped_ > spare; --dropped_) {
            if (!remove(segments_[0])) return result();
            segments_.pop_front();
        }
        return keep(storage.sync_directory(directory)) ? Error::none : result();
    }
    /// Removes what was cut, newest first, and begins a new segment, which ends the one before it.
    [[nodiscard]] Error apply_cut() noexcept {
        wait();
        if (fault != Error::none) return fault;
        note_durable(smaller(held, written_.index - 1));
        metadata.cut_from = written_.index;
        metadata.cut_segment = metadata.last_segment;
        metadata.epochs = epochs;
        if (put_metadata() != Error::none) return result();
        bool removed = false;
        for (; segments_.size() > dropped_ && segments_.back().first.index >= written_.index; segments_.pop_back()) {
            if (!remove(segments_.back())) return result();
            removed = true;
        }
        if (removed && !keep(storage.sync_directory(directory))) return result();
        reader_.forget(written_.index);
        if (!begin_segment()) return result();
        cut_due_ = scribbled_ = false;
        return Error::none;
    }

    /// Writes the next entries as one record, in a new segment where there is no room.
    [[nodiscard]] bool write_record() noexcept {
        const EntryRun run = tail.read(written_);
        const std::size_t first_size = load_entry_header(run.bytes.data()).bytes();
        if (writer_.room() < first_size && !begin_segment()) return false;
        const std::size_t limit = (std::min)(Options::record_bytes_max, writer_.room());
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
            note_epoch(entry, written_.index + header.count, header.chain, noted);
            size += head.bytes();
            header.chain = head.chain;
            ++header.count;
        }
        header.size = static_cast<std::uint32_t>(size);
        Segment& segment = segments_.back();
        const std::uint64_t place = writer_.place();
        scribbled_ = true;
        if (!keep(writer_.write(storage, header, segment.salt, run.bytes.first(size)))) return false;
        scribbled_ = false;
        segment.note({written_, place});
        written_ = {written_.index + header.count, written_.offset + size};
        written_chain_ = header.chain;
        epochs = noted;
        // The log is whole without it, so what passes is no trouble yet.
        const StorageError ahead = writer_.keep_ahead(storage, directory, size + RecordHeader::bytes);
        return passes(ahead) || keep(ahead);
    }

    /// The next entry does not fit into the segment, of which a part is not on the disk yet.
    [[nodiscard]] bool must_wait() noexcept {
        const std::size_t first_size = load_entry_header(tail.read(written_).bytes.data()).bytes();
        return writer_.room() < first_size && held + 1 < written_.index;
    }

    [[nodiscard]] bool begin_segment() noexcept {
        wait();
        if (fault != Error::none) return false;
        if (segments_.full() && let_go(0) != Error::none) return false;
        if (segments_.full()) return no_space = true, false;
        // The existence of the new segment says that all before it is on the disk.
        if (held + 1 < written_.index) {
            if (const StorageError error = storage.sync(writer_.file()); error != StorageError::none) {
                fault = Error::log_failed;
                return false;
            }
            held = written_.index - 1;
        }
        const SegmentHeader header = next_segment();
        if (!keep(writer_.begin(storage, directory, header))) return false;
        ++metadata.last_segment;
        segments_.push().begin(header, written_.offset);
        plain_to_ = 0;  // with one file more the log may be crowded
        return let_go(1) == Error::none;
    }

    std::uint64_t plain_to_ = 0;  // a reservation that ends by here takes room that is free
    StateKeeping<S> keeping_;
};

}  // namespace replicator::log::detail
