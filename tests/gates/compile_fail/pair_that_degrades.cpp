// SPDX-License-Identifier: BSL-1.0
// A pair never acknowledges by fewer nodes than its policy says.
//
// expect: profile::Pair waits while its follower is missing: leave WhenMissing::wait.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    using Degrades = ack::SemiSync<AskedStage{}, WhenMissing::degrade>;
    use<Replicator<Counter, Log, Degrades, transport::Memory, profile::Pair>>(network);
}
