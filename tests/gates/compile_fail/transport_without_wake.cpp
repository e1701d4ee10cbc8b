// SPDX-License-Identifier: BSL-1.0
// A transport that cannot be told that there is something to send.
//
// expect: The fourth argument is not a Transport: it needs a noexcept member function template wake(node, peer).

#include "parts.hpp"

using namespace parts;

struct Deaf {};

void refused(Deaf& transport) { use<Replicator<Counter, Log, ack::Sync<>, Deaf, Small>>(transport); }
