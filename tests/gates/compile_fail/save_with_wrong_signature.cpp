// SPDX-License-Identifier: BSL-1.0
// The offset is missing.
//
// expect: The state machine has a save that does not fit: it must be a public std::size_t save(std::uint64_t offset,
// expect: std::span<std::byte> piece) const.
// errors: 1

#include "parts.hpp"

#include <vector>

using namespace parts;

struct SavesAtOnce {
    struct Command {
        std::int32_t add;
    };
    std::vector<std::int32_t> values;
    void apply(const Command& command) { values.push_back(command.add); }
    std::size_t save(std::span<std::byte>) const { return 0; }
    bool load(std::span<const std::byte>) { return true; }
};

void refused(transport::Memory& network) {
    use<Replicator<SavesAtOnce, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
