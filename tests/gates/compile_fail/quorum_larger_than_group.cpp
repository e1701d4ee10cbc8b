// SPDX-License-Identifier: BSL-1.0
// Four holders among three nodes.
//
// expect: ack::Quorum<W> asks for more nodes than Options::nodes_max.

#include "parts.hpp"

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Quorum<4>, transport::Memory, Small>>(network);
}
