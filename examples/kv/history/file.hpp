// SPDX-License-Identifier: BSL-1.0
// Files of operations, a line of JSON each.
#pragma once

#include <replicator/sim/history/history.hpp>
#include <replicator/sim/history/operation.hpp>

#include <algorithm>
#include <fstream>
#include <string>
#include <vector>

namespace kv::history {

/// Appends what stands in a file. Empty when all went well, else what went wrong.
[[nodiscard]] inline std::string read(std::vector<replicator::sim::Operation>& operations, const std::string& file) {
    replicator::sim::History history;
    std::ifstream in(file);
    if (!in) return file + ": cannot be opened";
    const std::string wrong = history.read_json_lines(in);
    operations.insert(operations.end(), history.operations().begin(), history.operations().end());
    return wrong.empty() ? wrong : file + ": " + wrong;
}

[[nodiscard]] inline bool write(const std::string& file, const replicator::sim::History& history) {
    std::ofstream out(file);
    history.write_json_lines(out);
    out.close();
    return !out.fail();
}

inline void order_by_call(std::vector<replicator::sim::Operation>& operations) {
    std::stable_sort(operations.begin(), operations.end(),
                     [](const auto& a, const auto& b) { return a.called < b.called; });
}

}  // namespace kv::history
