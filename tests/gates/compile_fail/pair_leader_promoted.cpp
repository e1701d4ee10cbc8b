// SPDX-License-Identifier: BSL-1.0
// A node that only leads began to by a bootstrap.
//
// expect: Only a node whose Roles are Both can be promoted.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Leads : profile::Pair {
    using Roles = roles::LeadsOnly;
};
using Node = Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, Leads>;

bool refused(Node& node) { return static_cast<bool>(node.promote()); }
