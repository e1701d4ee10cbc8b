// SPDX-License-Identifier: BSL-1.0
// Another node could be promoted, and this one could not follow it.
//
// expect: A node that only leads could not follow who is promoted: leave out Options::Promotion, on all nodes.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Leads : Small {
    using Roles = roles::LeadsOnly;
};

void refused(transport::Memory& transport) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, Leads>>(transport);
}
