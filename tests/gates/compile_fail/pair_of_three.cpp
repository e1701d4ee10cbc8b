// SPDX-License-Identifier: BSL-1.0
// A pair has no third node.
//
// expect: profile::Pair has two nodes: leave Options::nodes_max, or take a group.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Three : profile::Pair {
    static constexpr std::size_t nodes_max = 3;
};

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::SemiSync<>, transport::Memory, Three>>(network);
}
