// SPDX-License-Identifier: BSL-1.0
// Systems that run out of descriptors or memory for a moment: no node stops for good, and all goes on as before.

#include "support/disk_group.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <random>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(shortages)

using support::DiskGroup;
using support::DiskNode;
using support::leader_of;
using support::pass;

namespace {

using SemiSync = DiskGroup<DiskNode<ack::SemiSync<>>>;
using Majority = DiskGroup<DiskNode<ack::Majority<>>>;

template <class Group>
void expect_nobody_stopped(Group& group) {
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        BOOST_TEST_REQUIRE((group.at(i).status().fault == Error::none), "node " << i);
    }
}

template <class Group>
void expect_all_equal_in_the_end(Group& group) {
    for (auto& disk : group.disks) disk->faults = {};
    pass(group, 3000);
    expect_nobody_stopped(group);
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        BOOST_TEST((group.at(i).state() == support::sum_of(group.written)), "node " << i);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(writes_are_refused_without_descriptors_and_go_on_with_them) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.disks[0]->faults.no_descriptors = true;
    Error error = Error::none;
    for (std::uint64_t i = 0; i < 5000 && error == Error::none; ++i) {
        const auto ticket = group.at(1).write({i});
        error = ticket.error();
        if (ticket) group.written.push_back(i);
        group.network.settle();
    }
    BOOST_TEST((error == Error::log_full));
    expect_nobody_stopped(group);
    group.disks[0]->faults = {};
    pass(group, 50);
    group.write_many(1, 100);
    expect_all_equal_in_the_end(group);
}

// Once the follower that came back made the leader fault: what it lacks is in files, and one had to be opened.
BOOST_AUTO_TEST_CASE(a_follower_that_comes_back_gets_what_it_lacks_when_it_can_be_read) {
    for (const bool memory : {false, true}) {
        SemiSync group(3);
        group.write_many(1, 3);
        support::isolate(group, 3);
        for (int i = 0; i < 700; ++i) group.write_many(1, 1);  // more than is in memory
        BOOST_REQUIRE(group.at(1).status().first <= group.at(3).last().index + 1);
        auto& faults = group.disks[0]->faults;
        (memory ? faults.no_memory : faults.no_descriptors) = true;
        support::join_all(group);
        pass(group, 1000);
        expect_nobody_stopped(group);
        BOOST_TEST(group.at(3).last().index < group.at(1).last().index);
        expect_all_equal_in_the_end(group);
        BOOST_TEST(group.at(3).status().counters.discarded == 0u);
    }
}

// A follower that was away for too long gets the whole state, and is short of something just then.
BOOST_AUTO_TEST_CASE(a_state_that_a_follower_cannot_take_now_is_sent_again) {
    const auto fall_behind = [](SemiSync& group) {
        group.write_many(1, 3);
        support::isolate(group, 3);
        while (group.at(1).status().first <= group.at(3).last().index + 1) group.write_many(1, 1);
    };
    std::uint64_t calls = 0;
    {
        SemiSync group(3);
        fall_behind(group);
        calls = group.disks[2]->calls();
        support::join_all(group);
        while (group.at(3).last() < group.at(1).last()) pass(group, 1);
        calls = group.disks[2]->calls() - calls;
    }
    BOOST_TEST(calls > 10u);
    for (const auto error : {StorageError::no_space, StorageError::shortage}) {
        for (std::uint64_t call = 1; call <= calls; ++call) {
            BOOST_TEST_CONTEXT(to_string(error) << " at call " << call) {
                SemiSync group(3);
                fall_behind(group);
                auto& disk = *group.disks[2];
                disk.fail_at(disk.calls() + call, error, true);
                support::join_all(group);
                pass(group, 300);
                expect_nobody_stopped(group);
                disk.fail_at(0, StorageError::none);
                group.write_many(1, 10);
                expect_all_equal_in_the_end(group);
            }
        }
    }
}

// Whatever is short while a node starts, it can be started again from the same disk, and has lost nothing.
BOOST_AUTO_TEST_CASE(a_node_that_a_shortage_kept_from_starting_starts_later) {
    using Node = DiskNode<ack::SemiSync<>>;
    std::uint64_t refused_logs = 0;
    std::uint64_t refused_nodes = 0;
    for (std::uint64_t call = 1; call <= 60; ++call) {
        BOOST_TEST_CONTEXT("call " << call) {
            SemiSync group(3);
            group.write_many(1, 100);  // a state and a log behind it
            pass(group, 100);
            group.write_many(1, 5);
            group.kill(2);
            auto& disk = *group.disks[1];
            disk.fail_at(disk.calls() + call, StorageError::shortage);
            {
                auto log = support::SmallLog::open(
                    storage::Simulated(disk), "log",
                    {.cluster = {}, .group = {}, .node = NodeId{2}, .incarnation = {}, .history = {}});
                if (log) {
                    const Config config{.node = NodeId{2}, .nodes = group.ids, .run = Run{999}};
                    const Node node(group.network, config, std::move(*log), group.events_of(2));
                    const Error fault = node.status().fault;
                    BOOST_TEST((fault == Error::none || fault == Error::log_full), to_string(fault));
                    refused_nodes += fault == Error::log_full ? 1 : 0;
                } else {
                    BOOST_TEST((log.error() == Error::log_full), to_string(log.error()));
                    ++refused_logs;
                }
            }
            disk.fail_at(0, StorageError::none);
            group.start(2);
            support::join_all(group);
            pass(group, 50);
            group.write_many(1, 5);
            expect_all_equal_in_the_end(group);
        }
    }
    BOOST_TEST(refused_logs > 10u);
    BOOST_TEST(refused_nodes > 3u);
}

// Descriptors and memory run out and come back at random, links break, nodes are promoted.
BOOST_AUTO_TEST_CASE(shortages_at_any_time_stop_nobody_and_lose_nothing) {
    for (std::uint32_t seed = 1; seed <= 60; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            Majority group(3);
            std::mt19937 random(seed);
            const auto pick = [&random](std::uint32_t below) { return random() % below; };
            group.write_many(1, 3);
            std::size_t acknowledged = 0;
            for (int step = 0; step < 400; ++step) {
                auto& faults = group.disks[pick(3)]->faults;
                if (pick(8) == 0) faults.no_descriptors = pick(3) != 0;
                if (pick(16) == 0) faults.no_memory = pick(3) == 0;
                if (pick(40) == 0) support::isolate(group, 1 + pick(3));
                if (pick(40) == 0) support::join_all(group);
                if (pick(120) == 0) static_cast<void>(group.at(1 + pick(3)).promote());
                for (auto& disk : group.disks) disk->faults.no_memory = disk->faults.no_memory && pick(10) != 0;
                const std::size_t leader = leader_of(group);
                const auto ticket = leader == 0 ? Result<Ticket>(Error::not_leader) : group.at(leader).write({1});
                pass(group, 10);
                if (ticket && group.at(leader).outcome(*ticket).state == WriteState::acknowledged) ++acknowledged;
                expect_nobody_stopped(group);
            }
            for (auto& disk : group.disks) disk->faults = {};
            support::join_all(group);
            pass(group, 2000);
            if (leader_of(group) == 0) BOOST_REQUIRE(group.at(1).promote());
            pass(group, 3000);
            const std::size_t leader = leader_of(group);
            BOOST_REQUIRE(leader != 0);
            BOOST_REQUIRE(group.at(leader).write({1}));
            pass(group, 3000);
            expect_nobody_stopped(group);
            BOOST_TEST(acknowledged > 0u);
            BOOST_TEST(group.at(leader).state().count > acknowledged);
            for (std::size_t i = 1; i <= 3; ++i) {
                BOOST_TEST((group.at(i).state() == group.at(leader).state()), "node " << i);
            }
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
