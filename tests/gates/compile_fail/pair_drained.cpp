// SPDX-License-Identifier: BSL-1.0
// A pair is drained only where its options ask for it.
//
// expect: Options::can_drain is false: a node of this type cannot be drained.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair>;

bool refused(Node& node) { return static_cast<bool>(node.drain(milliseconds(100))); }
