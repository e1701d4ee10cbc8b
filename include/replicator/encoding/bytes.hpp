// SPDX-License-Identifier: BSL-1.0
// Little-endian integers in byte buffers: the one place that knows about byte order.
#pragma once

#include "../assert.hpp"
#include "../types.hpp"

#include <array>
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

/// The integer whose bytes stand the other way round.
template <class Integer>
[[nodiscard]] constexpr Integer reversed(Integer integer) noexcept {
    if constexpr (sizeof(Integer) == 1) {
        return integer;
    } else {
        Integer result = 0;
        for (std::size_t i = 0; i < sizeof(Integer); ++i) {
            result = static_cast<Integer>((result << 8) | (integer & 0xff));
            integer = static_cast<Integer>(integer >> 8);
        }
        return result;
    }
}

template <class Integer>
[[nodiscard]] constexpr Integer to_little_endian(Integer integer) noexcept {
    return std::endian::native == std::endian::little ? integer : reversed(integer);
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

/// Copies `bytes` bytes, a multiple of eight, in words of eight.
///
/// A processor hands a value that was just stored to a load only if one store has all of it. What was written in words
/// and is read in wider pieces has to wait until every store before it has reached the cache, which takes as long as
/// the state machine's cache misses do. So fresh bytes are copied in the words in which they were written.
inline void copy_words(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
#if defined(__GNUC__) && !defined(__OPTIMIZE_SIZE__)
#pragma GCC unroll 8
#endif
    for (std::size_t at = 0; at < bytes; at += 8) {
        std::uint64_t word;
        std::memcpy(&word, from + at, sizeof word);
#if defined(__GNUC__)
        __asm__("" : "+r"(word));  // or the compiler makes one wide copy of it
#endif
        std::memcpy(to + at, &word, sizeof word);
    }
}

#if defined(__OPTIMIZE_SIZE__)

/// Copies `bytes` bytes, a multiple of eight, of which the last may be fresh.
inline void copy_fresh(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    std::memcpy(to, from, bytes);
}

#else

namespace detail {

inline constexpr std::size_t fresh_bytes_max = 512;  // more than the stores that a processor holds back

/// A loop over constants is nothing but copying.
inline void copy_all_fresh(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    for (; bytes >= 64; bytes -= 64, to += 64, from += 64) copy_words(to, from, 64);
    for (; bytes != 0; bytes -= 8, to += 8, from += 8) copy_words(to, from, 8);
}

/// Apart, or the call of `memcpy` in it would cost the short copies time.
#if defined(__GNUC__)
[[gnu::noinline]]
#endif
inline void
copy_long(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    const std::size_t old = bytes - fresh_bytes_max;
    std::memcpy(to, from, old);
    copy_all_fresh(to + old, from + old, fresh_bytes_max);
}

}  // namespace detail

/// Copies `bytes` bytes, a multiple of eight, of which the last may be fresh.
inline void copy_fresh(std::byte* to, const std::byte* from, std::size_t bytes) noexcept {
    if (bytes > detail::fresh_bytes_max) return detail::copy_long(to, from, bytes);
    detail::copy_all_fresh(to, from, bytes);
}

#endif

/// Writes values one after the other. The caller has made sure of the room, which is a constant for every message.
class ByteWriter {
public:
    explicit ByteWriter(std::byte* to) noexcept : to_(to) {}

    template <class Integer>
    requires std::is_unsigned_v<Integer> ByteWriter& put(Integer integer) noexcept {
        store(to_, integer);
        to_ += sizeof integer;
        return *this;
    }
    template <class Identity>
    requires std::is_enum_v<Identity> ByteWriter& put(Identity identity) noexcept { return put(value(identity)); }
    /// Two narrow values in one store, because they will be read as one word.
    ByteWriter& put_pair(std::uint32_t first, std::uint32_t second) noexcept {
        return put(std::uint64_t{first} | std::uint64_t{second} << 32);
    }
    ByteWriter& put(Index index) noexcept { return put(index.value); }
    ByteWriter& put(Instant instant) noexcept { return put(instant.microseconds); }
    ByteWriter& put(Epoch epoch) noexcept { return put(epoch.counter).put_pair(value(epoch.node), epoch.tag); }
    ByteWriter& put(Position position) noexcept { return put(position.epoch).put(position.index); }

    /// An answer of yes or no takes a whole word, so that what follows it stays aligned.
    ByteWriter& put(bool flag) noexcept { return put(std::uint64_t{flag}); }
    template <std::size_t Count>
    ByteWriter& put(const std::array<std::uint8_t, Count>& bytes) noexcept {
        for (const std::uint8_t byte : bytes) put(byte);
        return *this;
    }

    /// One field after the other. Message types list their fields once, for this and for `ByteReader::each`.
    template <class... Fields>
    void each(const Fields&... fields) noexcept {
        (put(fields), ...);
    }

    [[nodiscard]] std::byte* position() const noexcept { return to_; }

private:
    std::byte* to_;
};

/// Reads what `ByteWriter` wrote. The caller has checked that the bytes are there.
class ByteReader {
public:
    explicit ByteReader(const std::byte* from) noexcept : from_(from) {}

    template <class Integer>
    requires std::is_unsigned_v<Integer> ByteReader& get(Integer& integer) noexcept {
        integer = load<Integer>(from_);
        from_ += sizeof integer;
        return *this;
    }
    template <class Identity>
    requires std::is_enum_v<Identity> ByteReader& get(Identity& identity) noexcept {
        std::underlying_type_t<Identity> number;
        get(number);
        identity = static_cast<Identity>(number);
        return *this;
    }
    ByteReader& get(Index& index) noexcept { return get(index.value); }
    ByteReader& get(Instant& instant) noexcept { return get(instant.microseconds); }
    ByteReader& get(Epoch& epoch) noexcept { return get(epoch.counter).get(epoch.node).get(epoch.tag); }
    ByteReader& get(Position& position) noexcept { return get(position.epoch).get(position.index); }
    ByteReader& get(bool& flag) noexcept {
        std::uint64_t word = 0;
        get(word);
        flag = word != 0;
        return *this;
    }
    template <std::size_t Count>
    ByteReader& get(std::array<std::uint8_t, Count>& bytes) noexcept {
        for (std::uint8_t& byte : bytes) get(byte);
        return *this;
    }

    template <class... Fields>
    void each(Fields&... fields) noexcept {
        (get(fields), ...);
    }

    [[nodiscard]] const std::byte* position() const noexcept { return from_; }

private:
    const std::byte* from_;
};

}  // namespace replicator
