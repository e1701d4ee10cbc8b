// SPDX-License-Identifier: BSL-1.0
// The idle tail of a log: entries behind the last command, which only say who led and who counted.
//
// Each promotion writes such an entry, and nothing frees them while nobody acknowledges them. Where they fill a log in
// memory, the next epoch would have no room, and so the group no leader, for good.
#pragma once

#include "applier.hpp"
#include "discard.hpp"
#include "local.hpp"

#include "../entry.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

/// True when the entries that are not applied, and so must be kept, leave too little room for another leader. A log on
/// a disk has more room than it promises, for just such entries.
template <class Composition>
[[nodiscard]] bool has_no_room_to_lead(const Local<Composition>& local, const Applier<Composition>& applier) noexcept {
    if constexpr (Composition::is_durable) {
        return false;
    } else {
        const std::uint64_t kept = local.log.end().offset - applier.next().offset;
        return kept + Composition::opening_bytes_max > Composition::Log::capacity_bytes;
    }
}

/// Cuts the idle tail of a log without room to lead. No other node may have committed anything behind `committed`, nor
/// may one do so any more: then no client and no state knows of what goes. A forced epoch stays: what it dropped is
/// known by it. O(entries that are not applied).
template <class Composition>
void make_room_to_lead(Local<Composition>& local, const Applier<Composition>& applier, Index committed) noexcept {
    if (!has_no_room_to_lead(local, applier)) return;
    // The first entry stays too; so there is always one whose chain is that up to the tail.
    const Index stays = max(max(committed, local.epochs.newest_forced().index), applier.next().index);
    Cursor at = applier.next();
    Cursor tail;
    Chain chain{};
    while (at.index <= local.log.last()) {
        const EntryRun run = local.log.read(at);
        if (run.count == 0) return;  // the log failed
        const EntryHeader header = load_entry_header(run.bytes.data());
        const EntryType type = header.type();
        const bool idle = type == EntryType::epoch_start || type == EntryType::seat || type == EntryType::admit;
        const bool kept = at.index <= stays || !idle;
        at = {at.index + 1, at.offset + header.bytes()};
        if (kept) tail = at, chain = header.chain;
    }
    if (tail.index <= local.log.last()) cut(local, tail, chain);
}

}  // namespace replicator::core
