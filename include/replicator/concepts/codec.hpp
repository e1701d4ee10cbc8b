// SPDX-License-Identifier: BSL-1.0
// Codec: how a command becomes the bytes of an entry, once, on the leader.
//
// A codec is found in this order: `Machine::Codec`, a specialisation `replicator::CommandCodec<Command>`, the built-in
// ones (codec/raw.hpp for trivially copyable commands, codec/bytes.hpp for spans of bytes). codec/fields.hpp makes one for
// commands of several fields.
//
// Syntax
//   Codec::schema                          SchemaId; peers whose ids differ refuse each other at connect
//   Codec::size(command)                   exact bytes of this command
//   Codec::encode(command, span)           writes exactly that many bytes
//   Codec::decode(bytes, use) -> bool      calls `use(const Command&)` once, or returns false for bytes that are none
//   Codec::size_max                        optional constant: no command is larger
//
// Semantic rules
//   CO-1  decode(encode(x)) uses a value equal to x, on every machine of the group.
//   CO-2  Every byte is written: what is sent and logged is a function of the command alone. No padding, no pointer.
//   CO-3  `decode` is given bytes that passed a checksum but may come from another program; it checks what it reads.
//         A codec that wraps a throwing library catches, and returns false.
//   CO-4  The span is aligned to eight. What `decode` passes to `use` may refer into it, and is good until it returns.
//   CO-5  `schema` changes whenever the bytes do.
//
// A complete model, for a command of two strings, stands in docs/concepts.md.
#pragma once

#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

/// Specialise for a command type of yours whose encoding is not its bytes.
template <class Command>
struct CommandCodec;

template <class T, class Command>
concept Codec = requires(const Command& command, std::span<std::byte> to, std::span<const std::byte> from) {
    { T::schema } -> std::convertible_to<SchemaId>;
    { T::size(command) } -> std::same_as<std::size_t>;
    T::encode(command, to);
    { T::decode(from, [](const Command&) {}) } -> std::same_as<bool>;
};

/// The bound that a codec states for all its commands; `otherwise` when it states none.
template <class T>
[[nodiscard]] constexpr std::size_t command_bytes_max(std::size_t otherwise) noexcept {
    if constexpr (requires { T::size_max; }) {
        return T::size_max;
    } else {
        return otherwise;
    }
}

/// What a codec derives from to state its bound, where it has one.
template <std::size_t BytesMax>
struct CommandBound {
    static constexpr std::size_t size_max = BytesMax;
};
template <>
struct CommandBound<~std::size_t{0}> {};

}  // namespace replicator
