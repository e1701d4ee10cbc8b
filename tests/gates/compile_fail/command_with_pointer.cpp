// SPDX-License-Identifier: BSL-1.0
// The name stays behind on the machine that wrote it.
//
// expect: A pointer means nothing on another machine, and this Command is or holds one, or a span or a view: send
// expect: what it points to, or write a Codec.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Named {
    struct Command {
        std::uint64_t add;
        const char* name;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<Named, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
