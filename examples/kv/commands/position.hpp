// SPDX-License-Identifier: BSL-1.0
// A position as text, which clients carry from one node to another: counter:node:tag:index.
#pragma once

#include "../base/text.hpp"

#include <replicator/types.hpp>

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>

namespace kv {

[[nodiscard]] inline std::string to_text(const replicator::Position& position) {
    return joined(position.epoch.counter, ":", value(position.epoch.node), ":", position.epoch.tag, ":",
                  position.index.value);
}

[[nodiscard]] inline std::optional<replicator::Position> to_position(std::string_view text) {
    std::array<std::uint64_t, 4> parts{};
    const char* at = text.data();
    const char* const end = text.data() + text.size();
    for (std::size_t i = 0; i < parts.size(); ++i) {
        if (i > 0 && (at == end || *at++ != ':')) return std::nullopt;
        const auto [stop, error] = std::from_chars(at, end, parts[i]);
        if (error != std::errc{}) return std::nullopt;
        at = stop;
    }
    if (at != end || parts[1] > UINT32_MAX || parts[2] > UINT32_MAX) return std::nullopt;
    return replicator::Position{
        {parts[0], replicator::NodeId{static_cast<std::uint32_t>(parts[1])}, static_cast<std::uint32_t>(parts[2])},
        {parts[3]}};
}

}  // namespace kv
