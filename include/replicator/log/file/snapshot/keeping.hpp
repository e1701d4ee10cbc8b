// SPDX-License-Identifier: BSL-1.0
// How a state takes the place of the one before: step by step, where flushes are waited for on another thread, so that
// no call waits for more than one change of a name or of the metadata, or for the room of a large file.
#pragma once

#include "file.hpp"

#include "../../../concepts/storage.hpp"
#include "../../../error.hpp"
#include "../disk.hpp"
#include "../ledger.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log::detail {

/// Refers to the disk and the metadata of its log.
template <Storage S, class Options>
class StateKeeping {
public:
    StateKeeping(FileDisk<S>& disk, FileLedger<S, Options>& ledger) noexcept : disk_(disk), ledger_(ledger) {}

    [[nodiscard]] Error begin(const SnapshotHead& head, std::span<const std::byte> own) noexcept {
        if (step_ == Step::tidy) static_cast<void>(remove_former());
        if (disk_.is_state_syncing()) disk_.wait();  // of a file that was dropped
        disk_.forget_state_sync();
        step_ = Step::pieces;
        in_steps_ = false;
        if (disk_.fault() != Error::none) return disk_.fault();
        return ended(writer_.begin(disk_.storage(), disk_.directory(), head, own));
    }
    /// What was written is flushed from time to time, so that the end takes no longer than the rest.
    [[nodiscard]] Error append(std::span<const std::byte> piece) noexcept {
        if (!writer_.active()) return Error::snapshot_invalid;  // another one was begun since, and dropped
        if (const Error error = ended(writer_.append(disk_.storage(), piece)); error != Error::none) return error;
        if (writer_.unflushed() >= part_bytes) flush();
        return ended(disk_.take_state_sync_error());
    }
    /// `not_yet` while it is under way.
    [[nodiscard]] Error finish() noexcept {
        if (step_ == Step::tidy) return tidy();
        return finish_with(false, [this](const SnapshotHead& head) {
            return ledger_.put_snapshot({head.id, head.position, head.chain});
        });
    }
    /// The state replaces the log, too, in the step in which `replace(head)` says so, and the disk is waited for.
    template <class Replace>
    [[nodiscard]] Error install(Replace&& replace) noexcept {
        return step_ == Step::tidy ? tidy() : finish_with(true, replace);
    }
    void drop() noexcept {
        if (!writer_.active()) return;
        writer_.drop(disk_.is_state_syncing());
        disk_.forget_state_sync();
        const bool is_named = step_ == Step::point && writer_.head().id != ledger_.metadata().snapshot.id;
        const FileName name = is_named ? snapshot_name(writer_.head().id) : FileName(snapshot_new_name);
        static_cast<void>(disk_.storage().remove(disk_.directory(), name.text()));
        step_ = Step::pieces;
    }
    /// A flush that is due begins, unless another one is under way.
    void go_on() noexcept {
        if (writer_.active()) disk_.start_state_sync(writer_.file());
    }

private:
    enum class Step : std::uint8_t { pieces, flush, name, point, tidy };

    /// What is flushed, and what is given back, at a time.
    static constexpr std::size_t part_bytes = Options::zeros_bytes_flushed;

    template <class Point>
    [[nodiscard]] Error finish_with(bool waits, Point&& point_at) noexcept {
        if (!writer_.active()) return Error::snapshot_invalid;
        if (step_ == Step::pieces) {
            if (const Error error = ended(writer_.end(disk_.storage())); error != Error::none) return error;
            flush();
            step_ = Step::flush;
        }
        if (step_ == Step::flush) {
            disk_.start_state_sync(writer_.file());
            while (waits && !disk_.is_state_synced()) {
                disk_.wait();
                disk_.start_state_sync(writer_.file());
            }
            if (const Error error = ended(disk_.take_state_sync_error()); error != Error::none) return error;
            if (!disk_.is_state_synced()) {
                in_steps_ = true;
                return Error::not_yet;
            }
            step_ = Step::name;
        }
        if (step_ == Step::name) {
            const StorageError error = writer_.give_name(disk_.storage(), disk_.directory());
            if (error != StorageError::none) return ended(error);
            step_ = Step::point;
            if (in_steps_) return Error::not_yet;
        }
        if (const Error error = point(point_at); error != Error::none) return error;
        return in_steps_ ? Error::not_yet : remove_former();
    }

    void flush() noexcept {
        writer_.flush_begins();
        disk_.want_state_sync();
        disk_.start_state_sync(writer_.file());
    }

    /// The metadata name it, and a crash from here on leaves the new state.
    template <class Point>
    [[nodiscard]] Error point(Point&& point_at) noexcept {
        const SnapshotId before = ledger_.metadata().snapshot.id;
        writer_.drop(false);
        if (const Error error = point_at(writer_.head()); error != Error::none) return error;
        former_ = before;
        step_ = Step::tidy;
        return Error::none;
    }

    /// The one before goes, bit by bit: file systems take long to give back the room of a large file at once.
    [[nodiscard]] Error tidy() noexcept {
        const bool is_former = former_ != SnapshotId{} && former_ != ledger_.metadata().snapshot.id;
        S& storage = disk_.storage();
        if (is_former && !std::exchange(shrinks_, true)) {
            StorageError error = storage.open(disk_.directory(), snapshot_name(former_).text(), former_file_);
            if (error == StorageError::none) error = storage.size(former_file_, former_bytes_);
            if (error == StorageError::none) return Error::not_yet;
        } else if (is_former && former_bytes_ > part_bytes) {
            former_bytes_ -= part_bytes;
            if (storage.resize(former_file_, former_bytes_) == StorageError::none) return Error::not_yet;
        }
        return remove_former();
    }
    [[nodiscard]] Error remove_former() noexcept {
        step_ = Step::pieces;
        shrinks_ = false;
        former_file_ = {};
        const SnapshotId former = std::exchange(former_, SnapshotId{});
        if (former == SnapshotId{} || former == ledger_.metadata().snapshot.id) return Error::none;
        StorageError error = disk_.storage().remove(disk_.directory(), snapshot_name(former).text());
        if (error == StorageError::none) error = disk_.storage().sync_directory(disk_.directory());
        // The next start removes what stays now.
        return error == StorageError::failed ? disk_.give_up() : Error::none;
    }

    /// A state that could not be written is dropped; the one before it stays. It is no reason to give up the log.
    [[nodiscard]] Error ended(StorageError error) noexcept {
        if (error == StorageError::none) return Error::none;
        drop();
        return passes(error) ? Error::log_full : Error::snapshot_invalid;
    }

    FileDisk<S>& disk_;
    FileLedger<S, Options>& ledger_;
    SnapshotWriter<S> writer_;
    Step step_ = Step::pieces;
    bool in_steps_ = false;  // the flush was not done in the call that asked for it, so the rest is not either
    SnapshotId former_{};
    bool shrinks_ = false;  // that one
    typename S::File former_file_;
    std::uint64_t former_bytes_ = 0;
};

}  // namespace replicator::log::detail
