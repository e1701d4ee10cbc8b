// SPDX-License-Identifier: BSL-1.0
// Of a number nobody can ask for pieces.
//
// expect: The state machine has a freeze that does not fit: it must be public, and return an object with std::size_t
// expect: save(std::uint64_t offset, std::span<std::byte> piece) const.
// errors: 1

#include "parts.hpp"

#include <vector>

using namespace parts;

struct FreezesToNumber {
    struct Command {
        std::int32_t add;
    };
    std::vector<std::int32_t> values;
    void apply(const Command& command) { values.push_back(command.add); }
    int freeze() { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<FreezesToNumber, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
