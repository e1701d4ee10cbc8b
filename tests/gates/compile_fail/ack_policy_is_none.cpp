// SPDX-License-Identifier: BSL-1.0
// A type that answers none of a policy's questions.
//
// expect: The third argument is not an AckPolicy: see the members in replicator/concepts/ack_policy.hpp.
// errors: 4

#include "parts.hpp"

using namespace parts;

struct Whenever {};

void refused(transport::Memory& network) { use<Replicator<Counter, Log, Whenever, transport::Memory, Small>>(network); }
