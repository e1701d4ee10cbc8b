// SPDX-License-Identifier: BSL-1.0
// A view is a pointer, too, also within an array of structures.
//
// expect: A pointer means nothing on another machine, and this Command is or holds one, or a span or a view: send
// expect: what it points to, or write a Codec.
// errors: 1

#include "parts.hpp"

#include <string_view>

using namespace parts;

struct Labelled {
    struct Part {
        std::uint64_t number;
        std::string_view label;
    };
    struct Command {
        std::uint64_t add;
        Part parts[2];
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<Labelled, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
