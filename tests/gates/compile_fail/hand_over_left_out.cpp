// SPDX-License-Identifier: BSL-1.0
// A node whose options leave out handing over is told to do so.
//
// expect: Options::HandOver is absent: a node of this type cannot hand over.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct KeepsItsPlace : Small {
    using HandOver = hand_over::Absent;
};

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, KeepsItsPlace>& node) {
    static_cast<void>(node.hand_over(NodeId{2}));
}
