// SPDX-License-Identifier: BSL-1.0
// Its bytes could be sent, but its author wants other ones to be.
//
// expect: The state machine has a save that does not fit: it must be a public std::size_t save(std::uint64_t offset,
// expect: std::span<std::byte> piece) const.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct SavesMutably {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    void apply(const Command& command) { total += command.add; }
    std::size_t save(std::uint64_t, std::span<std::byte>) { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<SavesMutably, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
