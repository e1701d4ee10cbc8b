// SPDX-License-Identifier: BSL-1.0
// A group without a follower replicates nothing.
//
// expect: Options::nodes_max must leave room for a follower.

#include "parts.hpp"

using namespace parts;

struct Alone : Small {
    static constexpr std::size_t nodes_max = 1;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Sync<>, transport::Memory, Alone>>(network);
}
