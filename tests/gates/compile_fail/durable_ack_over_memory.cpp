// SPDX-License-Identifier: BSL-1.0
// Nothing in a ring survives the process, so nothing there is durable.
//
// expect: This acknowledgement policy promises durable writes, but the log keeps entries in memory only: ask
// expect: for Stage::received, or take a log that keeps them on a disk.

#include "parts.hpp"

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<Stage::durable>, transport::Memory, Small>>(network);
}
