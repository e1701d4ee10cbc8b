// SPDX-License-Identifier: BSL-1.0
// storage::Simulated: the storage over a disk in memory, deterministic from a seed; for tests and simulations.
#pragma once

#include "simulated_disk.hpp"

#include "../concepts/storage.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace replicator::storage {

/// Its handles refer to the disk, which must stay where it is until they are gone. One flush at a time on each disk.
class Simulated {
public:
    class File {
    public:
        File() noexcept = default;
        File(File&& other) noexcept : disk_(std::exchange(other.disk_, nullptr)), inode_(other.inode_) {}
        File& operator=(File&& other) noexcept {
            std::swap(disk_, other.disk_);
            std::swap(inode_, other.inode_);
            return *this;
        }
        ~File() {
            if (disk_ != nullptr) --disk_->inodes_[inode_].handles;
        }
        [[nodiscard]] explicit operator bool() const noexcept { return disk_ != nullptr; }

    private:
        friend Simulated;
        File(SimulatedDisk& disk, std::size_t inode) noexcept : disk_(&disk), inode_(inode) {
            ++disk.inodes_[inode].handles;
        }
        [[nodiscard]] SimulatedDisk::Inode& inode() const noexcept { return disk_->inodes_[inode_]; }

        SimulatedDisk* disk_ = nullptr;
        std::size_t inode_ = 0;
    };

    class Directory {
    public:
        Directory() noexcept = default;
        Directory(Directory&& other) noexcept
            : disk_(std::exchange(other.disk_, nullptr)), path_(std::move(other.path_)) {}
        Directory& operator=(Directory&& other) noexcept {
            std::swap(disk_, other.disk_);
            std::swap(path_, other.path_);
            return *this;
        }
        ~Directory() {
            if (disk_ != nullptr) disk_->directories_[path_].claimed = false;
        }

    private:
        friend Simulated;
        [[nodiscard]] SimulatedDisk::Directory& get() const { return disk_->directories_[path_]; }

        SimulatedDisk* disk_ = nullptr;
        std::string path_;
    };

    Simulated() noexcept = default;
    explicit Simulated(SimulatedDisk& disk) noexcept : disk_(&disk) {}

    [[nodiscard]] StorageError open_directory(const char* path, Directory& directory) noexcept {
        if (const StorageError error = plain_call(); error != StorageError::none) return error;
        SimulatedDisk::Directory& found = disk_->directories_[path];
        if (found.claimed) return StorageError::locked;
        found.claimed = true;
        Directory opened;
        opened.disk_ = disk_;
        opened.path_ = path;
        directory = std::move(opened);
        return StorageError::none;
    }
    [[nodiscard]] StorageError sync_directory(Directory& directory) noexcept {
        if (const StorageError error = plain_call(disk_->faults.sync_errors); error != StorageError::none) return error;
        for (const SimulatedDisk::NameChange& change : directory.get().pending) {
            SimulatedDisk::apply(change, directory.get().durable);
        }
        directory.get().pending.clear();
        disk_->sweep();
        return StorageError::none;
    }
    template <class Visitor>
    [[nodiscard]] StorageError list(Directory& directory, Visitor&& visitor) {
        if (const StorageError error = plain_call(); error != StorageError::none) return error;
        for (const auto& [name, inode] : directory.get().current) visitor(name.c_str());
        return StorageError::none;
    }

    [[nodiscard]] StorageError create(Directory& directory, const char* name, File& file) noexcept {
        const Call call = begin();
        if (!call.acts() || passes(call.error)) return call.error;
        if (disk_->faults.no_descriptors) return StorageError::shortage;
        const std::size_t inode = disk_->inodes_.size();
        disk_->inodes_.emplace_back();
        disk_->change_name(directory.get(), {.removed = "", .added = name, .inode = inode});
        if (call.error == StorageError::none) file = File(*disk_, inode);
        return call.error;
    }
    [[nodiscard]] StorageError open(Directory& directory, const char* name, File& file) noexcept {
        if (const StorageError error = plain_call(); error != StorageError::none) return error;
        if (disk_->faults.no_descriptors) return StorageError::shortage;
        const auto found = directory.get().current.find(name);
        if (found == directory.get().current.end()) return StorageError::not_found;
        file = File(*disk_, found->second);
        return StorageError::none;
    }
    [[nodiscard]] StorageError rename(Directory& directory, const char* from, const char* to) noexcept {
        const Call call = begin();
        if (!call.acts() || passes(call.error)) return call.error;
        const auto found = directory.get().current.find(from);
        if (found == directory.get().current.end()) return StorageError::not_found;
        disk_->change_name(directory.get(), {.removed = from, .added = to, .inode = found->second});
        return call.error;
    }
    [[nodiscard]] StorageError remove(Directory& directory, const char* name) noexcept {
        const Call call = begin();
        if (!call.acts() || passes(call.error)) return call.error;
        const auto found = directory.get().current.find(name);
        if (found == directory.get().current.end()) return StorageError::not_found;
        disk_->change_name(directory.get(), {.removed = name, .added = "", .inode = found->second});
        return call.error;
    }

    [[nodiscard]] StorageError allocate(File& file, std::uint64_t size) noexcept {
        if (size <= file.inode().current.size()) return plain_call();
        return resize(file, size);
    }
    [[nodiscard]] StorageError resize(File& file, std::uint64_t size) noexcept {
        const Call call = begin();
        if (!call.acts()) return call.error;
        if (!has_room(file.inode(), size)) return StorageError::no_space;
        disk_->change(file.inode(), {.place = size, .bytes = {}, .resizes = true});
        return call.error;
    }
    [[nodiscard]] StorageError size(File& file, std::uint64_t& bytes) noexcept {
        if (const StorageError error = plain_call(); error != StorageError::none) return error;
        bytes = file.inode().current.size();
        return StorageError::none;
    }

    [[nodiscard]] StorageError read(File& file, std::uint64_t place, std::span<std::byte> to,
                                    std::size_t& got) noexcept {
        got = 0;
        if (const StorageError error = plain_call(disk_->faults.read_errors); error != StorageError::none) return error;
        if (disk_->faults.no_memory) return StorageError::shortage;
        SimulatedDisk::Bytes& bytes = file.inode().current;
        if (place >= bytes.size() || to.empty()) return StorageError::none;
        got = (std::min)(to.size(), bytes.size() - static_cast<std::size_t>(place));
        if (disk_->chance(disk_->faults.rotten_reads)) {
            const auto at = static_cast<std::size_t>(place + disk_->below(got));
            bytes[at] ^= static_cast<std::byte>(1u << disk_->below(8));
        }
        std::memcpy(to.data(), bytes.data() + place, got);
        return StorageError::none;
    }
    [[nodiscard]] StorageError write(File& file, std::uint64_t place, Pieces pieces) noexcept {
        const Call call = begin(disk_->faults.write_errors);
        if (!call.acts()) return call.error;
        if (disk_->faults.no_memory) return StorageError::shortage;
        SimulatedDisk::Change change{.place = place, .bytes = {}, .resizes = false};
        for (const auto& piece : pieces) change.bytes.insert(change.bytes.end(), piece.begin(), piece.end());
        SimulatedDisk::Inode& inode = file.inode();
        const std::uint64_t end = place + change.bytes.size();
        if (!has_room(inode, end)) return StorageError::no_space;
        if (disk_->chance(disk_->faults.misplaced_writes) && !inode.current.empty()) {
            change.place = disk_->below(inode.current.size());
        }
        // A failed write may have done a part.
        if (call.error != StorageError::none) change.bytes.resize(disk_->below(change.bytes.size() + 1));
        if (!change.bytes.empty()) disk_->change(inode, std::move(change));
        return call.error;
    }
    [[nodiscard]] StorageError sync(File& file) noexcept {
        const Call call = begin(disk_->faults.sync_errors);
        if (call.power_fails || !call.acts()) return call.error;
        finish_sync(file.inode(), file.inode().pending.size(), call.error);
        return call.error;
    }

    [[nodiscard]] StorageIdentity identity(const File& file) const noexcept {
        if (disk_->volume == 0) return {};
        return {.origin = disk_->volume, .number = file.inode_ + 1};
    }

    void start_sync(File& file) noexcept {
        const Call call = begin(disk_->faults.sync_errors);
        disk_->sync_ = {.under_way = true,
                        .inode = file.inode_,
                        .changes = call.power_fails || !call.acts() ? 0 : file.inode().pending.size(),
                        .polls = disk_->faults.sync_polls,
                        .error = call.error};
    }
    [[nodiscard]] std::optional<StorageError> poll_sync() noexcept {
        if (disk_ == nullptr || !disk_->sync_.under_way) return std::nullopt;
        if (disk_->faults.syncs_hang) return std::nullopt;
        if (disk_->sync_.polls == 0) return end_sync();
        --disk_->sync_.polls;
        return std::nullopt;
    }
    [[nodiscard]] StorageError wait_sync() noexcept {
        return disk_ != nullptr && disk_->sync_.under_way ? end_sync() : StorageError::none;
    }

private:
    /// What becomes of a call: with an error it may still act, in part.
    struct Call {
        StorageError error = StorageError::none;
        bool power_fails = false;
        bool dead = false;

        [[nodiscard]] bool acts() const noexcept { return !dead; }
    };

    [[nodiscard]] Call begin(std::uint64_t faults_per_million = 0) noexcept {
        Call call;
        switch (disk_->count(call.error)) {
            case SimulatedDisk::Verdict::goes_on:
                if (disk_->chance(faults_per_million)) call.error = StorageError::failed;
                break;
            case SimulatedDisk::Verdict::fails: break;
            case SimulatedDisk::Verdict::power_fails: call.power_fails = true; break;
            case SimulatedDisk::Verdict::no_power: call.dead = true; break;
        }
        return call;
    }
    /// For calls that do all or nothing.
    [[nodiscard]] StorageError plain_call(std::uint64_t faults_per_million = 0) noexcept {
        return begin(faults_per_million).error;
    }
    [[nodiscard]] bool has_room(const SimulatedDisk::Inode& inode, std::uint64_t size) const noexcept {
        return size <= inode.current.size() ||
               disk_->bytes() + (size - inode.current.size()) <= disk_->faults.bytes_max;
    }
    StorageError end_sync() noexcept {
        SimulatedDisk::StartedSync& sync = disk_->sync_;
        finish_sync(disk_->inodes_[sync.inode], sync.changes, sync.error);
        sync.under_way = false;
        return sync.error;
    }
    void finish_sync(SimulatedDisk::Inode& inode, std::size_t changes, StorageError error) {
        if (error == StorageError::none) {
            disk_->flush(inode, changes);
        } else {
            disk_->fail_flush(inode, changes);
        }
    }

    SimulatedDisk* disk_ = nullptr;
};

static_assert(Storage<Simulated>);

}  // namespace replicator::storage
