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
    using Chronicle = sim::Chronicle<Machine>;
    using Entry = typename Chronicle::Entry;

    explicit Promises(Chronicle& chronicle) noexcept : chronicle_(chronicle), lines_(chronicle.lines) {}

    /// Somebody opened this epoch.
    [[nodiscard]] std::string begins(Epoch epoch) {
        const auto& reign = chronicle_.reigns.at(epoch);
        for (auto& [other, former] : chronicle_.reigns) {
            // A candidate that was late opens an epoch in which nothing will ever be acknowledged.
            if (epoch < other || lines_.has(reign.start, former.acknowledged)) continue;
            // Whoever forced an epoch may have stopped before anybody saw that it did.
            const Entry common = lines_.common(reign.start, former.acknowledged);
            if (!reign.forced && !lines_.forced_after(reign.start, common, other)) {
                return say({"node ", value(epoch.node), " opens an epoch that lacks acknowledged entry ",
                            lines_.index(former.acknowledged).value});
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
        const Epoch epoch_of_leader = lines_.epoch(entry);
        const std::size_t holders = chronicle_.holders(entry);
        if (holders < Policy::holders_floor(chronicle_.views.size()) && !chronicle_.at_risk(entry)) {
            return say({"entry ", lines_.index(entry).value, " is acknowledged, and held by ", holders, " nodes only"});
        }
        for (const auto& [epoch, reign] : chronicle_.reigns) {
            if (epoch <= lines_.epoch(entry) || reign.forced || lines_.has(reign.start, entry)) continue;
            // Somebody may have risked a loss, on either line, or all nodes of that epoch were destroyed.
            const Entry common = lines_.common(entry, reign.start);
            const bool risked = lines_.forced_after(entry, common) || lines_.forced_after(reign.start, common);
            if (!risked && chronicle_.newest_held(reign.start) == reign.start) {
                return say({"entry ", lines_.index(entry).value, " of epoch ", lines_.epoch(entry).counter,
                            " is acknowledged, although epoch ", epoch.counter, " began without it, after entry ",
                            lines_.index(reign.start).value - 1});
            }
        }
        for (const auto& [epoch, reign] : chronicle_.reigns) {
            if (lines_.epoch(entry) < epoch && reign.forced) entry = lines_.common(reign.start, entry);
        }
        Entry& acknowledged = chronicle_.reigns[epoch_of_leader].acknowledged;
        if (lines_.index(acknowledged) < lines_.index(entry)) acknowledged = entry;
        return {};
    }

    /// In the end, all nodes hold this line.
    [[nodiscard]] std::string survive(Entry line) const {
        for (const auto& [epoch, reign] : chronicle_.reigns) {
            if (lines_.has(line, reign.acknowledged)) continue;
            return say({"acknowledged entry ", lines_.index(reign.acknowledged).value, " is lost"});
        }
        if (lost_ && !chronicle_.risked()) return say({"writes were lost, although nobody took the risk"});
        return {};
    }

private:
    Chronicle& chronicle_;
    Lines<Machine>& lines_;
    bool lost_ = false;
};

}  // namespace replicator::sim
