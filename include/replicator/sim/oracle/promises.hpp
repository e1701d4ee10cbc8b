// SPDX-License-Identifier: BSL-1.0
// What writers were promised, where leaders change: that enough nodes hold an acknowledged write, that no loss-free
// epoch begins without it, and that it is there in the end.
#pragma once

#include "facts.hpp"

#include "../../types.hpp"
#include "../sentence.hpp"

#include <cstddef>
#include <initializer_list>
#include <string>

namespace replicator::sim {

/// Each question is answered with what is wrong, as a sentence; empty for nothing.
template <class Machine, class Policy>
class Promises {
public:
    using Facts = sim::Facts<Machine>;
    using Entry = typename Facts::Entry;

    explicit Promises(Facts& facts) noexcept : facts_(facts), tree_(facts.tree) {}

    /// Somebody opened this epoch.
    [[nodiscard]] std::string begins(Epoch epoch) {
        const auto& reign = facts_.reigns.at(epoch);
        for (auto& [other, former] : facts_.reigns) {
            // A candidate that was late opens an epoch in which nothing will ever be acknowledged.
            if (epoch < other || tree_.has(reign.start, former.acknowledged)) continue;
            // Whoever forced an epoch may have stopped before anybody saw that it did.
            const Entry common = tree_.common(reign.start, former.acknowledged);
            if (!reign.forced && !tree_.forced_after(reign.start, common, other)) {
                return say({"node ", value(epoch.node), " opens an epoch that lacks acknowledged entry ",
                            tree_.index(former.acknowledged).value});
            }
            // Somebody took the risk.
            former.acknowledged = common;
            lost_ = true;
        }
        return {};
    }

    /// An entry was just acknowledged: enough nodes hold it, and no loss-free epoch was opened without it. What a later
    /// forced one lacks is at risk.
    [[nodiscard]] std::string acknowledges(Entry entry) {
        const Epoch epoch_of_leader = tree_.epoch(entry);
        const std::size_t holders = facts_.holders(entry);
        if (holders < Policy::holders_floor(facts_.views.size()) && !facts_.at_risk(entry)) {
            return say({"entry ", tree_.index(entry).value, " is acknowledged, and held by ", holders, " nodes only"});
        }
        for (const auto& [epoch, reign] : facts_.reigns) {
            if (epoch <= tree_.epoch(entry) || reign.forced || tree_.has(reign.start, entry)) continue;
            // Somebody may have risked a loss, on either line, or all nodes of that epoch were destroyed.
            const Entry common = tree_.common(entry, reign.start);
            const bool risked = tree_.forced_after(entry, common) || tree_.forced_after(reign.start, common);
            if (!risked && facts_.newest_held(reign.start) == reign.start) {
                return say({"entry ", tree_.index(entry).value, " of epoch ", tree_.epoch(entry).counter,
                            " is acknowledged, although epoch ", epoch.counter, " began without it, after entry ",
                            tree_.index(reign.start).value - 1});
            }
        }
        for (const auto& [epoch, reign] : facts_.reigns) {
            if (tree_.epoch(entry) < epoch && reign.forced) entry = tree_.common(reign.start, entry);
        }
        Entry& acknowledged = facts_.reigns[epoch_of_leader].acknowledged;
        if (tree_.index(acknowledged) < tree_.index(entry)) acknowledged = entry;
        return {};
    }

    /// In the end, all nodes hold this line.
    [[nodiscard]] std::string survive(Entry line) const {
        for (const auto& [epoch, reign] : facts_.reigns) {
            if (tree_.has(line, reign.acknowledged)) continue;
            return say({"acknowledged entry ", tree_.index(reign.acknowledged).value, " is lost"});
        }
        if (lost_ && !facts_.risked()) return say({"writes were lost, although nobody took the risk"});
        return {};
    }

private:
    Facts& facts_;
    EntryTree<Machine>& tree_;
    bool lost_ = false;
};

}  // namespace replicator::sim
