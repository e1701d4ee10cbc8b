// SPDX-License-Identifier: BSL-1.0
// state::Loader: puts together what state::Frozen saved.
#pragma once

#include "items.hpp"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <utility>
#include <vector>

namespace replicator::state {

/// A member of the state machine, beside the parts that it loads. It keeps the beginning of an item whose end has not
/// come, and nothing else; a length that a piece only claims takes no memory.
class Loader {
public:
    /// The next piece, into the parts in the order in which they were frozen; all of them empty at first.
    /// False: these are not the bytes of such parts, of which a container holds each key once and, if it is ordered, in
    /// its order.
    template <class... Parts>
    [[nodiscard]] bool take(std::span<const std::byte> piece, Parts&... parts) {
        static_assert((!codec::detail::borrows<Parts>() && ...),
                      "A part of the state refers to bytes of a piece, which go when it is loaded: keep a std::string "
                      "and not a std::string_view.");
        rest_.insert(rest_.end(), piece.begin(), piece.end());
        codec::FieldReader reader(rest_);
        std::size_t part = 0;
        // A part that waits for bytes, or refuses them, ends the line.
        const bool over = ((part++ != part_ || take_part(reader, parts)) && ...);
        if (wrong_ || (over && reader.left() != 0)) return false;
        rest_.erase(rest_.begin(), rest_.end() - static_cast<std::ptrdiff_t>(reader.left()));
        if (over) rest_ = {};
        return true;
    }

private:
    /// Whether all of it has come.
    template <class T>
    bool take_part(codec::FieldReader& reader, T& value) {
        if constexpr (Container<T>) {
            static_assert(!codec::detail::borrows<typename detail::ItemOf<T>::Type>(),
                          "An item of the state refers to bytes of a piece, which go when it is loaded: keep a "
                          "std::string and not a std::string_view.");
            if (!counted_ && !take_item(reader, left_)) return false;
            counted_ = true;
            for (; left_ != 0; --left_) {
                typename detail::ItemOf<T>::Type item{};
                if (!take_item(reader, item) || !keep(value, item)) return false;
            }
            counted_ = false;
        } else if (!take_item(reader, value)) {
            return false;
        }
        ++part_;
        return true;
    }

    template <class T, class Item>
    bool keep(T& values, Item& item) {
        const std::size_t size = values.size();
        const auto kept = values.insert(values.end(), std::move(item));
        // A container with an order puts it elsewhere when it does not belong to the end.
        wrong_ = values.size() != size + 1;
        if constexpr (!Unordered<T>) wrong_ = wrong_ || std::next(kept) != values.end();
        return !wrong_;
    }

    template <class Item>
    bool take_item(codec::FieldReader& reader, Item& item) {
        using Field = codec::Field<Item>;
        codec::FieldReader ahead = reader;
        std::size_t size = Field::bytes_min;
        if constexpr (detail::has_size<Item>) {
            std::uint32_t stated = 0;
            if (!ahead.number(stated)) return false;
            size = stated;
        }
        const std::byte* bytes = ahead.bytes(size);
        if (bytes == nullptr) return false;
        codec::FieldReader whole({bytes, size});
        wrong_ = !Field::read(whole, item) || whole.left() != 0;
        reader = ahead;
        return !wrong_;
    }

    std::vector<std::byte> rest_;
    std::uint64_t left_ = 0;
    std::size_t part_ = 0;
    bool counted_ = false;
    bool wrong_ = false;
};

}  // namespace replicator::state
