// SPDX-License-Identifier: BSL-1.0
// A state with a container in it cannot be copied as bytes, and says nothing of how else.
//
// expect: The state machine cannot be sent to a node that was away for too long: make it trivially copyable,
// expect: or give it save(offset, span) and load(span), or freeze() and load(span).
// errors: 1

#include "parts.hpp"

#include <vector>

using namespace parts;

struct Values {
    struct Command {
        std::int32_t value;
    };
    std::vector<std::int32_t> values;
    void apply(const Command& command) { values.push_back(command.value); }
};

void refused(transport::Memory& network) {
    use<Replicator<Values, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
