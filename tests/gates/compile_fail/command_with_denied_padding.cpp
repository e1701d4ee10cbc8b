// SPDX-License-Identifier: BSL-1.0
// Who set raw_is_safe thought of the floating-point numbers alone.
//
// expect: This Command has padding bytes, although replicator::raw_is_safe<Command> is true: remove the padding by
// expect: reordering or naming it, or write a Codec.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Reading {
    double value;
    float weight;
};

template <>
inline constexpr bool replicator::raw_is_safe<Reading> = true;

struct Meter {
    using Command = Reading;
    std::int64_t count = 0;
    void apply(const Command&) { ++count; }
};

void refused(transport::Memory& network) {
    use<Replicator<Meter, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
