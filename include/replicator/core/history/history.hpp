// SPDX-License-Identifier: BSL-1.0
// The history of a node: its log, the epochs in it, and what it says about the nodes. They change together or not at
// all, by the methods of this class.
#pragma once

#include "epochs.hpp"
#include "roster.hpp"

#include "../../concepts/durable_log.hpp"
#include "../../concepts/log_policy.hpp"
#include "../../encoding/bytes.hpp"
#include "../../encoding/entry.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

namespace replicator::core {

/// What the log has room for, when this node wants to open an epoch.
enum class Room : std::uint8_t {
    none,          ///< nothing
    reserve,       ///< the entry, in the inner half of what is kept for leaders that can free the log
    half_reserve,  ///< the same in its outer half
    plain,         ///< the entry, beside what is kept
};

template <class Composition>
class History {
public:
    using Log = typename Composition::Log;
    using Limits = typename Composition::Limits;
    using EpochsOfLog = Epochs<Composition::epochs_max>;
    using RosterOfLog = Roster<Limits::nodes_max>;

    /// The history that this node belongs to; 0 for none.
    [[nodiscard]] HistoryId id() const noexcept { return id_; }
    [[nodiscard]] const Log& log() const noexcept { return log_; }
    [[nodiscard]] const EpochsOfLog& epochs() const noexcept { return epochs_; }
    /// As of the last applied entry.
    [[nodiscard]] const RosterOfLog& applied_roster() const noexcept { return applied_roster_; }
    /// As of the last entry; kept up to date by the leader only.
    [[nodiscard]] const RosterOfLog& roster() const noexcept { return roster_; }
    [[nodiscard]] Position last() const noexcept { return {epochs_.last(), log_.last()}; }

    // ---- Room for what comes next ----

    [[nodiscard]] std::span<std::byte> reserve(std::size_t least, std::size_t most) noexcept {
        return log_.reserve(least, most);
    }
    /// Bytes of commands that the log may still take. The rest of its room is for the entries of epochs and nodes:
    /// where it is full of entries that nobody knows to be committed, only those can free it again.
    [[nodiscard]] std::uint64_t room_for_commands() const noexcept {
        if constexpr (Composition::is_durable) {
            const std::uint64_t kept = log_.end().offset - log_.begin().offset;
            return kept < Log::capacity_bytes ? Log::capacity_bytes - kept : 0;
        } else {
            return ~std::uint64_t{0};
        }
    }
    /// Where in the log the entry that opens an epoch of so many nodes would stand; `next` is the first entry that is
    /// not applied.
    [[nodiscard]] Room room_to_lead(Cursor next, std::size_t nodes) noexcept {
        const std::size_t bytes = entry_bytes(epoch_start_bytes(nodes));
        if (log_.reserve(bytes, bytes).empty()) return Room::none;
        const std::uint64_t kept = log_.end().offset - (Composition::is_durable ? log_.begin() : next).offset + bytes;
        if (kept <= Composition::commands_bytes_max) return Room::plain;
        return kept <= Composition::commands_bytes_max + Composition::lead_bytes ? Room::half_reserve : Room::reserve;
    }
    /// Room in the log for the entry with this header, and for more of the kind; nothing when there is none.
    [[nodiscard]] std::span<std::byte> room_for(EntryHeader next, std::size_t most) noexcept {
        const auto room = log_.reserve(next.bytes(), most);
        if (room.empty() || next.type() != EntryType::command) return room;
        const std::uint64_t commands = room_for_commands();
        if (commands < next.bytes()) return {};
        return commands < room.size() ? room.first(static_cast<std::size_t>(commands)) : room;
    }

    // ---- The leader writes ----

    /// The entry whose body of so many bytes stands in the room that was reserved becomes the last one. Inlined, the
    /// compiler knows the type, mostly the length, and has the bytes in registers.
    void seal(std::byte* entry, EntryType type, std::size_t length) noexcept {
        const Chain chain = seal_entry(entry, type, 0, length, log_.chain());
        log_.append(entry_bytes(length), 1, chain);
    }

    /// Opens an epoch, in which the nodes are as in `roster`. False when the log has no room.
    [[nodiscard]] bool open_epoch(EpochStartBody body, const RosterOfLog& roster) noexcept {
        body.members = roster.size;
        const std::size_t length = epoch_start_bytes(roster.size);
        const auto room = log_.reserve(entry_bytes(length), entry_bytes(length));
        if (room.empty()) return false;
        write_epoch_start(room.data() + entry_header_bytes, body, roster);
        epochs_.push({body.epoch, log_.last() + 1, log_.chain(), body.forced});
        seal(room.data(), EntryType::epoch_start, length);
        roster_ = roster;
        roster_.seat_index = log_.last();
        return true;
    }

    /// Gives the seat to a node. False when the log has no room.
    [[nodiscard]] bool give_seat(NodeId node) noexcept {
        const auto room = log_.reserve(entry_bytes(SeatBody::bytes), entry_bytes(SeatBody::bytes));
        if (room.empty()) return false;
        ByteWriter(room.data() + entry_header_bytes).put(node).put(std::uint32_t{0});
        seal(room.data(), EntryType::seat, SeatBody::bytes);
        roster_.seat = node;
        roster_.seat_index = log_.last();
        return true;
    }

    /// Lets an incarnation of a node count. False when the log has no room.
    [[nodiscard]] bool admit(NodeId node, Incarnation incarnation) noexcept {
        const auto room = log_.reserve(entry_bytes(AdmitBody::bytes), entry_bytes(AdmitBody::bytes));
        if (room.empty()) return false;
        ByteWriter(room.data() + entry_header_bytes).put(node).put(std::uint32_t{0}).put(incarnation);
        seal(room.data(), EntryType::admit, AdmitBody::bytes);
        roster_.admit(node, incarnation);
        return true;
    }

    // ---- The follower takes what another node wrote ----

    /// So many whole entries, none of which opens an epoch, stand in the room that was reserved, and are correct.
    void append(std::size_t bytes, std::uint64_t count, Chain chain) noexcept { log_.append(bytes, count, chain); }

    /// Any entry that is correct behind the last one; `room` is where it belongs, and perhaps stands. False when it
    /// opens an epoch that cannot follow, of at most `newest`.
    [[nodiscard]] bool append_entry(std::span<std::byte> room, std::span<const std::byte> entry,
                                    Epoch newest) noexcept {
        const EntryHeader header = load_entry_header(entry.data());
        if (header.type() == EntryType::epoch_start) {
            const auto body = entry_body(entry.data());
            if (body.size() < EpochStartBody::fixed_bytes) return false;
            const EpochStartBody start = read_epoch_start(body.data());
            if (start.epoch <= epochs_.last() || start.epoch > newest) return false;
            epochs_.push({start.epoch, log_.last() + 1, log_.chain(), start.forced});
        }
        if (room.data() != entry.data()) copy_fresh(room.data(), entry.data(), entry.size());
        log_.append(entry.size(), 1, header.chain);
        return true;
    }

    /// Removes the entry at `from` and all after it; `chain` is the one before it.
    void cut(Cursor from, Chain chain) noexcept {
        log_.cut(from, chain);
        epochs_.cut(from.index);
    }
    /// Somebody says of what epoch the last entry is. That helps when all epochs are forgotten.
    void learn_epoch(Position entry) noexcept {
        if (entry.index == log_.last()) epochs_.learn(entry);
    }

    // ---- The node applies ----

    /// An entry at `index` is applied. What it says about nodes holds from now on.
    void applied(const std::byte* entry, Index index) noexcept { applied_roster_.take(entry, index); }
    /// Entries up to here may go when the log needs room.
    void release(Index index) noexcept { log_.release(index); }

    // ---- Another history, or another beginning of it ----

    /// Of a group with these nodes, of which nothing is known yet.
    void set_nodes(std::span<const NodeId> nodes) noexcept {
        applied_roster_.set_nodes(nodes);
        roster_ = applied_roster_;
    }

    /// Takes up a history of which nothing is here yet.
    void adopt(HistoryId id) noexcept {
        id_ = id;
        log_.reset(Index{}, first_chain(id));
        epochs_.begin({}, {}, {});
    }

    /// A state of this history that came from elsewhere ends at `position`, behind which the log begins anew. False
    /// when the disk has no room for that, or failed; then nothing has changed.
    [[nodiscard]] bool install(Index position, Chain chain, const EpochsOfLog& epochs,
                               const RosterOfLog& roster) noexcept {
        if (!replace_log(position, chain, epochs)) return false;
        epochs_ = epochs;
        applied_roster_ = roster;
        return true;
    }

    // ---- What a log on a disk keeps beside the entries ----

    /// Changes what the log keeps beside the entries, where it outlives the process. False when it failed.
    template <class Change>
    [[nodiscard]] bool remember(Change&& change) noexcept {
        if constexpr (Composition::is_durable) {
            auto metadata = log_.metadata();
            change(metadata);
            return log_.store(metadata) == Error::none;
        } else {
            return true;
        }
    }
    /// What to answer when the log refused something.
    [[nodiscard]] Error refused_by_log() const noexcept {
        return log_.fault() == Error::none ? Error::log_full : Error::log_failed;
    }

    [[nodiscard]] Error flush() noexcept requires Composition::is_durable { return log_.flush(); }
    [[nodiscard]] Error close() noexcept requires Composition::is_durable { return log_.close(); }
    /// Somebody may still ask for the entries from here on.
    void need(Index index) noexcept requires Composition::is_durable { log_.need(index); }

    /// Begins a file with the state after `position`; `tail` is what it says of the epochs and nodes before.
    [[nodiscard]] Error begin_snapshot(SnapshotId id, Position position, Chain chain,
                                       std::span<const std::byte> tail) noexcept requires Composition::is_durable {
        typename Log::SnapshotHead head;
        head.history = id_;
        head.id = id;
        head.position = position;
        head.chain = chain;
        head.piece_bytes = static_cast<std::uint32_t>(Composition::snapshot_piece_bytes);
        return log_.begin_snapshot(head, tail);
    }
    [[nodiscard]] Error append_snapshot(std::span<const std::byte> piece) noexcept requires Composition::is_durable {
        return log_.append_snapshot(piece);
    }
    [[nodiscard]] Error finish_snapshot() noexcept requires Composition::is_durable { return log_.finish_snapshot(); }
    void drop_snapshot() noexcept requires Composition::is_durable { log_.drop_snapshot(); }

    // ---- A log that another process wrote ----

    void open(Log&& log) noexcept { log_ = std::move(log); }
    void recall_id() noexcept requires Composition::is_durable { id_ = log_.metadata().history; }

    /// The state on the disk ends at `position`, and the log must go on there. A log that was damaged before that
    /// begins anew behind the state.
    [[nodiscard]] Error join(Position position, Chain chain, const EpochsOfLog& epochs,
                             const RosterOfLog& roster) noexcept requires Composition::is_durable {
        epochs_ = epochs;
        applied_roster_ = roster;
        if (log_.last() < position.index) {
            log_.reset(position.index, chain);
            const bool kept = remember([&](auto& metadata) {
                metadata.base.position.epoch = position.epoch;
                metadata.epochs = on_disk(epochs);
            });
            return kept ? Error::none : refused_by_log();
        }
        if (!reaches_back_to(log_, position.index)) return Error::corrupt;
        return chain_at(log_, position.index) == chain ? Error::none : Error::corrupt;
    }

    /// Finds the epochs that began behind the state, from `at` on.
    [[nodiscard]] Error find_epochs(Cursor at) noexcept {
        Chain chain = chain_at(log_, at.index - 1);
        while (at.index <= log_.last()) {
            const EntryRun run = log_.read(at);
            if (run.count == 0) return refused_by_log();
            const std::byte* entry = run.bytes.data();
            for (std::uint64_t i = 0; i < run.count; ++i) {
                const EntryHeader header = load_entry_header(entry);
                // No follower of this program would take it.
                if (header.bytes() > Composition::entry_bytes_max) return Error::wrong_limits;
                if (header.type() == EntryType::epoch_start) {
                    const auto body = entry_body(entry);
                    if (body.size() < EpochStartBody::fixed_bytes) return Error::corrupt;
                    const EpochStartBody start = read_epoch_start(body.data());
                    epochs_.push({start.epoch, at.index, chain, start.forced});
                }
                chain = header.chain;
                entry += header.bytes();
                at = {at.index + 1, at.offset + header.bytes()};
            }
        }
        return Error::none;
    }

private:
    /// The epochs in the form in which the log keeps them.
    [[nodiscard]] static auto on_disk(const EpochsOfLog& epochs) noexcept {
        decltype(Log::Metadata::epochs) history;
        for (const EpochStart& start : epochs.all()) history.push({start.epoch, start.first, start.chain_before});
        return history;
    }

    [[nodiscard]] bool replace_log(Index position, Chain chain, const EpochsOfLog& epochs) noexcept {
        if constexpr (Composition::is_durable) {
            const Error error = log_.install_snapshot(on_disk(epochs));
            // Without room to tidy up, the state stands all the same.
            return error == Error::none || (error == Error::log_full && log_.base().index == position);
        } else {
            log_.reset(position, chain);
            return true;
        }
    }

    Log log_;
    EpochsOfLog epochs_;
    RosterOfLog applied_roster_;
    RosterOfLog roster_;
    HistoryId id_{};
};

}  // namespace replicator::core
