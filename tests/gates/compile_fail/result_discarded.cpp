// SPDX-License-Identifier: BSL-1.0
// The answer to a write says whether it was accepted.
//
// expect: nodiscard

#include "parts.hpp"

using namespace parts;

using Node = Replicator<Counter, Log, ack::Sync<>, transport::Memory, Small>;

void refused(Node& node) { node.write({.add = 1}); }
