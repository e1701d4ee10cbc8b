// SPDX-License-Identifier: BSL-1.0
// What the clients of a key-value store asked in a run, when, and what they were told: kept, written and read again.
#pragma once

#include "operation.hpp"
#include "operation_json.hpp"

#include "../../assert.hpp"

#include <cstdint>
#include <istream>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

namespace replicator::sim {

/// The operations of a run in the order in which they were noted. It grows with the run, one operation at a time.
class History {
public:
    void append(Operation operation) {
        REPLICATOR_ASSERT(operation.answer == Answer::unknown || operation.called <= operation.returned);
        REPLICATOR_ASSERT(operation.answer != Answer::unequal || operation.kind == OperationKind::cas);
        operations_.push_back(std::move(operation));
    }

    [[nodiscard]] const std::vector<Operation>& operations() const noexcept { return operations_; }

    void write_json_lines(std::ostream& out) const {
        for (const Operation& operation : operations_) out << to_json(operation) << '\n';
    }
    /// Appends what it reads. Empty when all went well, else which line is wrong and why; the lines before are kept.
    [[nodiscard]] std::string read_json_lines(std::istream& in) {
        std::string line;
        for (std::uint64_t number = 1; std::getline(in, line); ++number) {
            ParsedOperation parsed = from_json(line);
            if (!parsed) return "line " + std::to_string(number) + ", " + parsed.error;
            append(std::move(parsed.operation));
        }
        return in.bad() ? "the stream broke" : "";
    }

private:
    std::vector<Operation> operations_;
};

}  // namespace replicator::sim
