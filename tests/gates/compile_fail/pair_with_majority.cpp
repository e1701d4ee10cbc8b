// SPDX-License-Identifier: BSL-1.0
// A pair acknowledges in two ways only.
//
// expect: profile::Pair acknowledges by ack::SemiSync<> or ack::Async<>: with two nodes, every other policy is
// expect: the former.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::Majority<>, transport::Memory, profile::Pair>>(network);
}
