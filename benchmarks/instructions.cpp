// SPDX-License-Identifier: BSL-1.0
// Replicates so many writes in process, from a leader to a follower, under one ack policy: what instructions.sh counts.
#include "machines.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/memory.hpp>

#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <string_view>
#include <vector>

namespace {

using Machine = benchmark::CounterMachine;

template <class Ack>
int replicate(std::size_t batch, std::size_t writes) {
    using Node = replicator::Replicator<Machine, replicator::log::Ring<256 * 1024>, Ack, replicator::transport::Memory>;
    static constexpr replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};
    static replicator::transport::Memory network;
    static Node leader(network, {.node = nodes[0], .nodes = nodes, .run = replicator::Run{1}});
    static Node follower(network, {.node = nodes[1], .nodes = nodes, .run = replicator::Run{2}});

    const std::vector<Machine::Command> commands = benchmark::make_commands<64>(256);
    if (!leader.bootstrap(replicator::HistoryId{1})) return 1;
    network.settle();
    for (std::size_t written = 0; written < writes; written += batch) {
        for (std::size_t i = 0; i != batch; ++i) {
            if (!leader.write(commands[i])) return 1;
        }
        network.deliver();
        if (leader.acknowledged() != leader.last().index) return 1;
    }
    return follower.last() == leader.last() ? 0 : 1;
}

}  // namespace

int main(int count, char** arguments) {
    using namespace replicator;
    if (count != 4) {
        std::fputs("usage: instructions async|semi-sync|sync|quorum|majority BATCH WRITES\n", stderr);
        return 2;
    }
    const std::string_view policy = arguments[1];
    const std::size_t batch = std::strtoul(arguments[2], nullptr, 10);
    const std::size_t writes = std::strtoul(arguments[3], nullptr, 10);
    if (batch == 0 || batch > 256) return 2;
    if (policy == "async") return replicate<ack::Async<>>(batch, writes);
    if (policy == "semi-sync") return replicate<ack::SemiSync<>>(batch, writes);
    if (policy == "sync") return replicate<ack::Sync<>>(batch, writes);
    if (policy == "quorum") return replicate<ack::Quorum<2>>(batch, writes);
    if (policy == "majority") return replicate<ack::Majority<>>(batch, writes);
    return 2;
}
