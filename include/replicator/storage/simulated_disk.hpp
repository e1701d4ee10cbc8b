// SPDX-License-Identifier: BSL-1.0
// storage::SimulatedDisk: a disk in memory that forgets, tears and reorders what was not flushed, all from one seed.
//
// It is a value: a copy is another disk with the same contents. `after_crash(seed)` is what a machine may find after it
// lost power at this moment; each seed gives another of the states that the rules of concepts/storage.hpp allow.
#pragma once

#include "../assert.hpp"
#include "../concepts/storage.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <limits>
#include <map>
#include <span>
#include <string>
#include <utility>
#include <vector>

namespace replicator::storage {

/// What goes wrong, and how often, in a million calls of the kind.
struct DiskFaults {
    std::uint64_t read_errors = 0;
    std::uint64_t write_errors = 0;
    std::uint64_t sync_errors = 0;
    std::uint64_t misplaced_writes = 0;  ///< what was written ends up elsewhere in the file
    std::uint64_t rotten_reads = 0;      ///< one bit of the file changes for good, just before it is read
    std::uint64_t bytes_max = (std::numeric_limits<std::uint64_t>::max)();  ///< of all files; then the disk is full
    unsigned sync_polls = 0;      ///< so many polls a started flush takes, see ST-8
    bool no_descriptors = false;  ///< `StorageError::shortage` for what would open or make a file
    bool no_memory = false;       ///< the same for what would read or write
    bool syncs_hang = false;      ///< no started flush ends, unless somebody waits for it
};

class SimulatedDisk {
public:
    using Bytes = std::vector<std::byte>;

    explicit SimulatedDisk(std::uint64_t seed = 1) noexcept : random_(seed) {}

    DiskFaults faults;
    /// Files have an identity, see ST-10, when this is not 0. A copy of the disk is an image of it; one that was made
    /// file by file gets another number.
    std::uint64_t volume = 0;

    /// Calls so far, of every kind.
    [[nodiscard]] std::uint64_t calls() const noexcept { return calls_; }
    /// The `call`-th call from the beginning fails with `error`; with `for_good` all after it do too.
    void fail_at(std::uint64_t call, StorageError error, bool for_good = false) noexcept {
        fail_at_ = call;
        fail_error_ = error;
        fail_for_good_ = for_good;
    }
    /// The power fails in the middle of the `call`-th call: nothing that is called later has an effect.
    void cut_power_at(std::uint64_t call) noexcept { power_at_ = call; }

    /// The disk as a machine may find it after losing power now. No file or directory of it is open. O(bytes).
    [[nodiscard]] SimulatedDisk after_crash(std::uint64_t seed) const {
        SimulatedDisk found(seed);
        found.volume = volume;
        const std::size_t unit = found.draw_unit();
        const bool in_order = found.below(2) == 0;
        // How much of what was not flushed made it: nothing, all, or something.
        const std::uint64_t kept = std::array<std::uint64_t, 4>{0, 1'000'000, 500'000, 900'000}[found.below(4)];
        for (const Inode& inode : inodes_) {
            Inode copy;
            copy.durable = inode.durable;
            if (in_order) {
                found.keep_front(inode, copy.durable, unit);
            } else {
                found.keep_some(inode, copy.durable, unit, kept);
            }
            copy.current = copy.durable;
            found.inodes_.push_back(std::move(copy));
        }
        for (const auto& [path, directory] : directories_) {
            Directory copy;
            copy.durable = directory.durable;
            const std::size_t front = in_order ? found.below(directory.pending.size() + 1) : directory.pending.size();
            for (std::size_t i = 0; i < front; ++i) {
                if (in_order || found.chance(kept)) apply(directory.pending[i], copy.durable);
            }
            copy.current = copy.durable;
            found.directories_.emplace(path, std::move(copy));
        }
        return found;
    }
    /// The disk as the next process finds it when this one was killed and the machine went on: nothing is lost.
    [[nodiscard]] SimulatedDisk after_kill() const {
        SimulatedDisk found = *this;
        found.power_at_ = found.fail_at_ = never;
        found.sync_ = {};
        for (Inode& inode : found.inodes_) inode.handles = 0;
        for (auto& [path, directory] : found.directories_) directory.claimed = false;
        return found;
    }

    /// The contents of a file, to be looked at or damaged; null when there is none.
    [[nodiscard]] const Bytes* contents(const std::string& path, const std::string& name) const {
        const auto directory = directories_.find(path);
        if (directory == directories_.end()) return nullptr;
        const auto file = directory->second.current.find(name);
        return file == directory->second.current.end() ? nullptr : &inodes_[file->second].current;
    }
    /// Puts a file there, or other contents into it, as if they had always been there.
    void put(const std::string& path, const std::string& name, Bytes bytes) {
        Directory& directory = directories_[path];
        const auto [file, is_new] = directory.current.try_emplace(name, inodes_.size());
        if (is_new) inodes_.emplace_back();
        directory.durable[name] = file->second;
        Inode& inode = inodes_[file->second];
        inode.current = inode.durable = std::move(bytes);
        inode.pending.clear();
    }
    /// Takes a file away, as if it had never been there.
    void drop(const std::string& path, const std::string& name) {
        directories_[path].current.erase(name);
        directories_[path].durable.erase(name);
    }
    [[nodiscard]] std::vector<std::string> names(const std::string& path) const {
        std::vector<std::string> names;
        const auto directory = directories_.find(path);
        if (directory == directories_.end()) return names;
        for (const auto& [name, inode] : directory->second.current) names.push_back(name);
        return names;
    }
    /// Bytes of all files that have a name.
    [[nodiscard]] std::uint64_t bytes() const noexcept {
        std::uint64_t bytes = 0;
        for (const auto& [path, directory] : directories_) {
            for (const auto& [name, inode] : directory.current) bytes += inodes_[inode].current.size();
        }
        return bytes;
    }

private:
    friend class Simulated;

    /// A write, or with `resizes` a new size, that was not flushed yet.
    struct Change {
        std::uint64_t place = 0;
        Bytes bytes;
        bool resizes = false;
    };
    struct Inode {
        Bytes current;
        Bytes durable;
        std::deque<Change> pending;
        unsigned handles = 0;
    };
    /// A name that came or went, and was not flushed yet.
    struct NameChange {
        std::string removed;
        std::string added;
        std::size_t inode = 0;
    };
    using Names = std::map<std::string, std::size_t>;
    struct Directory {
        Names current;
        Names durable;
        std::vector<NameChange> pending;
        bool claimed = false;
    };
    struct StartedSync {
        bool under_way = false;
        std::size_t inode = 0;
        std::size_t changes = 0;
        unsigned polls = 0;
        StorageError error = StorageError::none;
    };

    static constexpr std::uint64_t never = (std::numeric_limits<std::uint64_t>::max)();

    // splitmix64, as in sim/random.hpp, which a policy may not include.
    [[nodiscard]] std::uint64_t next_random() noexcept {
        random_ += 0x9e3779b97f4a7c15u;
        std::uint64_t z = random_;
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
        return z ^ (z >> 31);
    }
    [[nodiscard]] std::uint64_t below(std::uint64_t bound) noexcept { return next_random() % bound; }
    [[nodiscard]] bool chance(std::uint64_t per_million) noexcept {
        return per_million != 0 && below(1'000'000) < per_million;
    }
    [[nodiscard]] std::size_t draw_unit() noexcept { return std::array<std::size_t, 3>{1, 512, 4096}[below(3)]; }

    enum class Verdict : std::uint8_t { goes_on, fails, power_fails, no_power };

    /// Counts a call, and says what becomes of it.
    [[nodiscard]] Verdict count(StorageError& error) noexcept {
        const std::uint64_t call = ++calls_;
        error = StorageError::failed;
        if (call > power_at_) return Verdict::no_power;
        if (call == power_at_) return Verdict::power_fails;
        const bool fails = call == fail_at_ || (fail_for_good_ && call > fail_at_);
        error = fails ? fail_error_ : StorageError::none;
        return fails ? Verdict::fails : Verdict::goes_on;
    }

    static void apply(const NameChange& change, Names& names) {
        if (!change.removed.empty()) names.erase(change.removed);
        if (!change.added.empty()) names[change.added] = change.inode;
    }
    void change_name(Directory& directory, NameChange change) {
        apply(change, directory.current);
        directory.pending.push_back(std::move(change));
    }

    static void put_bytes(Bytes& to, std::uint64_t place, std::span<const std::byte> from) {
        if (from.empty()) return;
        const auto end = static_cast<std::size_t>(place) + from.size();
        if (to.size() < end) to.resize(end);
        std::memcpy(to.data() + place, from.data(), from.size());
    }
    static void apply(const Change& change, Bytes& to) {
        if (change.resizes) {
            to.resize(static_cast<std::size_t>(change.place));
        } else {
            put_bytes(to, change.place, change.bytes);
        }
    }
    void change(Inode& inode, Change what) {
        apply(what, inode.current);
        inode.pending.push_back(std::move(what));
    }

    /// The first changes whole, one torn, the others not at all.
    void keep_front(const Inode& inode, Bytes& to, std::size_t unit) {
        if (inode.pending.empty()) return;
        const std::size_t whole = below(inode.pending.size() + 1);
        for (std::size_t i = 0; i < whole; ++i) apply(inode.pending[i], to);
        if (whole == inode.pending.size() || inode.pending[whole].resizes) return;
        const Change& torn = inode.pending[whole];
        const std::uint64_t place = (torn.place + below(torn.bytes.size() + 1)) / unit * unit;
        if (place <= torn.place) return;
        put_bytes(to, torn.place, std::span(torn.bytes).first(static_cast<std::size_t>(place - torn.place)));
    }
    /// Of each change some units, at random places.
    void keep_some(const Inode& inode, Bytes& to, std::size_t unit, std::uint64_t kept) {
        for (const Change& change : inode.pending) {
            if (change.resizes) {
                if (chance(kept)) apply(change, to);
                continue;
            }
            for (std::uint64_t at = change.place; at < change.place + change.bytes.size();) {
                const std::uint64_t limit = change.place + change.bytes.size();
                // Single bytes would be slow to draw one by one, and no disk loses them so.
                const std::uint64_t step = unit == 1 ? 1 + below(64) : unit;
                const std::uint64_t end = (std::min)(limit, (at / step + 1) * step);
                if (chance(kept)) {
                    put_bytes(
                        to, at,
                        std::span(change.bytes)
                            .subspan(static_cast<std::size_t>(at - change.place), static_cast<std::size_t>(end - at)));
                }
                at = end;
            }
        }
    }

    void flush(Inode& inode, std::size_t changes) {
        // Another flush of the file may have come first.
        for (std::size_t i = (std::min)(changes, inode.pending.size()); i > 0; --i) {
            apply(inode.pending.front(), inode.durable);
            inode.pending.pop_front();
        }
    }
    /// What a failed flush leaves: the system takes everything for written, and some of it is.
    void fail_flush(Inode& inode, std::size_t changes) {
        for (std::size_t i = (std::min)(changes, inode.pending.size()); i > 0; --i) {
            if (below(2) == 0) apply(inode.pending.front(), inode.durable);
            inode.pending.pop_front();
        }
    }
    /// Gives back the memory of files that are gone.
    void sweep() {
        std::vector<bool> used(inodes_.size());
        for (const auto& [path, directory] : directories_) {
            for (const auto& [name, inode] : directory.current) used[inode] = true;
            for (const auto& [name, inode] : directory.durable) used[inode] = true;
            for (const NameChange& change : directory.pending) used[change.inode] = true;
        }
        for (std::size_t i = 0; i < inodes_.size(); ++i) {
            if (!used[i] && inodes_[i].handles == 0) inodes_[i] = {};
        }
    }

    std::vector<Inode> inodes_;
    std::map<std::string, Directory> directories_;
    std::uint64_t random_;
    std::uint64_t calls_ = 0;
    std::uint64_t fail_at_ = never;
    StorageError fail_error_ = StorageError::failed;
    bool fail_for_good_ = false;
    std::uint64_t power_at_ = never;
    StartedSync sync_;
};

}  // namespace replicator::storage
