// SPDX-License-Identifier: BSL-1.0
// A composition of which nothing is wrong.

#include "parts.hpp"

using namespace parts;

void control(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, Small>>(network);
}
