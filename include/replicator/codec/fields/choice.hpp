// SPDX-License-Identifier: BSL-1.0
// One value or none, and one of several types.
#pragma once

#include "field.hpp"
#include "record.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

namespace replicator::codec {

template <class T>
struct Field<std::optional<T>> {
    static constexpr std::size_t bytes_min = 1, bytes_max = detail::sum(1, Field<T>::bytes_max);
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::optional, Field<T>::shape);
    static constexpr bool borrows = detail::borrows<T>();

    static std::size_t bytes(const std::optional<T>& value) { return value ? 1 + Field<T>::bytes(*value) : 1; }
    static void write(FieldWriter& writer, const std::optional<T>& value) {
        Field<bool>::write(writer, value.has_value());
        if (value) Field<T>::write(writer, *value);
    }
    static bool read(FieldReader& reader, std::optional<T>& value) {
        bool there = false;
        if (!Field<bool>::read(reader, there)) return false;
        value.reset();
        return !there || Field<T>::read(reader, value.emplace());
    }
};

template <>
struct Field<std::monostate> {
    static constexpr std::size_t bytes_min = 0, bytes_max = 0;
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::record, 0);
    static constexpr std::size_t bytes(std::monostate) noexcept { return 0; }
    static void write(FieldWriter&, std::monostate) noexcept {}
    static bool read(FieldReader&, std::monostate&) noexcept { return true; }
};

/// A byte says which one it is.
template <class... Ts>
struct Field<std::variant<Ts...>> {
    using Variant = std::variant<Ts...>;
    static_assert(sizeof...(Ts) <= 256, "A variant of more than 256 types has no room in its byte.");
    static constexpr std::size_t bytes_min = [] {
        std::size_t least = unbounded;
        ((least = smaller(least, Field<Ts>::bytes_min)), ...);
        return 1 + least;
    }();
    static constexpr std::size_t bytes_max = [] {
        std::size_t most = 0;
        ((most = larger(most, Field<Ts>::bytes_max)), ...);
        return detail::sum(1, most);
    }();
    static constexpr std::uint64_t shape =
        detail::mix(static_cast<std::uint64_t>(detail::Kind::variant), detail::Fields<Ts...>::shape);
    static constexpr bool borrows = detail::Fields<Ts...>::borrows;

    static std::size_t bytes(const Variant& value) {
        return 1 + std::visit([](const auto& held) { return Field<std::remove_cvref_t<decltype(held)>>::bytes(held); },
                              value);
    }
    static void write(FieldWriter& writer, const Variant& value) {
        writer.number(static_cast<std::uint8_t>(value.index()));
        std::visit([&](const auto& held) { Field<std::remove_cvref_t<decltype(held)>>::write(writer, held); }, value);
    }
    static bool read(FieldReader& reader, Variant& value) {
        std::uint8_t which = 0;
        return reader.number(which) && read_as(reader, value, which, std::index_sequence_for<Ts...>{});
    }

private:
    template <std::size_t... I>
    static bool read_as(FieldReader& reader, Variant& value, std::size_t which, std::index_sequence<I...>) {
        bool read = false;
        (void)((which == I && ((read = Field<Ts>::read(reader, value.template emplace<I>())), true)) || ...);
        return read;
    }
};

}  // namespace replicator::codec
