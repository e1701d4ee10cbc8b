// SPDX-License-Identifier: BSL-1.0
// What it saves would be loaded as if it were its bytes.
//
// expect: The state machine can be saved, but not loaded: give it bool load(std::span<const std::byte> piece).
// errors: 1

#include "parts.hpp"

using namespace parts;

struct OnlySaves {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    void apply(const Command& command) { total += command.add; }
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
};

void refused(transport::Memory& network) {
    use<Replicator<OnlySaves, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
