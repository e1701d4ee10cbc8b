// SPDX-License-Identifier: BSL-1.0
// AsioTcp between nodes that behave: everything arrives, whatever pieces it comes in and however often connections end.

#include <boost/test/unit_test.hpp>

#include "support.hpp"

#include <replicator/asio/tcp.hpp>
#include <replicator/concepts/transport.hpp>

#include <array>
#include <asio/strand.hpp>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

BOOST_AUTO_TEST_SUITE(asio_tcp)

namespace {

using namespace replicator;
using namespace replicator::test;
using transport::AsioTcp;

static_assert(Transport<AsioTcp>);

constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr NodeId three{3};

struct Pair {
    explicit Pair(transport::TcpOptions options = quick_options())
        : first(context, 1, {two}, options), second(context, 2, {one}, options) {
        first.network.add_peer(two);
        second.network.add_peer(one, first.endpoint);
    }
    void start() {
        BOOST_TEST_REQUIRE(!first.network.start());
        BOOST_TEST_REQUIRE(!second.network.start());
    }
    [[nodiscard]] bool is_done() const { return first.node.is_done() && second.node.is_done(); }
    [[nodiscard]] bool is_connected() const { return first.node.peer(two).synced && second.node.peer(one).synced; }

    asio::io_context context;
    Station first;
    Station second;
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_nodes_talk_both_ways) {
    Pair pair;
    pair.first.node.count_to(1000);
    pair.second.node.count_to(2000);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
    const transport::TcpPeerState state = pair.second.network.peer_state(one);
    BOOST_TEST(state.connected);
    BOOST_TEST(state.connections == 1u);
    BOOST_TEST(state.failures == 0u);
    BOOST_TEST(state.bytes_written >= 16000u);
    BOOST_TEST(state.bytes_read >= 8000u);
    BOOST_TEST(!pair.second.network.peer_state(three).connected);
}

BOOST_AUTO_TEST_CASE(three_nodes_talk) {
    asio::io_context context;
    Station first(context, 1, {two, three});
    Station second(context, 2, {one, three});
    Station third(context, 3, {one, two});
    first.network.add_peer(two);
    first.network.add_peer(three);
    second.network.add_peer(one, first.endpoint);
    second.network.add_peer(three);
    third.network.add_peer(one, first.endpoint);
    third.network.add_peer(two, second.endpoint);
    // In any order: the last one to start is called by nobody and calls nobody in vain for long.
    BOOST_TEST(!third.network.start());
    BOOST_TEST(!second.network.start());
    BOOST_TEST(!first.network.start());
    for (Station* station : {&first, &second, &third}) station->node.count_to(5000);
    BOOST_TEST(
        run_until(context, [&] { return first.node.is_done() && second.node.is_done() && third.node.is_done(); }));
}

BOOST_AUTO_TEST_CASE(a_loop_of_the_users_own_may_poll) {
    Pair pair;
    pair.start();
    pair.first.node.count_to(100);
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
    while (!pair.is_done() && std::chrono::steady_clock::now() < deadline) pair.context.poll();
    pair.second.node.count_to(100);
    while (!pair.is_done() && std::chrono::steady_clock::now() < deadline) pair.context.poll();
    BOOST_TEST(pair.is_done());
}

BOOST_AUTO_TEST_CASE(works_on_a_strand_that_several_threads_run) {
    using Strand = asio::strand<asio::io_context::executor_type>;
    using Network = transport::AsioTcpOn<Strand>;
    asio::io_context context;
    transport::TcpOptions options = quick_options();
    const Strand first_strand(context.get_executor());
    const Strand second_strand(context.get_executor());
    Network first_network(first_strand, options);
    Network second_network(second_strand, options);
    CountingNode<Network> first(first_network, one, {two});
    CountingNode<Network> second(second_network, two, {one});
    std::error_code error;
    second_network.add_peer(one, first_network.listen(loopback(), error));
    first_network.add_peer(two);
    first.count_to(20000);
    second.count_to(20000);
    std::atomic<int> done = 0;
    const auto stop_when_done = [&](Network& network, CountingNode<Network>& node) {
        struct Context {
            Network* network;
            CountingNode<Network>* node;
            std::atomic<int>* done;
            bool reported = false;
        };
        auto shared = std::make_shared<Context>(Context{&network, &node, &done});
        network.on_progress(
            [](void* at) {
                auto& seen = *static_cast<Context*>(at);
                if (seen.reported || !seen.node->is_done()) return;
                seen.reported = true;
                ++*seen.done;
            },
            shared.get());
        return shared;
    };
    const auto first_watch = stop_when_done(first_network, first);
    const auto second_watch = stop_when_done(second_network, second);
    BOOST_TEST(!first_network.start());
    BOOST_TEST(!second_network.start());
    const auto run = [&] {
        const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(4);
        while (done < 2 && std::chrono::steady_clock::now() < deadline) {
            context.run_one_for(std::chrono::milliseconds(1));
        }
    };
    std::thread other(run);
    run();
    other.join();
    BOOST_TEST(done == 2);
}

BOOST_AUTO_TEST_CASE(bytes_may_come_one_by_one) {
    Pair pair;
    Proxy proxy(pair.context, pair.first.endpoint, 1);
    pair.second.network.add_peer(one, proxy.endpoint());
    pair.first.node.count_to(200);
    pair.second.node.count_to(200);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
}

BOOST_AUTO_TEST_CASE(cut_connections_come_back_and_nothing_is_lost) {
    Pair pair;
    Proxy proxy(pair.context, pair.first.endpoint, 1000);
    pair.second.network.add_peer(one, proxy.endpoint());
    pair.first.node.count_to(100000);
    pair.second.node.count_to(100000);
    pair.start();
    for (std::size_t cuts = 1; cuts <= 5; ++cuts) {
        const std::size_t before = proxy.bytes();
        BOOST_TEST_REQUIRE(run_until(
            pair.context, [&] { return proxy.connections() >= cuts && proxy.bytes() > before + 20000 * cuts; }));
        proxy.cut();
    }
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
    BOOST_TEST(pair.second.network.peer_state(one).connections == 6u);
    BOOST_TEST(pair.second.network.peer_state(one).failures >= 5u);
    BOOST_TEST(pair.first.node.peer(two).connections == 6);
}

BOOST_AUTO_TEST_CASE(a_big_load_in_both_directions) {
    Pair pair;
    pair.first.node.count_to(300000);
    pair.second.node.count_to(300000);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
    // Many messages travel in one write.
    BOOST_TEST(pair.first.network.peer_state(two).writes < 10000u);
}

BOOST_AUTO_TEST_CASE(small_buffers_are_enough) {
    transport::TcpOptions options = quick_options();
    options.buffer_bytes = 1024;
    Pair pair(options);
    pair.first.node.count_to(20000);
    pair.second.node.count_to(20000);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
}

BOOST_AUTO_TEST_CASE(a_handler_gives_the_node_no_more_than_it_may) {
    transport::TcpOptions options = quick_options();
    options.read_bytes_max = 256;
    Pair pair(options);
    pair.first.node.count_to(20000);
    pair.second.node.count_to(20000);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
    const transport::TcpPeerState state = pair.second.network.peer_state(one);
    BOOST_TEST(state.bytes_read >= 160'000u);
    BOOST_TEST(state.bytes_read <= state.reads * options.read_bytes_max);
}

BOOST_AUTO_TEST_CASE(waking_never_transmits_and_posts_once) {
    transport::TcpOptions options = quick_options();
    options.tick_interval = milliseconds(100000);
    Pair pair(options);
    pair.first.node.mute = pair.second.node.mute = true;
    pair.start();
    BOOST_TEST_REQUIRE(run_until(pair.context, [&] { return pair.is_connected(); }));
    while (pair.context.poll() != 0) {
    }

    const std::uint64_t before = pair.first.node.transmits;
    pair.first.network.wake(pair.first.node, two);
    pair.first.network.wake(pair.first.node, two);
    BOOST_TEST(pair.first.node.transmits == before);
    // Nothing is owed, so the one function that was posted is all there is to do.
    pair.context.restart();
    BOOST_TEST(pair.context.poll() == 1u);
    BOOST_TEST(pair.first.node.transmits == before + 1);
}

BOOST_AUTO_TEST_CASE(a_peer_can_move) {
    Pair pair;
    pair.second.network.add_peer(one, nowhere(pair.context));
    pair.first.node.count_to(10);
    pair.start();
    BOOST_TEST(run_until(pair.context, [&] { return pair.second.network.peer_state(one).failures >= 3; }));
    BOOST_TEST((pair.second.network.peer_state(one).last_error == asio::error::connection_refused));
    BOOST_TEST(pair.second.network.peer_state(one).connections == 0u);
    pair.second.network.add_peer(one, pair.first.endpoint);
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_done(); }));
}

BOOST_AUTO_TEST_CASE(an_address_that_changes_leaves_the_connection_and_holds_for_the_next) {
    Pair pair;
    Proxy former(pair.context, pair.first.endpoint, 4096);
    Proxy next(pair.context, pair.first.endpoint, 4096);
    pair.second.network.set_address(one, former.endpoint());
    pair.start();
    BOOST_TEST_REQUIRE(run_until(pair.context, [&] { return pair.is_connected(); }));
    pair.second.network.set_address(one, next.endpoint());
    pair.first.node.count_to(1000);
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.is_done(); }));
    const std::uint64_t ticks = pair.first.node.ticks;
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.ticks > ticks + 20; }));
    BOOST_TEST(pair.second.network.peer_state(one).failures == 0u);
    BOOST_TEST(next.connections() == 0u);
    former.cut();
    pair.first.node.count_to(2000);
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.is_done(); }));
    BOOST_TEST(former.connections() == 1u);
    BOOST_TEST(next.connections() == 1u);
}

BOOST_AUTO_TEST_CASE(a_peer_without_an_address_is_called_when_it_has_one) {
    Pair pair;
    pair.second.network.set_address(one, {});
    pair.start();
    std::uint64_t ticks = pair.first.node.ticks;
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.ticks > ticks + 20; }));
    BOOST_TEST(pair.second.network.peer_state(one).failures == 0u);
    pair.second.network.set_address(one, pair.first.endpoint);
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_connected(); }));
    // And not any more when it has none again.
    pair.second.network.set_address(one, {});
    pair.first.network.stop();
    BOOST_TEST(run_until(pair.context, [&] { return pair.second.network.peer_state(one).failures == 1; }));
    BOOST_TEST(!pair.first.network.start());
    ticks = pair.first.node.ticks;
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.ticks > ticks + 40; }));
    BOOST_TEST(pair.second.network.peer_state(one).failures == 1u);
    BOOST_TEST(!pair.second.network.peer_state(one).connected);
}

BOOST_AUTO_TEST_CASE(addresses_in_turn_are_not_tried_ever_faster) {
    transport::TcpOptions options = quick_options();
    options.reconnect_delay_min = milliseconds(4);
    options.reconnect_delay_max = milliseconds(64);
    Pair pair(options);
    const std::array<Tcp::endpoint, 2> wrong{nowhere(pair.context), nowhere(pair.context)};
    pair.second.network.set_address(one, wrong[0]);
    pair.start();
    const auto began = std::chrono::steady_clock::now();
    std::uint64_t failures = 0;
    BOOST_TEST(run_until(pair.context, [&] {
        if (const std::uint64_t now = pair.second.network.peer_state(one).failures; now > failures) {
            failures = now;
            pair.second.network.set_address(one, wrong[failures % 2]);
        }
        return failures >= 6;
    }));
    // At least half of 4 + 8 + 16 + 32 + 64.
    BOOST_TEST((std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(62)));
    pair.second.network.set_address(one, pair.first.endpoint);
    BOOST_TEST(run_until(pair.context, [&] { return pair.is_connected(); }));
}

BOOST_AUTO_TEST_CASE(after_stop_the_node_is_left_alone) {
    Pair pair;
    pair.first.node.count_to(100000000);
    pair.start();
    BOOST_TEST_REQUIRE(run_until(pair.context, [&] { return pair.second.node.peer(one).held > 100; }));
    pair.second.network.stop();
    BOOST_TEST(!pair.second.network.is_running());
    BOOST_TEST(!pair.second.node.peer(one).connected);
    pair.second.node.allowed = false;
    const std::uint64_t ticks = pair.first.node.ticks;
    BOOST_TEST(run_until(pair.context, [&] { return pair.first.node.ticks > ticks + 20; }));
    BOOST_TEST(!pair.first.node.peer(two).connected);

    pair.second.node.allowed = true;
    const std::uint64_t held = pair.second.node.peer(one).held;
    BOOST_TEST(!pair.second.network.start());
    BOOST_TEST(run_until(pair.context, [&] { return pair.second.node.peer(one).held > held; }));
}

BOOST_AUTO_TEST_CASE(stopping_lets_the_context_run_out_of_work) {
    Pair pair;
    pair.start();
    BOOST_TEST_REQUIRE(run_until(pair.context, [&] { return pair.is_connected(); }));
    pair.first.network.stop();
    pair.second.network.stop();
    pair.context.restart();
    pair.context.run();
}

BOOST_AUTO_TEST_CASE(node_and_transport_may_go_while_handlers_are_queued) {
    asio::io_context context;
    Station first(context, 1, {two});
    first.network.add_peer(two);
    first.node.count_to(100000000);
    BOOST_TEST(!first.network.start());
    for (int round = 0; round < 3; ++round) {
        auto second = std::make_unique<Station>(context, 2, std::vector<NodeId>{one});
        second->network.add_peer(one, first.endpoint);
        BOOST_TEST(!second->network.start());
        BOOST_TEST(run_until(context, [&] { return second->node.peer(one).held > 100; }));
        second->node.count_to(1000);  // a post is under way
        second.reset();
        BOOST_TEST(run_until(context, [&] { return !first.node.peer(two).connected; }));
        // The new station holds nothing yet.
    }
}

BOOST_AUTO_TEST_CASE(a_context_may_go_with_handlers_in_it) {
    std::optional<asio::io_context> context(std::in_place);
    transport::TcpOptions options = quick_options();
    {
        Station second(*context, 2, {one}, options);
        second.network.add_peer(one, nowhere(*context));
        BOOST_TEST(!second.network.start());
        context->poll();
    }
    context.reset();
}

BOOST_AUTO_TEST_CASE(what_cannot_be_listened_at_is_an_error) {
    asio::io_context context;
    const Tcp::acceptor taken(context, loopback());
    transport::TcpOptions options = quick_options();
    options.listen = taken.local_endpoint();
    AsioTcp network(context, options);
    CountingNode<> node(network, one, {});
    BOOST_TEST((network.start() == asio::error::address_in_use));
    BOOST_TEST(!network.is_running());
    std::error_code error;
    const Tcp::endpoint endpoint = network.listen(loopback(), error);
    BOOST_TEST(!error);
    BOOST_TEST(endpoint.port() != 0);
    BOOST_TEST(!network.start());
    BOOST_TEST(network.is_running());
}

BOOST_AUTO_TEST_SUITE_END()
