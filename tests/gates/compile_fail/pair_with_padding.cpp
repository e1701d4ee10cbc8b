// SPDX-License-Identifier: BSL-1.0
// The sentences about a state machine are those of a group.
//
// expect: This state machine has padding bytes or floating-point members, so equal states may differ in bytes

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Padded {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    char letter = 0;
    void apply(const Command&) {}
};

void refused(transport::Memory& network) {
    use<Replicator<Padded, Log, ack::SemiSync<>, transport::Memory, profile::Pair>>(network);
}
