// SPDX-License-Identifier: BSL-1.0
// Writes records into the newest segment, and prepares its file, and that of the next one, ahead of need: into room
// that was written once, a flush need not tell the file system anything new.
#pragma once

#include "format.hpp"

#include "../../../concepts/storage.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log {

template <Storage S, class Options>
class FileWriter {
    static_assert(Options::block_bytes >= SegmentHeader::bytes && Options::block_bytes % 8 == 0,
                  "FileOptions::block_bytes must be a multiple of 8, and 128 at least.");
    static_assert(Options::segment_bytes >= Options::block_bytes + RecordHeader::bytes + Options::record_bytes_max &&
                      Options::segment_bytes % 8 == 0,
                  "FileOptions::segment_bytes must have room for the largest record.");
    static_assert(Options::segment_bytes / 8 < (std::uint64_t{1} << 32),
                  "FileOptions::segment_bytes must be less than 32 GiB.");

public:
    [[nodiscard]] typename S::File& file() noexcept { return file_; }
    [[nodiscard]] std::uint64_t place() const noexcept { return place_; }
    /// Bytes of entries that fit into the segment as one record.
    [[nodiscard]] std::size_t room() const noexcept {
        const std::uint64_t used = place_ + RecordHeader::bytes;
        return place_ == 0 || used >= size_ ? 0 : static_cast<std::size_t>(size_ - used);
    }

    /// Bytes of entries that have room in this segment, and in the next one, whose file has what it will need: no disk
    /// is too full for them.
    [[nodiscard]] std::uint64_t placed() const noexcept {
        if (!claimed_) return entries_in(room());
        // The first entry that does not fit into this segment leaves the rest of it.
        const std::uint64_t here = room() < Options::entry_bytes_max ? 0 : room() - Options::entry_bytes_max;
        return entries_in(here) + entries_in(Options::segment_bytes - Options::block_bytes);
    }

    /// Goes on in a segment that was found.
    void resume(typename S::File file, std::uint64_t place, std::uint64_t size) noexcept {
        file_ = std::move(file);
        place_ = place;
        size_ = zeroed_here_ = size;
    }
    /// Writes no more into the segment. What it did not use is given back when the next one is there.
    void seal() noexcept {
        if (place_ != 0) sealed_at_ = place_;
        place_ = 0;
    }
    void close() noexcept {
        place_ = sealed_at_ = 0;
        file_ = {};
    }

    /// Writes a record; its place and salt are filled in. After an error the same may be tried again.
    [[nodiscard]] StorageError write(S& storage, RecordHeader header, std::uint32_t salt,
                                     std::span<const std::byte> entries) noexcept {
        header.salt = salt;
        header.place = place_;
        header.write(record_.data());
        const std::array<std::span<const std::byte>, 2> pieces{std::span<const std::byte>(record_), entries};
        const StorageError error = storage.write(file_, place_, pieces);
        if (error == StorageError::none) place_ = header.end();
        return error;
    }

    /// Begins a segment: its header is on the disk, and its name, when this returns `none`. What was written into the
    /// one before must be on the disk already.
    [[nodiscard]] StorageError begin(S& storage, typename S::Directory& directory, SegmentHeader header) noexcept {
        // Where it was needed too early, it is prepared while it is used; but nothing former may be left in it.
        if (former_ && !next_is_ready()) forget_next();
        if (const StorageError error = claim_next(storage, directory); error != StorageError::none) return error;
        header.records_at = Options::block_bytes;
        header.size = Options::segment_bytes;
        std::array<std::byte, SegmentHeader::bytes> bytes;
        header.write(bytes.data());
        const std::span<const std::byte> piece(bytes);
        StorageError error = storage.write(next_, 0, std::span(&piece, 1));
        if (error != StorageError::none) return error;
        if (error = storage.sync(next_); error != StorageError::none) {
            forget_next();  // nobody knows what is in a file whose flush failed
            return error;
        }
        const FileName name = segment_name(header.number, header.first);
        error = storage.rename(directory, segment_new_name, name.text());
        if (error != StorageError::none) return error;
        // From here on the segment may be there or not, so there is no other try.
        if (storage.sync_directory(directory) != StorageError::none) return StorageError::failed;
        // Its room is worth having, but nothing depends on it.
        if (sealed_at_ != 0) static_cast<void>(storage.resize(file_, sealed_at_));
        sealed_at_ = 0;
        file_ = std::exchange(next_, typename S::File{});
        place_ = Options::block_bytes;
        size_ = Options::segment_bytes;
        zeroed_here_ = zeroed_;
        forget_next();
        return StorageError::none;
    }

    /// The next segment has no file yet.
    [[nodiscard]] bool wants_file() const noexcept { return !claimed_; }
    /// A file that the log needs no more becomes that of the next segment, once it is all zeros.
    [[nodiscard]] StorageError take_over(S& storage, typename S::Directory& directory, const char* name) noexcept {
        // First, because without a descriptor nothing shall have changed.
        StorageError error = storage.open(directory, name, next_);
        if (error == StorageError::none) error = storage.rename(directory, name, segment_new_name);
        if (error != StorageError::none) return error;
        // It must have lost its name for good before it loses what it holds.
        if (storage.sync_directory(directory) != StorageError::none) return StorageError::failed;
        error = storage.allocate(next_, Options::segment_bytes);
        claimed_ = former_ = error == StorageError::none;
        return passes(error) ? StorageError::none : error;
    }

    /// Prepares a little further, in the measure of what was written.
    [[nodiscard]] StorageError keep_ahead(S& storage, typename S::Directory& directory, std::size_t written) noexcept {
        if (is_ahead()) return StorageError::none;
        owed_ += written * Options::zeros_per_byte;
        if (owed_ < Options::zeros_bytes_min) return StorageError::none;
        const std::uint64_t bytes = std::exchange(owed_, 0);
        return prepare(storage, directory, bytes);
    }
    [[nodiscard]] bool next_is_ready() const noexcept { return zeroed_ == Options::segment_bytes; }

    /// Writes so many more zeros: behind the last record, then into the next segment's file.
    [[nodiscard]] StorageError prepare(S& storage, typename S::Directory& directory, std::uint64_t bytes) noexcept {
        if (place_ != 0 && zeroed_here_ < size_) {
            if (zeroed_here_ < place_) zeroed_here_ = place_;
            return write_zeros(storage, file_, zeroed_here_, size_, bytes);
        }
        if (next_is_ready()) return StorageError::none;
        if (const StorageError error = claim_next(storage, directory); error != StorageError::none) return error;
        while (bytes > 0 && !next_is_ready()) {
            const std::uint64_t before = zeroed_;
            const std::uint64_t flush_at = flushed_ + Options::zeros_bytes_flushed;
            const std::uint64_t end = flush_at < Options::segment_bytes ? flush_at : Options::segment_bytes;
            if (const StorageError error = write_zeros(storage, next_, zeroed_, end, bytes);
                error != StorageError::none) {
                return error;
            }
            bytes -= bytes < zeroed_ - before ? bytes : zeroed_ - before;
            if (zeroed_ < end) continue;
            if (const StorageError error = storage.sync(next_); error != StorageError::none) {
                forget_next();  // nobody knows what is in a file whose flush failed
                return error;
            }
            flushed_ = zeroed_;
        }
        return StorageError::none;
    }

    /// The next segment has a file, with all the room that it will need.
    [[nodiscard]] StorageError claim_next(S& storage, typename S::Directory& directory) noexcept {
        if (claimed_) return StorageError::none;
        StorageError error = storage.create(directory, segment_new_name, next_);
        if (error == StorageError::none) error = storage.allocate(next_, Options::segment_bytes);
        claimed_ = error == StorageError::none;
        return error;
    }

private:
    /// How many of the bytes are entries, whatever records they become: of two that follow each other, at least one is
    /// half full, because a record ends where the next entry would make it too long.
    [[nodiscard]] static std::uint64_t entries_in(std::uint64_t bytes) noexcept {
        constexpr std::uint64_t record = Options::record_bytes_max;
        constexpr std::uint64_t headers = 2 * RecordHeader::bytes;
        return bytes < headers ? 0 : (bytes - headers) * record / (record + headers);
    }
    [[nodiscard]] bool is_ahead() const noexcept { return zeroed_here_ >= size_ && next_is_ready(); }
    void forget_next() noexcept {
        claimed_ = former_ = false;
        zeroed_ = flushed_ = 0;
    }
    /// Writes zeros from `at` on, which moves: at least `bytes`, but not beyond `end`.
    [[nodiscard]] static StorageError write_zeros(S& storage, typename S::File& file, std::uint64_t& at,
                                                  std::uint64_t end, std::uint64_t bytes) noexcept {
        static constexpr std::array<std::byte, 16 * 1024> zeros{};
        std::array<std::span<const std::byte>, 8> pieces;
        while (bytes > 0 && at < end) {
            std::uint64_t size = 0;
            for (auto& piece : pieces) {
                const std::uint64_t left = end - at - size;
                piece = std::span(zeros).first(static_cast<std::size_t>(left < zeros.size() ? left : zeros.size()));
                size += piece.size();
            }
            if (const StorageError error = storage.write(file, at, pieces); error != StorageError::none) return error;
            at += size;
            bytes -= bytes < size ? bytes : size;
        }
        return StorageError::none;
    }

    typename S::File file_;
    std::uint64_t place_ = 0;  // of the next record; 0 without a segment
    std::uint64_t size_ = 0;
    std::uint64_t zeroed_here_ = 0;  // up to here the segment was written once
    std::uint64_t sealed_at_ = 0;

    typename S::File next_;
    bool claimed_ = false;
    bool former_ = false;  // its file was another segment before
    std::uint64_t zeroed_ = 0;
    std::uint64_t flushed_ = 0;
    std::uint64_t owed_ = 0;

    std::array<std::byte, RecordHeader::bytes> record_{};
};

}  // namespace replicator::log
