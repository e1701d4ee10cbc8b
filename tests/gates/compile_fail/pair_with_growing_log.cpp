// SPDX-License-Identifier: BSL-1.0
// The log of a pair lies in the node.
//
// expect: profile::Pair keeps its log in a log::Ring<Bytes>; other logs are for groups.

#include "parts.hpp"

#include <replicator/log/memory.hpp>
#include <replicator/profile/pair.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, log::Memory<>, ack::SemiSync<>, transport::Memory, profile::Pair>>(network);
}
