// SPDX-License-Identifier: BSL-1.0
// What a node is told when it is made: who it is, who the others are, and entropy, for it has none of its own.
#pragma once

#include "types.hpp"

#include <cstdint>
#include <span>

namespace replicator {

/// Checked by REPLICATOR_ASSERT, which stops the program without a word: assert.hpp says how to see which rule was
/// broken.
struct Config {
    /// This node, in full: `.node = NodeId{1}`. Must be in `nodes`.
    NodeId node{};
    /// Every node of the group once, this one included, the same on all of them; copied, so the span may go afterwards.
    /// NodeId{0} is nobody.
    std::span<const NodeId> nodes;
    /// A number that no earlier start of this node used: random, or counted in storage. Nodes whose log is in memory
    /// lose their copies with the process, so for them it also is the incarnation. Not 0: `.run = Run{2026}`.
    Run run{};
    /// Nodes of different clusters or groups refuse each other.
    ClusterId cluster{};
    GroupId group{};
    /// After a restart from a disk, the node that led last asks for promotion by itself, as a leader does that was
    /// fenced by somebody who never led: every `Options::failure_timeout`, and `Options::retry_interval` for each node
    /// with a lower id, until somebody leads. It loses no acknowledged write. It gives way to a candidate that a person
    /// promoted, and gives up when an answer shows that another node led since. One that is promoted in the same
    /// moment, after those answers, may still lead for an instant before it.
    bool leads_again = false;
};

}  // namespace replicator
