// SPDX-License-Identifier: BSL-1.0
// What a node shows of the commands that it applied, held against what they must give: the state, and the results of
// `apply`.
#pragma once

#include "digest.hpp"

#include "../../api/write.hpp"
#include "../../concepts/checks/raw.hpp"
#include "../../concepts/state_machine.hpp"
#include "../../testing/inspect.hpp"
#include "../../types.hpp"

#include <concepts>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace replicator::sim {

/// Applies a command. Where `apply` returns nothing, there is a result all the same.
template <class Machine>
[[nodiscard]] StoredResult<ApplyResult<Machine>> result_of(Machine& machine, const typename Machine::Command& command) {
    if constexpr (std::is_void_v<ApplyResult<Machine>>) {
        machine.apply(command);
        return {};
    } else {
        return machine.apply(command);
    }
}

/// By their bytes where these are their values, else by `==`. Results that have neither are taken for equal.
template <class Stored>
[[nodiscard]] bool same_result(const Stored& a, const Stored& b) {
    if constexpr (raw_fault<Stored> == RawFault::none || std::is_floating_point_v<Stored>) {
        return std::memcmp(&a, &b, sizeof a) == 0;
    } else if constexpr (std::equality_comparable<Stored>) {
        return a == b;
    } else {
        return true;
    }
}

/// What is wrong on a node, for a sentence; nullptr when nothing is. `digest` is that of the state after all that it
/// applied, and `expected(index)` the result of a command after `after`. Entries that came within a snapshot have none.
template <class Node, class Expected>
[[nodiscard]] const char* find_wrong(const Node& node, std::uint64_t digest, Index after, Expected&& expected) {
    if (digest_of(node.state()) != digest) return "the state of";
    if constexpr (!std::is_same_v<typename Node::Stored, NoResult>) {
        const auto& inside = testing::Inspect::inside(node);
        for (Index index = larger(after, inside.self().log().base().index) + 1; index <= node.applied(); ++index) {
            const auto* const result = inside.applier().result(index);
            if (result != nullptr && !same_result(*result, expected(index))) return "a result of apply on";
        }
    }
    return nullptr;
}

}  // namespace replicator::sim
