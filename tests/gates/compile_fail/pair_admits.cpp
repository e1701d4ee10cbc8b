// SPDX-License-Identifier: BSL-1.0
// Nobody has to admit the follower of a pair.
//
// expect: profile::Pair admits its follower by itself, as soon as it holds everything.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair>;

bool refused(Node& node) { return static_cast<bool>(node.admit(NodeId{2})); }
