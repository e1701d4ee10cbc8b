// SPDX-License-Identifier: BSL-1.0
// DiskReport: what opening the directory of a node found.
#pragma once

#include <replicator/log/file/recovery.hpp>

#include <cstdint>
#include <string>

namespace kv {

struct DiskReport {
    std::string directory;
    std::uint64_t starts = 0;  ///< how often it was opened, this time included
    replicator::log::Verdict verdict;
};

}  // namespace kv
