// SPDX-License-Identifier: BSL-1.0
// The entry: the one encoding of a command, equal in memory, on the wire and in the file.
//
//     0  u32  length in bytes of what follows the header (24 bits) | type (4 bits) | flags (4 bits)
//     4  u32  chain: this entry's checksum folded with the chain of the entry before
//     8       the command, or the body of another type; zero bytes up to a multiple of eight
//
// Index and epoch are not repeated here: the frame or record around it carries the first position, and an entry opens
// each epoch. The checksum starts from a constant and is folded afterwards, so that the checksums of neighbouring
// entries overlap in the processor.
#pragma once

#include "bytes.hpp"
#include "checksum.hpp"

#include "../types.hpp"

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator {

/// 1, 4 and 5 are free: nobody ever wrote them.
enum class EntryType : std::uint8_t {
    command = 0,      ///< bytes for the state machine
    epoch_start = 2,  ///< opens an epoch: policy, seat, membership, loss-free or forced
    seat = 3,         ///< names the synchronous follower of `ack::SemiSync`
    admit = 6,        ///< lets a node's incarnation count
};

namespace entry_flags {
inline constexpr std::uint32_t skippable = 1;   ///< a reader that does not know the type may pass over it
inline constexpr std::uint32_t compressed = 2;  ///< the command is compressed
inline constexpr std::uint32_t extended = 4;    ///< optional fields come before the command, see `entry_command`
inline constexpr std::uint32_t reserved = 8;    ///< refused while nobody has given it a meaning
}  // namespace entry_flags

inline constexpr std::size_t entry_header_bytes = 8;
inline constexpr std::size_t entry_length_max = (std::size_t{1} << 24) - 1;

/// The bytes that an entry with a body of `length` bytes takes everywhere, header and padding included.
[[nodiscard]] constexpr std::size_t entry_bytes(std::size_t length) noexcept {
    return entry_header_bytes + align_up(length);
}

struct EntryHeader {
    std::uint32_t word = 0;
    Chain chain{};

    [[nodiscard]] constexpr std::size_t length() const noexcept { return word & 0xffffff; }
    [[nodiscard]] constexpr EntryType type() const noexcept { return static_cast<EntryType>((word >> 24) & 15); }
    [[nodiscard]] constexpr std::uint32_t flags() const noexcept { return word >> 28; }
    /// Header, body and padding.
    [[nodiscard]] constexpr std::size_t bytes() const noexcept { return entry_bytes(length()); }
};

[[nodiscard]] inline EntryHeader load_entry_header(const std::byte* entry) noexcept {
    return {load<std::uint32_t>(entry), static_cast<Chain>(load<std::uint32_t>(entry + 4))};
}

/// The body of an entry: the bytes after its header, without the padding.
[[nodiscard]] inline std::span<const std::byte> entry_body(const std::byte* entry) noexcept {
    return {entry + entry_header_bytes, load_entry_header(entry).length()};
}

/// The command in an entry. An extended entry carries optional fields first: a u32 with their size in bytes (a multiple
/// of eight, these four included), a u32 that names which are there, and the fields. Empty when that size is wrong.
[[nodiscard]] inline std::span<const std::byte> entry_command(const std::byte* entry) noexcept {
    const auto body = entry_body(entry);
    if ((load_entry_header(entry).flags() & entry_flags::extended) == 0) return body;
    if (body.size() < 8) return {};
    const std::size_t skip = load<std::uint32_t>(body.data());
    return skip % 8 != 0 || skip < 8 || skip > body.size() ? std::span<const std::byte>{} : body.subspan(skip);
}

namespace detail {

/// A step of the chain. It is a permutation in each argument, so a difference in one entry never vanishes in the chain
/// by itself, and it does not commute, so two exchanged entries show.
[[nodiscard]] constexpr Chain fold(Chain previous, std::uint32_t checksum) noexcept {
    return static_cast<Chain>((std::rotl(value(previous), 13) + checksum) * 0x9e3779b1u);
}

/// The checksum of one entry: everything but the chain field, padding included.
template <class Crc>
[[nodiscard]] inline std::uint32_t entry_checksum(Crc crc, const std::byte* entry, std::uint32_t word) noexcept {
    return feed_words(crc, crc.feed4(~std::uint32_t{0}, word), entry + entry_header_bytes,
                      entry + EntryHeader{word}.bytes());
}

}  // namespace detail

/// Where the chain of a history begins.
[[nodiscard]] constexpr Chain first_chain(HistoryId history) noexcept {
    const auto low = static_cast<std::uint32_t>(value(history));
    const auto high = static_cast<std::uint32_t>(value(history) >> 32);
    return detail::fold(detail::fold(Chain{0x5265706cu}, low), high);
}

/// Completes an entry whose body of `length` bytes already stands at `entry + entry_header_bytes`: zeroes the padding
/// and writes the header. Returns the chain up to this entry. O(length).
inline Chain seal_entry(std::byte* entry, EntryType type, std::uint32_t flags, std::size_t length,
                        Chain previous) noexcept {
    const std::uint32_t word =
        static_cast<std::uint32_t>(length) | (static_cast<std::uint32_t>(type) << 24) | (flags << 28);
    std::byte* const body_end = entry + entry_header_bytes + length;
    for (std::byte* at = body_end; at != entry + entry_bytes(length); ++at) *at = std::byte{0};
    const Chain chain =
        detail::fold(previous, with_crc([=](auto crc) noexcept { return detail::entry_checksum(crc, entry, word); }));
    ByteWriter(entry).put_pair(word, value(chain));
    return chain;
}

/// What `verify_entries` found at the front of some bytes.
struct VerifiedEntries {
    enum class Stop : std::uint8_t {
        end,         ///< nothing is left
        incomplete,  ///< the next entry has not arrived whole
        special,     ///< the next entry is whole, and not a plain command: look at it by itself
        corrupt,     ///< the next entry does not fit the chain, is too large, or has bits nobody has given a meaning
    };

    std::size_t bytes = 0;    ///< of the commands that are whole and fit the chain
    std::uint64_t count = 0;  ///< how many those are
    Chain chain{};            ///< up to and including the last of them
    Stop stop = Stop::end;
};

namespace detail {

/// Why no further plain command was taken from the front of `left` bytes, which are not all used up.
[[nodiscard]] inline VerifiedEntries::Stop why_stopped(const std::byte* entry, std::size_t left,
                                                       std::size_t entry_bytes_max) noexcept {
    using Stop = VerifiedEntries::Stop;
    if (left < entry_header_bytes) return Stop::incomplete;
    const EntryHeader header = load_entry_header(entry);
    if (header.bytes() > entry_bytes_max) return Stop::corrupt;
    if (header.bytes() > left) return Stop::incomplete;
    return header.word >> 24 != 0 ? Stop::special : Stop::corrupt;
}

}  // namespace detail

/// Checks entries one after the other against the chain, stopping at the first that is not a plain, whole and correct
/// command. `entry_bytes_max` bounds the length that is believed. O(bytes).
[[nodiscard]] inline VerifiedEntries verify_entries(std::span<const std::byte> bytes, Chain previous,
                                                    std::size_t entry_bytes_max) noexcept {
    return with_crc([=](auto crc) noexcept {
        VerifiedEntries run{0, 0, previous, VerifiedEntries::Stop::end};
        const std::byte* at = bytes.data();
        const std::byte* const end = at + bytes.size();
        const std::size_t length_max = (entry_bytes_max - entry_header_bytes) & ~std::size_t{7};
        while (end - at >= static_cast<std::ptrdiff_t>(entry_header_bytes)) {
            const EntryHeader header = load_entry_header(at);
            // A type or flags make the word larger than any length, so the bound refuses those too.
            if (header.word > length_max) break;
            const std::size_t size = entry_bytes(header.word);
            if (size > static_cast<std::size_t>(end - at)) break;
            const std::uint32_t sum =
                feed_words(crc, crc.feed4(~std::uint32_t{0}, header.word), at + entry_header_bytes, at + size);
            if (header.chain != detail::fold(run.chain, sum)) break;
            run.chain = header.chain;
            ++run.count;
            at += size;
        }
        run.bytes = static_cast<std::size_t>(at - bytes.data());
        if (at != end) run.stop = detail::why_stopped(at, static_cast<std::size_t>(end - at), entry_bytes_max);
        return run;
    });
}

/// Checks one whole entry of any type against the chain.
[[nodiscard]] inline bool verify_entry(const std::byte* entry, Chain previous) noexcept {
    const EntryHeader header = load_entry_header(entry);
    return header.chain == detail::fold(previous, with_crc([=](auto crc) noexcept {
                                            return detail::entry_checksum(crc, entry, header.word);
                                        }));
}

/// Checks one entry of any type whose bytes come in parts, which need not be kept.
class EntryCheck {
public:
    void begin(EntryHeader header) noexcept {
        std::array<std::byte, 4> word;
        store(word.data(), header.word);
        sum_ = checksum(word);
    }
    /// The next bytes behind the header, padding included.
    void feed(std::span<const std::byte> part) noexcept { sum_ = checksum(part, sum_); }
    /// True when all that was fed is the entry of this header, and follows `previous`.
    [[nodiscard]] bool fits(EntryHeader header, Chain previous) const noexcept {
        return header.chain == detail::fold(previous, ~sum_);
    }

private:
    std::uint32_t sum_ = 0;
};

/// Whether this version may pass the entry on: it knows its type or may pass over it, and knows all its flags.
[[nodiscard]] constexpr bool is_understood(EntryHeader header) noexcept {
    if ((header.flags() & (entry_flags::compressed | entry_flags::reserved)) != 0) return false;
    switch (header.type()) {
        case EntryType::command:
        case EntryType::epoch_start:
        case EntryType::seat:
        case EntryType::admit: return true;
    }
    return (header.flags() & entry_flags::skippable) != 0;
}

}  // namespace replicator
