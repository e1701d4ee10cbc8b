// SPDX-License-Identifier: BSL-1.0
// Storage: what a log on a disk stands on. Files in one directory, and the two kinds of flush that make them last.
//
// Semantic rules
//   ST-1  `open_directory` opens a directory, which it makes if only the last part of the path is missing, and claims
//         it: a second claim, by this or another process, is `StorageError::locked` for as long as the first handle
//         lives.
//   ST-2  A `Directory` and a `File` are handles: movable, empty when default-constructed or moved from, given back by
//         their destructors. Names are plain file names of at most 63 characters, copied where they are kept.
//   ST-3  `create` makes an empty file for reading and writing, in the place of one that has the name. `allocate` sets
//         its size and claims the room, so that later writes within need no more; what was not written reads as zero.
//         `resize` makes a file shorter, or longer with zeros; `size` tells how long it is.
//   ST-4  `read` and `write` move all bytes or fail: short transfers and interrupts are the storage's affair. `read`
//         says in `got` how much there was, less than asked for only at the end of the file. `write` takes pieces that
//         end up behind each other, and may lengthen the file.
//   ST-5  What was written is read back at once, but survives a loss of power only after `sync` of that file returned
//         `none`. Until then any part of it may be there, in any order, torn anywhere.
//   ST-6  A name that was created, renamed or removed survives a loss of power only after `sync_directory` returned
//         `none`; `unsupported` means that the file system cannot do that. `rename` replaces an existing file, and is
//         never seen half done.
//   ST-7  After a failed `sync` nobody knows what is on the disk, and a later one that succeeds does not tell either:
//         the caller gives the file up, or, when the error passes, writes again all of what it needs.
//   ST-8  `start_sync(file)` begins one sync, whose result `poll_sync` gives once: nothing while it is under way.
//         `wait_sync` waits for it; without one under way it gives `none`. The file stays open, and may be read and
//         written, until then; what is written meanwhile is not covered. A storage without a helper does the work in
//         `start_sync`.
//   ST-9  `no_space` means that a call failed because the disk is full, `shortage` that the system had no descriptor or
//         no memory for it: both pass, and the call may be tried again. `failed` is everything else. A call that failed
//         may have done a part, for `write` any part; but a name that could not be changed for a reason that passes
//         is what it was.
//   ST-10 Optional: `identity(file)` gives two numbers that a file keeps as long as it lives, through renames, restarts
//         and losses of power, and that no copy of it has; two zeros where the storage cannot tell. With it, a log
//         finds out that its folder was put back from a copy.
//   ST-11 Nothing of this throws, and nothing but `open_directory`, `create`, `open` and `list` allocates.
//   ST-12 Optional: `failure()` gives the call of the system that failed last, with its path and its errno. With it, a
//         log says in each refusal what refused.
//
// `storage::Posix` waits for the disk in the call, `storage::PosixThreaded` on a thread that the user runs, and
// `storage::Simulated` is a disk in memory with every fault that the rules allow.
#pragma once

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator {

/// Why a storage refused.
enum class StorageError : std::uint8_t {
    none = 0,
    not_found,    ///< there is no file of that name
    locked,       ///< somebody else has the directory
    no_space,     ///< the disk is full; the call may be tried again
    failed,       ///< everything else
    shortage,     ///< the system is short of descriptors or of memory; the call may be tried again
    unsupported,  ///< the file system flushes no directories
};

/// True when the same call may succeed later, and the storage is as good as before.
[[nodiscard]] constexpr bool passes(StorageError error) noexcept {
    return error == StorageError::no_space || error == StorageError::shortage;
}

[[nodiscard]] constexpr const char* to_string(StorageError error) noexcept {
    switch (error) {
        case StorageError::none: return "no error";
        case StorageError::not_found: return "no such file";
        case StorageError::locked: return "the directory belongs to another process";
        case StorageError::no_space: return "the disk is full";
        case StorageError::failed: return "the disk failed";
        case StorageError::unsupported: return "the file system flushes no directories";
        case StorageError::shortage: return "the system is short of descriptors or memory";
    }
    return "unknown error";
}

/// What tells a file from its copies; see ST-10.
struct StorageIdentity {
    std::uint64_t origin = 0;  ///< when it was made, or on which device
    std::uint64_t number = 0;

    friend constexpr bool operator==(const StorageIdentity&, const StorageIdentity&) = default;
};

/// The call of the system that failed last; see ST-12.
struct StorageFailure {
    const char* call = "";         ///< its name, as in `openat`; empty when none failed
    std::array<char, 256> path{};  ///< ends with a zero; of one that is longer, the end
    int number = 0;                ///< errno
};

/// Bytes to be written, which need not lie together.
using Pieces = std::span<const std::span<const std::byte>>;

template <class S>
concept Storage = std::default_initializable<S> && std::movable<S> && std::default_initializable<typename S::File> &&
    std::movable<typename S::File> && std::default_initializable<typename S::Directory> &&
    std::movable<typename S::Directory> &&
    requires(S storage, typename S::Directory directory, typename S::File file, const char* name, std::uint64_t place,
             std::span<std::byte> to, Pieces from, std::size_t& got, std::uint64_t& size) {
        { storage.open_directory(name, directory) } noexcept -> std::same_as<StorageError>;
        { storage.sync_directory(directory) } noexcept -> std::same_as<StorageError>;
        { storage.list(directory, [](const char*) {}) } -> std::same_as<StorageError>;
        { storage.create(directory, name, file) } noexcept -> std::same_as<StorageError>;
        { storage.open(directory, name, file) } noexcept -> std::same_as<StorageError>;
        { storage.rename(directory, name, name) } noexcept -> std::same_as<StorageError>;
        { storage.remove(directory, name) } noexcept -> std::same_as<StorageError>;
        { storage.allocate(file, place) } noexcept -> std::same_as<StorageError>;
        { storage.resize(file, place) } noexcept -> std::same_as<StorageError>;
        { storage.size(file, size) } noexcept -> std::same_as<StorageError>;
        { storage.read(file, place, to, got) } noexcept -> std::same_as<StorageError>;
        { storage.write(file, place, from) } noexcept -> std::same_as<StorageError>;
        { storage.sync(file) } noexcept -> std::same_as<StorageError>;
        { storage.start_sync(file) } noexcept;
        { storage.poll_sync() } noexcept -> std::same_as<std::optional<StorageError>>;
        { storage.wait_sync() } noexcept -> std::same_as<StorageError>;
    };

}  // namespace replicator
