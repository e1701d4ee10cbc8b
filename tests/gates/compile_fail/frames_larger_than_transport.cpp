// SPDX-License-Identifier: BSL-1.0
// Frames that never fit into the buffer would never be sent.
//
// expect: The frames of this node do not fit in the transport's buffer: take a larger
// expect: transport::MemoryOf<Nodes, Bytes>, or smaller limits in Options.

#include "parts.hpp"

using namespace parts;

struct LargePieces : Small {
    static constexpr std::size_t snapshot_piece_bytes_max = 128 * 1024;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, LargePieces>>(network);
}
