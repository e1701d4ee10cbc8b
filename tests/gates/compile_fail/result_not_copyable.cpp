// SPDX-License-Identifier: BSL-1.0
// The writer would take it away from whoever else asks.
//
// expect: The result of apply must be default-constructible and copyable, because a node keeps it until the writer
// expect: asks: return such a value, or nothing.
// errors: 1

#include "parts.hpp"

#include <memory>

using namespace parts;

struct ReturnsOwner {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::unique_ptr<std::int32_t> apply(const Command& command) {
        return std::make_unique<std::int32_t>(total += command.add);
    }
};

void refused(transport::Memory& network) {
    use<Replicator<ReturnsOwner, Log, ack::Sync<>, transport::Memory, Small>>(network);
}
