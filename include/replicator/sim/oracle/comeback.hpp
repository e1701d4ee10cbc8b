// SPDX-License-Identifier: BSL-1.0
// What a node comes back with: all that its disk had, what it promised, whether it was suspect, and who it was.
#pragma once

#include "entry_tree.hpp"
#include "facts.hpp"

#include "../../types.hpp"
#include "../sentence.hpp"

#include <cstdint>
#include <string>

namespace replicator::sim {

/// What it forgot, as a sentence; empty for nothing. `self` is what the new process knows of itself, `view` is as of
/// the one before, but for its newest entry, and `before` the newest that the disk had. With `lost`, copies may be
/// gone. With `told`, the node was told to be another incarnation, which its disk may have failed to keep.
template <class Self, class Machine>
[[nodiscard]] std::string forgotten_by(const Self& self, const EntryTree<Machine>& tree,
                                       const typename Facts<Machine>::View& view,
                                       typename EntryTree<Machine>::Entry before, bool lost, bool told) {
    const std::uint64_t name = value(self.id);
    const bool suspect = self.suspect_from() != Index{};
    const bool less = !tree.has(view.last, before);
    if (less && !lost) {
        return say({"node ", name, " comes back without entry ", tree.index(before).value, ", which its disk had"});
    }
    if (less && !suspect) return say({"node ", name, " lost entries, and is not suspect"});
    if (view.suspect && !suspect) return say({"node ", name, " forgot that it is suspect"});
    if (self.promised < view.promised) return say({"node ", name, " forgot what it promised"});
    if (self.incarnation != view.incarnation && !told) return say({"node ", name, " is another incarnation"});
    return {};
}

}  // namespace replicator::sim
