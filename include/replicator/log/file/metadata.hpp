// SPDX-License-Identifier: BSL-1.0
// What a node must not forget beside its entries: two alternating slots in one file, each written twice.
//
// A change is written to the older slot and flushed, so that a write which is torn leaves the newer one. Each slot
// holds two copies, so that a single damaged block never makes a node forget a promise.
#pragma once

#include "segment/format.hpp"

#include "../../concepts/storage.hpp"
#include "../../encoding/bytes.hpp"
#include "../../encoding/checksum.hpp"
#include "../../encoding/entry.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator::log {

/// One epoch in a log: who opened it, and where.
struct EpochStart {
    Epoch epoch;
    Index first;           ///< of its entries
    Chain chain_before{};  ///< up to the entry before that

    friend constexpr bool operator==(const EpochStart&, const EpochStart&) = default;
};

/// The newest epochs of a log, oldest first, without those that are older than `max`.
struct EpochHistory {
    static constexpr std::size_t max = 16;

    std::array<EpochStart, max> starts{};
    std::size_t size = 0;

    [[nodiscard]] std::span<const EpochStart> all() const noexcept { return std::span(starts).first(size); }
    void push(const EpochStart& start) noexcept {
        if (size == max) {
            for (std::size_t i = 1; i < max; ++i) starts[i - 1] = starts[i];
            --size;
        }
        starts[size++] = start;
    }
    /// Forgets what begins at `from` or later.
    void cut(Index from) noexcept {
        while (size > 0 && from <= starts[size - 1].first) --size;
    }
    /// The epoch that wrote `index`; epoch 0 when that is forgotten.
    [[nodiscard]] Epoch at(Index index) const noexcept {
        for (std::size_t i = size; i-- > 0;) {
            if (starts[i].first <= index) return starts[i].epoch;
        }
        return {};
    }
};

/// The last thing that is known from before the first entry of the log.
struct BasePosition {
    Position position;
    Chain chain{};
};

/// A whole state on the disk.
struct SnapshotPointer {
    SnapshotId id{};  ///< 0 is none
    Position position;
    Chain chain{};
};

struct Metadata {
    static constexpr std::size_t note_bytes_max = 1024;

    // Who the directory belongs to. Set when it is made, and kept.
    std::uint32_t format = file_format;
    ClusterId cluster{};
    GroupId group{};
    NodeId node{};
    Incarnation incarnation{};
    /// How often it was opened.
    std::uint64_t run_counter = 0;

    // The node's own.
    HistoryId history{};
    Epoch promised;                    ///< lower ones have no effect
    std::uint64_t counter_opened = 0;  ///< highest counter of an epoch that this node ever opened
    Index suspect_from;                ///< from here on this copy does not count; 0 when nothing is suspect
    bool installing = false;           ///< a snapshot is on its way, and replaces everything
    bool clean_stop = false;           ///< the log was closed, and nothing happened since; kept by the log
    Error fault = Error::none;
    /// Added to the incarnation: another number whenever copies were lost that this node had vouched for.
    std::uint64_t copies_lost = 0;
    std::uint32_t note_size = 0;
    std::array<std::byte, note_bytes_max> note{};  ///< opaque to the log

    // The log's own: what `store` is given for these is passed over.
    SnapshotPointer snapshot;
    BasePosition base;                ///< where the log began when it was last reset
    EpochHistory epochs;              ///< taken from the caller together with a reset
    std::uint64_t first_segment = 0;  ///< those with lower numbers are void
    std::uint64_t last_segment = 0;   ///< highest number ever used
    Index durable;                    ///< entries up to here were on the disk, in `durable_segment` and before
    std::uint64_t durable_segment = 0;
    Index cut_from;  ///< entries from here on are void, in `cut_segment` and before
    std::uint64_t cut_segment = 0;
    StorageIdentity identity;  ///< of the file with the metadata; zeros when it is not known

    [[nodiscard]] std::span<const std::byte> note_bytes() const noexcept { return std::span(note).first(note_size); }
    /// False when there is no room for so many.
    [[nodiscard]] bool set_note(std::span<const std::byte> bytes) noexcept {
        if (bytes.size() > note_bytes_max) return false;
        if (!bytes.empty()) std::memcpy(note.data(), bytes.data(), bytes.size());
        note_size = static_cast<std::uint32_t>(bytes.size());
        return true;
    }
};

namespace detail {

/// Keeps the epoch that an entry opens, if it does; `before` is the chain up to it.
inline void record_epoch(const std::byte* entry, Index index, Chain before, EpochHistory& to) noexcept {
    if (load_entry_header(entry).type() != EntryType::epoch_start || entry_body(entry).size() < 16) return;
    Epoch epoch;
    ByteReader(entry_body(entry).data()).get(epoch);
    to.push({epoch, index, before});
}

inline constexpr std::uint64_t metadata_magic = 0x3174656d'6c706572;  // "replmet1"
inline constexpr std::size_t metadata_copy_bytes = 4096;
inline constexpr std::size_t metadata_file_bytes = 4 * metadata_copy_bytes;

/// All that has one size, in the order in which it stands in a copy; the fault takes a whole word.
template <class Bytes, class Self>
void each_metadata_field(Bytes bytes, Self& m) noexcept {
    std::uint64_t fault = value(m.fault);
    bytes.each(m.format, m.cluster, m.group, m.node, m.incarnation, m.run_counter, m.history, m.promised,
               m.counter_opened, m.suspect_from, m.installing, m.clean_stop, fault, m.snapshot.id, m.snapshot.position,
               m.snapshot.chain, m.base.position, m.base.chain, m.first_segment, m.last_segment, m.durable,
               m.durable_segment, m.cut_from, m.cut_segment, m.note_size, m.copies_lost, m.identity.origin,
               m.identity.number);
    if constexpr (!std::is_const_v<Self>) m.fault = static_cast<Error>(fault);
}
inline constexpr std::size_t metadata_fixed_at = 24;  // behind magic, sequence, checksum
inline constexpr std::size_t metadata_epochs_at = 320;
inline constexpr std::size_t metadata_note_at = metadata_epochs_at + 8 + EpochHistory::max * 28;
static_assert(metadata_note_at + Metadata::note_bytes_max <= metadata_copy_bytes);

inline void write_metadata(std::byte* to, const Metadata& metadata, std::uint64_t sequence) noexcept {
    std::memset(to, 0, metadata_copy_bytes);
    each_metadata_field(ByteWriter(to + metadata_fixed_at), metadata);
    ByteWriter epochs(to + metadata_epochs_at);
    epochs.put(static_cast<std::uint64_t>(metadata.epochs.size));
    for (const EpochStart& start : metadata.epochs.all()) epochs.each(start.epoch, start.first, start.chain_before);
    std::memcpy(to + metadata_note_at, metadata.note.data(), metadata.note_size);
    ByteWriter(to).each(metadata_magic, sequence);
    store(to + 16, checksum({to + metadata_fixed_at, metadata_copy_bytes - metadata_fixed_at}, checksum({to, 16})));
}

/// False when the bytes are no metadata, or damaged.
[[nodiscard]] inline bool read_metadata(const std::byte* from, Metadata& metadata, std::uint64_t& sequence) noexcept {
    std::uint64_t magic = 0;
    ByteReader(from).each(magic, sequence);
    const std::uint32_t sum =
        checksum({from + metadata_fixed_at, metadata_copy_bytes - metadata_fixed_at}, checksum({from, 16}));
    if (magic != metadata_magic || load<std::uint32_t>(from + 16) != sum || load<std::uint32_t>(from + 20) != 0) {
        return false;
    }
    each_metadata_field(ByteReader(from + metadata_fixed_at), metadata);
    std::uint64_t count = 0;
    ByteReader epochs(from + metadata_epochs_at);
    epochs.get(count);
    if (count > EpochHistory::max || metadata.note_size > Metadata::note_bytes_max) return false;
    metadata.epochs.size = static_cast<std::size_t>(count);
    for (std::size_t i = 0; i < count; ++i) {
        EpochStart& start = metadata.epochs.starts[i];
        epochs.each(start.epoch, start.first, start.chain_before);
    }
    std::memcpy(metadata.note.data(), from + metadata_note_at, metadata.note_size);
    return true;
}

}  // namespace detail

/// The file with the two slots.
template <Storage S>
class MetadataFile {
public:
    /// Reads the newest state. `not_found` for a directory that has none yet; `failed` with `damaged` when there is a
    /// file and no copy in it is sound.
    [[nodiscard]] StorageError open(S& storage, typename S::Directory& directory, Metadata& metadata,
                                    bool& damaged) noexcept {
        damaged = false;
        if (const StorageError error = storage.open(directory, metadata_name, file_); error != StorageError::none) {
            return error;
        }
        sequence_ = 0;
        for (std::size_t copy = 0; copy < 4; ++copy) {
            std::size_t got = 0;
            const StorageError error =
                storage.read(file_, copy * detail::metadata_copy_bytes, std::span(buffer_).first(copy_bytes), got);
            if (error != StorageError::none) return error;
            std::uint64_t sequence = 0;
            Metadata found;
            if (got == copy_bytes && detail::read_metadata(buffer_.data(), found, sequence) && sequence > sequence_) {
                sequence_ = sequence;
                metadata = found;
            }
        }
        damaged = sequence_ == 0;
        return damaged ? StorageError::failed : StorageError::none;
    }

    /// Makes the file, in a directory that has none. It is there whole, or not at all.
    [[nodiscard]] StorageError create(S& storage, typename S::Directory& directory, const Metadata& metadata) noexcept {
        sequence_ = 0;
        StorageError error = storage.create(directory, metadata_new_name, file_);
        if (error == StorageError::none) error = storage.allocate(file_, detail::metadata_file_bytes);
        // Both slots, so that later writes change nothing but contents.
        for (int slot = 0; slot < 2 && error == StorageError::none; ++slot) error = store(storage, metadata);
        if (error == StorageError::none) error = storage.rename(directory, metadata_new_name, metadata_name);
        if (error == StorageError::none) error = storage.sync_directory(directory);
        return error;
    }

    /// On the disk when it returns `none`. After an error that passes, also of the flush, the other slot is as it was,
    /// and the next call writes all of the same one again; after any other nobody knows which state is there.
    [[nodiscard]] StorageError store(S& storage, const Metadata& metadata) noexcept {
        ++sequence_;
        detail::write_metadata(buffer_.data(), metadata, sequence_);
        std::memcpy(buffer_.data() + copy_bytes, buffer_.data(), copy_bytes);
        const std::span<const std::byte> piece(buffer_);
        const std::uint64_t place = sequence_ % 2 * 2 * copy_bytes;
        StorageError error = storage.write(file_, place, std::span(&piece, 1));
        if (error == StorageError::none) error = storage.sync(file_);
        if (passes(error)) --sequence_;
        return error;
    }

    /// Writes what `open` read once more, in its place. It may stand in the memory of the system only, and then the
    /// other slot is all that the disk has; that must not be overwritten before this one is sure.
    [[nodiscard]] StorageError confirm(S& storage, const Metadata& metadata) noexcept {
        --sequence_;
        return store(storage, metadata);
    }

    /// What tells this file from its copies; zeros where the storage cannot.
    [[nodiscard]] StorageIdentity identity(S& storage) noexcept {
        if constexpr (requires { storage.identity(file_); }) return storage.identity(file_);
        return {};
    }

private:
    static constexpr std::size_t copy_bytes = detail::metadata_copy_bytes;

    typename S::File file_;
    std::uint64_t sequence_ = 0;
    std::array<std::byte, 2 * copy_bytes> buffer_{};
};

}  // namespace replicator::log
