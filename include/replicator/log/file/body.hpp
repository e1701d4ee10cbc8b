// SPDX-License-Identifier: BSL-1.0
// What log::File does, and in which order its parts do it: entries gathered in memory, then written, flushed, cut.
#pragma once

#include "disk.hpp"
#include "ledger.hpp"
#include "open.hpp"
#include "options.hpp"
#include "segment/reader.hpp"
#include "segment/records.hpp"
#include "segment/retention.hpp"
#include "segment/segments.hpp"
#include "snapshot/keeping.hpp"
#include "tail.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../concepts/storage.hpp"
#include "../../error.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log::detail {

/// Stays where it is: its parts refer to each other.
template <Storage S, class Options>
class FileBody {
public:
    explicit FileBody(S storage) noexcept
        : disk_(std::move(storage)),
          ledger_(disk_, segments_),
          retention_(disk_, ledger_, segments_, reader_),
          records_(disk_, ledger_, segments_, retention_),
          keeping_(disk_, ledger_) {}
    FileBody(const FileBody&) = delete;
    FileBody& operator=(const FileBody&) = delete;

    [[nodiscard]] Error open(const char* path, const FileIdentity& identity, OnDamage on_damage) noexcept {
        if (!tail_.allocate() || !segments_.allocate() || !reader_.allocate()) return Error::log_full;
        if (const Error error = disk_.open(path); error != Error::none) return error;
        if (const Error error = ledger_.open(identity, verdict_.kind); error != Error::none) return error;
        return recover(on_damage);
    }

    [[nodiscard]] FileDisk<S>& disk() noexcept { return disk_; }
    [[nodiscard]] const FileLedger<S, Options>& ledger() const noexcept { return ledger_; }
    [[nodiscard]] FileRetention<S, Options>& retention() noexcept { return retention_; }
    [[nodiscard]] const Verdict& verdict() const noexcept { return verdict_; }
    /// A file could not be read for a reason that passes.
    [[nodiscard]] bool stalled() const noexcept { return stalled_; }
    [[nodiscard]] Chain chain() const noexcept { return chain_; }
    [[nodiscard]] Cursor end() const noexcept { return tail_.end(); }
    [[nodiscard]] std::uint64_t distance_to_loss(Index index) const noexcept {
        return retention_.distance_to_loss(index, records_.end().index, tail_.end().offset);
    }

    // --- In memory ---

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        const bool fits = tail_.end().offset + least <= plain_to_ && least <= Options::entry_bytes_max;
        if (fits && most == least && disk_.result() == Error::none) return tail_.next(least);
        return make_room(least, most);
    }
    void append(std::size_t bytes, std::uint64_t count, Chain to) noexcept {
        tail_.append(bytes, count);
        chain_ = to;
    }
    void cut(Cursor at, Chain to) noexcept {
        plain_to_ = 0;
        tail_.cut(at);
        chain_ = to;
        records_.cut(at, to);
        reader_.forget(at.index);
    }
    void reset(Index index, Chain to) noexcept {
        const Cursor at{index + 1, 0};
        plain_to_ = 0;
        tail_.reset(at);
        chain_ = to;
        retention_.begin_at(at, to);
        records_.reset(at, to);
        ledger_.owe_reset({{{}, index}, to});
        reader_.forget_all();
        disk_.set_held(index);
    }

    [[nodiscard]] Cursor seek(Index index) noexcept {
        if (tail_.begin().index <= index) return tail_.seek(index);
        Cursor from{Index{}, 0};
        return read_files(index, from).bytes.empty() ? Cursor{index, 0} : from;
    }
    [[nodiscard]] EntryRun read(Cursor cursor) noexcept {
        if (cursor.index >= tail_.end().index) return {};
        if (tail_.begin().offset <= cursor.offset && tail_.begin().index <= cursor.index) return tail_.read(cursor);
        return read_files(cursor.index, cursor);
    }

    // --- To the disk ---

    /// Everything that was appended is in files when this returns `Error::none`, though perhaps not flushed. Who does
    /// not wait leaves what belongs into the next segment, until the one before is on the disk, and what is more than a
    /// portion.
    [[nodiscard]] Error write_out(bool waits = true) noexcept {
        if (disk_.fault() != Error::none) return disk_.fault();
        plain_to_ = 0;  // records have headers, and with one file more the log may be crowded
        const std::size_t spare = disk_.forget_full() ? 0 : 1;
        if (ledger_.is_reset_due() && apply_reset() != Error::none) return disk_.result();
        if (ledger_.is_cut_due() && apply_cut() != Error::none) return disk_.result();
        if (ledger_.settle() != Error::none) return disk_.result();
        // First, because it may be what makes room for the rest.
        if (records_.let_go(spare) != Error::none) return disk_.result();
        const std::uint64_t from = records_.end().offset;
        const auto is_enough = [&] {
            return records_.end().offset - from >= Options::flush_bytes_max || records_.must_wait(tail_);
        };
        while (!is_written_out() && (waits || !is_enough())) {
            if (!records_.write(tail_)) return disk_.result();
        }
        // What was refused for want of room stays so until there is some for the largest entry.
        const bool is_short = spare == 0 && !records_.has_place_for_any();
        return is_short && !records_.claim_next() ? disk_.result() : Error::none;
    }

    [[nodiscard]] Error flush() noexcept {
        disk_.poll();
        stalled_ = false;
        if (disk_.fault() != Error::none) return disk_.fault();
        if (!disk_.is_syncing()) keeping_.go_on();
        if (disk_.is_syncing()) return Error::none;
        for (bool is_done = false; !is_done;) {
            if (const Error error = write_out(false); error != Error::none) return error;
            is_done = is_written_out();
            if (disk_.flushed() + 1 >= records_.end().index) break;
            records_.start_sync();
            if (disk_.is_syncing() || disk_.fault() != Error::none) break;
        }
        return disk_.fault();
    }
    [[nodiscard]] Error store(const Metadata& wanted) noexcept {
        if (disk_.fault() != Error::none) return disk_.fault();
        if (const Error error = ledger_.store(wanted); error != Error::none) return error;
        return ledger_.is_reset_due() ? apply_reset() : Error::none;
    }
    [[nodiscard]] Error close() noexcept {
        // A flush may be one of a state, or of a portion.
        do {
            disk_.wait();
            if (const Error error = flush(); error != Error::none) return error;
            disk_.wait();
            if (disk_.fault() != Error::none) return disk_.fault();
        } while (disk_.flushed() + 1 < tail_.end().index);
        return ledger_.record_clean_stop();
    }
    [[nodiscard]] Error prepare(std::uint64_t bytes) noexcept { return records_.prepare(bytes); }

    // --- States ---

    [[nodiscard]] Error begin_snapshot(SnapshotHead head, std::span<const std::byte> own) noexcept {
        if (disk_.fault() != Error::none) return disk_.fault();
        if (const Error error = ledger_.settle(); error != Error::none) return error;
        head.cluster = ledger_.metadata().cluster;
        return keeping_.begin(head, own);
    }
    [[nodiscard]] Error append_snapshot(std::span<const std::byte> piece) noexcept {
        return disk_.fault() != Error::none ? disk_.fault() : keeping_.append(piece);
    }
    [[nodiscard]] Error finish_snapshot() noexcept {
        return disk_.fault() != Error::none ? disk_.fault() : keeping_.finish();
    }
    [[nodiscard]] Error install_snapshot(const EpochHistory& epochs_before) noexcept {
        if (disk_.fault() != Error::none) return disk_.fault();
        return keeping_.install([&](const SnapshotHead& head) { return replace(head, epochs_before); });
    }
    void drop_snapshot() noexcept { keeping_.drop(); }

private:
    [[nodiscard]] Error recover(OnDamage on_damage) noexcept {
        FileOpening<S, Options> opening(disk_.storage(), disk_.directory(), ledger_.metadata(), segments_,
                                        reader_.raw());
        const Error refused = opening.run(on_damage);
        verdict_ = opening.verdict;
        if (refused != Error::none) return verdict_.error = refused;
        if (const Error error = ledger_.confirm(); error != Error::none) return error;
        if (opening.newest) {
            if (const StorageError error = opening.make_durable(); error != StorageError::none) {
                return error_of(error);
            }
        }

        retention_.begin_at(opening.begin, opening.base_chain);
        records_.begin_at(opening.end);
        chain_ = opening.end.chain;
        tail_.reset(opening.end.at);
        disk_.set_held(opening.end.at.index - 1);
        if (opening.goes_on) {
            records_.resume(std::move(opening.newest), opening.place, opening.size);
        } else if (!segments_.empty() || opening.given_up() > 0) {
            ledger_.owe_cut();
        }

        const Error error = ledger_.begin_run(opening.epochs, opening.suspect_from, opening.highest_number());
        verdict_.is_copy = ledger_.is_copy();
        return error != Error::none ? error : opening.remove_leftovers();
    }

    [[nodiscard]] bool is_written_out() const noexcept { return records_.end().index == tail_.end().index; }

    [[nodiscard]] EntryRun read_files(Index index, Cursor& from) noexcept {
        if (stalled_) return {};
        Damage damage;
        const EntryRun run =
            reader_.read(disk_.storage(), disk_.directory(), segments_, index, records_.end().index - 1, from, damage);
        if (run.bytes.empty() && damage.passes) {
            stalled_ = true;
        } else if (run.bytes.empty()) {
            verdict_ = {Verdict::Kind::corrupt, disk_.give_up(), damage.segment, damage.place, damage.index, false, 0};
        }
        return run;
    }

    /// Room behind the last entry, after dropping or writing what is in its way. Apart, so that a reserve for one entry
    /// is a few instructions where it is called.
    [[nodiscard, gnu::noinline]] std::span<std::byte> make_room(std::size_t least, std::size_t most) noexcept {
        if (disk_.fault() != Error::none || least > Options::entry_bytes_max) return {};
        if (disk_.is_full()) {
            retention_.drop(least, 0, tail_.end().offset);  // the next flush then has more
            return {};
        }
        // Only what is in files can be dropped.
        if (!has_room(least) && (write_out() != Error::none || !has_room(least))) return {};
        if (!make_place(least)) return {};
        auto room = tail_.reserve(least, most, records_.end());
        if (room.empty() && write_out() == Error::none) room = tail_.reserve(least, most, records_.end());
        const std::uint64_t retained_to = retention_.begin().offset + Options::retained_bytes;
        const std::uint64_t free_to = (std::min)(retained_to, tail_.free_to());
        plain_to_ = retention_.is_crowded() ? 0 : (std::min)(free_to, records_.placed_to());
        return room;
    }
    [[nodiscard]] bool has_room(std::size_t least) noexcept { return retention_.has_room(least, tail_.end().offset); }

    /// Nothing is taken that has no room on the disk already: a full one refuses at once, and nobody waits for it.
    [[nodiscard]] bool make_place(std::size_t least) noexcept {
        const auto is_made = [&] { return tail_.end().offset + least <= records_.placed_to(); };
        while (!is_made()) {
            if (!records_.claim_next()) return false;
            if (is_made() || is_written_out()) return true;
            if (write_out() != Error::none) return false;
        }
        return true;
    }

    /// Removes what was cut, and begins a new segment, which ends the one before it.
    [[nodiscard]] Error apply_cut() noexcept {
        const Index from = records_.end().index;
        if (const Error error = ledger_.put_cut(from); error != Error::none) return error;
        if (const Error error = retention_.remove_from(from); error != Error::none) return error;
        reader_.forget(from);
        if (!records_.begin_segment()) return disk_.result();
        ledger_.end_cut();
        records_.forget_failure();
        return Error::none;
    }
    [[nodiscard]] Error apply_reset() noexcept {
        const Error error = ledger_.put_reset();
        return error == Error::none ? end_reset() : error;
    }
    [[nodiscard]] Error end_reset() noexcept {
        records_.close();
        reader_.forget_all();
        if (!retention_.remove_all()) return disk_.result();
        ledger_.end_reset();
        records_.forget_failure();
        return disk_.sync_directory();
    }
    /// A state takes the place of the log.
    [[nodiscard]] Error replace(const SnapshotHead& head, const EpochHistory& epochs_before) noexcept {
        const Error error = ledger_.put_installed(head, epochs_before, retention_.base());
        if (error != Error::none) return error;
        reset(head.position.index, head.chain);
        ledger_.end_installed(head, epochs_before);
        return end_reset();
    }

    FileDisk<S> disk_;
    SegmentTable<Options::segments_max> segments_;
    FileReader<S, Options> reader_;
    FileLedger<S, Options> ledger_;
    FileRetention<S, Options> retention_;
    FileRecords<S, Options> records_;
    StateKeeping<S, Options> keeping_;
    FileTail<Options> tail_;
    Chain chain_{};
    std::uint64_t plain_to_ = 0;  // a reservation that ends by here takes room that is free
    Verdict verdict_;
    bool stalled_ = false;
};

}  // namespace replicator::log::detail
