// SPDX-License-Identifier: BSL-1.0
// Second connections of a peer: two processes with one node id, callers who only say that they are a peer, and peers
// that come back while their former connection still seems to be there.

#include <boost/test/unit_test.hpp>

#include "support.hpp"
#include "unit/asio/counter.hpp"

#include <replicator/asio/asio_replicator.hpp>
#include <replicator/asio/tcp/preamble.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/manual.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <random>
#include <span>
#include <system_error>
#include <vector>

BOOST_AUTO_TEST_SUITE(asio_tcp_newcomers)

namespace {

using namespace replicator;
using namespace replicator::test;
using transport::encode_preamble;
using transport::TcpPreambleBytes;

using std::chrono::steady_clock;
using Log = log::Memory<16 * 1024 * 1024>;
/// Longer than any test waits: what is closed was closed for another reason.
struct Patient : Options {
    static constexpr Duration failure_timeout = milliseconds(60'000);
};
/// Who says nothing is closed in time.
struct Impatient : Options {
    static constexpr Duration failure_timeout = milliseconds(1000);
};
template <class Limits>
using ProcessOf = AsioReplicator<Counter, Log, ack::Async<>, Limits>;
using Process = ProcessOf<Patient>;

constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr std::array nodes{one, two};

transport::TcpOptions options() {
    transport::TcpOptions options = quick_options();
    options.idle_timeout = milliseconds(60'000);  // longer than any test
    options.reconnect_delay_max = milliseconds(1000);
    return options;
}

Config config(NodeId node, std::uint64_t run) { return {.node = node, .nodes = nodes, .run = Run{run}}; }

/// A caller that begins as node 2 does, and then says what it likes.
class Forger {
public:
    Forger(asio::io_context& context, Tcp::endpoint endpoint) : state_(std::make_shared<State>(context)) {
        state_->socket.connect(endpoint);
        TcpPreambleBytes preamble{};
        encode_preamble({two, one}, preamble);
        say(preamble);
        read(state_);
    }
    Forger(const Forger&) = delete;
    Forger& operator=(const Forger&) = delete;
    ~Forger() {
        std::error_code ignored;
        state_->socket.close(ignored);
    }
    void say(std::span<const std::byte> bytes) {
        std::error_code ignored;
        asio::write(state_->socket, asio::buffer(bytes.data(), bytes.size()), ignored);
    }
    [[nodiscard]] bool is_closed() const { return state_->closed; }
    [[nodiscard]] std::size_t heard() const { return state_->heard; }

private:
    /// Its last handler may run when the forger is gone.
    struct State {
        explicit State(asio::io_context& context) : socket(context) {}

        Tcp::socket socket;
        std::array<std::byte, 4096> piece{};
        std::size_t heard = 0;
        bool closed = false;
    };

    static void read(const std::shared_ptr<State>& state) {
        state->socket.async_read_some(asio::buffer(state->piece), [state](std::error_code error, std::size_t bytes) {
            state->heard += bytes;
            state->closed = static_cast<bool>(error);
            if (!error) read(state);
        });
    }

    std::shared_ptr<State> state_;
};

/// Node 1, which leads, and one process that is node 2.
template <class Limits>
struct GroupOf {
    using Process = ProcessOf<Limits>;

    GroupOf() : leader(context.get_executor(), config(one, 100), options()) {
        std::error_code error;
        endpoint = leader.transport().listen(loopback(), error);
        BOOST_TEST_REQUIRE(!error);
        leader.transport().add_peer(two);
        BOOST_TEST_REQUIRE(!leader.start());
        BOOST_TEST_REQUIRE(static_cast<bool>(leader.node().bootstrap(HistoryId{7})));
    }
    /// Another process that is node 2.
    Process& start(std::uint64_t run, std::optional<Tcp::endpoint> at = std::nullopt) {
        Process& process =
            *processes.emplace_back(std::make_unique<Process>(context.get_executor(), config(two, run), options()));
        process.transport().add_peer(one, at.value_or(endpoint));
        BOOST_TEST_REQUIRE(!process.start());
        return process;
    }
    [[nodiscard]] bool follows(Process& process) {
        const auto status = process.node().status();
        return status.peers()[0].connected && process.node().leader() == one;
    }
    [[nodiscard]] bool runs_until_it_follows(Process& process) {
        return run_until(context, [&] { return follows(process); });
    }
    [[nodiscard]] std::uint64_t handshakes() { return leader.node().status().counters.handshakes; }
    [[nodiscard]] Error refusal(Process& process) { return process.node().status().peers()[0].refusal; }

    asio::io_context context;
    Process leader;
    Tcp::endpoint endpoint;
    std::vector<std::unique_ptr<Process>> processes;
};
using Group = GroupOf<Patient>;

/// Nothing happens to the connection of the one process while this is there.
template <class Limits>
class Undisturbed {
public:
    Undisturbed(GroupOf<Limits>& group, ProcessOf<Limits>& process)
        : group_(group),
          process_(process),
          handshakes_(group.handshakes()),
          state_(process.transport().peer_state(one)) {
        BOOST_TEST(group.follows(process));
    }
    Undisturbed(const Undisturbed&) = delete;
    Undisturbed& operator=(const Undisturbed&) = delete;
    ~Undisturbed() {
        BOOST_TEST(group_.follows(process_));
        BOOST_TEST(group_.handshakes() == handshakes_);
        BOOST_TEST(process_.transport().peer_state(one).connections == state_.connections);
        BOOST_TEST(process_.transport().peer_state(one).failures == state_.failures);
        const std::int64_t before = process_.node().state().total;
        BOOST_TEST(static_cast<bool>(group_.leader.node().write({1})));
        BOOST_TEST(run_until(group_.context, [&] { return process_.node().state().total > before; }));
    }

private:
    GroupOf<Limits>& group_;
    ProcessOf<Limits>& process_;
    std::uint64_t handshakes_;
    transport::TcpPeerState state_;
};

/// What a process of node 2 says when it is connected, whoever is at the other end.
std::vector<std::byte> hello_of(std::uint64_t run) {
    transport::Manual none;
    Replicator<Counter, Log, ack::Async<>, transport::Manual> node(none, config(two, run));
    std::vector<std::byte> hello(node.transmit_bytes_min);
    hello.resize(node.transmit(one, hello));
    return hello;
}

}  // namespace

BOOST_AUTO_TEST_CASE(of_two_processes_with_one_id_the_newer_stays_and_the_older_is_told) {
    GroupOf<Impatient> group;
    ProcessOf<Impatient>& older = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(older));
    ProcessOf<Impatient>& newer = group.start(202);
    BOOST_TEST_REQUIRE(run_until(group.context, [&] { return group.refusal(older) == Error::duplicate_node; }));
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(newer));
    BOOST_TEST(group.refusal(group.leader) == Error::duplicate_node);
    const std::uint64_t attempts = older.transport().peer_state(one).failures;
    {
        const Undisturbed undisturbed(group, newer);
        std::uint64_t heard = 0;
        const auto end = steady_clock::now() + std::chrono::milliseconds(700);
        BOOST_TEST(!run_until(
            group.context, [&] { return ++heard, group.refusal(older) != Error::duplicate_node; },
            std::chrono::duration_cast<std::chrono::milliseconds>(end - steady_clock::now())));
        BOOST_TEST(heard > 0u);
        BOOST_TEST(!group.follows(older));
    }
    // Each wait is twice the one before, less up to a half: 1, 2, ... 512 ms are more than the 700 at the very most.
    const std::uint64_t more = older.transport().peer_state(one).failures - attempts;
    BOOST_TEST(more >= 1u);
    BOOST_TEST(more <= 10u);
    // When the newer one is gone, the older one is as good as any.
    group.processes.pop_back();
    BOOST_TEST(group.runs_until_it_follows(older));
    BOOST_TEST(group.refusal(older) == Error::none);
}

BOOST_AUTO_TEST_CASE(a_preamble_and_silence_are_closed_in_time_and_disturb_nobody) {
    GroupOf<Impatient> group;
    ProcessOf<Impatient>& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    Forger forger(group.context, group.endpoint);
    BOOST_TEST(run_until(group.context, [&] { return forger.heard() > 0; }));
    BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
}

BOOST_AUTO_TEST_CASE(a_preamble_and_garbage_are_closed_at_once) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    std::mt19937_64 random(7);
    for (const std::size_t size : {4u, 400u, 20'000u}) {
        std::vector<std::byte> garbage(size);
        for (std::byte& byte : garbage) byte = static_cast<std::byte>(random());
        Forger forger(group.context, group.endpoint);
        forger.say(garbage);
        BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
    }
}

BOOST_AUTO_TEST_CASE(a_replayed_hello_is_no_answer) {
    GroupOf<Impatient> group;
    ProcessOf<Impatient>& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    for (const std::uint64_t run : {201u, 199u}) {
        Forger forger(group.context, group.endpoint);
        forger.say(hello_of(run));
        BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
        BOOST_TEST(group.refusal(group.leader) == Error::none);
    }
}

BOOST_AUTO_TEST_CASE(more_hellos_than_are_kept_are_closed_at_once) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    Forger forger(group.context, group.endpoint);
    for (int i = 0; i < 40; ++i) forger.say(hello_of(199));
    BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
}

BOOST_AUTO_TEST_CASE(many_callers_with_a_preamble_cost_one_connection) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    std::deque<Forger> forgers;
    const auto open = [&] {
        return std::count_if(forgers.begin(), forgers.end(), [](const Forger& forger) { return !forger.is_closed(); });
    };
    for (int i = 0; i < 50; ++i) {
        forgers.emplace_back(group.context, group.endpoint);
        BOOST_TEST_REQUIRE(run_until(group.context, [&] { return forgers.back().heard() > 0 && open() <= 1; }));
    }
}

BOOST_AUTO_TEST_CASE(a_peer_comes_back_at_once_though_its_former_connection_seems_to_be_there) {
    for (const bool another_waits : {false, true}) {
        for (const bool same_run : {true, false}) {
            Group group;
            Proxy proxy(group.context, group.endpoint, 4096);
            Process& before = group.start(201, proxy.endpoint());
            BOOST_TEST_REQUIRE(group.runs_until_it_follows(before));
            proxy.stall(true);  // the leader never hears of the end
            before.stop();
            std::optional<Forger> forger;
            if (another_waits) {
                forger.emplace(group.context, group.endpoint);
                BOOST_TEST_REQUIRE(run_until(group.context, [&] { return forger->heard() > 0; }));
            }
            const std::uint64_t handshakes = group.handshakes();
            before.transport().add_peer(one, group.endpoint);
            if (same_run) BOOST_TEST(!before.start());
            Process& after = same_run ? before : group.start(202);
            BOOST_TEST(run_until(group.context, [&] { return group.handshakes() > handshakes; }));
            BOOST_TEST(group.runs_until_it_follows(after));
            BOOST_TEST(group.handshakes() == handshakes + 1);
            BOOST_TEST(group.refusal(group.leader) == Error::none);
            const Undisturbed undisturbed(group, after);
            if (forger) BOOST_TEST(run_until(group.context, [&] { return forger->is_closed(); }));
        }
    }
}

BOOST_AUTO_TEST_CASE(who_is_held_aside_goes_when_the_peer_has_called_since) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    Forger forger(group.context, group.endpoint);
    BOOST_TEST_REQUIRE(run_until(group.context, [&] { return forger.heard() > 0; }));
    process.stop();
    BOOST_TEST_REQUIRE(run_until(group.context, [&] { return !group.leader.transport().peer_state(two).connected; }));
    BOOST_TEST(!process.start());
    BOOST_TEST(group.runs_until_it_follows(process));
    BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
}

BOOST_AUTO_TEST_CASE(a_peer_that_belongs_elsewhere_is_told_and_disturbs_nobody) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    const Undisturbed undisturbed(group, process);
    Config elsewhere = config(two, 202);
    elsewhere.cluster = ClusterId{9};
    Process stranger(group.context.get_executor(), elsewhere, options());
    stranger.transport().add_peer(one, group.endpoint);
    BOOST_TEST(!stranger.start());
    // Each time it is told to hang up, and does.
    BOOST_TEST(run_until(group.context, [&] { return stranger.transport().peer_state(one).failures >= 3; }));
    BOOST_TEST(group.refusal(stranger) == Error::wrong_cluster);
    BOOST_TEST(group.refusal(group.leader) == Error::wrong_cluster);
}

BOOST_AUTO_TEST_CASE(stopping_closes_what_is_held_aside) {
    Group group;
    Process& process = group.start(201);
    BOOST_TEST_REQUIRE(group.runs_until_it_follows(process));
    Forger forger(group.context, group.endpoint);
    BOOST_TEST_REQUIRE(run_until(group.context, [&] { return forger.heard() > 0; }));
    group.leader.stop();
    BOOST_TEST(run_until(group.context, [&] { return forger.is_closed(); }));
}

BOOST_AUTO_TEST_SUITE_END()
