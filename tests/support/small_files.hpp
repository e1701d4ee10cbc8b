// SPDX-License-Identifier: BSL-1.0
// The bounds of logs on disks that a test fills, cuts and removes in no time.
#pragma once

#include <replicator/log/file/options.hpp>

#include <cstddef>

namespace support {

/// Files of a few kilobytes, so that a test fills several.
struct SmallFiles : replicator::log::FileOptions {
    static constexpr std::size_t entry_bytes_max = 512;
    static constexpr std::size_t tail_bytes = 4096;
    static constexpr std::size_t segment_bytes = 4096;
    static constexpr std::size_t capacity_bytes = 32 * 1024;
    static constexpr std::size_t retained_bytes = 8 * 1024;
    static constexpr std::size_t segments_max = 64;
    static constexpr std::size_t record_bytes_max = 1024;
    static constexpr std::size_t block_bytes = 128;
    static constexpr std::size_t zeros_bytes_min = 512;
    static constexpr std::size_t zeros_bytes_flushed = 2048;
};

}  // namespace support
