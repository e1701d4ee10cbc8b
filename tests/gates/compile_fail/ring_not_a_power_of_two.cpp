// SPDX-License-Identifier: BSL-1.0
// A ring of 3000 bytes would need a division for every place in it.
//
// expect: log::Ring<Bytes>: Bytes must be a power of two.
// errors: 15

#include "parts.hpp"

using namespace parts;

void refused(transport::Memory& network) {
    use<Replicator<Counter, log::Ring<3000>, ack::Sync<>, transport::Memory, Small>>(network);
}
