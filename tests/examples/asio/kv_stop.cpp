// SPDX-License-Identifier: BSL-1.0
// Who waits for the time or for signals lets the server end, also when the time is up and nobody was told of it yet.

#include "kv/base/recurring_timer.hpp"
#include "kv/node/fault_watch.hpp"
#include "kv/node/networked_node.hpp"
#include "kv/peers/peer_addresses.hpp"
#include "kv/process/signal_watch.hpp"
#include "kv/server/orderly_stop.hpp"
#include "kv/server/server.hpp"

#include "kv_fake_node.hpp"

#include <asio/io_context.hpp>
#include <asio/steady_timer.hpp>

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <csignal>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <thread>

namespace kv::testing {

using namespace std::chrono_literals;

struct Ending {
    /// Acts when the timers that were set have run out, and before they tell anybody.
    void act_between(std::chrono::milliseconds longest_timer, const std::function<void()>& act) {
        bool acted = false;
        // A context takes all timers that have run out at once, and calls their handlers by the times they were set to.
        asio::steady_timer first(context, std::chrono::steady_clock::time_point{});
        first.async_wait([&](std::error_code) {
            acted = true;
            act();
        });
        std::this_thread::sleep_for(longest_timer + 1ms);
        while (!acted) context.poll_one();
    }
    /// There is nothing left to wait for, so `run` returns.
    [[nodiscard]] bool has_ended() {
        context.poll();
        return context.stopped();
    }

    asio::io_context context{1};
    std::shared_ptr<FakeNode> fake = std::make_shared<FakeNode>();
    NetworkedNode node{context.get_executor(), {}, std::shared_ptr<FakeNode>(fake)};
    Service service{node.node(), "async", "ring", {}};
};

}  // namespace kv::testing

using namespace std::chrono_literals;
using kv::testing::Ending;

BOOST_FIXTURE_TEST_SUITE(kv_stop, Ending)

BOOST_AUTO_TEST_CASE(a_timer_that_has_run_out_is_stopped) {
    int calls = 0;
    kv::RecurringTimer timer(context, [&] {
        ++calls;
        timer.set(1h);
    });
    timer.set(0ms);
    act_between(0ms, [&] { timer.stop(); });
    BOOST_TEST(has_ended());
    BOOST_TEST(calls == 0);
}

BOOST_AUTO_TEST_CASE(a_timer_recurs_until_it_is_stopped_and_then_is_not_set) {
    int calls = 0;
    kv::RecurringTimer timer(context, [&] {
        if (++calls == 3) timer.stop();
        timer.set(calls < 3 ? 0ms : 1h);
    });
    timer.set(0ms);
    while (calls < 3) context.poll();
    BOOST_TEST(has_ended());
    BOOST_TEST(calls == 3);
    timer.set(0ms);
    context.restart();
    BOOST_TEST(has_ended());
    BOOST_TEST(calls == 3);
}

BOOST_AUTO_TEST_CASE(who_looks_for_faults_ends_although_the_time_to_look_has_come) {
    kv::FaultWatch watch(context, *fake, 1s, [] { BOOST_ERROR("it is no fault to be stopped"); });
    watch.start();
    BOOST_TEST(!has_ended());
    act_between(100ms, [&] {
        watch.stop();
        fake->now.role = replicator::Role::faulted;  // nobody is interested
    });
    BOOST_TEST(has_ended());
}

BOOST_AUTO_TEST_CASE(a_fault_ends_the_server_once) {
    int ends = 0;
    kv::FaultWatch watch(context, *fake, 0s, [&] { ++ends; });
    fake->now.role = replicator::Role::faulted;
    watch.start();
    context.run();
    BOOST_TEST(ends == 1);
}

BOOST_AUTO_TEST_CASE(who_looks_names_up_ends_although_the_time_to_look_has_come) {
    kv::NameThread names(context);
    kv::PeerAddresses addresses(context, names, node.transport());
    addresses.add(replicator::NodeId{2}, {"127.0.0.1", 1}, true);
    addresses.start();
    BOOST_TEST(!has_ended());
    act_between(50ms, [&] { addresses.stop(); });
    BOOST_TEST(has_ended());
}

BOOST_AUTO_TEST_CASE(a_second_signal_ends_a_stop_whose_time_to_look_has_come) {
    kv::Server server(context, node, service);
    int ends = 0;
    kv::OrderlyStop stop(context, node, server, 10s, [&] { ++ends; });
    stop.signal();
    BOOST_TEST(!has_ended());
    act_between(2ms, [&] { stop.signal(); });
    BOOST_TEST(has_ended());
    BOOST_TEST(ends == 1);
    BOOST_TEST(stop.was_cut_short());
    stop.signal();
    BOOST_TEST(has_ended());
    BOOST_TEST(ends == 1);
}

BOOST_AUTO_TEST_CASE(a_drained_server_ends) {
    kv::Server server(context, node, service);
    int ends = 0;
    kv::OrderlyStop stop(context, node, server, 10s, [&] { ++ends; });
    node.transport().attach(*fake);
    BOOST_TEST(!node.start());
    stop.signal();
    fake->drained.step = replicator::DrainStep::done;
    context.run();
    BOOST_TEST(ends == 1);
    BOOST_TEST(!node.transport().is_running());
    BOOST_TEST(!stop.was_cut_short());
}

// Both are told at once of a signal, and the one that is told first stops the other one.
BOOST_AUTO_TEST_CASE(a_signal_that_came_before_the_end_keeps_nobody_waiting) {
    int signals = 0;
    kv::SignalWatch* other[2];
    const auto told = [&](int own) {
        ++signals;
        other[own]->stop();
    };
    kv::SignalWatch one(context, [&] { told(0); });
    kv::SignalWatch two(context, [&] { told(1); });
    other[0] = &two;
    other[1] = &one;
    BOOST_TEST(!has_ended());
    std::raise(SIGTERM);
    while (signals == 0) context.poll();
    one.stop();
    two.stop();
    BOOST_TEST(has_ended());
    BOOST_TEST(signals == 1);
}

BOOST_AUTO_TEST_CASE(each_signal_is_told) {
    int signals = 0;
    kv::SignalWatch watch(context, [&] {
        if (++signals == 2) return watch.stop();
        std::raise(SIGINT);
    });
    std::raise(SIGTERM);
    context.run();
    BOOST_TEST(signals == 2);
}

BOOST_AUTO_TEST_SUITE_END()
