// SPDX-License-Identifier: BSL-1.0
// Places in the log of a pair have 16 bits.
//
// expect: profile::Pair takes a log::Ring of 128 bytes to 64 KiB, a power of two.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, log::Ring<128 * 1024>, ack::SemiSync<>, transport::Memory, profile::Pair>>(network);
}
