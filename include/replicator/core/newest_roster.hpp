// SPDX-License-Identifier: BSL-1.0
// What a whole log says about the nodes, entries that are not applied yet included.
#pragma once

#include "applier.hpp"
#include "history/roster.hpp"
#include "self.hpp"

#include "../concepts/log_policy.hpp"
#include "../encoding/entry.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::core {

/// Remembers how far it has read, because a node that came back from a disk may have much that it may not apply yet.
template <class Composition>
class NewestRoster {
public:
    using Roster = core::Roster<Composition::Limits::nodes_max>;

    /// The roster as of the last entry of this node's log; nothing that counts while the log is stalled. O(entries that
    /// are new since the last call and not applied).
    [[nodiscard]] const Roster& of(const Self<Composition>& self, const Applier<Composition>& applier) noexcept {
        const bool goes_on = applier.next().index <= next_.index && next_.index <= self.log().last() + 1 &&
                             chain_at(self.log(), next_.index - 1) == chain_;
        if (goes_on) {
            next_ = self.log().seek(next_.index);  // a state that was received may have moved it
        } else {
            roster_ = self.applied_roster();
            next_ = applier.next();
        }
        while (next_.index <= self.log().last()) {
            const EntryRun run = self.log().read(next_);
            if (run.count == 0) break;  // the log failed, or is stalled
            const std::byte* entry = run.bytes.data();
            for (std::uint64_t i = 0; i < run.count; ++i, ++next_.index) {
                roster_.take(entry, next_.index);
                entry += load_entry_header(entry).bytes();
            }
            next_.offset += static_cast<std::uint64_t>(entry - run.bytes.data());
        }
        chain_ = self.log().chain();
        return roster_;
    }

private:
    Roster roster_;
    Cursor next_;    // the entry that was not read yet
    Chain chain_{};  // up to the one before it
};

/// The same for somebody who asks once. O(entries that are not applied).
template <class Composition>
[[nodiscard]] Roster<Composition::Limits::nodes_max> newest_roster(const Self<Composition>& self,
                                                                   const Applier<Composition>& applier) noexcept {
    return NewestRoster<Composition>().of(self, applier);
}

}  // namespace replicator::core
