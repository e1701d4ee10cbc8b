// SPDX-License-Identifier: BSL-1.0
// A quorum that no follower is part of is another policy.
//
// expect: ack::Quorum<W> counts the leader, so W must be at least 2; ack::Async is W = 1.

#include "parts.hpp"

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Quorum<1>, transport::Memory, Small>>(network);
}
