// SPDX-License-Identifier: BSL-1.0
// Many values of one type: arrays, what grows at its end, and what refers to bytes. A length is a u32 in front of what
// it counts.
#pragma once

#include "field.hpp"

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>
#include <utility>

namespace replicator::codec {

template <class T, std::size_t Count>
struct Field<std::array<T, Count>> {
    static constexpr std::size_t bytes_min = detail::times(Field<T>::bytes_min, Count);
    static constexpr std::size_t bytes_max = detail::times(Field<T>::bytes_max, Count);
    static constexpr std::uint64_t shape = detail::mix(detail::shape_of(detail::Kind::array, Field<T>::shape), Count);
    static constexpr bool borrows = detail::borrows<T>();

    static std::size_t bytes(const std::array<T, Count>& values) {
        std::size_t all = 0;
        for (const T& value : values) all += Field<T>::bytes(value);
        return all;
    }
    static void write(FieldWriter& writer, const std::array<T, Count>& values) {
        for (const T& value : values) Field<T>::write(writer, value);
    }
    static bool read(FieldReader& reader, std::array<T, Count>& values) {
        for (T& value : values) {
            if (!Field<T>::read(reader, value)) return false;
        }
        return true;
    }
};

/// What grows at its end: `std::string`, `std::vector`, `std::deque`, and containers like them.
template <class T>
concept Sequence = requires(T& values, typename T::value_type value) {
    values.begin();
    { values.size() } -> std::convertible_to<std::size_t>;
    values.clear();
    values.push_back(std::move(value));
};

template <Sequence T>
struct Field<T> {
    using Value = typename T::value_type;
    static_assert(Field<Value>::bytes_min > 0, "A value without bytes could be counted without an end.");
    static constexpr std::size_t bytes_min = 4, bytes_max = unbounded;
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::sequence, Field<Value>::shape);
    static constexpr bool borrows = detail::borrows<Value>();
    static constexpr bool as_it_is = detail::sent_as_it_is<Value> && requires(T & values) {
        values.data();
        values.resize(std::size_t{});
    };

    static std::size_t bytes(const T& values) {
        if constexpr (Field<Value>::bytes_min == Field<Value>::bytes_max) {
            return 4 + values.size() * Field<Value>::bytes_min;
        } else {
            std::size_t all = 4;
            for (const Value& value : values) all += Field<Value>::bytes(value);
            return all;
        }
    }
    static void write(FieldWriter& writer, const T& values) {
        writer.number(static_cast<std::uint32_t>(values.size()));
        if constexpr (as_it_is) {
            writer.bytes(values.data(), values.size() * sizeof(Value));
        } else {
            for (const auto& value : values) Field<Value>::write(writer, value);
        }
    }
    static bool read(FieldReader& reader, T& values) {
        std::uint32_t count = 0;
        // A number that lies is found before anything of its size is asked for.
        if (!reader.number(count) || count > reader.left() / Field<Value>::bytes_min) return false;
        values.clear();
        if constexpr (as_it_is) {
            const std::size_t size = count * sizeof(Value);
            const std::byte* from = reader.bytes(size);
            values.resize(count);
            if (size != 0) std::memcpy(values.data(), from, size);
        } else {
            for (std::uint32_t i = 0; i < count; ++i) {
                Value value{};
                if (!Field<Value>::read(reader, value)) return false;
                values.push_back(std::move(value));
            }
        }
        return true;
    }
};

/// What only refers to bytes: `std::string_view`, `std::span<const std::byte>`. What is read refers to the entry, and
/// is good as long as the command is.
template <class T>
    requires(std::is_trivially_copyable_v<T>&& std::is_constructible_v<T, const typename T::value_type*, std::size_t> &&
             sizeof(typename T::value_type) == 1 && std::is_const_v<std::remove_pointer_t<decltype(T{}.data())>>)
struct Field<T> {
    using Value = typename T::value_type;
    static constexpr std::size_t bytes_min = 4, bytes_max = unbounded;
    /// As those of a sequence, for the bytes are the same.
    static constexpr std::uint64_t shape =
        detail::shape_of(detail::Kind::sequence, detail::shape_of(detail::Kind::number, 2 + std::is_signed_v<Value>));
    static constexpr bool borrows = true;

    static std::size_t bytes(const T& values) noexcept { return 4 + values.size(); }
    static void write(FieldWriter& writer, const T& values) noexcept {
        writer.number(static_cast<std::uint32_t>(values.size()));
        writer.bytes(values.data(), values.size());
    }
    static bool read(FieldReader& reader, T& values) noexcept {
        std::uint32_t count = 0;
        if (!reader.number(count)) return false;
        const std::byte* from = reader.bytes(count);
        if (from == nullptr) return false;
        values = T(reinterpret_cast<const Value*>(from), count);
        return true;
    }
};

}  // namespace replicator::codec
