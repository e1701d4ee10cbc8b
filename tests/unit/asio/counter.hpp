// SPDX-License-Identifier: BSL-1.0
// The state machine of the tests over TCP.
#pragma once

#include <cstdint>

namespace replicator::test {

struct Counter {
    struct Command {
        std::int64_t add;
    };
    std::int64_t total = 0;
    std::int64_t apply(const Command& command) { return total += command.add; }
};

}  // namespace replicator::test
