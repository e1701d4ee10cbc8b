// SPDX-License-Identifier: BSL-1.0
// Three bytes of this command are nobody's, and differ from one to the next.
//
// expect: This Command has padding bytes or floating-point members, so equal commands may differ in bytes.
// expect: Remove the padding by reordering or naming it; or, if there are only floating-point members, set
// expect: replicator::raw_is_safe<Command> to true; or write a Codec.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Switches {
    struct Command {
        std::uint8_t which;
        std::uint32_t position;
    };
    std::uint32_t last = 0;
    void apply(const Command& command) { last = command.position; }
};

void refused(transport::Memory& network) {
    use<Replicator<Switches, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
