// SPDX-License-Identifier: BSL-1.0
// Its functions fit, but there is nothing that could be saved while apply goes on.
//
// expect: The state machine has save and load, but cannot be copied, and a copy is what is saved while apply goes on:
// expect: make it copyable, or give it freeze(), which returns an object with save(offset, span).
// errors: 1

#include "parts.hpp"

#include <memory>

using namespace parts;

struct OnlyMovable {
    struct Command {
        std::int32_t add;
    };
    std::unique_ptr<std::int32_t> total = std::make_unique<std::int32_t>(0);
    void apply(const Command& command) { *total += command.add; }
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<OnlyMovable, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
