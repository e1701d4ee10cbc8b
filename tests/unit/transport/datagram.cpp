// SPDX-License-Identifier: BSL-1.0
// transport::Datagram: groups over a network that loses, doubles and reorders; strangers and former runs change
// nothing.

#include <replicator/core/wire/frame.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/datagram.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <span>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(datagram_transport)

namespace {

struct World {
    struct Command {
        std::uint64_t add;
    };
    std::array<std::uint64_t, 1000> values{};  // a state of many pieces
    void apply(const Command& command) noexcept { values[command.add % values.size()] += command.add; }
};

using Address = std::uint32_t;
constexpr std::size_t mtu = 1200;
using Network = transport::Datagram<mtu, Address>;
using Node = Replicator<World, log::Ring<16384>, ack::SemiSync<>, Network, transport::DatagramOptions<mtu>>;
static_assert(Transport<Network>);
static_assert(core::frame_head_bytes_max == 256);
static_assert(Node::transmit_bytes_min <= mtu);

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

struct Host {
    explicit Host(std::uint32_t number, std::uint64_t run)
        : node(network, {.node = nodes[number - 1], .nodes = nodes, .run = Run{run}}) {
        for (std::uint32_t other = 1; other <= 3; ++other) {
            if (other != number) BOOST_REQUIRE(network.set_peer(nodes[other - 1], other));
        }
    }
    Network network;
    Node node;
};

struct Datagram {
    Address from;
    Address to;
    std::vector<std::byte> bytes;
};

struct Group {
    std::array<std::unique_ptr<Host>, 3> hosts;
    std::vector<Datagram> on_the_way;
    std::mt19937 random{1};
    unsigned lost_of_100 = 0, doubled_of_100 = 0, late_of_100 = 0;
    std::size_t longest = 0;
    Instant now{1'000'000};

    Group() {
        for (std::uint32_t i = 0; i < 3; ++i) hosts[i] = std::make_unique<Host>(i + 1, i + 1);
        BOOST_REQUIRE(hosts[0]->node.bootstrap(HistoryId{1}));
    }
    bool happens(unsigned of_100) { return random() % 100 < of_100; }

    void turn() {
        now = now + milliseconds(1);
        for (auto& datagram : std::exchange(on_the_way, {})) {
            if (happens(late_of_100)) {
                on_the_way.push_back(std::move(datagram));
                continue;
            }
            auto& host = hosts[datagram.to - 1];
            if (host) BOOST_REQUIRE(host->network.receive(host->node, datagram.from, datagram.bytes));
        }
        for (std::uint32_t i = 0; i < 3; ++i) {
            if (!hosts[i]) continue;
            hosts[i]->node.tick(now);
            Network::Buffer buffer;
            while (const auto next = hosts[i]->network.transmit(hosts[i]->node, buffer)) {
                longest = std::max(longest, next->bytes.size());
                if (happens(lost_of_100)) continue;
                const Datagram sent{i + 1, next->to, {next->bytes.begin(), next->bytes.end()}};
                on_the_way.push_back(sent);
                if (happens(doubled_of_100)) on_the_way.push_back(sent);
            }
        }
    }
    void run(int turns) {
        for (int i = 0; i < turns; ++i) turn();
    }
    bool are_equal() const {
        for (const auto& host : hosts) {
            if (host->node.state().values != hosts[0]->node.state().values) return false;
        }
        return true;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_network_that_loses_doubles_and_reorders_carries_every_write) {
    Group group;
    group.run(300);
    group.lost_of_100 = 10, group.doubled_of_100 = 10, group.late_of_100 = 10;
    std::uint64_t written = 0;
    for (int i = 0; i < 2000; ++i) {
        if (group.hosts[0]->node.write({written + 1})) ++written;
        group.turn();
    }
    group.lost_of_100 = group.late_of_100 = 0;
    group.run(1000);
    BOOST_TEST(written > 1500u);
    BOOST_TEST((group.hosts[0]->node.acknowledged() == group.hosts[0]->node.last().index));
    BOOST_TEST(group.are_equal());
    BOOST_TEST(group.longest <= mtu);
    BOOST_TEST(group.hosts[1]->network.counters().received > 1000u);
}

BOOST_AUTO_TEST_CASE(a_state_of_many_pieces_goes_in_datagrams) {
    Group group;
    group.hosts[2].reset();
    for (int i = 0; i < 4000; ++i) {
        static_cast<void>(group.hosts[0]->node.write({static_cast<std::uint64_t>(i)}));
        group.turn();
    }
    group.lost_of_100 = 5;
    group.hosts[2] = std::make_unique<Host>(3, 33);
    group.run(3000);
    BOOST_TEST(group.are_equal());
    BOOST_TEST(group.longest <= mtu);
    BOOST_TEST(group.longest > mtu - 256);  // and pieces use what there is
}

BOOST_AUTO_TEST_CASE(strangers_and_what_is_too_long_are_counted_and_change_nothing) {
    Group group;
    group.run(300);
    auto& host = *group.hosts[1];
    const auto handshakes = host.node.status().counters.handshakes;
    std::vector<std::byte> noise(5000);
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::byte>(i * i / 3);
    for (std::size_t size = 0; size < 1000; ++size) {
        BOOST_REQUIRE(host.network.receive(host.node, 77, std::span(noise).first(size)));
    }
    BOOST_TEST(host.network.counters().strangers == 1000u);
    BOOST_TEST(host.network.counters().refused == 0u);
    BOOST_REQUIRE(host.network.receive(host.node, 1, std::span(noise).first(mtu + 1)));
    BOOST_TEST(host.network.counters().too_long == 1u);
    BOOST_REQUIRE(host.network.receive(host.node, 1, std::span(noise).first(40)));  // in the name of a peer
    BOOST_TEST(host.network.counters().refused == 1u);
    BOOST_REQUIRE(group.hosts[0]->node.write({5}));
    group.run(200);
    BOOST_TEST(group.are_equal());
    BOOST_TEST(host.node.status().counters.handshakes == handshakes);
}

BOOST_AUTO_TEST_CASE(datagrams_of_a_former_run_are_stale) {
    Group group;
    group.run(300);
    // All that node 1 says is kept, and comes once more when it has started anew.
    std::vector<Datagram> kept;
    for (int i = 0; i < 100; ++i) {
        BOOST_REQUIRE(group.hosts[0]->node.write({1}));
        group.turn();
        for (const auto& datagram : group.on_the_way) {
            if (datagram.from == 1 && datagram.to == 2) kept.push_back(datagram);
        }
    }
    BOOST_REQUIRE(kept.size() > 50u);
    group.run(100);
    group.hosts[0] = std::make_unique<Host>(1, 11);
    group.run(700);
    BOOST_REQUIRE(group.hosts[1]->node.promote());
    group.run(1000);
    BOOST_REQUIRE((group.hosts[1]->node.role() == Role::leader));
    const auto before = group.hosts[1]->node.status().counters;
    for (const auto& datagram : kept) {
        auto& host = *group.hosts[1];
        BOOST_REQUIRE(host.network.receive(host.node, datagram.from, datagram.bytes));
    }
    const auto after = group.hosts[1]->node.status().counters;
    BOOST_TEST(after.frames_stale - before.frames_stale == kept.size());
    BOOST_TEST(after.handshakes == before.handshakes);
    BOOST_REQUIRE(group.hosts[1]->node.write({9}));
    group.run(300);
    BOOST_TEST(group.are_equal());
}

BOOST_AUTO_TEST_CASE(a_peer_may_move_and_there_is_room_for_so_many) {
    transport::Datagram<mtu, Address, 2> network;
    BOOST_TEST(network.set_peer(nodes[0], 1));
    BOOST_TEST(network.set_peer(nodes[1], 2));
    BOOST_TEST(!network.set_peer(nodes[2], 3));
    BOOST_TEST(network.set_peer(nodes[0], 9));
    struct Quiet {
        NodeId heard{};
        Result<void> receive(NodeId peer, std::span<const std::byte>) { return heard = peer, Error::none; }
        std::size_t transmit(NodeId, std::span<std::byte>) { return 0; }
    } node;
    BOOST_REQUIRE(network.receive(node, 1, {}));
    BOOST_TEST((node.heard == NodeId{}));
    BOOST_REQUIRE(network.receive(node, 9, {}));
    BOOST_TEST((node.heard == nodes[0]));
}

BOOST_AUTO_TEST_SUITE_END()
