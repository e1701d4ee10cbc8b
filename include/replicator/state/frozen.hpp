// SPDX-License-Identifier: BSL-1.0
// state::Frozen: a copy of the parts of a state, saved piece by piece in time that does not grow with the state.
#pragma once

#include "items.hpp"

#include "../assert.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <utility>

namespace replicator::state {

/// What `freeze` of a state machine returns, see concepts/state_machine.hpp. The parts are containers and fields, see
/// codec/fields.hpp; a container of any size is saved item by item.
///
///     struct Scores {
///         ...
///         std::unordered_map<std::string, std::uint64_t> points;
///         std::uint64_t games = 0;
///
///         auto freeze() const { return replicator::state::Frozen(points, games); }
///         bool load(std::span<const std::byte> piece) { return loader.take(piece, points, games); }
///         replicator::state::Loader loader;
///     };
///
/// Equal states give equal bytes on every node. An unordered container needs `<` for its keys, by which it is sorted
/// here. Copying is what the leader stops for. A piece takes time for its own bytes, where it begins at one of the last
/// `places_kept` ends; else for the bytes from the nearest of them, or from the first.
template <class... Parts>
class Frozen {
public:
    static constexpr std::size_t places_kept = 16;

    explicit Frozen(const Parts&... parts) : parts_(Items<Parts>(parts)...) {}

    // Places refer to the parts, and stay behind.
    Frozen(Frozen&& other) noexcept : parts_(std::move(other.parts_)) {}
    Frozen(const Frozen& other) : parts_(other.parts_) {}
    Frozen& operator=(Frozen&& other) noexcept {
        parts_ = std::move(other.parts_);
        kept_ = 0;
        return *this;
    }
    Frozen& operator=(const Frozen& other) {
        if (this != &other) *this = Frozen(other);
        return *this;
    }
    ~Frozen() = default;

    /// The bytes from `offset` on, as many as fit; 0 is the end.
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        Place place = nearest(offset);
        move(place, nullptr, offset - place.offset, Indices{});
        if (place.offset != offset) return 0;
        move(place, piece.data(), piece.size(), Indices{});
        if (place.offset != offset) places_[kept_++ % places_kept] = place;
        return static_cast<std::size_t>(place.offset - offset);
    }

private:
    using Indices = std::index_sequence_for<Parts...>;

    /// Between two bytes of what is saved.
    struct Place {
        std::uint64_t offset = 0;
        std::size_t part = 0;
        std::size_t item_offset = 0;
        std::tuple<typename Items<Parts>::Place...> at;
    };

    [[nodiscard]] Place first() const {
        return {0, 0, 0, std::apply([](const auto&... parts) { return std::tuple(parts.begin()...); }, parts_)};
    }

    [[nodiscard]] Place nearest(std::uint64_t offset) const {
        const Place* best = nullptr;
        for (std::size_t i = 0; i < smaller(kept_, places_kept); ++i) {
            const Place& place = places_[i];
            if (place.offset <= offset && (best == nullptr || place.offset > best->offset)) best = &place;
        }
        return best != nullptr ? *best : first();
    }

    /// Goes on by `room` bytes, or to the end; writes them where there is a place for them.
    template <std::size_t... I>
    void move(Place& place, std::byte* to, std::uint64_t room, std::index_sequence<I...>) const {
        const std::uint64_t end = place.offset + room;
        (move_in<I>(place, to, end), ...);
    }

    template <std::size_t I>
    void move_in(Place& place, std::byte*& to, std::uint64_t end) const {
        if (place.part != I) return;
        const auto& part = std::get<I>(parts_);
        auto& at = std::get<I>(place.at);
        for (; !part.at_end(at); part.advance(at), place.item_offset = 0) {
            bool whole = false;
            part.with(at, [&](const auto& item) { whole = move_over(item, place, to, end); });
            if (!whole) return;
        }
        ++place.part;
    }

    /// Whether the item ends before the room does.
    template <class Value>
    static bool move_over(const Value& value, Place& place, std::byte*& to, std::uint64_t end) {
        const std::size_t left = detail::item_bytes(value) - place.item_offset;
        const std::size_t step = left < end - place.offset ? left : static_cast<std::size_t>(end - place.offset);
        if (to != nullptr) {
            codec::FieldWriter writer({to, step}, place.item_offset);
            detail::write_item(writer, value);
            REPLICATOR_ASSERT(writer.written() == step);
            to += step;
        }
        place.offset += step;
        place.item_offset += step;
        return step == left;
    }

    std::tuple<Items<Parts>...> parts_;
    mutable std::array<Place, places_kept> places_{};
    mutable std::size_t kept_ = 0;
};

}  // namespace replicator::state
