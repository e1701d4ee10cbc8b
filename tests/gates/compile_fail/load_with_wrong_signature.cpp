// SPDX-License-Identifier: BSL-1.0
// It says nothing of whether it understood the bytes.
//
// expect: The state machine has a load that does not fit: it must be a public bool load(std::span<const std::byte>
// expect: piece).
// errors: 1

#include "parts.hpp"

using namespace parts;

struct LoadsInSilence {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    void apply(const Command& command) { total += command.add; }
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
    void load(std::span<const std::byte>) {}
};

void refused(transport::Memory& network) {
    use<Replicator<LoadsInSilence, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
