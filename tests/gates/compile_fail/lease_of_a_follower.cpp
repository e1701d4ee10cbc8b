// SPDX-License-Identifier: BSL-1.0
// A lease says how long a node may lead, and this one never does.
//
// expect: A node that never leads asks nobody whether it may: leave Options::Authority as it is.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Follows : Small {
    using Roles = roles::FollowsOnly;
    using Authority = authority::Lease;
};

void refused(transport::Memory& transport) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, Follows>>(transport);
}
