// SPDX-License-Identifier: BSL-1.0
// The bytes of a log on a disk: names, the header of a segment, the header of a record. See docs/log_format.md.
//
// A record holds whole entries, unchanged, and what is local to this disk. Its checksum covers its header alone: the
// entries check themselves, and the header has the chain before the first and after the last of them. The header also
// says where it stands and in which segment, so that no record is ever taken for one in another place.
#pragma once

#include "../../../concepts/storage.hpp"
#include "../../../encoding/bytes.hpp"
#include "../../../encoding/checksum.hpp"
#include "../../../error.hpp"
#include "../../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace replicator::log {

/// What a log says of a storage that refused: `log_full` for what passes.
[[nodiscard]] constexpr Error error_of(StorageError error) noexcept {
    return error == StorageError::none ? Error::none : passes(error) ? Error::log_full : Error::log_failed;
}

inline constexpr std::uint32_t file_format = 1;

/// A file's name, in place.
class FileName {
public:
    constexpr FileName() noexcept = default;
    explicit constexpr FileName(const char* text) noexcept { add(text); }

    constexpr FileName& add(const char* text) noexcept {
        while (*text != 0) text_[size_++] = *text++;
        return *this;
    }
    constexpr FileName& add_hex(std::uint64_t number) noexcept {
        for (int shift = 60; shift >= 0; shift -= 4) text_[size_++] = "0123456789abcdef"[(number >> shift) & 15];
        return *this;
    }
    [[nodiscard]] constexpr const char* text() const noexcept { return text_.data(); }

private:
    std::array<char, 64> text_{};
    std::size_t size_ = 0;
};

inline constexpr const char* metadata_name = "metadata";
inline constexpr const char* metadata_new_name = "metadata.tmp";
inline constexpr const char* segment_new_name = "segment.tmp";
inline constexpr const char* snapshot_new_name = "snapshot.tmp";

/// "segment-" with the number and the first index in hexadecimal.
[[nodiscard]] inline FileName segment_name(std::uint64_t number, Index first) noexcept {
    return FileName("segment-").add_hex(number).add("-").add_hex(first.value);
}
[[nodiscard]] inline FileName snapshot_name(SnapshotId id) noexcept { return FileName("snapshot-").add_hex(value(id)); }

/// Reads sixteen hexadecimal digits; false when they are none.
[[nodiscard]] inline bool read_hex(const char* text, std::uint64_t& number) noexcept {
    number = 0;
    for (int i = 0; i < 16; ++i) {
        const char c = text[i];
        if (c >= '0' && c <= '9') {
            number = number << 4 | static_cast<std::uint64_t>(c - '0');
        } else if (c >= 'a' && c <= 'f') {
            number = number << 4 | static_cast<std::uint64_t>(c - 'a' + 10);
        } else {
            return false;
        }
    }
    return true;
}
/// True for the name of a segment, which then is taken apart.
[[nodiscard]] inline bool read_segment_name(const char* name, std::uint64_t& number, Index& first) noexcept {
    constexpr std::size_t size = 8 + 16 + 1 + 16;
    return std::strlen(name) == size && std::strncmp(name, "segment-", 8) == 0 && read_hex(name + 8, number) &&
           name[24] == '-' && read_hex(name + 25, first.value);
}
[[nodiscard]] inline bool read_snapshot_name(const char* name, SnapshotId& id) noexcept {
    std::uint64_t number = 0;
    if (std::strlen(name) != 25 || std::strncmp(name, "snapshot-", 9) != 0 || !read_hex(name + 9, number)) return false;
    id = static_cast<SnapshotId>(number);
    return true;
}

/// What stands at the front of a segment. It is written once, and is on the disk before the segment has its name.
struct SegmentHeader {
    static constexpr std::uint64_t magic = 0x31676573'6c706572;  // "replseg1"
    static constexpr std::size_t bytes = 128;

    std::uint32_t format = file_format;
    std::uint32_t records_at = 0;  ///< where the first record stands
    ClusterId cluster{};
    GroupId group{};
    NodeId node{};
    HistoryId history{};
    Incarnation incarnation{};
    std::uint64_t number = 0;    ///< rises with every segment of a directory
    std::uint64_t previous = 0;  ///< number of the segment before, 0 if there was none
    std::uint64_t size = 0;      ///< of the whole file
    Index first;                 ///< of the first entry; a segment before it ends there, whatever else it holds
    Epoch epoch_before;          ///< of the entry before the first
    Chain chain_before{};        ///< up to that
    std::uint32_t salt = 0;      ///< repeated in every record

    void write(std::byte* to) const noexcept {
        std::memset(to, 0, bytes);
        ByteWriter(to).each(magic, format, records_at, cluster, group, node, history, incarnation, number, previous,
                            size, first, epoch_before, chain_before, salt);
        store(to + bytes - 4, checksum({to, bytes - 4}));
    }
    /// False when the bytes are no header, or damaged.
    [[nodiscard]] bool read(const std::byte* from) noexcept {
        if (load<std::uint32_t>(from + bytes - 4) != checksum({from, bytes - 4})) return false;
        std::uint64_t found = 0;
        ByteReader(from).each(found, format, records_at, cluster, group, node, history, incarnation, number, previous,
                              size, first, epoch_before, chain_before, salt);
        return found == magic && records_at >= bytes && records_at % 8 == 0 && number != 0 && first.value != 0;
    }
};

/// A salt that differs from that of every other segment, as far as thirty-two bits can. `run_counter` tells apart the
/// runs of one log.
[[nodiscard]] inline std::uint32_t segment_salt(const SegmentHeader& header, std::uint64_t run_counter) noexcept {
    std::array<std::byte, 24> bytes;
    ByteWriter(bytes.data()).each(header.incarnation, header.number, run_counter);
    return checksum(bytes);
}

/// What stands before the entries of one write.
struct RecordHeader {
    static constexpr std::uint32_t magic = 0x31636572;  // "rec1"
    static constexpr std::size_t bytes = 48;

    std::uint32_t salt = 0;
    std::uint64_t place = 0;  ///< in the file
    Index first;              ///< of the first entry
    Index durable;            ///< up to here everything was on the disk before this was written
    std::uint32_t size = 0;   ///< bytes of entries that follow
    std::uint32_t count = 0;  ///< how many those are
    Chain chain_before{};
    Chain chain{};  ///< up to the last of them

    [[nodiscard]] Index last() const noexcept { return first + count - 1; }
    [[nodiscard]] std::uint64_t end() const noexcept { return place + bytes + size; }

    void write(std::byte* to) const noexcept {
        ByteWriter(to + 4).each(magic, salt, static_cast<std::uint32_t>(place / 8), first, durable, size, count,
                                chain_before, chain);
        store(to, checksum({to + 4, bytes - 4}));
    }
    /// False unless a record with this salt stands at this place. What it says about sizes is then believed.
    [[nodiscard]] bool read(const std::byte* from, std::uint32_t expected_salt, std::uint64_t at) noexcept {
        if (load<std::uint32_t>(from + 4) != magic || load<std::uint32_t>(from) != checksum({from + 4, bytes - 4})) {
            return false;
        }
        std::uint32_t found = 0;
        std::uint32_t words = 0;
        ByteReader(from + 4).each(found, salt, words, first, durable, size, count, chain_before, chain);
        place = std::uint64_t{words} * 8;
        return salt == expected_salt && place == at && count != 0 && size % 8 == 0 &&
               std::uint64_t{count} * 8 <= size && first.value != 0;
    }
};

}  // namespace replicator::log
