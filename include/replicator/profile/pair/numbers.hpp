// SPDX-License-Identifier: BSL-1.0
// The numbers of a pair, which has 32 bits for each, in the types that a group has for them.
#pragma once

#include "../../pair/options.hpp"

#include "../../api/write.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::profile::detail {

/// Positions go around at 2^32.
[[nodiscard]] constexpr Index wide(std::uint32_t index) noexcept { return {index}; }

/// Whose numbers they are: an epoch says which of both nodes opened it.
struct Nodes {
    NodeId self{};
    NodeId peer{};

    [[nodiscard]] constexpr NodeId higher() const noexcept { return self < peer ? peer : self; }
    [[nodiscard]] constexpr NodeId lower() const noexcept { return self < peer ? self : peer; }

    [[nodiscard]] constexpr Epoch wide(std::uint32_t epoch) const noexcept {
        if (epoch == 0) return {};
        const bool second = (epoch & pair::detail::second_node) != 0;
        return {epoch >> 16, second ? higher() : lower(), epoch & (pair::detail::second_node - 1)};
    }
    [[nodiscard]] constexpr Ticket wide(pair::Ticket ticket) const noexcept {
        return {{wide(ticket.epoch), profile::detail::wide(ticket.index)}};
    }
    [[nodiscard]] constexpr pair::Ticket narrow(Position position) const noexcept {
        const Epoch& epoch = position.epoch;
        const std::uint32_t second = epoch.node == higher() ? pair::detail::second_node : 0;
        return {static_cast<std::uint32_t>(epoch.counter) << 16 | second | epoch.tag,
                static_cast<std::uint32_t>(position.index.value)};
    }
};

/// A number of a start in 32 bits. Numbers that are counted stay as they are.
[[nodiscard]] constexpr std::uint32_t narrow(Run run) noexcept {
    const auto folded = static_cast<std::uint32_t>(value(run) ^ value(run) >> 32);
    return folded == 0 ? 1 : folded;
}

}  // namespace replicator::profile::detail
