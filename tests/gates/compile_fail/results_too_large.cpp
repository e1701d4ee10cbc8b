// SPDX-License-Identifier: BSL-1.0
// A thousand results of 64 KiB would make a node of 67 MB.
//
// expect: The results of apply that a node keeps, Options::writes_pending_max of them, take more than
// expect: Options::results_bytes_max: return less, lower the first, or raise the second.
// errors: 1

#include "parts.hpp"

using namespace parts;

struct ReturnsPage {
    struct Command {
        std::int32_t add;
    };
    struct Page {
        std::uint8_t bytes[65536];
    };
    std::int32_t total = 0;
    Page apply(const Command& command) {
        total += command.add;
        return {};
    }
};

void refused(transport::Memory& network) {
    use<Replicator<ReturnsPage, log::Ring<8192>, ack::Sync<>, transport::Memory>>(network);
}
