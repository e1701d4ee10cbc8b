// SPDX-License-Identifier: BSL-1.0
// A node whose options leave out draining is told to drain.
//
// expect: Options::can_drain is false: a node of this type cannot be drained.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct NeverStops : Small {
    static constexpr bool can_drain = false;
};

void refused(Replicator<Counter, Log, ack::Sync<>, transport::Memory, NeverStops>& node) {
    static_cast<void>(node.drain(milliseconds(1000)));
}
