// SPDX-License-Identifier: BSL-1.0
// A pair is handed over, and then stopped.
//
// expect: profile::Pair has no drain: hand_over, and wait until role() is Role::follower.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair>;

bool refused(Node& node) { return static_cast<bool>(node.drain(milliseconds(100))); }
