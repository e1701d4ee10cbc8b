// SPDX-License-Identifier: BSL-1.0
// An address means nothing on another machine.
//
// expect: A pointer means nothing on another machine, and this Command is or holds one, or a span or a view:
// expect: send what it points to, or write a Codec.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Names {
    using Command = const char*;
    std::uint32_t count = 0;
    void apply(const Command&) { ++count; }
};

void refused(transport::Memory& network) {
    use<Replicator<Names, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
