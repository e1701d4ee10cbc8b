// SPDX-License-Identifier: BSL-1.0
// One operation of a client of a key-value store: what it asked, when, and what it was told.
#pragma once

#include "../../types.hpp"

#include <cstdint>
#include <optional>
#include <string>

namespace replicator::sim {

/// What a key holds. Nothing: the key is not there.
using Value = std::optional<std::string>;

enum class OperationKind : std::uint8_t { put, get, cas };

/// What the client knows about the operation in the end.
enum class Answer : std::uint8_t {
    succeeded,  ///< it took effect; a get has its `output`
    unequal,    ///< cas only: it changed nothing, since the key held `output` and not `expected`
    refused,    ///< it has no effect, now or later, and tells nothing about the key
    unknown,    ///< no answer came: it takes effect at any time after its call, or never
};

struct Operation {
    std::uint64_t client = 0;
    OperationKind kind = OperationKind::get;
    std::string key;
    Value value;               ///< put: what it puts, nothing removes the key; cas: what takes the place of `expected`
    Value expected;            ///< cas: what the key must hold
    std::uint64_t called = 0;  ///< on one clock for all clients
    std::uint64_t returned = 0;  ///< not before `called`; without meaning when the answer is unknown
    Answer answer = Answer::unknown;
    Value output;             ///< get that succeeded, cas that was unequal: what the key held
    NodeId node{};            ///< who answered, or was asked
    std::uint64_t epoch = 0;  ///< the counter of the epoch, 0 where it is not known
    Index index{};            ///< of the entry that was written, or the last one that was read; 0 where not known
    Stage stage = Stage::received;

    friend bool operator==(const Operation&, const Operation&) = default;
};

[[nodiscard]] constexpr const char* to_string(OperationKind kind) noexcept {
    switch (kind) {
        case OperationKind::put: return "put";
        case OperationKind::get: return "get";
        case OperationKind::cas: return "cas";
    }
    return "unknown";
}

}  // namespace replicator::sim
