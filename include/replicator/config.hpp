// SPDX-License-Identifier: BSL-1.0
// What a node is told when it is made: who it is, who the others are, and entropy, for it has none of its own.
#pragma once

#include "types.hpp"

#include <cstdint>
#include <span>

namespace replicator {

struct Config {
    /// This node. Must be in `nodes`.
    NodeId node{};
    /// Every node of the group, this one included, the same on all of them; copied, so the span may go afterwards.
    std::span<const NodeId> nodes;
    /// A number that no earlier start of this node used: random, or counted in storage. Nodes whose log is in memory
    /// lose their copies with the process, so for them it also is the incarnation.
    Run run{};
    /// Nodes of different clusters or groups refuse each other.
    ClusterId cluster{};
    GroupId group{};
};

}  // namespace replicator
