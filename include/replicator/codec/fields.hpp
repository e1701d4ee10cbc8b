// SPDX-License-Identifier: BSL-1.0
// codec::Fields: a command that lists its fields, or is a std::variant of such.
#pragma once

#include "fields/choice.hpp"
#include "fields/field.hpp"
#include "fields/record.hpp"
#include "fields/sequence.hpp"

#include "../concepts/codec.hpp"

#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::codec {

namespace detail {

template <class Command>
[[nodiscard]] constexpr std::size_t fields_bytes_max() noexcept {
    if constexpr (HasField<Command>) {
        return Field<Command>::bytes_max;
    } else {
        return unbounded;
    }
}

}  // namespace detail

/// Sends a command field by field: numbers, enumerations, `bool`, `std::string`, `std::string_view`, `std::span` of
/// bytes, `std::vector`, `std::array`, `std::pair`, `std::tuple`, `std::optional`, `std::variant`, and types that list
/// theirs. The bytes are the same on every machine; write widths that are the same too, `std::int32_t` and not `long`.
///
///     struct Place {
///         std::uint32_t piece;
///         std::string_view square;
///         static constexpr auto fields(auto& place) { return std::tie(place.piece, place.square); }
///     };
///     struct Resign { std::uint8_t player; static constexpr auto fields(auto& resign) { return
///     std::tie(resign.player); } };
///
///     struct Game {
///         using Command = std::variant<Place, Resign>;
///         using Codec = replicator::codec::Fields<Command>;
///         ...
///
/// The schema follows from the types of the fields; change `Version` when only their meaning changes.
///
/// Bytes that are no such command are refused, whatever lengths they claim: nothing is taken from the heap for more
/// than the entry has bytes, times what a value takes in memory.
template <class CommandType, std::uint64_t Version = 1>
struct Fields : CommandBound<detail::fields_bytes_max<CommandType>()> {
    static_assert(HasField<CommandType>,
                  "This Command cannot be sent field by field: give it `static constexpr auto fields(auto& command) { "
                  "return std::tie(command.a, command.b); }`, or specialise replicator::codec::Field for it.");
    using Command = CommandType;

    static constexpr SchemaId schema{detail::mix(Field<Command>::shape, Version)};

    [[nodiscard]] static std::size_t size(const Command& command) { return Field<Command>::bytes(command); }

    static void encode(const Command& command, std::span<std::byte> to) {
        FieldWriter writer(to);
        Field<Command>::write(writer, command);
    }

    template <class Use>
    [[nodiscard]] static bool decode(std::span<const std::byte> from, Use&& use) {
        FieldReader reader(from);
        Command command{};
        if (!Field<Command>::read(reader, command) || reader.left() != 0) return false;
        use(static_cast<const Command&>(command));
        return true;
    }
};

}  // namespace replicator::codec
