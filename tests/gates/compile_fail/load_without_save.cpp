// SPDX-License-Identifier: BSL-1.0
// It would be given its bytes.
//
// expect: The state machine can be loaded, but not saved: give it std::size_t save(std::uint64_t offset,
// expect: std::span<std::byte> piece) const.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct OnlyLoads {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    void apply(const Command& command) { total += command.add; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<OnlyLoads, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
