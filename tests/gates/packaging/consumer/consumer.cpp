// SPDX-License-Identifier: BSL-1.0
// Includes the library and nothing else, and replicates one write.

#include <replicator/replicator.hpp>
#include <replicator/version.hpp>

#include <cstdint>

namespace {

struct Counter {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};

struct Limits : replicator::Options {
    static constexpr std::size_t frame_bytes_max = 8192;
    static constexpr std::size_t snapshot_piece_bytes_max = 4096;
};

using Node = replicator::Replicator<Counter, replicator::log::Ring<4096>, replicator::ack::Sync<>,
                                    replicator::transport::Memory, Limits>;

}  // namespace

int main() {
    static_assert(REPLICATOR_VERSION >= 1000);
    static replicator::transport::Memory network;
    const replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};
    Node leader{network, {.node = nodes[0], .nodes = nodes, .run = replicator::Run{1}}};
    const Node follower{network, {.node = nodes[1], .nodes = nodes, .run = replicator::Run{2}}};
    if (!leader.bootstrap(replicator::HistoryId{1})) return 1;
    network.settle();
    if (!leader.write({.add = 5})) return 2;
    network.settle();
    return follower.state().total == 5 ? 0 : 3;
}
