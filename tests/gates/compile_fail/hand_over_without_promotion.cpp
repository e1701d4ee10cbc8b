// SPDX-License-Identifier: BSL-1.0
// A leader could tell a follower to lead, which cannot be promoted.
//
// expect: A hand-over ends in a promotion: leave out both, Options::HandOver with Options::Promotion.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct HandsOverToNobody : Small {
    using Promotion = promotion::Absent;
};

void refused(transport::Memory& transport) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, HandsOverToNobody>>(transport);
}
