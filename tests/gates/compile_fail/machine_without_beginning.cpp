// SPDX-License-Identifier: BSL-1.0
// Where would a history begin, if the first state needs an argument?
//
// expect: The state machine must be default-constructible: every history begins with Machine{}.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct StartsAt {
    struct Command {
        std::int32_t add;
    };
    explicit StartsAt(std::int32_t start) : total(start) {}
    std::int32_t total;
    void apply(const Command& command) { total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<StartsAt, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
