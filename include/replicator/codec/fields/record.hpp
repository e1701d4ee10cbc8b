// SPDX-License-Identifier: BSL-1.0
// Types of several fields: those that list them, pairs and tuples.
#pragma once

#include "field.hpp"

#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

namespace replicator::codec {

/// A type that lists its fields, in the order in which they are sent:
///
///     struct Move {
///         std::string player;
///         std::vector<std::int32_t> path;
///         static constexpr auto fields(auto& move) { return std::tie(move.player, move.path); }
///     };
template <class T>
concept Record = requires(T& value) {
    T::fields(value);
};

namespace detail {

/// Fields one after the other.
template <class... Ts>
struct Fields {
    static constexpr std::size_t bytes_min = [] {
        std::size_t all = 0;
        ((all = sum(all, Field<Ts>::bytes_min)), ...);
        return all;
    }();
    static constexpr std::size_t bytes_max = [] {
        std::size_t all = 0;
        ((all = sum(all, Field<Ts>::bytes_max)), ...);
        return all;
    }();
    static constexpr std::uint64_t shape = [] {
        std::uint64_t all = shape_of(Kind::record, sizeof...(Ts));
        ((all = mix(all, Field<Ts>::shape)), ...);
        return all;
    }();
    static constexpr bool borrows = (detail::borrows<Ts>() || ...);

    static std::size_t bytes(const Ts&... values) { return (std::size_t{0} + ... + Field<Ts>::bytes(values)); }
    static void write(FieldWriter& writer, const Ts&... values) { (Field<Ts>::write(writer, values), ...); }
    static bool read(FieldReader& reader, Ts&... values) { return (Field<Ts>::read(reader, values) && ...); }
};

/// Those of a tuple of references.
template <class Tie>
struct TiedFields;
template <class... Ts>
struct TiedFields<std::tuple<Ts...>> : Fields<std::remove_cvref_t<Ts>...> {};

}  // namespace detail

template <Record T>
struct Field<T> {
    using All = detail::TiedFields<decltype(T::fields(std::declval<T&>()))>;
    static constexpr std::size_t bytes_min = All::bytes_min, bytes_max = All::bytes_max;
    static constexpr std::uint64_t shape = All::shape;
    static constexpr bool borrows = All::borrows;

    static std::size_t bytes(const T& value) {
        return std::apply([](const auto&... fields) { return All::bytes(fields...); }, T::fields(value));
    }
    static void write(FieldWriter& writer, const T& value) {
        std::apply([&](const auto&... fields) { All::write(writer, fields...); }, T::fields(value));
    }
    static bool read(FieldReader& reader, T& value) {
        return std::apply([&](auto&... fields) { return All::read(reader, fields...); }, T::fields(value));
    }
};

namespace detail {

/// Those of a `std::pair` or a `std::tuple`.
template <class T, class... Ts>
struct TupleField {
    using All = Fields<std::remove_const_t<Ts>...>;
    static constexpr std::size_t bytes_min = All::bytes_min, bytes_max = All::bytes_max;
    static constexpr std::uint64_t shape = All::shape;
    static constexpr bool borrows = All::borrows;

    static std::size_t bytes(const T& value) {
        return std::apply([](const auto&... fields) { return All::bytes(fields...); }, value);
    }
    static void write(FieldWriter& writer, const T& value) {
        std::apply([&](const auto&... fields) { All::write(writer, fields...); }, value);
    }
    static bool read(FieldReader& reader, T& value) {
        return std::apply([&](auto&... fields) { return All::read(reader, fields...); }, value);
    }
};

}  // namespace detail

template <class First, class Second>
struct Field<std::pair<First, Second>> : detail::TupleField<std::pair<First, Second>, First, Second> {};
template <class... Ts>
struct Field<std::tuple<Ts...>> : detail::TupleField<std::tuple<Ts...>, Ts...> {};

}  // namespace replicator::codec
