// SPDX-License-Identifier: BSL-1.0
// AsioUdp: groups over the loopback of this machine, at ports that are free.

#include "counter.hpp"
#include "tcp/support.hpp"

#include <replicator/asio/udp.hpp>
#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <system_error>

#include <asio/buffer.hpp>
#include <asio/io_context.hpp>
#include <asio/ip/udp.hpp>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(asio_udp)

namespace {

using test::run_until;
using Udp = asio::ip::udp;
using Network = transport::AsioUdp<1200>;
using Node = Replicator<test::Counter, log::Ring<65536>, ack::Sync<>, Network, transport::DatagramOptions<1200>>;

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

Udp::endpoint loopback() { return {asio::ip::address_v4::loopback(), 0}; }

struct Host {
    Host(asio::io_context& context, std::size_t number, std::uint64_t run) : network(context) {
        std::error_code error;
        endpoint = network.open(loopback(), error);
        BOOST_REQUIRE(!error);
        node.emplace(network, Config{.node = nodes[number], .nodes = nodes, .run = Run{run}});
    }
    Network network;
    Udp::endpoint endpoint;
    std::optional<Node> node;
};

struct Group {
    asio::io_context context;
    std::array<std::unique_ptr<Host>, 3> hosts;

    Group() {
        for (std::size_t i = 0; i < 3; ++i) hosts[i] = std::make_unique<Host>(context, i, i + 1);
        introduce();
        BOOST_REQUIRE(hosts[0]->node->bootstrap(HistoryId{1}));
        for (const auto& host : hosts) host->network.start();
    }
    ~Group() {
        for (auto& host : hosts) host.reset();
        context.restart();
        context.poll();
    }
    void introduce() {
        for (std::size_t i = 0; i < 3; ++i) {
            for (std::size_t j = 0; j < 3; ++j) {
                if (i != j) BOOST_REQUIRE(hosts[i]->network.set_peer(nodes[j], hosts[j]->endpoint));
            }
        }
    }
    Node& leader() { return *hosts[0]->node; }
    bool has_acknowledged(Ticket ticket) {
        return run_until(context, [&] { return leader().outcome(ticket).state == WriteState::acknowledged; });
    }
    bool are_equal() {
        return run_until(context, [&] {
            for (const auto& host : hosts) {
                if (host->node->state().total != leader().state().total) return false;
            }
            return true;
        });
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(writes_are_acknowledged_and_applied_everywhere) {
    Group group;
    std::int64_t total = 0;
    std::optional<Ticket> last;
    for (std::int64_t i = 1; i <= 2000; ++i) {
        const auto ticket = group.leader().write({i});
        if (ticket) {
            total += i;
            last = *ticket;
        } else {
            BOOST_REQUIRE((ticket.error() == Error::busy));
            group.context.restart();
            group.context.run_one_for(std::chrono::milliseconds(1));
        }
    }
    BOOST_REQUIRE(last);
    BOOST_TEST(group.has_acknowledged(*last));
    BOOST_TEST(group.are_equal());
    BOOST_TEST(group.leader().state().total == total);
    BOOST_TEST(group.hosts[0]->network.counters().strangers == 0u);
}

BOOST_AUTO_TEST_CASE(strangers_are_counted_and_long_datagrams_dropped) {
    Group group;
    Udp::socket stranger(group.context, loopback());
    std::array<std::byte, 3000> bytes{};
    for (std::size_t size : {std::size_t{0}, std::size_t{1}, std::size_t{256}, bytes.size()}) {
        stranger.send_to(asio::buffer(bytes.data(), size), group.hosts[1]->endpoint);
    }
    auto& network = group.hosts[1]->network;
    BOOST_TEST(run_until(group.context, [&] { return network.counters().strangers >= 4; }));
    BOOST_REQUIRE(network.set_peer(nodes[2], stranger.local_endpoint()));
    stranger.send_to(asio::buffer(bytes), group.hosts[1]->endpoint);
    BOOST_TEST(run_until(group.context, [&] { return network.counters().too_long == 1; }));
    BOOST_REQUIRE(network.set_peer(nodes[2], group.hosts[2]->endpoint));
    const auto ticket = group.leader().write({7});
    BOOST_REQUIRE(ticket);
    BOOST_TEST(group.has_acknowledged(*ticket));
}

BOOST_AUTO_TEST_CASE(a_node_that_starts_anew_elsewhere_catches_up) {
    Group group;
    auto ticket = group.leader().write({1});
    BOOST_REQUIRE((ticket && group.has_acknowledged(*ticket)));
    group.hosts[2].reset();
    ticket = group.leader().write({10});
    BOOST_REQUIRE(ticket);
    group.hosts[2] = std::make_unique<Host>(group.context, 2, 33);
    group.introduce();
    group.hosts[2]->network.start();
    BOOST_TEST(group.has_acknowledged(*ticket));
    BOOST_TEST(group.are_equal());
    BOOST_TEST(group.hosts[2]->node->state().total == 11);
}

BOOST_AUTO_TEST_CASE(a_transport_that_was_stopped_goes_on_when_it_is_started) {
    Group group;
    auto ticket = group.leader().write({1});
    BOOST_REQUIRE((ticket && group.has_acknowledged(*ticket)));
    group.hosts[1]->network.stop();
    BOOST_TEST(!group.hosts[1]->network.is_running());
    ticket = group.leader().write({2});
    BOOST_REQUIRE(ticket);
    group.context.restart();
    group.context.run_for(std::chrono::milliseconds(20));
    BOOST_TEST((group.leader().outcome(*ticket).state == WriteState::pending));
    group.hosts[1]->network.start();
    BOOST_TEST(group.has_acknowledged(*ticket));
}

BOOST_AUTO_TEST_CASE(a_port_that_is_taken_is_an_error) {
    asio::io_context context;
    Network first(context), second(context);
    std::error_code error;
    const auto endpoint = first.open(loopback(), error);
    BOOST_TEST(!error);
    BOOST_TEST(endpoint.port() != 0);
    second.open(endpoint, error);
    BOOST_TEST(static_cast<bool>(error));
}

BOOST_AUTO_TEST_SUITE_END()
