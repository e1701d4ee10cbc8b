// SPDX-License-Identifier: BSL-1.0
// A whole state in one file: written piece by piece, checked piece by piece and as a whole.
//
//     0   head: what it is of, the size of a piece, bytes of the caller's own; with a checksum
//         pieces: u32 bytes, u32 CRC-32C, the bytes, zeros up to a multiple of eight
//         foot: bytes and pieces in all, the checksums of the pieces folded into one; with a checksum
//
// Memory does not depend on the size of the state.
#pragma once

#include "../../../concepts/storage.hpp"
#include "../../../encoding/bytes.hpp"
#include "../../../encoding/checksum.hpp"
#include "../../../encoding/entry.hpp"
#include "../../../error.hpp"
#include "../../../result.hpp"
#include "../metadata.hpp"
#include "../segment/format.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::log {

struct SnapshotHead {
    static constexpr std::uint64_t magic = 0x31706e73'6c706572;  // "replsnp1"
    static constexpr std::size_t bytes = 112;

    std::uint32_t format = file_format;
    ClusterId cluster{};
    HistoryId history{};
    SnapshotId id{};
    Position position;              ///< of the last entry that the state includes
    Chain chain{};                  ///< up to that
    std::uint32_t piece_bytes = 0;  ///< of a piece at most
    std::uint32_t own_bytes = 0;    ///< of the caller's, behind this

    [[nodiscard]] std::uint64_t pieces_at() const noexcept { return bytes + align_up(own_bytes); }

    void write(std::byte* to, std::span<const std::byte> own) const noexcept {
        std::memset(to, 0, bytes);
        ByteWriter(to).each(magic, format, piece_bytes, cluster, history, id, position, chain, own_bytes);
        store(to + bytes - 4, checksum(own, checksum({to, bytes - 4})));
    }
    /// False when the bytes are no head. The checksum is the caller's affair, because it covers more.
    [[nodiscard]] bool read(const std::byte* from) noexcept {
        std::uint64_t found = 0;
        ByteReader(from).each(found, format, piece_bytes, cluster, history, id, position, chain, own_bytes);
        return found == magic && format == file_format && piece_bytes > 0;
    }
};

namespace detail {

struct SnapshotFoot {
    static constexpr std::uint64_t magic = 0x31746f66'6c706572;  // "replfot1"
    static constexpr std::size_t size = 40;

    std::uint64_t bytes = 0;
    std::uint64_t pieces = 0;
    std::uint32_t whole = 0;  ///< the pieces' checksums, folded as a chain is

    void write(std::byte* to) const noexcept {
        std::memset(to, 0, size);
        ByteWriter(to).each(magic, bytes, pieces, whole);
        store(to + size - 4, checksum({to, size - 4}));
    }
    [[nodiscard]] bool read(const std::byte* from) noexcept {
        std::uint64_t found = 0;
        ByteReader(from).each(found, bytes, pieces, whole);
        return found == magic && load<std::uint32_t>(from + size - 4) == checksum({from, size - 4});
    }
};

}  // namespace detail

/// Writes a state into a file that has no name of its own yet.
template <Storage S>
class SnapshotWriter {
public:
    [[nodiscard]] bool active() const noexcept { return active_; }
    [[nodiscard]] const SnapshotHead& head() const noexcept { return head_; }

    [[nodiscard]] StorageError begin(S& storage, typename S::Directory& directory, SnapshotHead head,
                                     std::span<const std::byte> own) noexcept {
        head.own_bytes = static_cast<std::uint32_t>(own.size());
        head_ = head;
        foot_ = {};
        place_ = head_.pieces_at();
        unflushed_ = 0;
        active_ = false;
        std::array<std::byte, SnapshotHead::bytes> bytes;
        head.write(bytes.data(), own);
        StorageError error = storage.create(directory, snapshot_new_name, file_);
        const std::array<std::span<const std::byte>, 3> pieces{std::span<const std::byte>(bytes), own,
                                                               padding(own.size())};
        if (error == StorageError::none) error = storage.write(file_, 0, pieces);
        active_ = error == StorageError::none;
        return error;
    }
    /// A piece has at most `piece_bytes`.
    [[nodiscard]] StorageError append(S& storage, std::span<const std::byte> piece) noexcept {
        std::array<std::byte, 8> front;
        const std::uint32_t sum = checksum(piece);
        ByteWriter(front.data()).put_pair(static_cast<std::uint32_t>(piece.size()), sum);
        const std::array<std::span<const std::byte>, 3> pieces{std::span<const std::byte>(front), piece,
                                                               padding(piece.size())};
        if (const StorageError error = storage.write(file_, place_, pieces); error != StorageError::none) return error;
        place_ += 8 + align_up(piece.size());
        foot_.bytes += piece.size();
        ++foot_.pieces;
        foot_.whole = value(replicator::detail::fold(Chain{foot_.whole}, sum));
        unflushed_ += piece.size();
        return StorageError::none;
    }
    /// Bytes since a flush began.
    [[nodiscard]] std::size_t unflushed() const noexcept { return unflushed_; }
    void flush_begins() noexcept { unflushed_ = 0; }
    [[nodiscard]] typename S::File& file() noexcept { return file_; }
    /// The file is whole.
    [[nodiscard]] StorageError end(S& storage) noexcept {
        std::array<std::byte, detail::SnapshotFoot::size> bytes;
        foot_.write(bytes.data());
        const std::span<const std::byte> piece(bytes);
        return storage.write(file_, place_, std::span(&piece, 1));
    }
    /// It was flushed as a whole, and gets its name.
    [[nodiscard]] StorageError give_name(S& storage, typename S::Directory& directory) noexcept {
        const StorageError error = storage.rename(directory, snapshot_new_name, snapshot_name(head_.id).text());
        return error == StorageError::none ? storage.sync_directory(directory) : error;
    }
    /// While it is being flushed, the file must stay open.
    void drop(bool stays_open) noexcept {
        active_ = false;
        if (!stays_open) file_ = {};
    }
    [[nodiscard]] std::uint64_t bytes() const noexcept { return foot_.bytes; }

private:
    [[nodiscard]] static std::span<const std::byte> padding(std::size_t size) noexcept {
        static constexpr std::array<std::byte, 8> zeros{};
        return std::span(zeros).first(align_up(size) - size);
    }
    typename S::File file_;
    SnapshotHead head_;
    detail::SnapshotFoot foot_;
    std::uint64_t place_ = 0;  // of the next piece
    std::size_t unflushed_ = 0;
    bool active_ = false;
};

/// Reads a state back. Refers to the log that opened it, which must not go or be opened anew before.
template <Storage S>
class SnapshotReader {
public:
    [[nodiscard]] const SnapshotHead& head() const noexcept { return head_; }
    /// Of the whole state.
    [[nodiscard]] std::uint64_t bytes() const noexcept { return foot_.bytes; }
    [[nodiscard]] std::uint64_t pieces() const noexcept { return foot_.pieces; }

    /// `corrupt` when head or foot are damaged or belong to another state; `log_full` for a reason that passes.
    [[nodiscard]] Error open(S& storage, typename S::Directory& directory, SnapshotId id) noexcept {
        storage_ = &storage;
        std::uint64_t size = 0;
        StorageError error = storage.open(directory, snapshot_name(id).text(), file_);
        if (error == StorageError::not_found) return Error::corrupt;
        if (error == StorageError::none) error = storage.size(file_, size);
        if (error != StorageError::none) return error_of(error);
        std::array<std::byte, SnapshotHead::bytes> bytes;
        if (const Error failed = read_all(0, bytes); failed != Error::none) return failed;
        if (!head_.read(bytes.data()) || head_.id != id || size < detail::SnapshotFoot::size) return Error::corrupt;
        head_sum_ = checksum({bytes.data(), bytes.size() - 4});
        head_sum_told_ = load<std::uint32_t>(bytes.data() + bytes.size() - 4);
        const auto foot = std::span(bytes).first(detail::SnapshotFoot::size);
        foot_at_ = size - foot.size();
        if (const Error failed = read_all(foot_at_, foot); failed != Error::none) return failed;
        if (!foot_.read(foot.data()) || head_.pieces_at() > foot_at_) return Error::corrupt;
        begin();
        return Error::none;
    }
    /// The caller's own bytes, of which there are `head().own_bytes`. Call it first: it also checks the head.
    [[nodiscard]] Error read_own(std::span<std::byte> to) noexcept {
        if (to.size() < head_.own_bytes) return Error::too_large;
        const auto own = to.first(head_.own_bytes);
        if (const Error error = read_all(SnapshotHead::bytes, own); error != Error::none) return error;
        return checksum(own, head_sum_) == head_sum_told_ ? Error::none : Error::corrupt;
    }
    /// The piece with this number; `to` has room for `head().piece_bytes`. Returns its size. Pieces are read in order,
    /// and from the first one anew; the last one ends with the check of the whole.
    [[nodiscard]] Result<std::size_t> read(std::uint64_t piece, std::span<std::byte> to) noexcept {
        if (piece == 0) begin();
        if (piece != next_ || piece >= foot_.pieces || to.size() < head_.piece_bytes) return Error::too_large;
        std::array<std::byte, 8> front;
        if (const Error error = read_all(place_, front); error != Error::none) return error;
        const std::size_t size = load<std::uint32_t>(front.data());
        if (size == 0 || size > head_.piece_bytes) return Error::corrupt;
        if (const Error error = read_all(place_ + 8, to.first(size)); error != Error::none) return error;
        const std::uint32_t sum = checksum(to.first(size));
        if (sum != load<std::uint32_t>(front.data() + 4)) return Error::corrupt;
        place_ += 8 + align_up(size);
        whole_ = value(replicator::detail::fold(Chain{whole_}, sum));
        if (++next_ == foot_.pieces && (whole_ != foot_.whole || place_ != foot_at_)) return Error::corrupt;
        return size;
    }

private:
    void begin() noexcept {
        place_ = head_.pieces_at();
        whole_ = 0;
        next_ = 0;
    }
    [[nodiscard]] Error read_all(std::uint64_t place, std::span<std::byte> to) noexcept {
        std::size_t got = 0;
        const StorageError error = storage_->read(file_, place, to, got);
        if (error != StorageError::none) return error_of(error);
        return got == to.size() ? Error::none : Error::corrupt;
    }

    S* storage_ = nullptr;
    typename S::File file_;
    SnapshotHead head_;
    detail::SnapshotFoot foot_;
    std::uint64_t foot_at_ = 0;
    std::uint32_t head_sum_ = 0;
    std::uint32_t head_sum_told_ = 0;
    std::uint64_t place_ = 0;  // of the next piece
    std::uint32_t whole_ = 0;
    std::uint64_t next_ = 0;
};

}  // namespace replicator::log
