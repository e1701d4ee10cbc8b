// SPDX-License-Identifier: BSL-1.0
// A codec that cannot read what it wrote.
//
// expect: The codec of the command is not a Codec: see the members in replicator/concepts/codec.hpp.

#include "parts.hpp"

using namespace parts;

struct WriteOnly {
    struct Command {
        std::int32_t add;
    };
    struct Codec {
        static constexpr SchemaId schema{1};
        static std::size_t size(const Command&) { return 4; }
        static void encode(const Command&, std::span<std::byte>) {}
    };
    std::int32_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

void refused(transport::Memory& network) {
    use<Replicator<WriteOnly, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
