// SPDX-License-Identifier: BSL-1.0
// Who set raw_is_safe thought of the floating-point numbers alone.
//
// expect: This state machine has padding bytes, although replicator::raw_is_safe<Machine> is true: give it
// expect: save(offset, span) and load(span), or remove the padding by reordering or naming members.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct Meter {
    struct Command {
        std::int32_t add;
    };
    double sum = 0;
    float last = 0;
    void apply(const Command& command) { sum += last = static_cast<float>(command.add); }
};

template <>
inline constexpr bool replicator::raw_is_safe<Meter> = true;

void refused(transport::Memory& network) {
    use<Replicator<Meter, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
