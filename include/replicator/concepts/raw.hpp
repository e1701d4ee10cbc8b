// SPDX-License-Identifier: BSL-1.0
// Raw: types whose bytes are their value, so that equal values have equal bytes on every machine. Says what is wrong
// with the others.
//
// The compiler answers for padding, and for the members of an aggregate one by one, through nested aggregates and
// arrays, up to `leaves_max` of them. Members behind that, and those of a class with constructors or with private
// members, are taken on trust.
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

inline constexpr std::size_t leaves_max = 32;

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

template <std::size_t Place>
struct AnyLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T>)
    constexpr operator T() const noexcept;
};

struct PointerLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T> && PointerLike<T>)
    constexpr operator T() const noexcept;
};

struct VariantLeaf {
    template <class T>
        requires(!std::is_aggregate_v<T> && VariantLike<T>)
    constexpr operator T() const noexcept;
};

template <std::size_t Bytes>
struct ScalarLeaf {
    template <class T>
        requires(std::is_scalar_v<T> && scalar_bytes<T> == Bytes)
    constexpr operator T() const noexcept;
};

/// True when `Leaf` may stand behind the first `Before` leaves of `T`.
template <class T, class Leaf, std::size_t... Before>
[[nodiscard]] consteval bool takes(std::index_sequence<Before...>) noexcept {
    return requires { T{AnyLeaf<Before>{}..., Leaf{}}; };
}

template <class T, class Leaf, std::size_t Place = 0>
[[nodiscard]] consteval bool has_leaf() noexcept {
    if constexpr (Place == leaves_max || !takes<T, AnyLeaf<Place>>(std::make_index_sequence<Place>{})) {
        return false;
    } else if constexpr (takes<T, Leaf>(std::make_index_sequence<Place>{})) {
        return true;
    } else {
        return has_leaf<T, Leaf, Place + 1>();
    }
}

/// Bytes of the leaf at `Place`; `otherwise` when it is no scalar.
template <class T, std::size_t Place>
[[nodiscard]] consteval std::size_t leaf_bytes(std::size_t otherwise) noexcept {
    constexpr std::make_index_sequence<Place> before;
    if constexpr (takes<T, ScalarLeaf<8>>(before)) return 8;
    else if constexpr (takes<T, ScalarLeaf<4>>(before)) return 4;
    else if constexpr (takes<T, ScalarLeaf<2>>(before)) return 2;
    else if constexpr (takes<T, ScalarLeaf<1>>(before)) return 1;
    else if constexpr (takes<T, ScalarLeaf<10>>(before)) return 10;
    else if constexpr (takes<T, ScalarLeaf<16>>(before)) return 16;
    else return otherwise;
}

/// Bytes of all leaves; `sizeof(T)` at least when some cannot be seen.
template <class T, std::size_t Place = 0>
[[nodiscard]] consteval std::size_t leaves_bytes() noexcept {
    if constexpr (Place == leaves_max) {
        return sizeof(T);
    } else if constexpr (!takes<T, AnyLeaf<Place>>(std::make_index_sequence<Place>{})) {
        return Place == 0 ? sizeof(T) : 0;
    } else {
        return leaf_bytes<T, Place>(sizeof(T)) + leaves_bytes<T, Place + 1>();
    }
}

template <class T>
[[nodiscard]] consteval RawFault find_raw_fault() noexcept {
    if constexpr (!std::is_trivially_copyable_v<T>) {
        return RawFault::not_trivially_copyable;
    } else if constexpr (PointerLike<T>) {
        return RawFault::pointer;
    } else {
        constexpr bool is_open = std::is_aggregate_v<T> && std::is_class_v<T>;
        if constexpr (is_open) {
            if (has_leaf<T, PointerLeaf>()) return RawFault::pointer;
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
                if (has_leaf<T, VariantLeaf>()) return RawFault::variant;
            }
            return VariantLike<T> ? RawFault::variant : RawFault::padding;
        }
    }
}

}  // namespace detail

template <class T>
inline constexpr RawFault raw_fault = detail::find_raw_fault<T>();

}  // namespace replicator
