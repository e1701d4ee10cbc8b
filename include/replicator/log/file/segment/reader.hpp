// SPDX-License-Identifier: BSL-1.0
// Reads entries that are in files only, record by record, into buffers of its own: the writer is not disturbed.
//
// Everything that is read is checked on the way, so that what a disk lost is never handed on.
#pragma once

#include "format.hpp"
#include "segments.hpp"

#include "../../../concepts/log_policy.hpp"
#include "../../../concepts/storage.hpp"
#include "../../../encoding/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <span>

namespace replicator::log {

/// Where a log could not be read.
struct Damage {
    std::uint64_t segment = 0;
    std::uint64_t place = 0;  ///< in the file
    Index index;              ///< of the first entry that is not there
    bool passes = false;      ///< nothing is known to be wrong: the system was short of descriptors or memory
};

/// A part of a log that is being checked: what comes next, and after what.
struct RecordWalk {
    Cursor at;
    Chain chain{};
};

/// Checks the entries of one record up to and including `limit`, and takes `walk` behind them. `special(entry, walk)`
/// is called, before the step, for each that is no plain command. False at the first that is not sound; then `walk`
/// is at it. O(bytes).
template <class Special>
[[nodiscard]] bool walk_record(const RecordHeader& header, const std::byte* entries, Index limit,
                               std::size_t entry_bytes_max, RecordWalk& walk, Special&& special) noexcept {
    if (header.chain_before != walk.chain) return false;
    std::span<const std::byte> left(entries, header.size);
    while (walk.at.index <= limit && walk.at.index <= header.last()) {
        // Without the bound this would go beyond the limit, where a record may be damaged without harm.
        VerifiedEntries run{};
        if (header.last() <= limit) {
            run = verify_entries(left, walk.chain, entry_bytes_max);
        } else {
            if (left.size() < entry_header_bytes) return false;
            const std::size_t size = load_entry_header(left.data()).bytes();
            if (size > left.size()) return false;
            run = verify_entries(left.first(size), walk.chain, entry_bytes_max);
        }
        if (run.count > header.last() - walk.at.index + 1) return false;
        walk = {{walk.at.index + run.count, walk.at.offset + run.bytes}, run.chain};
        left = left.subspan(run.bytes);
        if (run.stop == VerifiedEntries::Stop::end) {
            if (run.count == 0) return false;
            continue;
        }
        if (run.stop != VerifiedEntries::Stop::special || walk.at.index > header.last()) return false;
        const EntryHeader entry = load_entry_header(left.data());
        if (!verify_entry(left.data(), walk.chain)) return false;
        special(left.data(), static_cast<const RecordWalk&>(walk));
        walk = {{walk.at.index + 1, walk.at.offset + entry.bytes()}, entry.chain};
        left = left.subspan(entry.bytes());
    }
    return header.last() > limit || (left.empty() && walk.chain == header.chain);
}

template <Storage S, class Options>
class FileReader {
public:
    /// Bytes of a buffer: any record fits.
    static constexpr std::size_t buffer_bytes = align_up(RecordHeader::bytes + Options::record_bytes_max);

    [[nodiscard]] bool allocate() noexcept {
        raw_.reset(new (std::nothrow) std::byte[buffer_bytes]);
        if (raw_ == nullptr) return false;
        for (Buffer& buffer : buffers_) {
            buffer.bytes.reset(new (std::nothrow) std::byte[buffer_bytes]);
            if (buffer.bytes == nullptr) return false;
        }
        return true;
    }

    /// Also used by recovery, which reads nothing else meanwhile.
    [[nodiscard]] std::span<std::byte> raw() noexcept { return {raw_.get(), buffer_bytes}; }

    /// Entries from `index` to at most `limit` on, as many as lie in one buffer, with `from` at the first. The segment
    /// holds them all. Empty when they cannot be read; then `damage` says where.
    template <class Segments>
    [[nodiscard]] EntryRun read(S& storage, typename S::Directory& directory, const Segments& segments, Index index,
                                Index limit, Cursor& from, Damage& damage) noexcept {
        Buffer* buffer = &buffers_[0];
        for (Buffer& other : buffers_) {
            if (other.from.index <= index && index < other.to.index) {
                other.used = ++clock_;
                return run_of(other, index, from);
            }
            if (other.used < buffer->used) buffer = &other;
        }
        buffer->used = ++clock_;
        const std::size_t which = segments.find(index);
        const Segment& segment = segments[which];
        if (which + 1 < segments.size()) limit = smaller(limit, segments[which + 1].first.index - 1);
        if (!fill(storage, directory, *buffer, segment, index, limit, damage)) {
            buffer->from = buffer->to = {};
            return {};
        }
        return run_of(*buffer, index, from);
    }

    /// Entries from `index` on are not what they were.
    void forget(Index index) noexcept {
        for (Buffer& buffer : buffers_) {
            if (index < buffer.to.index) buffer.from = buffer.to = {};
        }
    }
    /// Files may be gone.
    void forget_all() noexcept {
        for (Buffer& buffer : buffers_) {
            buffer.from = buffer.to = {};
            buffer.segment = 0;
            buffer.file = {};
        }
    }

private:
    struct Buffer {
        std::unique_ptr<std::byte[]> bytes;
        Cursor from{Index{0}, 0};
        Cursor to{Index{0}, 0};
        std::uint64_t used = 0;
        std::uint64_t segment = 0;  // that `file` is
        typename S::File file;
    };

    [[nodiscard]] static EntryRun run_of(const Buffer& buffer, Index index, Cursor& from) noexcept {
        Cursor at = buffer.from;
        const std::byte* entry = buffer.bytes.get();
        // A reader goes on where it was, so this is short but for a `seek`.
        if (from.index == index && from.offset >= at.offset && from.offset < buffer.to.offset) {
            at = from;
            entry += from.offset - buffer.from.offset;
        }
        while (at.index < index) {
            const std::size_t size = load_entry_header(entry).bytes();
            at = {at.index + 1, at.offset + size};
            entry += size;
        }
        from = at;
        return {{entry, static_cast<std::size_t>(buffer.to.offset - at.offset)}, buffer.to.index - index};
    }

    [[nodiscard]] bool fill(S& storage, typename S::Directory& directory, Buffer& buffer, const Segment& segment,
                            Index index, Index limit, Damage& damage) noexcept {
        const RecordMark& mark = segment.mark_before(index);
        RecordWalk walk{mark.at, {}};
        std::uint64_t place = mark.place;
        buffer.from = buffer.to = {};
        damage = {segment.number, place, walk.at.index, false};
        if (buffer.segment != segment.number) {
            buffer.segment = 0;
            buffer.file = {};
            const FileName name = segment_name(segment.number, segment.first.index);
            const StorageError error = storage.open(directory, name.text(), buffer.file);
            damage.passes = passes(error);
            if (error != StorageError::none) return false;
            buffer.segment = segment.number;
        }
        std::size_t filled = 0;
        while (filled == 0) {
            std::size_t got = 0;
            const StorageError error = storage.read(buffer.file, place, raw(), got);
            damage.passes = passes(error);
            if (error != StorageError::none) return false;
            std::size_t used = 0;
            while (walk.at.index <= limit) {
                damage = {segment.number, place + used, walk.at.index, false};
                RecordHeader header;
                if (got - used < RecordHeader::bytes) break;
                const std::byte* const record = raw_.get() + used;
                if (!header.read(record, segment.salt, place + used) || header.first != walk.at.index) return false;
                if (got - used < RecordHeader::bytes + header.size) break;
                if (!take(header, record + RecordHeader::bytes, index, limit, walk, buffer, filled)) return false;
                used += RecordHeader::bytes + header.size;
            }
            if (used == 0) return false;
            place += used;
        }
        buffer.to = walk.at;
        return true;
    }

    /// Checks one record, and adds what is wanted of it to the buffer.
    [[nodiscard]] bool take(const RecordHeader& header, const std::byte* entries, Index index, Index limit,
                            RecordWalk& walk, Buffer& buffer, std::size_t& filled) noexcept {
        const auto nothing = [](const std::byte*, const RecordWalk&) {};
        const std::uint64_t begin = walk.at.offset;
        walk.chain = header.chain_before;
        Cursor from = walk.at;
        if (filled == 0 && index > walk.at.index) {
            // The place of the entry that is wanted is found by walking.
            if (header.last() < index)
                return walk_record(header, entries, limit, Options::entry_bytes_max, walk, nothing);
            RecordWalk to = walk;
            if (!walk_record(header, entries, index - 1, Options::entry_bytes_max, to, nothing)) return false;
            from = to.at;
        }
        if (!walk_record(header, entries, limit, Options::entry_bytes_max, walk, nothing)) return false;
        const auto size = static_cast<std::size_t>(walk.at.offset - from.offset);
        std::memcpy(buffer.bytes.get() + filled, entries + (from.offset - begin), size);
        if (filled == 0) buffer.from = from;
        filled += size;
        return true;
    }

    std::unique_ptr<std::byte[]> raw_;
    std::array<Buffer, Options::readers> buffers_;
    std::uint64_t clock_ = 0;
};

}  // namespace replicator::log
