// SPDX-License-Identifier: BSL-1.0
// Four bytes of this state are nobody's, and differ from one node to the next.
//
// expect: This state machine has padding bytes or floating-point members, so equal states may differ in bytes: give
// expect: it save(offset, span) and load(span); or remove the padding by reordering or naming members; or, if there
// expect: are only floating-point members, set replicator::raw_is_safe<Machine> to true.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Tally {
    struct Command {
        std::int32_t add;
    };
    std::uint64_t total = 0;
    std::uint32_t count = 0;
    void apply(const Command& command) {
        total += static_cast<std::uint64_t>(command.add);
        ++count;
    }
};

void refused(transport::Memory& network) {
    use<Replicator<Tally, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
