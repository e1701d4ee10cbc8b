// SPDX-License-Identifier: BSL-1.0
// The name of the function is misspelt.
//
// expect: The state machine needs a member function apply(const Command&).
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Misspelt {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t aply(const Command& command) { return total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<Misspelt, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
