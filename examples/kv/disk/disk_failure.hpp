// SPDX-License-Identifier: BSL-1.0
// The call of the system that refused something, in one line: `openat /data/segment.new: Too many open files (24)`.
#pragma once

#include "../base/text.hpp"

#include <replicator/concepts/storage.hpp>

#include <string>
#include <system_error>

namespace kv {

/// Empty when the system refused nothing.
[[nodiscard]] inline std::string failure_text(const replicator::StorageFailure& failure) {
    if (*failure.call == '\0') return {};
    const std::string why = std::error_code(failure.number, std::generic_category()).message();
    return joined(failure.call, " ", failure.path.data(), ": ", why, " (", failure.number, ")");
}

}  // namespace kv
