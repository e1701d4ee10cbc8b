// SPDX-License-Identifier: BSL-1.0
// Nodes of one process on transport::Memory, as users will first see them; and what must not hang there.

#include "support/frames.hpp"
#include "support/machines.hpp"

#include <replicator/log/memory.hpp>
#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(one_process)

namespace {

struct Limits : Options {
    static constexpr std::size_t frame_bytes_max = 16 * 1024;
    static constexpr std::size_t snapshot_piece_bytes_max = 1024;
};
using Node = Replicator<support::Sum, log::Ring<8192>, ack::SemiSync<>, transport::Memory, Limits>;

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

Config config(std::uint32_t node, std::uint64_t run, std::span<const NodeId> all = nodes) {
    return {.node = NodeId{node}, .nodes = all, .run = Run{run}, .cluster = {}, .group = {}};
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_write_is_everywhere_after_the_network_has_settled) {
    transport::Memory network;
    Node leader(network, config(1, 1));
    Node second(network, config(2, 2));
    Node third(network, config(3, 3));
    BOOST_REQUIRE(leader.bootstrap(HistoryId{1}));
    network.settle();
    const auto ticket = leader.write({5});
    BOOST_REQUIRE(ticket);
    BOOST_TEST(leader.outcome(*ticket).state == WriteState::pending);
    network.settle();
    const auto outcome = leader.outcome(*ticket);
    BOOST_TEST(outcome.state == WriteState::acknowledged);
    BOOST_TEST(outcome.result == 5u);
    BOOST_TEST(second.state().total == 5u);
    BOOST_TEST(third.state().total == 5u);
}

BOOST_AUTO_TEST_CASE(nodes_come_go_and_are_cut_off) {
    transport::Memory network;
    Node leader(network, config(1, 1));
    auto second = std::make_unique<Node>(network, config(2, 2));
    Node third(network, config(3, 3));
    BOOST_REQUIRE(leader.bootstrap(HistoryId{1}));
    network.settle();
    second.reset();
    BOOST_TEST(leader.status().peers()[0].state == FollowerState::down);
    for (std::uint64_t i = 0; i < 100; ++i) BOOST_REQUIRE(leader.write({i}));
    network.settle();
    BOOST_TEST(leader.acknowledged() == leader.last().index);
    second = std::make_unique<Node>(network, config(2, 22));
    network.settle();
    BOOST_TEST((second->state() == leader.state()));
    network.cut(NodeId{1}, NodeId{3});
    BOOST_REQUIRE(leader.write({7}));
    network.settle();
    BOOST_TEST((third.state() != leader.state()));
    network.join(NodeId{1}, NodeId{3});
    network.settle();
    BOOST_TEST((third.state() == leader.state()));
}

BOOST_AUTO_TEST_CASE(nodes_that_do_not_list_each_other_do_not_keep_the_network_busy) {
    transport::Memory network;
    const NodeId with_one[] = {NodeId{1}, NodeId{2}};
    const NodeId without_one[] = {NodeId{2}, NodeId{3}};
    Node leader(network, config(1, 1, with_one));
    Node second(network, config(2, 2, without_one));
    BOOST_REQUIRE(leader.bootstrap(HistoryId{1}));
    network.advance(milliseconds(100));
    BOOST_TEST(second.leader() == NodeId{});
    BOOST_TEST(leader.status().counters.frames_sent < 1000u);
}

namespace {

/// Its snapshot cannot be loaded.
struct Stubborn : support::Sum {
    std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
        if (offset > 0) return 0;
        return to[0] = std::byte{1}, 1;
    }
    bool load(std::span<const std::byte>) { return false; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_faulted_node_does_not_keep_the_network_busy) {
    using StubbornNode = Replicator<Stubborn, log::Ring<8192>, ack::Async<>, transport::Memory, Limits>;
    transport::Memory network;
    StubbornNode leader(network, config(1, 1));
    StubbornNode second(network, config(2, 2));
    BOOST_REQUIRE(leader.bootstrap(HistoryId{1}));
    for (std::uint64_t i = 0; i < 2000; ++i) BOOST_REQUIRE(leader.write({i}));
    network.advance(milliseconds(100));
    BOOST_TEST(second.role() == Role::faulted);
    BOOST_TEST(second.status().fault == Error::snapshot_invalid);
    BOOST_TEST(leader.role() == Role::leader);
    BOOST_TEST(leader.status().counters.frames_sent < 1000u);
}

BOOST_AUTO_TEST_SUITE_END()
