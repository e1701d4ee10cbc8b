// SPDX-License-Identifier: BSL-1.0
// Writes a few commands one by one, so that links, caches and conditions of every call are as in the middle of a run,
// and then the one whose way is looked at.
#include <replicator/ack/semi_sync.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/memory.hpp>

#include <cstdint>

namespace {

struct Counter {
    struct Command {
        std::int64_t add;
    };
    std::int64_t value = 0;

    std::int64_t apply(const Command& command) { return value += command.add; }
};

using Node = replicator::Replicator<Counter, replicator::log::Ring<64 * 1024>, replicator::ack::SemiSync<>,
                                    replicator::transport::Memory>;
constexpr replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};

}  // namespace

/// The write, the frame that carries it, and the acknowledgement.
extern "C" [[gnu::noinline]] bool one_write(Node& leader, replicator::transport::Memory& network) {
    const auto ticket = leader.write({1});
    network.deliver();
    return ticket && leader.outcome(*ticket).state == replicator::WriteState::acknowledged;
}

extern "C" [[gnu::noinline]] bool watched_write(Node& leader, replicator::transport::Memory& network) {
    return one_write(leader, network);
}

int main() {
    replicator::transport::Memory network;
    Node leader(network, {.node = nodes[0], .nodes = nodes, .run = replicator::Run{1}});
    Node follower(network, {.node = nodes[1], .nodes = nodes, .run = replicator::Run{2}});
    if (!leader.bootstrap(replicator::HistoryId{1})) return 1;
    network.settle();
    for (int i = 0; i < 100; ++i) {
        if (!one_write(leader, network)) return 1;
    }
    return watched_write(leader, network) ? 0 : 1;
}
