// SPDX-License-Identifier: BSL-1.0
// What a log stands on: a storage, a directory in it, one flush at a time, and what became of all that was asked.
#pragma once

#include "segment/format.hpp"

#include "../../concepts/storage.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstdint>
#include <utility>

namespace replicator::log::detail {

/// A disk that is full, and a system that is short of descriptors or memory, pass; whatever else was refused is a fault
/// for good.
template <Storage S>
class FileDisk {
public:
    using Directory = typename S::Directory;

    explicit FileDisk(S storage) noexcept : storage_(std::move(storage)) {}

    [[nodiscard]] Error open(const char* path) noexcept {
        const StorageError error = storage_.open_directory(path, directory_);
        return error == StorageError::locked ? Error::duplicate_node : error_of(error);
    }
    [[nodiscard]] S& storage() noexcept { return storage_; }
    [[nodiscard]] Directory& directory() noexcept { return directory_; }

    // --- What was refused ---

    [[nodiscard]] Error fault() const noexcept { return fault_; }
    [[nodiscard]] bool is_full() const noexcept { return is_full_; }
    [[nodiscard]] Error result() const noexcept {
        return fault_ != Error::none ? fault_ : is_full_ ? Error::log_full : Error::none;
    }
    [[nodiscard]] StorageFailure failure() const noexcept {
        if constexpr (requires { storage_.failure(); }) return storage_.failure();
        return {};
    }
    Error give_up() noexcept { return fault_ = Error::log_failed; }
    void record_full() noexcept { is_full_ = true; }
    /// Whether it was full; it may be tried again.
    bool forget_full() noexcept { return std::exchange(is_full_, false); }

    /// Counts a result: false when it was none.
    bool keep(StorageError error) noexcept {
        if (error == StorageError::none) return true;
        if (passes(error)) {
            record_full();
        } else {
            give_up();
        }
        return false;
    }
    /// A file of the log that may be gone already.
    [[nodiscard]] bool remove(const char* name) noexcept {
        const StorageError error = storage_.remove(directory_, name);
        return error == StorageError::not_found || keep(error);
    }
    [[nodiscard]] Error sync_directory() noexcept {
        return keep(storage_.sync_directory(directory_)) ? Error::none : result();
    }

    // --- Flushes ---

    /// The newest entry that is on the disk.
    [[nodiscard]] Index flushed() const noexcept { return held_; }
    void set_held(Index index) noexcept { held_ = syncing_to_ = index; }
    /// What is behind `index` does not count, whatever was flushed.
    void hold_at_most(Index index) noexcept {
        held_ = smaller(held_, index);
        syncing_to_ = smaller(syncing_to_, index);
    }

    [[nodiscard]] bool is_syncing() const noexcept { return syncing_; }
    /// Begins to flush the newest file of the log, which then holds everything up to `last`.
    void start_sync(typename S::File& file, Index last) noexcept {
        syncing_ = true;
        syncing_to_ = last;
        storage_.start_sync(file);
        poll();
    }
    /// The same, waited for in the call.
    [[nodiscard]] bool sync(typename S::File& file, Index last) noexcept {
        if (storage_.sync(file) != StorageError::none) {
            give_up();
            return false;
        }
        held_ = last;
        return true;
    }
    void poll() noexcept {
        if (!syncing_) return;
        if (const auto done = storage_.poll_sync()) finish_sync(*done);
    }
    void wait() noexcept {
        if (syncing_) finish_sync(storage_.wait_sync());
    }

    // A state's file is flushed in turn with those of the log.
    void want_state_sync() noexcept { state_sync_due_ = true; }
    /// Begins one that is due, unless another flush is under way.
    void start_state_sync(typename S::File& file) noexcept {
        poll();
        if (syncing_ || !state_sync_due_) return;
        state_sync_due_ = false;
        syncing_ = state_syncing_ = true;
        storage_.start_sync(file);
        poll();
    }
    [[nodiscard]] bool is_state_syncing() const noexcept { return state_syncing_; }
    [[nodiscard]] bool is_state_synced() const noexcept { return !state_sync_due_ && !state_syncing_; }
    [[nodiscard]] StorageError take_state_sync_error() noexcept {
        return std::exchange(state_sync_error_, StorageError::none);
    }
    void forget_state_sync() noexcept {
        state_sync_due_ = false;
        state_sync_error_ = StorageError::none;
    }

private:
    void finish_sync(StorageError error) noexcept {
        syncing_ = false;
        if (std::exchange(state_syncing_, false)) {
            state_sync_error_ = error;
        } else if (error != StorageError::none) {
            give_up();
        } else {
            held_ = larger(held_, syncing_to_);
        }
    }

    S storage_;
    Directory directory_;
    Error fault_ = Error::none;
    bool is_full_ = false;
    Index held_;
    bool syncing_ = false;
    Index syncing_to_;
    bool state_sync_due_ = false;
    bool state_syncing_ = false;  // that is what is being flushed
    StorageError state_sync_error_ = StorageError::none;
};

}  // namespace replicator::log::detail
