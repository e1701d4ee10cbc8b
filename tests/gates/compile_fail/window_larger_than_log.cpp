// SPDX-License-Identifier: BSL-1.0
// Half of the log does not even hold one of the commands.
//
// expect: The window and the largest entry do not fit in the log together: take a larger log, or lower
// expect: Options::command_bytes_max.

#include "parts.hpp"

using namespace parts;

struct Lines : Small {
    static constexpr std::size_t command_bytes_max = 600;
};

void refused(transport::Memory& network) {
    use<Replicator<Line, log::Ring<1024, 768>, ack::Sync<>, transport::Memory, Lines>>(network);
}
