// SPDX-License-Identifier: BSL-1.0
// DurableLog: a LogPolicy that outlives the process, and what a node keeps in it beside its entries.
//
// Semantic rules, beyond those of a LogPolicy
//   DL-1  It is movable. It is opened before the node is made, and moved into the node.
//   DL-2  `flush()` begins to put on the disk all that was appended, cut and reset before, and picks up what an earlier
//         one has finished; `flushed()` is how far the disk has come. `flushing()` while one is under way. `log_full`
//         means that there is no room now.
//   DL-3  `metadata()` is what the node once stored; `store(metadata)` keeps it, on the disk when it returns
//         `Error::none`. A store after a `reset` is one step with it. `is_suspect()` says whether it says so. It has at
//         least cluster, group, node, incarnation, history, promised, counter_opened, suspect_from, copies_lost,
//         `note_bytes()` and `set_note()`; base and epochs, taken with a `reset`. Its model is `log::Metadata`.
//   DL-4  `begin_snapshot`, `append_snapshot` for each piece, `finish_snapshot`: a state that takes the place of the
//         one before once it is whole. While that is under way `finish_snapshot` says `not_yet`, and is called again.
//         Released entries are dropped only when such a state includes them.
//         `install_snapshot` ends it instead for a state that comes from elsewhere, and resets the log to it in the
//         same step. Until the end, a crash leaves the state before.
//   DL-5  `open_snapshot(reader)` reads the newest state back, with exactly the pieces that were appended.
//   DL-6  `need(index)` says from where on somebody may still ask for entries; they are kept as far as there is room.
//   DL-7  `close()` flushes, and notes that the node stopped in order; `closed_in_order()` is true of a log that was
//         opened after that.
//   DL-8  `is_crowded()` asks for an early state: the log holds too many segments, and only a newer state lets it drop
//         them.
//   DL-9  Optional constant `keeps_for_restart`: where it is false, no node takes the log.
//   DL-10 Optional: `is_full()` is true while the disk has no room for more.
//
// The model is `log::File`.
#pragma once

#include "log_policy.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

template <class Log>
concept DurableLog = LogPolicy<Log> && std::movable<Log> &&
    requires(Log log, const Log& constant, typename Log::Metadata metadata, typename Log::SnapshotHead head,
             typename Log::SnapshotReader reader, std::span<const std::byte> bytes, Index index) {
        { log.flush() } noexcept -> std::same_as<Error>;
        { constant.flushing() } noexcept -> std::same_as<bool>;
        { log.close() } noexcept -> std::same_as<Error>;
        { constant.closed_in_order() } noexcept -> std::same_as<bool>;
        { constant.metadata() } noexcept -> std::same_as<typename Log::Metadata>;
        { log.store(metadata) } noexcept -> std::same_as<Error>;
        { constant.is_suspect() } noexcept -> std::same_as<bool>;
        { log.need(index) } noexcept;
        { constant.distance_to_loss(index) } noexcept -> std::same_as<std::uint64_t>;
        { constant.is_crowded() } noexcept -> std::same_as<bool>;
        { log.begin_snapshot(head, bytes) } noexcept -> std::same_as<Error>;
        { log.append_snapshot(bytes) } noexcept -> std::same_as<Error>;
        { log.finish_snapshot() } noexcept -> std::same_as<Error>;
        { log.install_snapshot(metadata.epochs) } noexcept -> std::same_as<Error>;
        { log.drop_snapshot() } noexcept;
        { constant.snapshot_index() } noexcept -> std::same_as<Index>;
        { constant.open_snapshot(reader) } noexcept -> std::same_as<Error>;
    };

}  // namespace replicator
