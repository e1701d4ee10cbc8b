// SPDX-License-Identifier: BSL-1.0
// A part of a state as a line of items: a container gives its size and then one item after the other, anything else is
// one item.
#pragma once

#include "../codec/fields/choice.hpp"
#include "../codec/fields/field.hpp"
#include "../codec/fields/record.hpp"
#include "../codec/fields/sequence.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>
#include <vector>

namespace replicator::state {

/// `std::map`, `std::unordered_map`, `std::set`, `std::vector`, `std::deque`, and containers like them. What holds
/// single bytes is one item.
template <class T>
concept Container = requires(T& values, const T& constant, typename T::value_type value) {
    constant.begin();
    constant.end();
    { constant.size() } -> std::convertible_to<std::size_t>;
    values.insert(values.end(), std::move(value));
}
&&sizeof(typename T::value_type) > 1;

/// The order in which it iterates is its own business, and another one on another node.
template <class T>
concept Unordered = Container<T> && requires {
    typename T::hasher;
};

namespace detail {

/// A value of a container that can be assigned to: `std::map` has a constant key in its own.
template <class T>
struct ItemOf {
    using Type = typename T::value_type;
};
template <class T>
    requires requires { typename T::mapped_type; }
struct ItemOf<T> {
    using Type = std::pair<typename T::key_type, typename T::mapped_type>;
};

/// What stands in front of an item is its size, unless all have the same.
template <class Item>
inline constexpr bool has_size = codec::Field<Item>::bytes_min != codec::Field<Item>::bytes_max;

template <class Value>
[[nodiscard]] std::size_t item_bytes(const Value& value) {
    return (has_size<Value> ? 4 : 0) + codec::Field<Value>::bytes(value);
}
template <class Value>
void write_item(codec::FieldWriter& writer, const Value& value) {
    if constexpr (has_size<Value>) writer.number(static_cast<std::uint32_t>(codec::Field<Value>::bytes(value)));
    codec::Field<Value>::write(writer, value);
}

}  // namespace detail

/// A copy of a part, which can be walked through.
template <class T>
class Items {
public:
    using Place = bool;  // that the one item was written

    explicit Items(const T& value) : value_(value) {}

    [[nodiscard]] Place begin() const noexcept { return false; }
    [[nodiscard]] bool at_end(Place place) const noexcept { return place; }
    void advance(Place& place) const noexcept { place = true; }
    template <class Use>
    void with(Place, Use&& use) const {
        use(value_);
    }

private:
    T value_;
};

template <Container T>
class Items<T> {
public:
    struct Place {
        typename T::const_iterator at;
        bool counted = false;
    };

    explicit Items(const T& values) : values_(values) {}

    [[nodiscard]] Place begin() const { return {values_.begin()}; }
    [[nodiscard]] bool at_end(const Place& place) const { return place.counted && place.at == values_.end(); }
    void advance(Place& place) const {
        if (place.counted) ++place.at;
        place.counted = true;
    }
    template <class Use>
    void with(const Place& place, Use&& use) const {
        place.counted ? use(*place.at) : use(std::uint64_t{values_.size()});
    }

private:
    T values_;
};

/// In the order of the keys, so that equal states have equal bytes.
template <Unordered T>
class Items<T> {
public:
    struct Place {
        std::size_t at = 0;
        bool counted = false;
    };

    explicit Items(const T& values) : values_(values) {
        sorted_.reserve(values_.size());
        for (const auto& value : values_) sorted_.push_back(&value);
        std::sort(sorted_.begin(), sorted_.end(), [](const auto* a, const auto* b) { return key(*a) < key(*b); });
    }
    // What was sorted are addresses of what was copied.
    Items(Items&&) noexcept = default;
    Items& operator=(Items&&) noexcept = default;
    Items(const Items& other) : Items(other.values_) {}
    Items& operator=(const Items& other) {
        if (this != &other) *this = Items(other);
        return *this;
    }
    ~Items() = default;

    [[nodiscard]] Place begin() const noexcept { return {}; }
    [[nodiscard]] bool at_end(const Place& place) const { return place.counted && place.at == sorted_.size(); }
    void advance(Place& place) const {
        if (place.counted) ++place.at;
        place.counted = true;
    }
    template <class Use>
    void with(const Place& place, Use&& use) const {
        place.counted ? use(*sorted_[place.at]) : use(std::uint64_t{sorted_.size()});
    }

private:
    template <class Value>
    static const auto& key(const Value& value) {
        if constexpr (requires { typename T::mapped_type; }) {
            return value.first;
        } else {
            return value;
        }
    }

    T values_;
    std::vector<const typename T::value_type*> sorted_;
};

}  // namespace replicator::state
