// SPDX-License-Identifier: BSL-1.0
// Raw: types whose bytes are their value, so that equal values have equal bytes on every machine. Says what is wrong
// with the others.
//
// The compiler answers for padding, and for the members of an aggregate one by one, through nested aggregates and
// arrays, up to `leaves_max` of them, elements of arrays included. Members behind that, and those of a class with
// constructors or with private members, are taken on trust: large plain structs shall need no word of their users.
#pragma once

#include <cstddef>
#include <limits>
#include <span>
#include <type_traits>
#include <utility>

namespace replicator {

/// Set to true for a trivially copyable command or state machine of yours that holds floating-point numbers, and no
/// padding: the compiler cannot tell such a type from one with padding.
template <class T>
inline constexpr bool raw_is_safe = false;

/// Why the bytes of a type are not its value.
enum class RawFault : unsigned char {
    none,
    not_trivially_copyable,
    pointer,        ///< is or holds one, or a span or a view
    variant,        ///< is or holds a std::variant that leaves some of its bytes undefined
    padding,        ///< or floating-point members
    padding_denied  ///< `raw_is_safe` says that there is none, and there is
};

namespace detail {

/// A struct with so many takes a compiler a twentieth of a second, and one with twice as many thrice as long.
inline constexpr std::size_t leaves_max = 512;

template <class T>
inline constexpr bool is_span = false;
template <class T, std::size_t Extent>
inline constexpr bool is_span<std::span<T, Extent>> = true;

/// Views such as std::string_view are known by what no container can do.
template <class T>
concept View = is_span<T> || requires(T view) { view.remove_prefix(std::size_t{1}); };

template <class T>
concept PointerLike =
    std::is_pointer_v<T> || std::is_member_pointer_v<T> || std::is_null_pointer_v<T> || View<T>;

template <class T>
concept VariantLike = requires(const T& variant) { variant.valueless_by_exception(); };

/// Bytes of a scalar in which its value stands.
template <class T>
inline constexpr std::size_t scalar_bytes = sizeof(T);
template <>  // the eighty bits of x86
inline constexpr std::size_t scalar_bytes<long double> =
    std::numeric_limits<long double>::digits == 64 ? 10 : sizeof(long double);

// Stand for a member in `T{member, ...}`. None becomes an aggregate, so that the compiler goes on to the members of
// nested aggregates and arrays: the leaves.

struct AnyLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T>)
    constexpr operator T() const noexcept;
};

struct NoPointerLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T> && !PointerLike<T>)
    constexpr operator T() const noexcept;
};

struct NoVariantLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T> && !VariantLike<T>)
    constexpr operator T() const noexcept;
};

/// Adds up the bytes of what it becomes.
struct ScalarLeaf {
    std::size_t* sum;
    template <class T>
        requires(std::is_scalar_v<T>)
    constexpr operator T() const noexcept {
        *sum += scalar_bytes<T>;
        return T{};
    }
};

template <class Leaf, std::size_t>
using Repeated = Leaf;

/// True when `T` can be made of so many leaves.
template <class T, class Leaf, std::size_t... Places>
[[nodiscard]] consteval bool takes(std::index_sequence<Places...>) noexcept {
    return requires(Repeated<Leaf, Places>... leaves) { T{leaves...}; };
}
template <class T, class Leaf, std::size_t Count>
inline constexpr bool takes_all = takes<T, Leaf>(std::make_index_sequence<Count>{});

/// How many leaves `T` has, between the bounds; `leaves_max` when there are more.
template <class T, std::size_t Least = 0, std::size_t Most = leaves_max>
[[nodiscard]] consteval std::size_t count_leaves() noexcept {
    if constexpr (Least == Most) {
        return Least;
    } else {
        // Most types have few.
        constexpr std::size_t half = Least + (Most - Least + 1) / 2;
        constexpr std::size_t middle = Least < 8 && half > 16 ? 2 * Least + 4 : half;
        if constexpr (takes_all<T, AnyLeaf, middle>) return count_leaves<T, middle, Most>();
        else return count_leaves<T, Least, middle - 1>();
    }
}
template <class T>
inline constexpr std::size_t leaves = count_leaves<T>();

/// True when not every leaf of `T` that can be seen is such a one.
template <class T, class Leaf>
[[nodiscard]] consteval bool has_others() noexcept {
    return leaves<T> > 0 && !takes_all<T, Leaf, leaves<T>>;
}

// Without the braces of nested aggregates, which is the point of it.
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wmissing-braces"
#endif
/// Bytes of all leaves; `sizeof(T)` when some cannot be seen.
template <class T>
[[nodiscard]] consteval std::size_t leaves_bytes() noexcept {
    if constexpr (leaves<T> == 0 || leaves<T> == leaves_max || !takes_all<T, ScalarLeaf, leaves<T>>) {
        return sizeof(T);
    } else {
        return []<std::size_t... Places>(std::index_sequence<Places...>) {
            std::size_t sum = 0;
            static_cast<void>(T{(static_cast<void>(Places), ScalarLeaf{&sum})...});
            return sum;
        }(std::make_index_sequence<leaves<T>>{});
    }
}
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

template <class T>
[[nodiscard]] consteval RawFault find_raw_fault() noexcept {
    if constexpr (!std::is_trivially_copyable_v<T>) {
        return RawFault::not_trivially_copyable;
    } else if constexpr (PointerLike<T>) {
        return RawFault::pointer;
    } else {
        constexpr bool is_open = std::is_aggregate_v<T> && std::is_class_v<T>;
        if constexpr (is_open) {
            if (has_others<T, NoPointerLeaf>()) return RawFault::pointer;
        }
        if constexpr (std::has_unique_object_representations_v<T>) {
            return RawFault::none;
        } else if constexpr (raw_is_safe<T>) {
            if constexpr (is_open) {
                if (leaves_bytes<T>() < sizeof(T)) return RawFault::padding_denied;
            }
            return RawFault::none;
        } else {
            if constexpr (is_open) {
                if (has_others<T, NoVariantLeaf>()) return RawFault::variant;
            }
            return VariantLike<T> ? RawFault::variant : RawFault::padding;
        }
    }
}

}  // namespace detail

template <class T>
inline constexpr RawFault raw_fault = detail::find_raw_fault<T>();

}  // namespace replicator
