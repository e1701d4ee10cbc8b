// SPDX-License-Identifier: BSL-1.0
// How a state takes the place of the one before: step by step, where flushes are waited for on another thread, so that
// no call waits for more than one change of a name or of the metadata, or for the room of a large file.
#pragma once

#include "file.hpp"

#include "../../../concepts/storage.hpp"
#include "../../../error.hpp"
#include "../metadata.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log::detail {

/// Of one log, which is given to each call.
template <Storage S>
class StateKeeping {
public:
    template <class Body>
    [[nodiscard]] Error begin(Body& body, SnapshotHead head, std::span<const std::byte> own) noexcept {
        if (step_ == Step::tidy) static_cast<void>(remove_former(body));
        if (body.is_state_syncing()) body.wait();  // of a file that was dropped
        body.forget_state_sync();
        step_ = Step::pieces;
        in_steps_ = false;
        if (body.fault != Error::none) return body.fault;
        return ended(body, writer_.begin(body.storage, body.directory, head, own));
    }
    /// What was written is flushed from time to time, so that the end takes no longer than the rest.
    template <class Body>
    [[nodiscard]] Error append(Body& body, std::span<const std::byte> piece, std::size_t flushed_bytes) noexcept {
        if (!writer_.active()) return Error::snapshot_invalid;  // another one was begun since, and dropped
        if (const Error error = ended(body, writer_.append(body.storage, piece)); error != Error::none) return error;
        if (writer_.unflushed() >= flushed_bytes) flush(body);
        return ended(body, body.take_state_sync_error());
    }
    /// With `epochs_before` the state replaces the log, too, in the same step, and the disk is waited for. Otherwise
    /// `not_yet` while it is under way.
    template <class Body>
    [[nodiscard]] Error finish(Body& body, const EpochHistory* epochs_before, std::size_t flushed_bytes) noexcept {
        if (step_ == Step::tidy) return tidy(body, flushed_bytes);
        if (!writer_.active()) return Error::snapshot_invalid;
        if (step_ == Step::pieces) {
            if (const Error error = ended(body, writer_.end(body.storage)); error != Error::none) return error;
            flush(body);
            step_ = Step::flush;
        }
        if (step_ == Step::flush) {
            body.start_state_sync(writer_.file());
            while (epochs_before != nullptr && !body.is_state_synced())
                body.wait(), body.start_state_sync(writer_.file());
            if (const Error error = ended(body, body.take_state_sync_error()); error != Error::none) return error;
            if (!body.is_state_synced()) return in_steps_ = true, Error::not_yet;
            step_ = Step::name;
        }
        if (step_ == Step::name) {
            const StorageError error = writer_.give_name(body.storage, body.directory);
            if (error != StorageError::none) return ended(body, error);
            step_ = Step::point;
            if (in_steps_) return Error::not_yet;
        }
        if (const Error error = point(body, epochs_before); error != Error::none) return error;
        return in_steps_ ? Error::not_yet : remove_former(body);
    }
    template <class Body>
    void drop(Body& body) noexcept {
        if (!writer_.active()) return;
        writer_.drop(body.is_state_syncing());
        body.forget_state_sync();
        const bool is_named = step_ == Step::point && writer_.head().id != body.metadata.snapshot.id;
        const FileName name = is_named ? snapshot_name(writer_.head().id) : FileName(snapshot_new_name);
        static_cast<void>(body.storage.remove(body.directory, name.text()));
        step_ = Step::pieces;
    }
    /// A flush that is due begins, unless another one is under way.
    template <class Body>
    void go_on(Body& body) noexcept {
        if (writer_.active()) body.start_state_sync(writer_.file());
    }

private:
    enum class Step : std::uint8_t { pieces, flush, name, point, tidy };

    template <class Body>
    void flush(Body& body) noexcept {
        writer_.flush_begins();
        body.want_state_sync();
        body.start_state_sync(writer_.file());
    }

    /// The metadata name it, and a crash from here on leaves the new state.
    template <class Body>
    [[nodiscard]] Error point(Body& body, const EpochHistory* epochs_before) noexcept {
        const SnapshotHead head = writer_.head();
        const SnapshotPointer before = body.metadata.snapshot;
        if (epochs_before != nullptr) {
            writer_.drop(false);
            if (const Error error = body.put_installed(head, *epochs_before); error != Error::none) return error;
            body.reset(head.position.index, head.chain);
            body.metadata.base.position.epoch = head.position.epoch;
            body.epochs = *epochs_before;
            if (const Error error = body.end_reset(); error != Error::none) return error;
        } else {
            body.metadata.snapshot = {head.id, head.position, head.chain};
            // What the log may drop, the state that the disk knows of must include: that may be either of both now.
            if (body.save() != Error::none) {
                body.metadata.snapshot = before;
                writer_.drop(false);
                return body.result();
            }
        }
        writer_.drop(false);
        former_ = before.id;
        step_ = Step::tidy;
        return Error::none;
    }

    /// The one before goes, bit by bit: file systems take long to give back the room of a large file at once.
    template <class Body>
    [[nodiscard]] Error tidy(Body& body, std::size_t bytes) noexcept {
        const bool is_former = former_ != SnapshotId{} && former_ != body.metadata.snapshot.id;
        if (is_former && !std::exchange(shrinks_, true)) {
            StorageError error = body.storage.open(body.directory, snapshot_name(former_).text(), former_file_);
            if (error == StorageError::none) error = body.storage.size(former_file_, former_bytes_);
            if (error == StorageError::none) return Error::not_yet;
        } else if (is_former && former_bytes_ > bytes) {
            former_bytes_ -= bytes;
            if (body.storage.resize(former_file_, former_bytes_) == StorageError::none) return Error::not_yet;
        }
        return remove_former(body);
    }
    template <class Body>
    [[nodiscard]] Error remove_former(Body& body) noexcept {
        step_ = Step::pieces;
        shrinks_ = false;
        former_file_ = {};
        const SnapshotId former = std::exchange(former_, SnapshotId{});
        if (former == SnapshotId{} || former == body.metadata.snapshot.id) return Error::none;
        StorageError error = body.storage.remove(body.directory, snapshot_name(former).text());
        if (error == StorageError::none) error = body.storage.sync_directory(body.directory);
        // The next start removes what stays now.
        return error == StorageError::failed ? body.fault = Error::log_failed : Error::none;
    }

    /// A state that could not be written is dropped; the one before it stays. It is no reason to give up the log.
    template <class Body>
    [[nodiscard]] Error ended(Body& body, StorageError error) noexcept {
        if (error == StorageError::none) return Error::none;
        drop(body);
        return passes(error) ? Error::log_full : Error::snapshot_invalid;
    }

    SnapshotWriter<S> writer_;
    Step step_ = Step::pieces;
    bool in_steps_ = false;  // the flush was not done in the call that asked for it, so the rest is not either
    SnapshotId former_{};
    bool shrinks_ = false;  // that one
    typename S::File former_file_;
    std::uint64_t former_bytes_ = 0;
};

}  // namespace replicator::log::detail
