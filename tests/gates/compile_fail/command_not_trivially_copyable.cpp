// SPDX-License-Identifier: BSL-1.0
// The bytes of this command are not all of it.
//
// expect: This Command is not trivially copyable: give the state machine a nested Codec, or specialise
// expect: replicator::CommandCodec<Command>.
// errors: 1

#include "parts.hpp"

#include <string>

using namespace parts;

struct Names {
    struct Command {
        std::string name;
    };
    std::uint32_t count = 0;
    void apply(const Command&) { ++count; }
};

void refused(transport::Memory& network) {
    use<Replicator<Names, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
