// SPDX-License-Identifier: BSL-1.0
// A node that never leads is given a write.
//
// expect: Options::Roles is roles::FollowsOnly: a node of this type takes no writes.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Follows : Small {
    using Roles = roles::FollowsOnly;
};

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, Follows>& node) {
    static_cast<void>(node.write({1}));
}
