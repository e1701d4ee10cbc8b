// SPDX-License-Identifier: BSL-1.0
// Finds the codec of a state machine: its own, a specialisation for the command, or a built-in one.
#pragma once

#include "bytes.hpp"
#include "raw.hpp"

#include "../concepts/codec.hpp"
#include "../concepts/state_machine.hpp"

#include <cstddef>
#include <span>
#include <type_traits>

namespace replicator::codec {

namespace detail {

template <class Machine>
constexpr auto select() noexcept {
    using Command = typename Machine::Command;
    if constexpr (requires { typename Machine::Codec; }) {
        return std::type_identity<typename Machine::Codec>{};
    } else if constexpr (requires { CommandCodec<Command>::schema; }) {
        return std::type_identity<CommandCodec<Command>>{};
    } else if constexpr (std::is_same_v<Command, std::span<const std::byte>>) {
        return std::type_identity<Bytes<>>{};
    } else {
        return std::type_identity<Raw<Command>>{};
    }
}

}  // namespace detail

/// The codec for the commands of `Machine`.
template <HasCommand Machine>
using Select = typename decltype(detail::select<Machine>())::type;

}  // namespace replicator::codec
