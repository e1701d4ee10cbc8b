// SPDX-License-Identifier: BSL-1.0
// LogPolicy: where entries live. A log is bytes and positions; it knows entries only by their header.
//
// Semantic rules
//   LP-1  Entries are numbered without gaps. `base().index` is the index before the first kept entry, `last()` the
//         newest; both are equal when the log holds nothing. A new log holds nothing above Index{0}.
//   LP-2  `base().chain` and `chain()` are the chains up to `base().index` and up to `last()`. Both are always known.
//   LP-3  A `Cursor` names the place of an entry: its index, and the bytes of all entries before it, counted from a
//         point that the log chooses and keeps. `begin()` is the first kept entry, `end()` is where the next one will
//         stand. Cursors stay good for as long as `base().index < cursor.index`.
//   LP-4  `reserve(least, most)` gives room for at least `least` and at most `most` bytes behind the last entry,
//         contiguous and aligned to eight, or nothing. To make room it may drop the oldest entries, but none above the
//         index given to `release`. What was written into the room stays until the next `append`, `cut` or `reset`, and
//         calling `reserve` again with the same or smaller `least` gives the same bytes again.
//   LP-5  `append(bytes, count, chain)` makes the first `bytes` bytes of the reserved room the next `count` entries.
//         `bytes` is a multiple of eight and at most what was reserved.
//   LP-6  `read(cursor)` gives whole entries from there on, contiguous, as many as lie together; nothing at `end()`.
//         The span is good until the next call that is not const.
//   LP-7  `cut(cursor, chain)` removes the entry at `cursor` and all after it; `chain` is the one before it.
//         `reset(index, chain)` removes everything: `index` and `chain` become base and last at once.
//   LP-8  `release(index)` says that entries up to and including `index` may be dropped when room is needed. It never
//         goes back. A log may keep released entries for as long as it likes, and should: they feed followers.
//   LP-9  `capacity_bytes` is what the log can hold at least, of entries that are not released, each of at most
//         `entry_bytes_max` bytes. `stage` is what having an entry in this log means; `flushed()` is the newest entry that
//         reached that stage (equal to `last()` for a log in memory).
//   LP-10 Nothing of this throws. A log that cannot go on reports nothing reserved, and says why in `fault()`; `read`
//         may then give nothing for an entry that is there.
//   LP-11 Optional: `stalled()` is true when `seek` or `read` could not do their work for a reason that passes. What they
//         gave since the last `flush` is of no use then, `chain_at` included, and nothing may be concluded from it.
//
// `seek` is O(entries passed over), `read` and `cut` are O(parts of the log), `reserve` is amortised O(1) per append,
// and all else is O(1).
//
// The smallest complete model is `log::Ring`, in about 150 lines.
#pragma once

#include "../encoding/entry.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

/// The place of an entry in a log, see LP-3.
struct Cursor {
    Index index{1};
    std::uint64_t offset = 0;
};

/// The last thing that is known from before the first kept entry.
struct LogBase {
    Index index;
    Chain chain{};
};

/// Whole entries that lie together in a log.
struct EntryRun {
    std::span<const std::byte> bytes;
    std::uint64_t count = 0;
};

template <class Log>
concept LogPolicy = std::default_initializable<Log> &&
    requires(Log log, const Log& constant, Cursor cursor, Index index, Chain chain, std::size_t bytes,
             std::uint64_t count) {
        { Log::capacity_bytes } -> std::convertible_to<std::size_t>;
        { Log::entry_bytes_max } -> std::convertible_to<std::size_t>;
        { Log::stage } -> std::convertible_to<Stage>;
        { constant.base() } noexcept -> std::same_as<LogBase>;
        { constant.last() } noexcept -> std::same_as<Index>;
        { constant.chain() } noexcept -> std::same_as<Chain>;
        { constant.flushed() } noexcept -> std::same_as<Index>;
        { constant.begin() } noexcept -> std::same_as<Cursor>;
        { constant.end() } noexcept -> std::same_as<Cursor>;
        { constant.seek(index) } noexcept -> std::same_as<Cursor>;
        { constant.read(cursor) } noexcept -> std::same_as<EntryRun>;
        { constant.fault() } noexcept -> std::same_as<Error>;
        { log.reserve(bytes, bytes) } noexcept -> std::same_as<std::span<std::byte>>;
        { log.append(bytes, count, chain) } noexcept;
        { log.cut(cursor, chain) } noexcept;
        { log.reset(index, chain) } noexcept;
        { log.release(index) } noexcept;
    };

/// See LP-11. False for a log whose entries are all in memory. What is no log is refused elsewhere, once.
template <class Log>
[[nodiscard]] bool stalled([[maybe_unused]] const Log& log) noexcept {
    if constexpr (requires { log.stalled(); }) {
        return log.stalled();
    } else {
        return false;
    }
}

/// The chain up to and including `index`, which must be the base or a kept entry; 0 when the log has failed, or
/// is stalled. O(entries
/// passed over).
template <LogPolicy Log>
[[nodiscard]] Chain chain_at(const Log& log, Index index) noexcept {
    if (index == log.base().index) return log.base().chain;
    if (index == log.last()) return log.chain();
    const EntryRun run = log.read(log.seek(index));
    return run.count == 0 ? Chain{} : load_entry_header(run.bytes.data()).chain;
}

/// True when the log can tell the chain at `index`, and read everything after it.
template <LogPolicy Log>
[[nodiscard]] bool reaches_back_to(const Log& log, Index index) noexcept {
    return log.base().index <= index && index <= log.last();
}

/// True when the log is of the line that has this chain at `index`, and can tell.
template <LogPolicy Log>
[[nodiscard]] bool is_of_line(const Log& log, Index index, Chain chain) noexcept {
    return reaches_back_to(log, index) && chain_at(log, index) == chain;
}

}  // namespace replicator
