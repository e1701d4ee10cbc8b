// SPDX-License-Identifier: BSL-1.0
// What the world knows of a group whose leaders change: what each node holds, and what became of each epoch.
#pragma once

#include "entry_tree.hpp"

#include "../../api/write.hpp"
#include "../../types.hpp"

#include <algorithm>
#include <cstddef>
#include <map>
#include <vector>

namespace replicator::sim {

template <class Machine>
struct Facts {
    using Entry = typename EntryTree<Machine>::Entry;

    /// What is known about the node at a place.
    struct View {
        Entry last = 0;
        Entry held = 0;  ///< at the stage at which copies count
        Entry applied = 0;
        Epoch promised;
        Incarnation incarnation{};
        bool suspect = false;
        std::vector<Ticket> pending;
        Entry answered = 0;         ///< the newest that this process acknowledged
        std::vector<Entry> former;  ///< what was held when earlier processes ended
    };
    /// What is known of an epoch.
    struct Reign {
        Run run{};
        Entry start = 0;
        bool forced = false;
        Entry committed = 0;
        Entry acknowledged = 0;  ///< the newest, but for what somebody risked, and what was destroyed everywhere
    };

    explicit Facts(HistoryId history) : tree(history) {}

    /// As much of the line of an acknowledged entry as is left on some node. It takes more losses than any policy
    /// survives to leave less than all: as many nodes as it promises held the entry when it was acknowledged.
    [[nodiscard]] Entry newest_held(Entry entry) const {
        Entry newest = 0;
        for (const View& view : views) {
            const Entry held = tree.common(view.held, entry);
            if (tree.index(newest) < tree.index(held)) newest = held;
        }
        return newest;
    }
    /// Copies were destroyed; with `partly`, perhaps only the ends of logs. Where more are gone than the policy
    /// survives, nothing says any more that what is left there is newer than what others hold of a later epoch.
    void forget_what_is_gone(bool partly) {
        bool too_many = false;
        for (auto& [epoch, reign] : reigns) {
            const Entry left = newest_held(reign.acknowledged);
            too_many = too_many || left != reign.acknowledged;
            reign.acknowledged = left;
        }
        if (!partly || !too_many) return;
        for (auto& [epoch, reign] : reigns) {
            for (const View& view : views) {
                const bool later = tree.epoch(reign.acknowledged) < tree.epoch(view.last);
                if (later) reign.acknowledged = tree.common(reign.acknowledged, view.last);
            }
        }
    }

    [[nodiscard]] bool is_committed(Entry entry) const {
        return std::any_of(reigns.rbegin(), reigns.rend(),
                           [&](const auto& reign) { return tree.has(reign.second.committed, entry); });
    }

    /// A forced epoch began behind `common` on a line that has what is applied now, and not what was.
    [[nodiscard]] bool may_replace(Entry now, Entry before, Entry common) const {
        return std::any_of(reigns.begin(), reigns.end(), [&](const auto& entry) {
            const Reign& reign = entry.second;
            const bool line = tree.has(reign.start, now) || tree.has(now, reign.start);
            return reign.forced && tree.index(common) < tree.index(reign.start) && line &&
                   !tree.has(reign.start, before);
        });
    }

    [[nodiscard]] bool risked() const {
        return std::any_of(reigns.begin(), reigns.end(), [](const auto& reign) { return reign.second.forced; });
    }

    /// A later epoch was forced without this entry: whoever joined that may have dropped it, even while its ack for it
    /// was on the way.
    [[nodiscard]] bool at_risk(Entry entry) const {
        return std::any_of(reigns.begin(), reigns.end(), [&](const auto& later) {
            return later.second.forced && tree.epoch(entry) < later.first && !tree.has(later.second.start, entry);
        });
    }

    /// So many nodes hold an entry, or held it when an earlier process of theirs ended.
    [[nodiscard]] std::size_t holders(Entry entry) const {
        std::size_t holders = 0;
        for (const View& view : views) {
            const bool held =
                tree.has(view.held, entry) || std::any_of(view.former.begin(), view.former.end(),
                                                          [&](Entry former) { return tree.has(former, entry); });
            holders += held ? 1u : 0u;
        }
        return holders;
    }

    EntryTree<Machine> tree;
    std::vector<View> views;
    std::map<Epoch, Reign> reigns;
};

}  // namespace replicator::sim
