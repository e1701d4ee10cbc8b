// SPDX-License-Identifier: BSL-1.0
// Whole replicators over TCP on loopback: writes are acknowledged and arrive everywhere, over good and bad connections.

#include <boost/test/unit_test.hpp>

#include "counter.hpp"
#include "tcp/support.hpp"

#include <replicator/asio/asio_replicator.hpp>
#include <replicator/log/memory.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <system_error>
#include <vector>

#include <asio/bind_cancellation_slot.hpp>
#include <asio/buffer.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/io_context.hpp>
#include <asio/write.hpp>
#if defined(ASIO_HAS_CO_AWAIT)
#include <asio/co_spawn.hpp>
#include <asio/detached.hpp>
#include <asio/use_awaitable.hpp>
#endif

BOOST_AUTO_TEST_SUITE(asio_replicator)

namespace {

using namespace replicator;
using namespace replicator::test;

using Done = Written<std::int64_t>;
using LargeLog = log::Memory<16 * 1024 * 1024>;

/// A group whose members call each other directly, or through proxies.
template <class Ack, class Log = LargeLog>
struct Group {
    using Node = AsioReplicator<Counter, Log, Ack>;

    explicit Group(std::uint32_t count, transport::TcpOptions options = quick_options()) {
        for (std::uint32_t id = 1; id <= count; ++id) ids.push_back(NodeId{id});
        for (std::uint32_t i = 0; i < count; ++i) {
            nodes.push_back(std::make_unique<Node>(context.get_executor(),
                                                   Config{.node = ids[i], .nodes = ids, .run = Run{100 + i}}, options));
            std::error_code error;
            endpoints.push_back(nodes[i]->transport().listen(loopback(), error));
            BOOST_TEST_REQUIRE(!error);
        }
        for (std::uint32_t i = 0; i < count; ++i) {
            for (std::uint32_t other = 0; other < count; ++other) {
                if (i != other) nodes[i]->transport().add_peer(ids[other], endpoints[other]);
            }
        }
    }
    void start() {
        for (auto& node : nodes) BOOST_TEST_REQUIRE(!node->start());
        BOOST_TEST_REQUIRE(static_cast<bool>(leader().node().bootstrap(HistoryId{7})));
    }
    [[nodiscard]] Node& leader() { return *nodes[0]; }
    [[nodiscard]] bool all_hold(std::int64_t total) {
        return std::all_of(nodes.begin(), nodes.end(), [&](auto& node) { return node->node().state().total == total; });
    }

    asio::io_context context;
    std::vector<NodeId> ids;
    std::vector<Tcp::endpoint> endpoints;
    std::vector<std::unique_ptr<Node>> nodes;
};

/// Writes one after another, with `depth` under way, until `count` were acknowledged. Refused ones are tried again.
template <class Node>
class Writer {
public:
    Writer(Node& node, int count, int depth) : node_(node), left_(count) {
        for (int i = 0; i < depth && left_ > 0; ++i) write();
    }
    [[nodiscard]] int acknowledged() const { return acknowledged_; }
    [[nodiscard]] int unknown() const { return unknown_; }

private:
    void write() {
        --left_;
        node_.async_write({1}, [this](std::error_code error, const Done& written) {
            if (!error) {
                ++acknowledged_;
                ordered_ = ordered_ && written.result > last_;
                BOOST_TEST_REQUIRE(ordered_);
                last_ = written.result;
            } else if (error == Error::outcome_unknown) {
                ++unknown_;
            } else if (error != Error::stopped) {
                ++left_;
            } else {
                left_ = 0;
            }
            if (left_ > 0) write();
        });
    }

    Node& node_;
    int left_;
    int acknowledged_ = 0;
    int unknown_ = 0;
    bool ordered_ = true;
    std::int64_t last_ = 0;
};

}  // namespace

BOOST_AUTO_TEST_CASE(two_nodes_agree) {
    Group<ack::Sync<>> group(2);
    group.start();
    Writer writer(group.leader(), 1000, 1);
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 1000; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(1000); }));
}

BOOST_AUTO_TEST_CASE(three_nodes_agree_under_every_policy) {
    const auto check = [](auto group) {
        group->start();
        Writer writer(group->leader(), 2000, 100);
        BOOST_TEST(run_until(group->context, [&] { return writer.acknowledged() == 2000; }));
        BOOST_TEST(run_until(group->context, [&] { return group->all_hold(2000); }));
    };
    check(std::make_unique<Group<ack::Async<>>>(3));
    check(std::make_unique<Group<ack::SemiSync<>>>(3));
    check(std::make_unique<Group<ack::Majority<>>>(3));
    check(std::make_unique<Group<ack::Sync<>>>(3));
}

BOOST_AUTO_TEST_CASE(the_acknowledgement_says_what_it_is_worth) {
    Group<ack::Sync<>> group(3);
    group.start();
    Done done;
    std::error_code failed = Error::busy;
    group.leader().async_write({5}, [&](std::error_code error, const Done& written) {
        failed = error;
        done = written;
    });
    BOOST_TEST(run_until(group.context, [&] { return !failed; }));
    BOOST_TEST(done.result == 5);
    BOOST_TEST(done.acknowledgement.holders == 3u);
    BOOST_TEST(static_cast<bool>(group.leader().node().read(done.acknowledgement.position)));
}

BOOST_AUTO_TEST_CASE(a_read_waits_for_a_position) {
    Group<ack::Async<>> group(2);
    auto& follower = *group.nodes[1];
    group.start();
    using Read = Written<NoResult>;
    Position asked;
    Position shown;
    std::error_code failed = Error::busy;
    std::int64_t total = 0;
    bool inside = true;
    group.leader().async_write({5}, [&](std::error_code error, const Done& written) {
        BOOST_TEST_REQUIRE(!error);
        asked = written.acknowledgement.position;
        follower.async_read(asked, [&](std::error_code read_error, const Read& read) {
            BOOST_TEST(!inside);
            failed = read_error;
            shown = read.acknowledgement.position;
            total = follower.node().state().total;
        });
        inside = false;
    });
    BOOST_TEST(run_until(group.context, [&] { return !failed; }));
    BOOST_TEST(total == 5);
    BOOST_TEST((shown >= asked));

    // What is there already is not waited for; what another write stands in place of never comes.
    failed = Error::busy;
    group.leader().async_read(asked, [&](std::error_code error, const Read&) { failed = error; });
    BOOST_TEST(run_until(group.context, [&] { return !failed; }));
    follower.async_read({{asked.epoch.counter, asked.epoch.node, asked.epoch.tag + 1}, asked.index},
                        [&](std::error_code error, const Read&) { failed = error; });
    BOOST_TEST(run_until(group.context, [&] { return failed == Error::discarded; }));

    // Cancelled, and stopped, each without the position having come.
    asio::cancellation_signal signal;
    const Position later{asked.epoch, asked.index + 100};
    follower.async_read(later, asio::bind_cancellation_slot(
                                   signal.slot(), [&](std::error_code error, const Read&) { failed = error; }));
    signal.emit(asio::cancellation_type::terminal);
    BOOST_TEST(run_until(group.context, [&] { return failed == Error::not_yet; }));
    follower.async_read(later, [&](std::error_code error, const Read&) { failed = error; });
    follower.stop();
    BOOST_TEST(run_until(group.context, [&] { return failed == Error::stopped; }));
}

BOOST_AUTO_TEST_CASE(a_follower_refuses_writes) {
    Group<ack::Sync<>> group(2);
    group.start();
    std::error_code failed;
    group.nodes[1]->async_write({5}, [&](std::error_code error, const Done&) { failed = error; });
    BOOST_TEST(run_until(group.context, [&] { return failed == Error::not_leader; }));
}

BOOST_AUTO_TEST_CASE(bytes_may_come_one_by_one_between_replicators) {
    Group<ack::Sync<>> group(2);
    Proxy proxy(group.context, group.endpoints[0], 1);
    group.nodes[1]->transport().add_peer(group.ids[0], proxy.endpoint());
    group.start();
    Writer writer(group.leader(), 100, 20);
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 100; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(100); }));
    BOOST_TEST(group.nodes[1]->node().status().counters.frames_corrupt == 0u);
}

BOOST_AUTO_TEST_CASE(cut_connections_cost_no_write) {
    Group<ack::Sync<>> group(2);
    Proxy proxy(group.context, group.endpoints[0], 2000);
    group.nodes[1]->transport().add_peer(group.ids[0], proxy.endpoint());
    group.start();
    Writer writer(group.leader(), 6000, 200);
    for (int cuts = 1; cuts <= 5; ++cuts) {
        BOOST_TEST_REQUIRE(run_until(group.context, [&] { return writer.acknowledged() >= 1000 * cuts; }));
        proxy.cut();
    }
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 6000; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(6000); }));
    BOOST_TEST(writer.unknown() == 0);
    BOOST_TEST(proxy.connections() >= 6u);
}

BOOST_AUTO_TEST_CASE(a_big_pipelined_load) {
    Group<ack::SemiSync<>, log::Ring<4 * 1024 * 1024>> group(2);
    group.start();
    Writer writer(group.leader(), 100000, 1000);
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 100000; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(100000); }));
    // Many writes travel in one.
    BOOST_TEST(group.leader().transport().peer_state(group.ids[1]).writes < 20000u);
}

BOOST_AUTO_TEST_CASE(a_small_ring_is_enough) {
    Group<ack::Sync<>, log::Ring<8192>> group(2);
    group.start();
    Writer writer(group.leader(), 20000, 64);
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 20000; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(20000); }));
}

BOOST_AUTO_TEST_CASE(a_half_open_follower_is_replaced) {
    transport::TcpOptions options = quick_options();
    options.idle_timeout = milliseconds(150);
    Group<ack::Sync<>> group(2, options);
    Proxy proxy(group.context, group.endpoints[0], 4096);
    group.nodes[1]->transport().add_peer(group.ids[0], proxy.endpoint());
    group.start();
    Writer first(group.leader(), 100, 10);
    BOOST_TEST_REQUIRE(run_until(group.context, [&] { return first.acknowledged() == 100; }));
    proxy.stall(true);
    Writer second(group.leader(), 100, 10);
    BOOST_TEST_REQUIRE(
        run_until(group.context, [&] { return !group.nodes[1]->transport().peer_state(group.ids[0]).connected; }));
    BOOST_TEST(second.acknowledged() == 0);
    proxy.stall(false);
    BOOST_TEST(run_until(group.context, [&] { return second.acknowledged() == 100; }));
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(200); }));
}

BOOST_AUTO_TEST_CASE(garbage_and_strangers_do_no_harm_to_a_group) {
    Group<ack::Sync<>> group(2);
    group.start();
    Writer writer(group.leader(), 3000, 10);
    std::deque<Tcp::socket> strangers;
    for (int i = 0; i < 40; ++i) {
        strangers.emplace_back(group.context).connect(group.endpoints[0]);
        const std::array<std::uint64_t, 4> garbage{std::uint64_t(i) * 0x9e3779b97f4a7c15u, 3, 5, 7};
        std::error_code ignored;
        if (i % 2 == 0) asio::write(strangers.back(), asio::buffer(garbage), ignored);
    }
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 3000; }));
    BOOST_TEST(run_until(group.context, [&] { return group.leader().transport().callers_refused() >= 20; }));
}

BOOST_AUTO_TEST_CASE(a_late_follower_catches_up) {
    Group<ack::Majority<>> group(3);
    BOOST_TEST(!group.nodes[0]->start());
    BOOST_TEST(!group.nodes[1]->start());
    BOOST_TEST_REQUIRE(static_cast<bool>(group.leader().node().bootstrap(HistoryId{7})));
    Writer writer(group.leader(), 5000, 500);
    BOOST_TEST(run_until(group.context, [&] { return writer.acknowledged() == 5000; }));
    BOOST_TEST(!group.nodes[2]->start());
    BOOST_TEST(run_until(group.context, [&] { return group.all_hold(5000); }));
}

BOOST_AUTO_TEST_CASE(stopping_the_leader_completes_its_writes) {
    Group<ack::Sync<>> group(2);
    group.start();
    int completed = 0;
    std::error_code last;
    const auto count = [&](std::error_code error, const Done&) {
        ++completed;
        last = error;
    };
    group.leader().async_write({1}, count);
    BOOST_TEST(run_until(group.context, [&] { return completed == 1; }));
    group.nodes[1]->stop();
    for (int i = 0; i < 50; ++i) group.leader().async_write({1}, count);
    const std::uint64_t reads = group.leader().transport().peer_state(group.ids[1]).reads;
    BOOST_TEST(
        run_until(group.context, [&] { return !group.leader().transport().peer_state(group.ids[1]).connected; }));
    BOOST_TEST(group.leader().transport().peer_state(group.ids[1]).reads >= reads);
    BOOST_TEST(completed == 1);
    group.leader().stop();
    group.context.restart();
    group.context.run();
    BOOST_TEST(completed == 51);
    BOOST_TEST((last == Error::stopped));
}

#if defined(ASIO_HAS_CO_AWAIT)
BOOST_AUTO_TEST_CASE(a_coroutine_writes_to_a_group) {
    Group<ack::Sync<>> group(2);
    group.start();
    std::int64_t total = 0;
    const auto talk = [&]() -> asio::awaitable<void> {
        for (int written = 0; written < 20;) {
            try {
                total = (co_await group.leader().async_write({3}, asio::use_awaitable)).result;
                ++written;
            } catch (const std::system_error& error) {
                BOOST_TEST_REQUIRE((error.code() == Error::not_enough_followers));
            }
        }
    };
    asio::co_spawn(group.context, talk(), asio::detached);
    BOOST_TEST(run_until(group.context, [&] { return total == 60; }));
}
#endif

BOOST_AUTO_TEST_SUITE_END()
