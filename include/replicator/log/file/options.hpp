// SPDX-License-Identifier: BSL-1.0
// The bounds of a log on a disk, and who owns it.
#pragma once

#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::log {

/// Every bound as a constant; derive and override what should differ.
///
///     struct Small : replicator::log::FileOptions {
///         static constexpr std::size_t segment_bytes = 1 << 20;
///     };
struct FileOptions {
    /// One entry, header included.
    static constexpr std::size_t entry_bytes_max = 256 * 1024;
    /// The newest entries, which are kept in memory too: a power of two. Also how much may wait to be written.
    static constexpr std::size_t tail_bytes = 16 * 1024 * 1024;
    /// One file of the log. Its room is claimed and zeroed before it is used.
    static constexpr std::size_t segment_bytes = 64 * 1024 * 1024;
    /// Entries that the log takes without any of them being released; also how much of it followers that are away can
    /// make it keep. The disk holds up to three segments more, and the snapshots.
    static constexpr std::size_t capacity_bytes = std::size_t{1} << 30;
    /// Released entries that are kept although nobody is known to need them.
    static constexpr std::size_t retained_bytes = 256 * 1024 * 1024;
    /// Released entries are kept all the same until a state on the disk includes them, or there could be no restart.
    /// A node takes no other log.
    static constexpr bool keeps_for_restart = true;
    /// Files of the log. Every cut begins a new one; when there are too many, released ones go early.
    static constexpr std::size_t segments_max = 2 * (capacity_bytes / segment_bytes) + 64;
    /// Entries of one record: what is written, read and checked in one piece.
    static constexpr std::size_t record_bytes_max = 1024 * 1024;
    /// Where a flush is waited for on another thread: what gathered meanwhile is written and flushed in portions of so
    /// many bytes, and one record more at most.
    static constexpr std::size_t flush_bytes_max = ~std::size_t{0};
    /// Readers of old entries that do not get in each other's way.
    static constexpr std::size_t readers = 2;
    /// Where records begin in a file: behind the block with the header, so that no write touches it again.
    static constexpr std::size_t block_bytes = 4096;
    /// Zeros that are written ahead, behind the last record and then into the next file, for each byte that a flush
    /// writes; at least how many at a time; and after how many the next file is flushed.
    static constexpr std::size_t zeros_per_byte = 2;
    static constexpr std::size_t zeros_bytes_min = 64 * 1024;
    static constexpr std::size_t zeros_bytes_flushed = 8 * 1024 * 1024;
};

/// What opening a log is told.
struct FileIdentity {
    ClusterId cluster{};
    GroupId group{};
    NodeId node{};
    /// Drawn at random; becomes that of the directory if that is blank. One that holds a log keeps its own.
    Incarnation incarnation{};
    /// 0 takes any. Otherwise a directory that holds another one is refused.
    HistoryId history{};
};

}  // namespace replicator::log
