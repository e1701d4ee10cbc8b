// SPDX-License-Identifier: BSL-1.0
// Little-endian integers in byte buffers: the one place that knows about byte order.
#pragma once

#include "assert.hpp"
#include "types.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator {

/// Rounds up to the eight bytes on which every entry starts, so that payloads are aligned where they stand.
[[nodiscard]] constexpr std::size_t align_up(std::size_t bytes) noexcept { return (bytes + 7) & ~std::size_t{7}; }

namespace detail {

template <class Integer>
[[nodiscard]] constexpr Integer to_little_endian(Integer integer) noexcept {
    if constexpr (std::endian::native == std::endian::little || sizeof(Integer) == 1) {
        return integer;
    } else {
        Integer reversed = 0;
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            reversed = static_cast<Integer>((reversed << 8) | (integer & 0xff));
            integer = static_cast<Integer>(integer >> 8);
        }
        return reversed;
    }
}

}  // namespace detail

/// Reads an unsigned integer of `sizeof(Integer)` bytes; no alignment is needed.
template <class Integer>
    requires std::is_unsigned_v<Integer>
[[nodiscard]] inline Integer load(const std::byte* from) noexcept {
    Integer integer;
    std::memcpy(&integer, from, sizeof integer);
    return detail::to_little_endian(integer);
}

/// Writes an unsigned integer of `sizeof(Integer)` bytes; no alignment is needed.
template <class Integer>
    requires std::is_unsigned_v<Integer>
inline void store(std::byte* to, Integer integer) noexcept {
    integer = detail::to_little_endian(integer);
    std::memcpy(to, &integer, sizeof integer);
}

/// Writes values one after the other. The caller has made sure of the room, which is a constant for every message.
class ByteWriter {
public:
    explicit ByteWriter(std::byte* to) noexcept : to_(to) {}

    template <class Integer>
        requires std::is_unsigned_v<Integer>
    ByteWriter& put(Integer integer) noexcept {
        store(to_, integer);
        to_ += sizeof integer;
        return *this;
    }
    template <class Identity>
        requires std::is_enum_v<Identity>
    ByteWriter& put(Identity identity) noexcept {
        return put(value(identity));
    }
    ByteWriter& put(Index index) noexcept { return put(index.value); }
    ByteWriter& put(Instant instant) noexcept { return put(instant.microseconds); }
    ByteWriter& put(Epoch epoch) noexcept { return put(epoch.counter).put(epoch.node).put(epoch.tag); }
    ByteWriter& put(Position position) noexcept { return put(position.epoch).put(position.index); }

    [[nodiscard]] std::byte* position() const noexcept { return to_; }

private:
    std::byte* to_;
};

/// Reads what `ByteWriter` wrote. The caller has checked that the bytes are there.
class ByteReader {
public:
    explicit ByteReader(const std::byte* from) noexcept : from_(from) {}

    template <class Integer>
        requires std::is_unsigned_v<Integer>
    ByteReader& get(Integer& integer) noexcept {
        integer = load<Integer>(from_);
        from_ += sizeof integer;
        return *this;
    }
    template <class Identity>
        requires std::is_enum_v<Identity>
    ByteReader& get(Identity& identity) noexcept {
        std::underlying_type_t<Identity> number;
        get(number);
        identity = static_cast<Identity>(number);
        return *this;
    }
    ByteReader& get(Index& index) noexcept { return get(index.value); }
    ByteReader& get(Instant& instant) noexcept { return get(instant.microseconds); }
    ByteReader& get(Epoch& epoch) noexcept { return get(epoch.counter).get(epoch.node).get(epoch.tag); }
    ByteReader& get(Position& position) noexcept { return get(position.epoch).get(position.index); }

    [[nodiscard]] const std::byte* position() const noexcept { return from_; }

private:
    const std::byte* from_;
};

}  // namespace replicator
