// SPDX-License-Identifier: BSL-1.0
// What a node applied, where leaders change: it is what the commands make it, was committed, and stays.
#pragma once

#include "facts.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../error.hpp"
#include "../../testing/inspect.hpp"
#include "../sentence.hpp"

#include <cstdint>
#include <string>

namespace replicator::sim {

/// What is wrong with it, as a sentence; empty for nothing. Keeps in `view` what is applied now.
template <class Node, class Machine>
[[nodiscard]] std::string misapplied_by(const Node& node, const Facts<Machine>& facts,
                                        typename Facts<Machine>::View& view, std::uint64_t name) {
    const auto& tree = facts.tree;
    const auto& log = testing::Inspect::inside(node).self().log();
    if (node.last().index < node.commit() || node.commit() < node.applied()) {
        return say({"node ", name, " applied or committed too much"});
    }
    const auto found = tree.find(node.applied(), chain_at(log, node.applied()));
    if (!found && log.fault() != Error::none) return {};
    if (!found) return say({"node ", name, " applied what no leader wrote"});
    if (*found == view.applied) return {};
    const auto common = tree.common(*found, view.applied);
    if (common != view.applied && !facts.may_replace(*found, view.applied, common)) {
        return say({"node ", name, " took back what it had applied"});
    }
    view.applied = *found;
    if (const char* const wrong = tree.find_wrong(node, *found, common); wrong != nullptr) {
        return say({wrong, " node ", name, " is not what the commands make it"});
    }
    if (!facts.is_committed(view.applied)) return say({"node ", name, " applied what no leader committed"});
    return {};
}

}  // namespace replicator::sim
