// SPDX-License-Identifier: BSL-1.0
// The name stays behind on the machine that set it.
//
// expect: A pointer means nothing on another machine, and this state machine holds one, or a span or a view: keep
// expect: what it points to, or give the state machine save(offset, span) and load(span).
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Named {
    struct Command {
        std::int32_t add;
    };
    std::int64_t total = 0;
    const char* name = nullptr;
    void apply(const Command& command) { total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<Named, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
