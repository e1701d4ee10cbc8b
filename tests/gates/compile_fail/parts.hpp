// SPDX-License-Identifier: BSL-1.0
// What the cases have in common: parts of which nothing is wrong, each to be replaced by a wrong one.
#pragma once

#include <replicator/replicator.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace parts {

using namespace replicator;

struct Counter {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};

/// Its commands may be as long as the options say.
struct Line {
    using Command = std::span<const std::byte>;
    std::uint32_t bytes = 0;
    void apply(const Command& command) { bytes += static_cast<std::uint32_t>(command.size()); }
};

/// Small enough for a log of 4 KiB.
struct Small : Options {
    static constexpr std::size_t nodes_max = 3;
    static constexpr std::size_t command_bytes_max = 64;
    static constexpr std::size_t writes_pending_max = 16;
};

using Log = log::Ring<4096>;

/// Makes the compiler instantiate all of a node.
template <class Node, class Transport = transport::Memory>
void use(Transport& transport) {
    const NodeId nodes[] = {NodeId{1}, NodeId{2}};
    const Config config{.node = nodes[0], .nodes = nodes, .run = Run{1}};
    Node node{transport, config};
    node.tick(Instant{});
}

}  // namespace parts
