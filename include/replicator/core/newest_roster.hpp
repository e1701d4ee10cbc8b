// SPDX-License-Identifier: BSL-1.0
// What a whole log says about the nodes, entries that are not applied yet included.
#pragma once

#include "applier.hpp"
#include "local.hpp"
#include "roster.hpp"

#include "../entry.hpp"

namespace replicator::core {

/// The roster as of the last entry of this node's log. O(entries that are not applied).
template <class Composition>
[[nodiscard]] Roster<Composition::Limits::nodes_max> newest_roster(const Local<Composition>& local,
                                                                   const Applier<Composition>& applier) noexcept {
    Roster<Composition::Limits::nodes_max> roster = local.applied_roster;
    for (Cursor at = applier.next(); at.index <= local.log.last();) {
        const EntryRun run = local.log.read(at);
        const std::byte* entry = run.bytes.data();
        if (run.count == 0) break;
        for (std::uint64_t i = 0; i < run.count; ++i) {
            const EntryHeader header = load_entry_header(entry);
            roster.take(entry, at.index);
            at = {at.index + 1, at.offset + header.bytes()};
            entry += header.bytes();
        }
    }
    return roster;
}

}  // namespace replicator::core
