// SPDX-License-Identifier: BSL-1.0
// Disk: the log in a directory, its bounds, and how it is opened with what there is to say about it.
#pragma once

#include "../base/limits.hpp"
#include "../base/options.hpp"
#include "disk_report.hpp"

#include <replicator/concepts/storage.hpp>
#include <replicator/log/file.hpp>
#include <replicator/log/file/options.hpp>
#include <replicator/storage/posix_threaded.hpp>
#include <replicator/types.hpp>

#include <cstddef>
#include <string>

namespace kv {

/// At most about 150 MiB of log, and beside it the state, twice while a new one is written.
struct DiskOptions : replicator::log::FileOptions {
    static constexpr std::size_t tail_bytes = log_tail_bytes;
    static constexpr std::size_t segment_bytes = std::size_t{8} << 20;
    static constexpr std::size_t capacity_bytes = std::size_t{128} << 20;
    static constexpr std::size_t retained_bytes = std::size_t{32} << 20;
    static constexpr std::size_t flush_bytes_max = std::size_t{1} << 20;  // no call of the server's loop takes long
    static constexpr std::size_t segments_max = 2 * (capacity_bytes / segment_bytes) + 64;
};

using Disk = replicator::log::File<replicator::storage::PosixThreaded, DiskOptions>;

struct OpenedDisk {
    Disk log;
    DiskReport report;
    std::string text;     ///< where the node goes on from, for people
    std::string wrong;    ///< why the directory is refused, and what can be done; empty when it is not
    bool passes = false;  ///< nothing is wrong with the directory: the same may work later
};

/// Opens `options.directory`, and makes it when it is missing. `incarnation` is drawn at random. Flushes are waited for
/// on the thread of `worker`.
[[nodiscard]] OpenedDisk open_disk(const ServerOptions& options, replicator::Incarnation incarnation,
                                   replicator::storage::SyncWorker& worker);

/// Why a node over a directory that could be opened does not take part all the same.
[[nodiscard]] std::string fault_text(const std::string& directory, replicator::Error error,
                                     const replicator::StorageFailure& failure);

}  // namespace kv
