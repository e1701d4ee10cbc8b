// SPDX-License-Identifier: BSL-1.0
// A group over TCP: the leader in this process, each follower in one of its own.
#pragma once

#include "node.hpp"

#include "../baselines/ping_pong.hpp"
#include "../process.hpp"
#include "../tcp_result.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <system_error>
#include <vector>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>

namespace benchmark::ours {

using baseline::run_handlers;

/// A node, its transport and the context that they run on.
template <class Node>
class Member {
public:
    Member(int number, int followers)
        : node_(std::make_unique<Node>(
              network_, replicator::Config{.node = node_ids[number],
                                           .nodes = std::span(node_ids).first(group_of(followers)),
                                           .run = replicator::Run{static_cast<std::uint64_t>(number) + 1}})) {}

    [[nodiscard]] std::uint16_t listen() {
        std::error_code error;
        const auto endpoint = network_.listen({asio::ip::address_v4::loopback(), 0}, error);
        if (error) fail("ours: listen");
        return endpoint.port();
    }
    void add_peer(replicator::NodeId peer, std::uint16_t port = 0) {
        network_.add_peer(peer, port == 0 ? asio::ip::tcp::endpoint{}
                                          : asio::ip::tcp::endpoint{asio::ip::address_v4::loopback(), port});
    }
    void start() {
        if (network_.start()) fail("ours: start");
    }
    void run(Wait wait) { run_handlers(context_, wait); }
    [[nodiscard]] Node& node() { return *node_; }

private:
    asio::io_context context_{1};
    replicator::transport::AsioTcp network_{context_};
    std::unique_ptr<Node> node_;  // large, and gone before its transport
};

/// Starts the followers, which wait for the port of the leader, and say on their pages which entry is their last.
template <class Node>
class Followers {
public:
    Followers(int count, Wait wait) {
        for (int follower = 1; follower <= count; ++follower) {
            children_.push_back(std::make_unique<Child>(core_of_follower(follower - 1), [=](SharedPage& page) {
                Member<Node> member(follower, count);
                while (page.port == 0) usleep(100);
                member.add_peer(leader_id, static_cast<std::uint16_t>(page.port.load()));
                member.start();
                for (;;) {
                    member.run(wait);
                    page.progress.store(member.node().last().index.value, std::memory_order_relaxed);
                }
            }));
        }
    }
    void call(std::uint16_t port) {
        for (const auto& child : children_) child->page().port = port;
    }
    [[nodiscard]] const SharedPage& first() const { return children_[0]->page(); }

private:
    std::vector<std::unique_ptr<Child>> children_;
};

/// Founds the group and waits until all of it holds all that was written so far.
template <class Node, class OtherNode>
void assemble(Member<Node>& leader, Followers<OtherNode>& followers, int count) {
    if (!leader.node().bootstrap(replicator::HistoryId{1})) fail("ours: bootstrap");
    for (const replicator::NodeId id : std::span(node_ids).subspan(1, group_of(count) - 1)) leader.add_peer(id);
    followers.call(leader.listen());
    leader.start();
    const auto deadline = Clock::now() + std::chrono::seconds(5);
    while (leader.node().acknowledged() < leader.node().last().index) {
        leader.run(Wait::block);
        if (Clock::now() > deadline) fail("ours: the followers do not come");
    }
}

/// Writes until `turn` are written or one is refused; true when any was written.
template <class Node, class Command>
bool write_turn(Node& node, std::span<const Command> commands, std::size_t& next, std::size_t turn) {
    std::size_t written = 0;
    while (written != turn && node.write(commands[next])) {
        ++written;
        if (++next == commands.size()) next = 0;
    }
    return written != 0;
}

template <class Node>
[[nodiscard]] TcpResult run_group(const TcpRun& run, std::span<const typename Node::Command> commands) {
    Followers<Node> followers(run.followers, run.wait);
    Member<Node> leader(0, run.followers);
    assemble(leader, followers, run.followers);
    Node& node = leader.node();
    Meter meter(run, followers.first());
    std::size_t next = 0;
    Clock::time_point written = Clock::now();
    while (meter.go_on(node.acknowledged().value, written)) {
        if (run.pipelined) {
            const bool wrote = write_turn(node, commands, next, run.turn);
            leader.run(wrote ? Wait::poll : run.wait);
            written = Clock::now();
            continue;
        }
        if (!write_turn(node, commands, next, 1)) fail("ours: a write was refused");
        const replicator::Index last = node.last().index;
        while (node.acknowledged() < last) leader.run(run.wait);
        const Clock::time_point now = Clock::now();
        meter.add_latency(now - written);
        written = now;
    }
    return meter.result();
}

}  // namespace benchmark::ours
