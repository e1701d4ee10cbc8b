// SPDX-License-Identifier: BSL-1.0
// A node whose options leave out promotion is told to lead.
//
// expect: Options::Promotion is absent: a node of this type cannot be promoted.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct NobodyElseLeads : Small {
    using Promotion = promotion::Absent;
    using HandOver = hand_over::Absent;
};

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, NobodyElseLeads>& node) {
    static_cast<void>(node.promote());
}
