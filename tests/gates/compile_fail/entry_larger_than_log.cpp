// SPDX-License-Identifier: BSL-1.0
// A command that the log could never hold.
//
// expect: The largest entry does not fit in the log: lower Options::command_bytes_max or Options::nodes_max,
// expect: or give the log larger entries.

#include "parts.hpp"

using namespace parts;

struct Lines : Small {
    static constexpr std::size_t command_bytes_max = 8000;
};

void refused(transport::Memory& network) { use<Replicator<Line, Log, ack::Sync<>, transport::Memory, Lines>>(network); }
