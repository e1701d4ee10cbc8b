// SPDX-License-Identifier: BSL-1.0
// A node cannot open a log on a disk by itself: somebody has to look at what was found there.
//
// expect: A node over a log on a disk is given the log that was opened for it: Node(transport, config,
// expect: std::move(log)).

#include "parts.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/posix.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, log::File<storage::Posix>, ack::Sync<>, transport::Memory, Small>>(network);
}
