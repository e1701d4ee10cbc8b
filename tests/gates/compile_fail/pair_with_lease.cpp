// SPDX-License-Identifier: BSL-1.0
// Nobody grants a pair a lease.
//
// expect: profile::Pair has no Options::Authority: who may lead is decided by promote and hand_over.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Leased : profile::Pair {
    using Authority = authority::Lease;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, Leased>>(network);
}
