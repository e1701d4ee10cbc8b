// SPDX-License-Identifier: BSL-1.0
// Cases of nodes whose process ends and that come back blank, or with old data. The numbers are those of the catalogue
// of failures, see README.md.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(crash_scenarios)

namespace {

using Quorum = Cluster<Node<ack::Quorum<2>, Text>>;

/// Lets node 2 have `pieces` pieces of a state, and no more.
void let_pass(Quorum& group, int pieces) {
    group.network.loses = [pieces, passed = 0](const Frame& frame) mutable {
        return frame.to == two && frame.type() == FrameType::snapshot_piece && ++passed > pieces;
    };
    group.network.run();
}

}  // namespace

BOOST_AUTO_TEST_CASE(case_1_a_node_that_crashes_between_the_pieces_of_a_state_begins_anew_and_counts_for_nothing) {
    Quorum group(3);
    const std::vector<std::byte> command(100, std::byte{'a'});
    BOOST_REQUIRE(group.at(1).write(command));
    group.network.settle();
    isolate(group, 2);
    for (int i = 0; i < 60; ++i) {
        BOOST_REQUIRE(group.at(1).write(command));
        group.network.settle();
    }

    // It has some of the pieces: what it shows is what it had before.
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::snapshot_piece; };
    group.network.join(one, two);
    let_pass(group, 3);
    BOOST_TEST(group.at(2).status().installing);
    BOOST_TEST(group.at(2).state().bytes.size() == 100u);

    // It crashes, several times at the same place, and has nothing each time.
    for (int crash = 0; crash < 3; ++crash) {
        group.start(2);
        let_pass(group, 3);
        BOOST_TEST(group.at(2).status().installing);
        BOOST_TEST(group.at(2).state().bytes.empty());
        BOOST_TEST(group.at(2).applied() == Index{});
        BOOST_TEST(group.at(2).promote().error() == Error::not_bootstrapped);
    }

    // A write that needs it is not acknowledged, though it is connected.
    group.network.cut(one, three);
    const Result<Ticket> pending = group.at(1).write(command);
    BOOST_REQUIRE(pending);
    group.network.settle();
    BOOST_TEST(group.at(1).status().peers()[0].connected);
    BOOST_TEST(!group.at(1).status().peers()[0].counts);
    BOOST_TEST(!group.acknowledged(*pending));

    group.network.join(one, three);
    group.network.loses = nullptr;
    pass(group, 500);
    BOOST_TEST(group.acknowledged(*pending));
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
    BOOST_TEST(group.at(1).status().peers()[0].counts);
}

BOOST_AUTO_TEST_CASE(case_6_a_leader_that_lost_its_log_does_not_lead_its_epoch_again) {
    Majority group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    const Position last = group.at(2).last();
    const Incarnation former = testing::Inspect::inside(group.at(1)).self().incarnation;
    group.start(1);
    pass(group, 1500);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).leader() == NodeId{});
    BOOST_TEST(group.at(1).write({1}).error() == Error::not_leader);
    BOOST_TEST((testing::Inspect::inside(group.at(1)).self().incarnation != former));
    for (const std::size_t node : {2u, 3u}) {
        BOOST_TEST((group.at(node).last() == last));
        BOOST_TEST(group.at(node).leader() == NodeId{});
        BOOST_TEST(group.at(node).status().counters.discarded == 0u);
    }
    // The others have everything, and need no word from it.
    promote(group, 2);
    BOOST_TEST(group.at(2).promotion().heard == 2u);
    BOOST_TEST(!group.at(2).promotion().forced);
    pass(group, 500);
    expect_all_equal(group);
    BOOST_TEST((group.at(1).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(case_7_an_empty_node_never_makes_another_one_drop_its_state) {
    Majority group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    group.start(1);
    BOOST_TEST(group.at(1).promote().error() == Error::not_bootstrapped);
    BOOST_TEST(group.at(1).promote({.may_lose = true, .last_leader = one}).error() == Error::not_bootstrapped);
    pass(group, 1000);

    // Not even by mistake: an operator bootstraps it again, before it hears from the others.
    for (const HistoryId history : {HistoryId{78}, HistoryId{77}}) {
        isolate(group, 1);
        group.start(1);
        BOOST_REQUIRE(group.at(1).bootstrap(history));
        const Result<Ticket> lost = group.at(1).write({1000});
        BOOST_REQUIRE(lost);
        group.network.join(one, two);
        group.network.join(one, three);
        pass(group, 1000);
        BOOST_TEST((group.at(1).outcome(*lost).state != WriteState::acknowledged));
        for (const std::size_t node : {2u, 3u}) {
            BOOST_TEST((group.at(node).state() == sum_of(group.written)));
            BOOST_TEST(group.at(node).status().counters.discarded == 0u);
        }
    }
}

BOOST_AUTO_TEST_CASE(case_9_a_node_that_crashes_again_and_again_while_it_catches_up_has_the_same_in_the_end) {
    // Once what it lacks is in the log, and once it needs a state.
    for (const std::uint64_t writes : {20u, 600u}) {
        Async group(2);
        std::vector<Sum> states{Sum{}};
        for (std::uint64_t i = 1; i <= writes; ++i) {
            group.write(i);
            states.push_back(group.at(1).state());
        }
        for (std::size_t frames = 0; frames < 20; ++frames) {
            group.start(2);
            group.network.queue.clear();
            group.network.run_some(frames);
            const Sum& shown = group.at(2).state();
            BOOST_REQUIRE(shown.count < states.size());
            BOOST_TEST((shown == states[static_cast<std::size_t>(shown.count)]));
        }
        group.start(2);
        group.network.settle();
        expect_all_equal(group);
        BOOST_TEST((group.at(2).state() == states.back()));
    }
}

BOOST_AUTO_TEST_CASE(case_11_a_node_that_comes_back_with_old_data_is_judged_by_its_chain) {
    // Within reach of the log it loses its own tail only; beyond, it gets a state.
    for (const std::uint64_t writes : {10u, 600u}) {
        Majority group(3);
        for (std::uint64_t i = 1; i <= 5; ++i) group.write(i);
        group.network.settle();
        isolate(group, 3);
        lead(group, 3, 2);
        for (std::uint64_t i = 1; i <= 3; ++i) write_at(group, 3, 1000 + i);
        lead(group, 2, 3);
        pass(group, 200);
        for (std::uint64_t i = 1; i <= writes; ++i) {
            write_at(group, 2, i);
            if (i % 10 == 0) group.network.settle();
        }
        join_all(group);
        pass(group, 500);
        expect_all_equal(group);
        BOOST_TEST(group.at(3).state().count == 5u + writes);
        BOOST_TEST(group.at(3).status().counters.discarded == 4u);
        BOOST_TEST(group.events_of(3).count("discarded") == 3u);
        BOOST_TEST(group.at(2).status().peers()[1].snapshots == (writes > 100 ? 1u : 0u));
    }
}

BOOST_AUTO_TEST_SUITE_END()
