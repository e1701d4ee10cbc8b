// SPDX-License-Identifier: BSL-1.0
// Histories of more epochs than a node remembers, and nodes that come back from one which the leader has forgotten.

#include "support/cluster.hpp"
#include "support/history.hpp"

#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(forgotten_epochs)

namespace {

using Roomy = Cluster<Node<ack::Majority<>, Sum, log::Ring<16384>>>;

/// Nodes 1 and 2, or 2 and 3, lead in turn until this epoch, and write `writes` times in each.
template <class Group>
void lead_until(Group& group, std::uint64_t last, std::size_t first_node, std::size_t writes) {
    for (std::uint64_t counter = group.at(2).status().promised.counter + 1; counter <= last; ++counter) {
        const std::size_t leader = first_node + counter % 2;
        lead(group, leader, counter);
        pass(group, 150);
        for (std::size_t i = 0; i < writes; ++i) {
            group.written.push_back(counter);
            write_at(group, leader, counter);
            if (i % 10 == 9) group.network.settle();
        }
        pass(group, 50);
        BOOST_REQUIRE(group.at(leader).acknowledged() == group.at(leader).last().index);
    }
}

/// What the leader says of the entry before each append that it sends to node 3.
template <class Group>
std::vector<Position> heads_of_appends(Group& group, NodeId leader) {
    std::vector<Position> heads;
    const Epoch epoch = group.at(value(leader)).status().epoch;
    group.network.loses = [&heads, leader, epoch](const Frame& frame) {
        const core::FrameHeader header = core::load_header(frame.bytes.data());
        if (frame.from == leader && frame.to == three && header.type == FrameType::append && header.tail_bytes > 0) {
            heads.push_back(core::read_append(frame.bytes.data(), header.flags, epoch).previous);
        }
        return false;
    };
    pass(group, 500);
    group.network.loses = nullptr;
    return heads;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_blank_node_goes_on_behind_an_entry_whose_epoch_is_forgotten) {
    Roomy group(3);
    lead_until(group, 30, 1, 2);
    // Frames of few entries, so that the first ones end long before what is remembered.
    group.network.buffer_bytes = 512;
    group.start(3);
    const NodeId leader = group.at(1).role() == Role::leader ? one : two;
    const std::vector<Position> heads = heads_of_appends(group, leader);
    BOOST_REQUIRE(heads.size() > 8u);
    BOOST_TEST((heads[0].index == Index{}));
    for (const std::size_t frame : {1u, 2u}) BOOST_TEST((heads[frame].epoch == Epoch{}));
    BOOST_TEST((heads.back().epoch != Epoch{}));
    BOOST_TEST(group.at(value(leader)).status().peers()[1].snapshots == 0u);
    expect_all_equal(group);
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));

    // It has learnt enough to lead, and to be followed.
    lead(group, 3, 31);
    pass(group, 300);
    write_at(group, 3, 31);
    pass(group, 300);
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(a_leader_that_comes_back_from_a_forgotten_epoch_loses_only_its_own_tail) {
    // With what it has in common within the log of the others, and behind it.
    for (const std::size_t writes : {2u, 60u}) {
        for (const std::uint64_t tail : {0u, 1u, 12u}) {
            Majority group(3);
            for (std::uint64_t i = 1; i <= 3; ++i) group.write(i);
            group.network.settle();
            isolate(group, 1);
            for (std::uint64_t i = 1; i <= tail; ++i) write_at(group, 1, 1000 + i);
            lead_until(group, 12, 2, writes);
            const std::size_t leader = group.at(2).role() == Role::leader ? 2 : 3;
            join_all(group);
            pass(group, 1000);
            expect_all_equal(group);
            BOOST_TEST(group.at(leader).role() == Role::leader);
            BOOST_TEST(group.at(1).role() == Role::follower);
            BOOST_TEST((group.at(1).state() == sum_of(group.written)));
            // The leader knows no more which entries of a forgotten epoch it has. In the log they are compared one by
            // one; of what a state replaces nobody can tell, so nothing is said to be lost.
            const bool by_state = writes > 2;
            BOOST_TEST(group.at(1).status().counters.discarded == (by_state ? 0 : tail));
            BOOST_TEST((group.at(leader).status().peers()[0].snapshots > 0u) == by_state);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_leader_that_comes_back_from_a_forgotten_epoch_leads_again) {
    Majority group(3);
    group.write(1);
    group.network.settle();
    isolate(group, 1);
    write_at(group, 1, 1000);
    lead_until(group, 12, 2, 1);
    join_all(group);
    pass(group, 1000);
    promote(group, 1);
    pass(group, 200);
    BOOST_TEST(group.at(1).last().epoch.counter > 12u);
    BOOST_TEST((group.at(1).state() == sum_of(group.written)));
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(what_is_of_a_forgotten_epoch_does_not_vote) {
    Majority group(3);
    group.write(1);
    group.network.settle();
    isolate(group, 1);
    pass(group, 700);
    // What cuts beyond the epochs that are remembered may leave.
    support::epochs_of(testing::Inspect::inside(group.at(3)).self()).begin(Epoch{}, Index{}, Position{});
    for (const std::size_t candidate : {2u, 3u}) {
        BOOST_REQUIRE(group.at(candidate).promote());
        pass(group, 3000);
        BOOST_TEST((group.at(candidate).promotion().error == Error::nodes_missing));
    }
    join_all(group);
    pass(group, 1000);
    promote(group, 2);
    pass(group, 1000);
    expect_all_equal(group);
}

BOOST_AUTO_TEST_SUITE_END()
