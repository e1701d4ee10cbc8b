// SPDX-License-Identifier: BSL-1.0
// A disk in its place: what becomes of it when a node ends, what goes wrong with it, and how it is looked at without
// anything going wrong.
#pragma once

#include "../../concepts/storage.hpp"
#include "../../log/file.hpp"
#include "../../storage/simulated.hpp"
#include "../../types.hpp"
#include "../random.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// The same log over a simulated disk, where it stands on a disk at all.
template <class Log>
struct OnSimulatedDisk {
    using type = Log;
};
template <Storage S, class Options>
struct OnSimulatedDisk<log::File<S, Options>> {
    using type = log::File<storage::Simulated, Options>;
};

/// How the process of a node ends, and what the next one finds on the disk.
enum class End : std::uint8_t {
    kill,   ///< all that was written
    power,  ///< what was flushed, and of the rest anything
    wipe,   ///< nothing: the disk is a new one
    rot,    ///< all that was written, but for some damage
    image,  ///< what was there when an image of the disk was taken
    copy,   ///< the same, put back file by file
    again,  ///< nothing, where the log is in memory; and it starts under the run number that it had
};

/// The next process finds itself as it once was.
[[nodiscard]] constexpr bool goes_back(End how) noexcept {
    return how == End::image || how == End::copy || how == End::again;
}

/// What goes wrong with a disk while a node uses it.
enum class DiskTrouble : std::uint8_t {
    writes_fail,
    flushes_fail,
    reads_fail,
    power_fails,
    reads_are_rotten,
    full,
    hangs,
};

class Drive {
public:
    static constexpr const char* folder = "log";

    explicit Drive(std::uint64_t seed) : disk_(seed) { disk_.volume = volumes_; }

    [[nodiscard]] storage::Simulated storage() noexcept { return storage::Simulated(disk_); }

    /// True when a node may find that its disk failed. A fault may show only later, so this lasts until the next start.
    [[nodiscard]] bool is_troubled() const noexcept { return troubled_; }
    /// True when entries may be gone that were flushed. That lasts until `settle`.
    [[nodiscard]] bool is_damaged() const noexcept { return damaged_; }
    [[nodiscard]] bool is_new() const noexcept { return new_; }
    /// The same, when an image took the place of what was there.
    [[nodiscard]] bool is_older() const noexcept { return older_; }
    void take_image() { image_ = disk_.after_kill(); }
    [[nodiscard]] bool has_image() const noexcept { return image_.has_value(); }
    [[nodiscard]] Instant trouble_ends() const noexcept { return trouble_ends_; }

    /// What the next process will find. Handles of the present one become useless, so end it before `change`.
    [[nodiscard]] storage::SimulatedDisk after(End how, Random& random) const {
        if (how == End::power) return disk_.after_crash(random.next());
        if (goes_back(how)) return *image_;
        return how == End::wipe ? storage::SimulatedDisk(random.next()) : disk_.after_kill();
    }
    void change(storage::SimulatedDisk&& found, End how, Random& random) {
        disk_ = std::move(found);
        if (how == End::wipe || how == End::copy) disk_.volume = ++volumes_;
        if (how == End::wipe) damaged_ = new_ = true;
        if (goes_back(how)) damaged_ = older_ = true;
        if (how == End::rot) rot(random);
    }
    /// A node is about to start, and nothing goes wrong with the disk.
    void mend(unsigned sync_polls) noexcept {
        disk_.faults = {};
        disk_.faults.sync_polls = sync_polls;
        power_fails_at_ = never;
        disk_.cut_power_at(never);
    }
    void start(unsigned sync_polls) noexcept {
        mend(sync_polls);
        troubled_ = false;
    }
    /// A node started, and what it lost was noticed.
    void settle() noexcept { damaged_ = new_ = older_ = false; }

    void trouble(DiskTrouble what, std::uint64_t amount, Instant until) {
        constexpr std::uint64_t always = 1'000'000;
        const std::uint64_t rate = amount % 2 == 0 ? always : always / 10;
        trouble_ends_ = until;
        troubled_ = troubled_ || what < DiskTrouble::full;
        switch (what) {
            case DiskTrouble::writes_fail: disk_.faults.write_errors = rate; return;
            case DiskTrouble::flushes_fail: disk_.faults.sync_errors = rate; return;
            case DiskTrouble::reads_fail: disk_.faults.read_errors = rate; return;
            case DiskTrouble::power_fails: return cut_power_in(1 + amount % 40);
            case DiskTrouble::reads_are_rotten:
                damaged_ = true;
                disk_.faults.rotten_reads = always / 10;
                return;
            case DiskTrouble::full: disk_.faults.bytes_max = disk_.bytes() + amount * 64; return;
            case DiskTrouble::hangs: disk_.faults.syncs_hang = true; return;
        }
    }
    /// The power fails in the middle of one of the next calls.
    void cut_power_in(std::uint64_t calls) noexcept {
        power_fails_at_ = disk_.calls() + calls;
        disk_.cut_power_at(power_fails_at_);
    }

private:
    friend class Calm;
    static constexpr std::uint64_t never = (std::numeric_limits<std::uint64_t>::max)();

    /// A bit changes, or a piece of a file of the log is overwritten with another one.
    void rot(Random& random) {
        const std::vector<std::string> names = disk_.names(folder);
        if (names.empty()) return;
        const std::string& name = names[random.below(names.size())];
        storage::SimulatedDisk::Bytes bytes = *disk_.contents(folder, name);
        if (bytes.empty()) return;
        damaged_ = true;
        // Half of the time near what was written last; behind that, files are zero.
        std::size_t size = bytes.size();
        while (size > 1 && bytes[size - 1] == std::byte{0}) --size;
        if (random.below(8) == 0) size = bytes.size();
        const std::size_t at = random.below(2) == 0 ? random.below(size) : size - 1 - random.below(size) / 8;
        // The metadata survive the damage of one block; of more, nothing does.
        if (random.below(2) == 0 || bytes.size() < 3 * 512 || name.find("meta") != std::string::npos) {
            bytes[at] ^= static_cast<std::byte>(1u << random.below(8));
        } else {
            const std::size_t from = random.below(bytes.size() / 512) * 512;
            const std::size_t to = at / 512 * 512;
            for (std::size_t i = 0; i < 512 && to + i < bytes.size(); ++i) {
                if (bytes[from + i] != std::byte{0}) bytes[to + i] = bytes[from + i];
            }
        }
        disk_.put(folder, name, std::move(bytes));
    }

    storage::SimulatedDisk disk_;
    std::uint64_t power_fails_at_ = never;
    Instant trouble_ends_;
    bool troubled_ = false;
    bool damaged_ = false;
    bool new_ = false;
    bool older_ = false;
    std::optional<storage::SimulatedDisk> image_;
    std::uint64_t volumes_ = 1;
};

/// Whether a copy of this disk opens as that of a node with another identity.
template <class Log>
[[nodiscard]] bool opens_as(const Drive& drive, Random& random, const log::FileIdentity& identity) {
    storage::SimulatedDisk clone = drive.after(End::kill, random);
    clone.faults = {};
    return static_cast<bool>(Log::open(storage::Simulated(clone), Drive::folder, identity, log::OnDamage::refuse));
}

/// While it lives, nothing goes wrong with the disk: somebody looks at a log who is no part of the world.
class Calm {
public:
    explicit Calm(Drive* drive) noexcept : drive_(drive) {
        if (drive_ == nullptr) return;
        faults_ = std::exchange(drive_->disk_.faults, {});
        calls_ = drive_->disk_.calls();
        drive_->disk_.cut_power_at(Drive::never);
    }
    Calm(const Calm&) = delete;
    Calm& operator=(const Calm&) = delete;
    ~Calm() {
        if (drive_ == nullptr) return;
        drive_->disk_.faults = faults_;
        std::uint64_t& at = drive_->power_fails_at_;
        if (at != Drive::never && calls_ < at) at += drive_->disk_.calls() - calls_;
        drive_->disk_.cut_power_at(at);
    }

private:
    Drive* drive_;
    storage::DiskFaults faults_;
    std::uint64_t calls_ = 0;
};

}  // namespace replicator::sim
