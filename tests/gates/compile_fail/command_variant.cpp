// SPDX-License-Identifier: BSL-1.0
// Which bytes of a variant mean something depends on what it holds.
//
// expect: This Command is or holds a std::variant, which leaves some of its bytes undefined: write a Codec that sends
// expect: index() and what it holds.
// errors: 1

#include "parts.hpp"

#include <variant>

using namespace parts;

struct Switches {
    using Command = std::variant<std::uint8_t, std::uint32_t>;
    std::uint32_t last = 0;
    void apply(const Command& command) { last = static_cast<std::uint32_t>(command.index()); }
};

void refused(transport::Memory& network) {
    use<Replicator<Switches, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
