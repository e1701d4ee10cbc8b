// SPDX-License-Identifier: BSL-1.0
// A session compares positions, and those of a pair go around.
//
// expect: profile::Pair has no sessions, because its positions go around: read at the position of an
// expect: acknowledgement.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, profile::Pair>;

bool refused(const Node& node, Session& session) { return static_cast<bool>(node.read(session)); }
