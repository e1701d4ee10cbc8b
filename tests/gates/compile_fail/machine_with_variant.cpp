// SPDX-License-Identifier: BSL-1.0
// Which bytes of a variant mean something depends on what it holds.
//
// expect: This state machine holds a std::variant, which leaves some of its bytes undefined: give it save(offset,
// expect: span) and load(span).
// errors: 1

#include "parts.hpp"

#include <variant>

using namespace parts;

struct Switches {
    struct Command {
        std::int32_t add;
    };
    std::variant<std::uint8_t, std::uint32_t> last;
    void apply(const Command& command) { last = static_cast<std::uint32_t>(command.add); }
};

void refused(transport::Memory& network) {
    use<Replicator<Switches, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
