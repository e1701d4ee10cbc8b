// SPDX-License-Identifier: BSL-1.0
// How a type becomes bytes, and those that are one number. All are little-endian and of the width of their type.
#pragma once

#include "bytes.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>

namespace replicator::codec {

/// Specialised for what can be a field; specialise it for a type of yours that needs bytes of its own.
///
///     bytes_min, bytes_max    of one value; `unbounded` where there is no bound
///     shape                   a number that is another one for other bytes
///     borrows                 optional, true when what is read refers to the bytes
///     bytes(value)            exact
///     write(writer, value)    exactly that many
///     read(reader, value)     false for bytes that `write` never writes
template <class T>
struct Field;

inline constexpr std::size_t unbounded = (std::numeric_limits<std::size_t>::max)();

template <class T>
concept HasField = requires {
    Field<T>::shape;
};

namespace detail {

enum class Kind : std::uint64_t { number = 1, boolean, floating, record, array, sequence, borrowed, optional, variant };

[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t shape, std::uint64_t with) noexcept {
    const std::uint64_t mixed = (shape * 0x9e3779b97f4a7c15 ^ with) * 0xbf58476d1ce4e5b9;
    return mixed ^ mixed >> 32;
}
[[nodiscard]] constexpr std::uint64_t shape_of(Kind kind, std::uint64_t of) noexcept {
    return mix(static_cast<std::uint64_t>(kind), of);
}
[[nodiscard]] constexpr std::size_t sum(std::size_t a, std::size_t b) noexcept {
    return a > unbounded - b ? unbounded : a + b;
}
[[nodiscard]] constexpr std::size_t times(std::size_t size, std::size_t count) noexcept {
    return count != 0 && size > (unbounded - 1) / count ? unbounded : size * count;
}

template <class T>
[[nodiscard]] constexpr bool borrows() noexcept {
    if constexpr (requires { Field<T>::borrows; }) {
        return Field<T>::borrows;
    } else {
        return false;
    }
}

/// Of these bytes every value is made, and they are in the memory as they are sent.
template <class T>
inline constexpr bool sent_as_it_is =
    std::endian::native == std::endian::little&& std::is_integral_v<T> && !std::is_same_v<T, bool>;

}  // namespace detail

template <class T>
    requires(std::is_integral_v<T> && !std::is_same_v<T, bool>)
struct Field<T> {
    using Unsigned = std::make_unsigned_t<T>;
    static constexpr std::size_t bytes_min = sizeof(T), bytes_max = sizeof(T);
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::number, sizeof(T) * 2 + std::is_signed_v<T>);

    static constexpr std::size_t bytes(T) noexcept { return sizeof(T); }
    static void write(FieldWriter& writer, T value) noexcept { writer.number(static_cast<Unsigned>(value)); }
    static bool read(FieldReader& reader, T& value) noexcept {
        Unsigned number{};
        if (!reader.number(number)) return false;
        value = static_cast<T>(number);
        return true;
    }
};

template <class T>
    requires(std::is_enum_v<T> && !std::is_same_v<std::underlying_type_t<T>, bool>)
struct Field<T> : Field<std::underlying_type_t<T>> {
    using Number = std::underlying_type_t<T>;
    static constexpr std::size_t bytes(T) noexcept { return sizeof(T); }
    static void write(FieldWriter& writer, T value) noexcept {
        Field<Number>::write(writer, static_cast<Number>(value));
    }
    static bool read(FieldReader& reader, T& value) noexcept {
        Number number{};
        if (!Field<Number>::read(reader, number)) return false;
        value = static_cast<T>(number);
        return true;
    }
};

template <>
struct Field<bool> {
    static constexpr std::size_t bytes_min = 1, bytes_max = 1;
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::boolean, 1);

    static constexpr std::size_t bytes(bool) noexcept { return 1; }
    static void write(FieldWriter& writer, bool value) noexcept { writer.number(std::uint8_t{value}); }
    static bool read(FieldReader& reader, bool& value) noexcept {
        std::uint8_t number = 0;
        if (!reader.number(number) || number > 1) return false;
        value = number == 1;
        return true;
    }
};

/// The bits of IEC 60559, so that what is applied is the same on every node.
template <class T>
    requires(std::is_same_v<T, float> || std::is_same_v<T, double>)
struct Field<T> {
    static_assert(std::numeric_limits<T>::is_iec559);
    using Bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    static constexpr std::size_t bytes_min = sizeof(T), bytes_max = sizeof(T);
    static constexpr std::uint64_t shape = detail::shape_of(detail::Kind::floating, sizeof(T));

    static constexpr std::size_t bytes(T) noexcept { return sizeof(T); }
    static void write(FieldWriter& writer, T value) noexcept { writer.number(std::bit_cast<Bits>(value)); }
    static bool read(FieldReader& reader, T& value) noexcept {
        Bits bits{};
        if (!reader.number(bits)) return false;
        value = std::bit_cast<T>(bits);
        return true;
    }
};

}  // namespace replicator::codec
