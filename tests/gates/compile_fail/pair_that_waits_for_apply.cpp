// SPDX-License-Identifier: BSL-1.0
// A pair does not know when its follower applied a write.
//
// expect: profile::Pair counts a write where it was received, in memory: leave out the stage of the policy.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, Log, ack::SemiSync<Stage::applied>, transport::Memory, profile::Pair>>(network);
}
