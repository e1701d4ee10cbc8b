// SPDX-License-Identifier: BSL-1.0
// What is a write? The state machine must say.
//
// expect: The state machine needs a public nested type Command: what a write is.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Clock {
    std::uint32_t time = 0;
    void apply(std::uint32_t to) { time = to; }
};

void refused(transport::Memory& network) {
    use<Replicator<Clock, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
