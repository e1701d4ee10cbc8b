// SPDX-License-Identifier: BSL-1.0
// What a node that only follows cannot do is not in it.
//
// expect: A node whose Roles are FollowsOnly cannot write: the other node leads.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Follows : profile::Pair {
    using Roles = roles::FollowsOnly;
};
using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, Follows>;

bool refused(Node& node) { return static_cast<bool>(node.write({.add = 1})); }
