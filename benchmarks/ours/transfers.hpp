// SPDX-License-Identifier: BSL-1.0
// How fast a new follower is filled: from the log, or with a snapshot.
#pragma once

#include "tcp_group.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>

namespace benchmark::ours {

/// Its log holds everything that a new follower lacks.
using CatchUpLeader = TcpNode<ArrayMachine<64>, std::size_t{128} << 20, replicator::ack::Async<>>;
using CatchUpFollower = TcpNode<ArrayMachine<64>, std::size_t{8} << 20, replicator::ack::Async<>>;
/// Its log is too small for that.
using SnapshotNode = TcpNode<FlatMachine, std::size_t{8} << 20, replicator::ack::Async<>>;

/// A leader with a past, and a follower that is blank.
template <class Leader, class Follower>
class Transfer {
public:
    explicit Transfer(std::size_t entries) : followers_(1, Wait::block), leader_(0, 1) {
        Leader& node = leader_.node();
        if (!node.bootstrap(replicator::HistoryId{1})) fail("ours: bootstrap");
        const auto commands = make_commands<64>(4096);
        for (std::size_t i = 0; i != entries; ++i) {
            if (!node.write(commands[i % commands.size()])) fail("ours: a write was refused");
        }
        leader_.add_peer(node_ids[1]);
        followers_.call(leader_.listen());
        leader_.start();
    }

    [[nodiscard]] std::uint64_t held() const { return followers_.first().progress.load(std::memory_order_relaxed); }
    [[nodiscard]] Leader& leader() { return leader_.node(); }

    /// Runs until `done()`.
    template <class Done>
    void run_until(Done&& done) {
        const auto deadline = Clock::now() + std::chrono::seconds(20);
        while (!done()) {
            leader_.run(Wait::block);
            if (Clock::now() > deadline) fail("ours: the follower is not filled");
        }
    }

private:
    Followers<Follower> followers_;
    Member<Leader> leader_;
};

/// Entries a second, from the first that the follower holds to the last.
[[nodiscard]] inline double run_catch_up() {
    Transfer<CatchUpLeader, CatchUpFollower> transfer((std::size_t{120} << 20) / 72);
    transfer.run_until([&] { return transfer.held() != 0; });
    const std::uint64_t before = transfer.held();
    const Clock::time_point began = Clock::now();
    const std::uint64_t last = transfer.leader().last().index.value;
    transfer.run_until([&] { return transfer.held() == last; });
    return static_cast<double>(last - before) / std::chrono::duration<double>(Clock::now() - began).count();
}

/// Bytes of the state a second: from connecting, or from the first piece that arrived, until the state is installed.
[[nodiscard]] inline double run_snapshot(bool from_connecting) {
    Transfer<SnapshotNode, SnapshotNode> transfer(400'000);
    Clock::time_point began = Clock::now();
    double bytes = FlatMachine::state_bytes;
    if (!from_connecting) {
        std::uint64_t came = 0;
        transfer.run_until([&] { return (came = transfer.leader().status().peers()[0].snapshot_bytes) != 0; });
        began = Clock::now();
        bytes -= static_cast<double>(came);
    }
    const std::uint64_t last = transfer.leader().last().index.value;
    transfer.run_until([&] { return transfer.held() == last; });
    return bytes / std::chrono::duration<double>(Clock::now() - began).count();
}

}  // namespace benchmark::ours
