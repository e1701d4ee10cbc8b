// SPDX-License-Identifier: BSL-1.0
// Finds out, when a directory is opened, what is there, what was lost, and whether that may be cut.
//
// Entries are proven to have been on the disk if a later record says so, if the metadata say so, or if a later segment
// exists. What is damaged and proven is corruption: it is refused, or given up so that a peer can send it again. What
// is damaged and not proven is a torn write, or looks like one: it is cut, and this copy is suspect from there on.
#pragma once

#include "metadata.hpp"
#include "segment/format.hpp"
#include "segment/reader.hpp"
#include "segment/segments.hpp"

#include "../../concepts/storage.hpp"
#include "../../error.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <utility>

namespace replicator::log {

/// What to do about entries that are damaged although they were on the disk.
enum class OnDamage : std::uint8_t {
    refuse,  ///< open nothing and change nothing; somebody has to look
    repair,  ///< give up what is damaged and all after it, and be suspect from there on; peers send it again
};

/// What opening a log found.
struct Verdict {
    enum class Kind : std::uint8_t {
        clean,          ///< everything that was ever written
        torn,           ///< a write that was never known to be on the disk is not whole; it is cut
        corrupt,        ///< something that was on the disk is damaged
        missing,        ///< something that was on the disk is not there any more
        metadata_lost,  ///< no copy of the metadata is sound
    };

    Kind kind = Kind::clean;
    Error error = Error::none;  ///< why it was not opened
    std::uint64_t segment = 0;  ///< number of the file
    std::uint64_t place = 0;    ///< in it
    Index index;                ///< of the first entry that is not there
    bool clean_stop = false;    ///< the log was closed before
    bool is_copy = false;       ///< the directory was copied: the node is another incarnation than before
    std::uint64_t bytes_read = 0;
    StorageFailure failure{};  ///< what the system refused, where that is why; see ST-12
};

[[nodiscard]] constexpr const char* to_string(Verdict::Kind kind) noexcept {
    switch (kind) {
        case Verdict::Kind::clean: return "clean";
        case Verdict::Kind::torn: return "torn";
        case Verdict::Kind::corrupt: return "corrupt";
        case Verdict::Kind::missing: return "missing";
        case Verdict::Kind::metadata_lost: return "metadata lost";
    }
    return "unknown";
}

namespace detail {

/// A segment that was found in the directory.
struct FoundSegment {
    std::uint64_t number = 0;
    Index first;
    bool sound = false;
    SegmentHeader header;
};

/// Reads one segment from its first record on, as far as it is sound.
template <Storage S, class Options>
struct SegmentScan {
    RecordWalk walk;                 ///< where it ended
    std::uint64_t place = 0;         ///< in the file: behind the last sound record, or at the one that is not
    Index durable;                   ///< what the records prove
    std::uint64_t rewrite_from = 0;  ///< the first record that is not proven, 0 if all are
    bool damaged = false;            ///< what follows is neither zero nor a sound record
    bool too_large = false;          ///< a record was written with larger bounds
    StorageError error = StorageError::none;
    std::uint64_t bytes_read = 0;

    /// Up to `stop`, the first index of the next segment; 0 if this is the newest.
    void run(S& storage, typename S::File& file, const SegmentHeader& header, Segment& segment, Index stop,
             std::span<std::byte> raw, EpochHistory& epochs) noexcept {
        const Index limit = stop == Index{} ? Index{~std::uint64_t{0}} : stop - 1;
        place = header.records_at;
        while (!damaged && walk.at.index <= limit) {
            std::size_t got = 0;
            error = storage.read(file, place, raw, got);
            if (error != StorageError::none) return;
            bytes_read += got;
            const std::size_t used = take_records(raw.first(got), header.salt, limit, segment, epochs);
            if (used == 0) return look_behind(storage, file, header, raw);
        }
        if (damaged) look_behind(storage, file, header, raw);
    }

private:
    std::size_t take_records(std::span<const std::byte> bytes, std::uint32_t salt, Index limit, Segment& segment,
                             EpochHistory& epochs) noexcept {
        std::size_t used = 0;
        while (walk.at.index <= limit && bytes.size() - used >= RecordHeader::bytes) {
            const std::byte* const record = bytes.data() + used;
            RecordHeader header;
            if (!header.read(record, salt, place) || header.first != walk.at.index) break;
            too_large = header.size > Options::record_bytes_max;
            damaged = too_large;
            if (too_large) return used;
            if (bytes.size() - used < RecordHeader::bytes + header.size) break;
            const Cursor begin = walk.at;
            const bool sound = walk_record(header, record + RecordHeader::bytes, limit, Options::entry_bytes_max, walk,
                                           [&](const std::byte* entry, const RecordWalk& at) {
                                               record_epoch(entry, at.at.index, at.chain, epochs);
                                           });
            durable = larger(durable, header.durable);
            if (walk.at.index != begin.index) segment.note({begin, place});
            damaged = !sound;
            if (damaged) return used;
            unproven(header);
            used += RecordHeader::bytes + header.size;
            place += RecordHeader::bytes + header.size;
        }
        return used;
    }
    /// Keeps the first record that nothing proves yet: this one, where all before it is proven.
    void unproven(const RecordHeader& header) noexcept {
        if (rewrite_from == 0 || header.durable + 1 >= header.first) rewrite_from = header.place;
    }

    /// What stands behind the last sound record: nothing, or what is left of records; those may prove what is damaged.
    void look_behind(S& storage, typename S::File& file, const SegmentHeader& header,
                     std::span<std::byte> raw) noexcept {
        std::uint64_t at = place;
        const std::size_t step = raw.size() - RecordHeader::bytes;
        while (at < header.size) {
            std::size_t got = 0;
            error = storage.read(file, at, raw, got);
            if (error != StorageError::none) return;
            bytes_read += got;
            std::uint64_t any = 0;
            for (std::size_t i = 0; i + 8 <= got; i += 8) any |= load<std::uint64_t>(raw.data() + i);
            for (std::size_t i = got / 8 * 8; i < got; ++i) any |= std::to_integer<std::uint64_t>(raw[i]);
            if (any != 0) {
                damaged = true;
                for (std::size_t i = 0; i + RecordHeader::bytes <= got; i += 8) {
                    RecordHeader record;
                    if (!record.read(raw.data() + i, header.salt, at + i)) continue;
                    durable = larger(durable, record.durable);
                }
            }
            // The file was made longer than this.
            if (got < raw.size() && at + got < header.size) damaged = true;
            if (got < raw.size()) return;
            at += step;
        }
    }
};

}  // namespace detail

}  // namespace replicator::log
