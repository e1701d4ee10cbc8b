// SPDX-License-Identifier: BSL-1.0
// codec::Raw: a trivially copyable command is its own encoding.
#pragma once

#include "../concepts/checks/raw.hpp"
#include "../concepts/codec.hpp"
#include "../encoding/bytes.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

namespace replicator {

namespace codec {

namespace detail {

/// Complains when it is instantiated. Apart from the codec, because a codec with an error in it is none to clang.
template <class Command>
struct RawRequirements {
    static_assert(raw_fault<Command> != RawFault::not_trivially_copyable,
                  "This Command is not trivially copyable: give the state machine a nested Codec, or specialise "
                  "replicator::CommandCodec<Command>.");
    static_assert(raw_fault<Command> != RawFault::pointer,
                  "A pointer means nothing on another machine, and this Command is or holds one, or a span or a view: "
                  "send what it points to, or write a Codec.");
    static_assert(raw_fault<Command> != RawFault::variant,
                  "This Command is or holds a std::variant, which leaves some of its bytes undefined: write a Codec "
                  "that sends index() and what it holds.");
    static_assert(raw_fault<Command> != RawFault::padding,
                  "This Command has padding bytes or floating-point members, so equal commands may differ in bytes. "
                  "Remove the padding by reordering or naming it; or, if there are only floating-point members, set "
                  "replicator::raw_is_safe<Command> to true; or write a Codec.");
    static_assert(raw_fault<Command> != RawFault::padding_denied,
                  "This Command has padding bytes, although replicator::raw_is_safe<Command> is true: remove the "
                  "padding by reordering or naming it, or write a Codec.");
};

}  // namespace detail

/// Copies the bytes of the command. Refuses, in one sentence, what would make equal commands unequal.
///
/// Peers must agree on size, alignment and byte order; all three are in the schema id. Give the command a
/// `static constexpr std::uint32_t schema_version` to tell apart layouts that these do not.
template <class Command>
struct Raw {
    static_assert(sizeof(detail::RawRequirements<Command>) > 0);  // complains, where it has to

    static constexpr std::size_t size_max = sizeof(Command);
    /// On machines of this byte order.
    [[nodiscard]] static constexpr SchemaId schema_of(std::endian order) noexcept {
        std::uint64_t version = 0;
        if constexpr (requires { Command::schema_version; }) version = Command::schema_version;
        return SchemaId{version << 32 | std::uint64_t{sizeof(Command)} << 8 | alignof(Command) << 1 |
                        (order == std::endian::little ? 1u : 0u)};
    }
    static constexpr SchemaId schema = schema_of(std::endian::native);

    [[nodiscard]] static constexpr std::size_t size(const Command&) noexcept { return sizeof(Command); }

    static void encode(const Command& command, std::span<std::byte> to) noexcept {
        const auto* from = reinterpret_cast<const std::byte*>(&command);
        constexpr std::size_t rest = sizeof(Command) % 8;
        constexpr std::size_t words = sizeof(Command) - rest;
        copy_words(to.data(), from, words);
        if constexpr (rest != 0) std::memcpy(to.data() + words, from + words, rest);
    }

    template <class Use>
    [[nodiscard]] static bool decode(std::span<const std::byte> from, Use&& use) {
        if (from.size() != sizeof(Command)) return false;
        if constexpr (alignof(Command) <= 8) {
            // The bytes were copied into an array of bytes, which created the object (C++20, [intro.object]).
            use(*std::launder(reinterpret_cast<const Command*>(from.data())));
        } else {
            Command command;
            std::memcpy(&command, from.data(), sizeof command);
            use(command);
        }
        return true;
    }
};

}  // namespace codec

}  // namespace replicator
