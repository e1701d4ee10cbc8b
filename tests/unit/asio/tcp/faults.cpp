// SPDX-License-Identifier: BSL-1.0
// AsioTcp among strangers and the half-dead: what is silent is left, who does not belong is closed, nothing grows.

#include <boost/test/unit_test.hpp>

#include "support.hpp"

#include <replicator/asio/tcp.hpp>
#include <replicator/asio/tcp/preamble.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include <asio/ip/address.hpp>

BOOST_AUTO_TEST_SUITE(asio_tcp_faults)

namespace {

using namespace replicator;
using namespace replicator::test;
using transport::encode_preamble;
using transport::TcpPreamble;
using transport::TcpPreambleBytes;

constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr NodeId three{3};

/// A socket without manners.
class Stranger {
public:
    Stranger(asio::io_context& context, Tcp::endpoint endpoint) : socket_(context) {
        socket_.connect(endpoint);
        read();
    }

    void say(const void* bytes, std::size_t size) {
        std::error_code ignored;
        asio::write(socket_, asio::buffer(bytes, size), ignored);
    }
    void say(const TcpPreamble& preamble) {
        TcpPreambleBytes bytes{};
        encode_preamble(preamble, bytes);
        say(bytes.data(), bytes.size());
    }
    [[nodiscard]] bool is_closed() const { return closed_; }
    [[nodiscard]] std::size_t heard() const { return heard_; }

private:
    void read() {
        socket_.async_read_some(asio::buffer(piece_), [this](std::error_code error, std::size_t bytes) {
            heard_ += bytes;
            closed_ = static_cast<bool>(error);
            if (!error) read();
        });
    }

    Tcp::socket socket_;
    std::array<char, 4096> piece_{};
    std::size_t heard_ = 0;
    bool closed_ = false;
};

/// Node 1, which waits to be called by node 2, and a good node 2 if one is needed.
struct Called {
    explicit Called(transport::TcpOptions options = quick_options()) : station(context, 1, {two}, options) {
        station.network.add_peer(two);
        BOOST_TEST_REQUIRE(!station.network.start());
    }
    /// Strangers were no harm when a good peer still gets through.
    void check_that_a_good_peer_gets_through() {
        Station good(context, 2, {one});
        good.network.add_peer(one, station.endpoint);
        good.node.count_to(100);
        BOOST_TEST(!good.network.start());
        BOOST_TEST(run_until(context, [&] { return good.node.is_done(); }));
    }

    asio::io_context context;
    Station station;
};

}  // namespace

BOOST_AUTO_TEST_CASE(who_is_called_and_never_answers_is_left_and_called_again) {
    asio::io_context context;
    Tcp::acceptor silent(context, loopback());
    std::deque<Tcp::socket> accepted;
    silent.async_accept([&](std::error_code, Tcp::socket socket) {
        accepted.push_back(std::move(socket));
        silent.async_accept([&](std::error_code, Tcp::socket second) { accepted.push_back(std::move(second)); });
    });
    transport::TcpOptions options = quick_options();
    options.idle_timeout = milliseconds(40);
    Station station(context, 2, {one}, options);
    station.network.add_peer(one, silent.local_endpoint());
    station.node.count_to(1000);
    BOOST_TEST(!station.network.start());
    BOOST_TEST(run_until(context, [&] { return station.network.peer_state(one).failures >= 2; }));
    BOOST_TEST((station.network.peer_state(one).last_error == asio::error::timed_out));
    BOOST_TEST(accepted.size() == 2u);
    BOOST_TEST(station.node.peer(one).connections >= 2);
}

BOOST_AUTO_TEST_CASE(a_connection_that_goes_dead_is_replaced) {
    transport::TcpOptions options = quick_options();
    options.idle_timeout = milliseconds(60);
    Called called(options);
    Proxy proxy(called.context, called.station.endpoint, 4096);
    Station second(called.context, 2, {one}, options);
    second.network.add_peer(one, proxy.endpoint());
    second.node.count_to(100);
    BOOST_TEST(!second.network.start());
    BOOST_TEST_REQUIRE(run_until(called.context, [&] { return second.node.is_done(); }));
    proxy.stall(true);
    second.node.count_to(200);
    BOOST_TEST_REQUIRE(run_until(called.context, [&] { return !second.network.peer_state(one).connected; }));
    BOOST_TEST((second.network.peer_state(one).last_error == asio::error::timed_out));
    // The side that was called finds out by itself too.
    BOOST_TEST(run_until(called.context, [&] { return called.station.network.peer_state(two).failures >= 1; }));
    proxy.stall(false);
    BOOST_TEST(run_until(called.context, [&] { return second.node.is_done(); }));
}

BOOST_AUTO_TEST_CASE(one_that_never_reads_costs_one_buffer) {
    Called called;
    Tcp::socket deaf(called.context);
    deaf.connect(called.station.endpoint);
    TcpPreambleBytes preamble{};
    encode_preamble({two, one}, preamble);
    asio::write(deaf, asio::buffer(preamble));
    const std::uint64_t everything = std::uint64_t{1} << 63;  // "I hold nothing": send it all
    asio::write(deaf, asio::buffer(&everything, 8));
    called.station.node.count_to(std::uint64_t{1} << 40);
    BOOST_TEST_REQUIRE(run_until(called.context, [&] { return called.station.node.peer(two).next > 100000; }));
    // Until the system takes no more; after that the node is not asked any more.
    std::uint64_t transmits = 0;
    std::uint64_t ticks = 0;
    BOOST_TEST(run_until(called.context, [&] {
        if (called.station.node.transmits != transmits) {
            transmits = called.station.node.transmits;
            ticks = called.station.node.ticks;
        }
        return called.station.node.ticks > ticks + 20;
    }));
    BOOST_TEST(called.station.network.peer_state(two).connected);
}

BOOST_AUTO_TEST_CASE(garbage_from_a_stranger_is_closed) {
    Called called;
    std::mt19937_64 random(7);
    std::deque<Stranger> strangers;
    for (int i = 0; i < 20; ++i) {
        std::array<std::uint64_t, 16> garbage{};
        for (std::uint64_t& word : garbage) word = random();
        strangers.emplace_back(called.context, called.station.endpoint).say(garbage.data(), sizeof garbage);
    }
    BOOST_TEST(run_until(called.context, [&] {
        return std::all_of(strangers.begin(), strangers.end(), [](const Stranger& s) { return s.is_closed(); });
    }));
    BOOST_TEST(called.station.network.callers_refused() == 20u);
    BOOST_TEST(called.station.node.peer(two).connections == 0);
    called.check_that_a_good_peer_gets_through();
}

BOOST_AUTO_TEST_CASE(wrong_preambles_are_closed) {
    Called called;
    std::deque<Stranger> strangers;
    const auto stranger = [&]() -> Stranger& {
        return strangers.emplace_back(called.context, called.station.endpoint);
    };
    stranger().say({three, one});  // nobody knows it
    stranger().say({two, three});  // wants somebody else
    stranger().say({one, one});    // claims to be us
    stranger().say({NodeId{}, one});
    TcpPreambleBytes good{};
    encode_preamble({two, one}, good);
    for (std::size_t bit = 0; bit < good.size() * 8; bit += 37) {
        TcpPreambleBytes damaged = good;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        stranger().say(damaged.data(), damaged.size());
        BOOST_TEST_REQUIRE(run_until(called.context, [&] { return strangers.back().is_closed(); }));
    }
    BOOST_TEST(run_until(called.context, [&] {
        return std::all_of(strangers.begin(), strangers.end(), [](const Stranger& s) { return s.is_closed(); });
    }));
    BOOST_TEST(called.station.node.peer(two).connections == 0);
    called.check_that_a_good_peer_gets_through();
}

BOOST_AUTO_TEST_CASE(who_calls_from_a_wrong_address_is_not_heard) {
    Called called;
    struct Screen {
        std::vector<std::string> asked;
        bool lets_in = false;
    } screen;
    called.station.network.screen_callers(
        [](void* context, const asio::ip::address& address) {
            static_cast<Screen*>(context)->asked.push_back(address.to_string());
            return static_cast<Screen*>(context)->lets_in;
        },
        &screen);
    Stranger peer(called.context, called.station.endpoint);
    peer.say({two, one});
    BOOST_TEST(run_until(called.context, [&] { return peer.is_closed(); }));
    BOOST_TEST(called.station.network.callers_refused() == 1u);
    BOOST_TEST(called.station.node.peer(two).connections == 0);
    BOOST_TEST((screen.asked == std::vector<std::string>{"127.0.0.1"}));
    screen.lets_in = true;
    called.check_that_a_good_peer_gets_through();
}

BOOST_AUTO_TEST_CASE(a_peer_with_a_smaller_id_does_not_call) {
    asio::io_context context;
    Station second(context, 2, {one});
    second.network.add_peer(one);
    BOOST_TEST(!second.network.start());
    Stranger first(context, second.endpoint);
    first.say({one, two});
    BOOST_TEST(run_until(context, [&] { return first.is_closed(); }));
    BOOST_TEST(second.node.peer(one).connections == 0);
}

BOOST_AUTO_TEST_CASE(a_preamble_may_come_in_pieces) {
    Called called;
    Stranger peer(called.context, called.station.endpoint);
    TcpPreambleBytes preamble{};
    encode_preamble({two, one}, preamble);
    peer.say(preamble.data(), 5);
    const std::uint64_t ticks = called.station.node.ticks;
    BOOST_TEST(run_until(called.context, [&] { return called.station.node.ticks > ticks + 3; }));
    BOOST_TEST(called.station.node.peer(two).connections == 0);
    peer.say(preamble.data() + 5, preamble.size() - 5);
    BOOST_TEST(run_until(called.context, [&] { return called.station.node.peer(two).connected; }));
    BOOST_TEST(run_until(called.context, [&] { return peer.heard() >= 8; }));
}

BOOST_AUTO_TEST_CASE(silent_callers_are_few_and_do_not_stay) {
    transport::TcpOptions options = quick_options();
    options.pending_accepts_max = 3;
    options.preamble_timeout = milliseconds(60);
    Called called(options);
    std::deque<Stranger> strangers;
    for (int i = 0; i < 20; ++i) strangers.emplace_back(called.context, called.station.endpoint);
    const auto closed = [&] {
        return std::count_if(strangers.begin(), strangers.end(), [](const Stranger& s) { return s.is_closed(); });
    };
    // Those beyond the bound are closed without waiting for the timeout, the oldest first.
    BOOST_TEST(run_until(called.context, [&] { return closed() >= 17; }));
    called.check_that_a_good_peer_gets_through();
    BOOST_TEST(run_until(called.context, [&] { return closed() == 20; }));
    BOOST_TEST(called.station.network.callers_refused() >= 20u);
}

BOOST_AUTO_TEST_CASE(the_newest_connection_of_a_peer_replaces_the_one_before) {
    Called called;
    Stranger first(called.context, called.station.endpoint);
    first.say({two, one});
    BOOST_TEST_REQUIRE(run_until(called.context, [&] { return called.station.node.peer(two).connected; }));
    std::deque<Stranger> next;
    for (int i = 0; i < 5; ++i) {
        next.emplace_back(called.context, called.station.endpoint).say({two, one});
        BOOST_TEST(run_until(called.context, [&] { return called.station.node.peer(two).connections == 2 + i; }));
        BOOST_TEST(
            run_until(called.context, [&] { return i == 0 ? first.is_closed() : next[next.size() - 2].is_closed(); }));
    }
    BOOST_TEST(!next.back().is_closed());
    BOOST_TEST(called.station.network.peer_state(two).connections == 6u);
}

BOOST_AUTO_TEST_CASE(a_peer_whose_bytes_are_refused_is_called_ever_less_often) {
    Called called;
    transport::TcpOptions options = quick_options();
    options.reconnect_delay_min = milliseconds(4);
    options.reconnect_delay_max = milliseconds(64);
    Station second(called.context, 2, {one}, options);
    second.node.refuse_everything = true;
    second.network.add_peer(one, called.station.endpoint);
    BOOST_TEST(!second.network.start());
    const auto began = std::chrono::steady_clock::now();
    BOOST_TEST(run_until(called.context, [&] { return second.network.peer_state(one).failures >= 6; }));
    // At least half of 4 + 8 + 16 + 32 + 64.
    BOOST_TEST((std::chrono::steady_clock::now() - began >= std::chrono::milliseconds(62)));
    BOOST_TEST((second.network.peer_state(one).last_error == Error::protocol));
    second.node.refuse_everything = false;
    second.node.count_to(10);
    BOOST_TEST(run_until(called.context, [&] { return second.node.is_done(); }));
}

BOOST_AUTO_TEST_CASE(garbage_from_a_peer_ends_its_connection_only) {
    Called called;
    Stranger peer(called.context, called.station.endpoint);
    peer.say({two, one});
    const std::array<std::uint64_t, 4> garbage{77, 3, 5, 9};
    peer.say(garbage.data(), sizeof garbage);
    BOOST_TEST(run_until(called.context, [&] { return peer.is_closed(); }));
    BOOST_TEST((called.station.network.peer_state(two).last_error == Error::protocol));
    called.check_that_a_good_peer_gets_through();
}

BOOST_AUTO_TEST_SUITE_END()
