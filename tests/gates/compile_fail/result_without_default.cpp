// SPDX-License-Identifier: BSL-1.0
// A place for the result has to be made before there is one.
//
// expect: The result of apply must be default-constructible and copyable, because a node keeps it until the writer
// expect: asks: return such a value, or nothing.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Explicit {
    explicit Explicit(std::int32_t v) : value(v) {}
    std::int32_t value;
};

struct ReturnsExplicit {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    Explicit apply(const Command& command) { return Explicit{total += command.add}; }
};

void refused(transport::Memory& network) {
    use<Replicator<ReturnsExplicit, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
