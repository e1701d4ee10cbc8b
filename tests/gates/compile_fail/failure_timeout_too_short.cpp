// SPDX-License-Identifier: BSL-1.0
// A node that speaks every 50 ms would be down between two words.
//
// expect: Options::failure_timeout must be at least twice the heartbeat interval.

#include "parts.hpp"

using namespace parts;

struct Impatient : Small {
    static constexpr Duration failure_timeout = milliseconds(60);
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, Impatient>>(network);
}
