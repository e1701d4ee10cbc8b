// SPDX-License-Identifier: BSL-1.0
// A frame must take the largest entry, for entries are not cut in pieces.
//
// expect: Options::frame_bytes_max is too small for the largest entry.

#include "parts.hpp"

using namespace parts;

struct TinyFrames : Small {
    static constexpr std::size_t frame_bytes_max = 32;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, TinyFrames>>(network);
}
