// SPDX-License-Identifier: BSL-1.0
// What `apply` returned for the newest commands, until the writer asks.
#pragma once

#include "../../api/write.hpp"

#include <cstddef>
#include <cstdint>
#include <utility>

namespace replicator::pair::detail {

/// Those of the newest `Count` positions.
template <class Stored, std::size_t Count>
class Results {
public:
    void keep(std::uint32_t index, Stored result) noexcept { results_[index % Count] = std::move(result); }
    /// Of a command that this node applied, as far as `applied`. nullptr: it is too long ago.
    [[nodiscard]] const Stored* find(std::uint32_t index, std::uint32_t applied) const noexcept {
        return applied - index < Count ? &results_[index % Count] : nullptr;
    }

private:
    Stored results_[Count]{};
};

/// `apply` returns nothing.
template <std::size_t Count>
class Results<NoResult, Count> {
public:
    [[nodiscard]] const NoResult* find(std::uint32_t index, std::uint32_t applied) const noexcept {
        return applied - index < Count ? &result_ : nullptr;
    }

private:
    static constexpr NoResult result_{};
};

}  // namespace replicator::pair::detail
