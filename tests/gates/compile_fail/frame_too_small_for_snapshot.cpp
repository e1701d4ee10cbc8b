// SPDX-License-Identifier: BSL-1.0
// What a snapshot says about epochs and nodes travels in one frame.
//
// expect: Options::frame_bytes_max is too small for what a snapshot says about epochs and nodes.

#include "parts.hpp"

using namespace parts;

struct LongMemory : Small {
    static constexpr std::size_t frame_bytes_max = 512;
    static constexpr std::size_t epochs_max = 32;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, LongMemory>>(network);
}
