// SPDX-License-Identifier: BSL-1.0
// Promotion and hand-over, case by case; the numbers are those of the catalogue of failures.

#include "support/cluster.hpp"

#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(promotion_scenarios)

BOOST_AUTO_TEST_CASE(the_leader_dies_and_a_follower_takes_over) {
    SemiSync group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    const Sum before = group.at(1).state();
    group.stop(1);
    pass(group, 600);
    BOOST_TEST(group.at(2).leader() == NodeId{});
    promote(group, 2);
    BOOST_TEST(group.at(2).confirmed());
    BOOST_TEST((group.at(2).state() == before));
    const auto status = group.at(2).promotion();
    BOOST_TEST(!status.forced);
    BOOST_TEST(status.needed == 2u);
    BOOST_TEST(status.heard == 2u);
    const Ticket ticket = write_at(group, 2, 5);
    pass(group, 100);
    BOOST_TEST((group.at(2).outcome(ticket).state == WriteState::acknowledged));
    BOOST_TEST(group.at(3).leader() == two);

    // The former leader comes back blank, and takes part again.
    group.start(1);
    pass(group, 1000);
    expect_all_equal(group);
    BOOST_TEST(group.at(1).leader() == two);
}

BOOST_AUTO_TEST_CASE(case_25_a_promotion_that_hears_too_few_is_refused_and_says_who_is_missing) {
    SemiSync group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    group.stop(1);
    group.stop(3);
    pass(group, 600);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 2500);
    const auto status = group.at(2).promotion();
    BOOST_TEST((status.step == PromotionStep::refused));
    BOOST_TEST(status.error == Error::nodes_missing);
    BOOST_TEST(status.heard == 1u);
    BOOST_TEST(status.needed == 2u);
    const std::vector<NodeId> missing(status.missing().begin(), status.missing().end());
    BOOST_TEST(missing == (std::vector<NodeId>{one, three}), boost::test_tools::per_element());
    BOOST_TEST(group.at(2).role() == Role::follower);
    // Nothing was bound: it was only asked.
    BOOST_TEST(group.at(2).status().promised.counter == 1u);

    BOOST_REQUIRE(group.at(2).promote({.may_lose = true}));
    pass(group, 3500);
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(2).promotion().forced);
    BOOST_TEST(!group.at(2).confirmed());
    const Ticket ticket = write_at(group, 2, 5);
    pass(group, 1000);
    BOOST_TEST((group.at(2).outcome(ticket).state == WriteState::pending));
}

BOOST_AUTO_TEST_CASE(case_26_a_node_that_is_behind_fetches_what_it_lacks_first) {
    Majority group(3);
    group.write(1);
    group.network.settle();
    group.network.cut(one, three);
    for (std::uint64_t i = 1; i <= 20; ++i) group.write(i);
    group.network.settle();
    BOOST_TEST(group.at(1).acknowledged() == group.at(1).last().index);
    const Index acknowledged = group.at(1).acknowledged();
    group.stop(1);
    pass(group, 600);
    BOOST_TEST(group.at(3).last().index < acknowledged);
    promote(group, 3);
    pass(group, 100);
    BOOST_TEST(bool(group.at(3).read({{1, one, 1001}, acknowledged})));
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST(group.at(3).confirmed());
}

BOOST_AUTO_TEST_CASE(a_node_that_is_far_behind_fetches_a_state) {
    Majority group(3);
    group.write(1);
    group.network.settle();
    isolate(group, 3);
    for (std::uint64_t i = 1; i <= 600; ++i) {
        group.write(i);
        if (i % 10 == 0) group.network.settle();
    }
    group.network.settle();
    group.stop(1);
    group.network.join(two, three);
    pass(group, 600);
    promote(group, 3);
    pass(group, 200);
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
    BOOST_TEST(group.at(3).confirmed());
}

BOOST_AUTO_TEST_CASE(under_sync_any_one_node_is_enough) {
    Sync group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    group.stop(1);
    group.stop(3);
    pass(group, 600);
    promote(group, 2);
    BOOST_TEST(!group.at(2).promotion().forced);
    pass(group, 50);
    BOOST_TEST(!group.at(2).confirmed());
    group.start(1);
    group.start(3);
    pass(group, 2000);
    // Blank nodes count again only by name: nobody else is left who could vouch for this epoch.
    BOOST_REQUIRE(group.at(2).admit(one));
    BOOST_REQUIRE(group.at(2).admit(three));
    pass(group, 1000);
    BOOST_TEST(group.at(2).confirmed());
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_cut_off_is_fenced_and_hands_back_what_it_wrote) {
    SemiSync group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    isolate(group, 1);
    std::vector<Ticket> lost;
    for (std::uint64_t i = 1; i <= 4; ++i) lost.push_back(write_at(group, 1, 1000 + i));
    promote(group, 3);
    const Ticket won = write_at(group, 3, 7);
    pass(group, 200);
    BOOST_TEST((group.at(3).outcome(won).state == WriteState::acknowledged));
    join_all(group);
    pass(group, 1000);
    BOOST_TEST(group.at(1).leader() == three);
    expect_all_equal(group);
    for (const Ticket& ticket : lost) {
        BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::unknown));
        BOOST_TEST(group.at(1).read(ticket.position).error() == Error::discarded);
    }
    // And an entry that moved the seat, which is no command.
    BOOST_TEST(group.at(1).status().counters.discarded == 5u);
    BOOST_TEST(group.events_of(1).count("discarded") == 4u);
    BOOST_TEST(group.events_of(3).count("diverged 1") == 1u);
}

BOOST_AUTO_TEST_CASE(case_28_what_a_forced_takeover_of_an_asynchronous_group_lost_is_reported) {
    Async group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    const Sum before = group.at(1).state();
    isolate(group, 1);
    for (std::uint64_t i = 1; i <= 4; ++i) {
        const Ticket ticket = write_at(group, 1, 1000 + i);
        BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
    }
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 2500);
    BOOST_TEST(group.at(2).promotion().error == Error::nodes_missing);
    promote(group, 2, {.may_lose = true});
    BOOST_TEST(group.at(2).promotion().forced);
    BOOST_TEST((group.at(2).state() == before));
    write_at(group, 2, 7);
    join_all(group);
    pass(group, 2000);
    expect_all_equal(group);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).status().counters.discarded == 4u);
    BOOST_TEST(group.events_of(1).count("discarded") == 4u);
    BOOST_TEST(group.events_of(2).count("diverged 1") == 1u);
}

BOOST_AUTO_TEST_CASE(a_loss_free_epoch_never_replaces_what_was_applied) {
    // Somebody opens an epoch that says it is loss-free, and is not.
    Async group(2);
    group.write(1);
    group.network.settle();
    isolate(group, 1);
    write_at(group, 1, 2);
    const Epoch liar{9, two, 2};
    BOOST_REQUIRE(testing::Inspect::inside(group.at(2)).relations().lead(liar, false));
    join_all(group);
    pass(group, 500);
    BOOST_TEST(group.at(1).role() == Role::faulted);
    BOOST_TEST(group.at(1).status().fault == Error::diverged);
}

BOOST_AUTO_TEST_CASE(the_last_leader_named_is_enough_where_it_alone_holds_the_writes) {
    Async group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    BOOST_REQUIRE(group.at(1).hand_over(two));
    pass(group, 200);
    BOOST_REQUIRE(group.at(2).role() == Role::leader);
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    expect_all_equal(group);
    BOOST_TEST(group.at(1).status().counters.discarded == 0u);
}

BOOST_AUTO_TEST_CASE(handing_over_loses_nothing_and_refuses_writes_meanwhile) {
    SemiSync group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    BOOST_REQUIRE(group.at(1).hand_over(three));
    BOOST_TEST(group.at(1).write({1}).error() == Error::handing_over);
    group.network.settle();
    BOOST_REQUIRE(group.at(3).role() == Role::leader);
    pass(group, 200);
    BOOST_TEST(group.at(1).leader() == three);
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
    expect_all_equal(group);
    BOOST_TEST(!group.at(3).promotion().forced);
    const Ticket ticket = write_at(group, 3, 1);
    pass(group, 200);
    BOOST_TEST((group.at(3).outcome(ticket).state == WriteState::acknowledged));
    // And back again.
    BOOST_REQUIRE(group.at(3).hand_over(one));
    pass(group, 200);
    BOOST_TEST(group.at(1).role() == Role::leader);
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(a_leader_goes_on_when_its_successor_dies_before_it_was_told) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::hand_over; };
    BOOST_REQUIRE(group.at(1).hand_over(three));
    group.network.settle();
    BOOST_TEST(group.at(1).write({1}).error() == Error::handing_over);
    group.stop(3);
    pass(group, 600);
    BOOST_TEST(bool(group.at(1).write({1})));
}

BOOST_AUTO_TEST_CASE(a_leader_leads_again_when_its_successor_dies_after_it_was_fenced) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    group.network.loses = [](const Frame& frame) {
        return frame.type() == FrameType::promise_reply && frame.to == three;
    };
    BOOST_REQUIRE(group.at(1).hand_over(three));
    group.network.settle();
    BOOST_TEST(group.at(1).role() == Role::follower);
    group.stop(3);
    group.network.loses = nullptr;
    pass(group, 3000);
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST(group.at(1).confirmed());
}

BOOST_AUTO_TEST_CASE(of_two_candidates_one_leads_in_the_end) {
    Majority group(3);
    for (std::uint64_t i = 1; i <= 10; ++i) group.write(i);
    group.network.settle();
    group.stop(1);
    pass(group, 600);
    BOOST_REQUIRE(group.at(2).promote());
    BOOST_REQUIRE(group.at(3).promote());
    pass(group, 3000);
    const bool second = group.at(2).role() == Role::leader;
    const bool third = group.at(3).role() == Role::leader;
    BOOST_TEST((second != third));
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
    const auto loser = group.at(second ? 3 : 2).promotion();
    BOOST_TEST((loser.step == PromotionStep::refused));
    BOOST_TEST(loser.error == Error::stale_epoch);
}

BOOST_AUTO_TEST_CASE(case_31_a_former_synchronous_follower_is_not_promoted_alone) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    const std::size_t former = value(seat_of(group));
    const std::size_t other = 5 - former;
    isolate(group, former);
    pass(group, 700);
    const Ticket ticket = group.write(2);
    pass(group, 200);
    BOOST_REQUIRE(group.acknowledged(ticket));
    BOOST_TEST(seat_of(group) == SemiSync::id(other));
    isolate(group, 1);
    BOOST_REQUIRE(group.at(former).promote());
    pass(group, 2500);
    BOOST_TEST(group.at(former).promotion().error == Error::nodes_missing);
    group.network.join(SemiSync::id(former), SemiSync::id(other));
    promote(group, former);
    pass(group, 200);
    BOOST_TEST((group.at(former).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_blank_node_cannot_be_promoted_and_counts_for_nothing) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    group.stop(1);
    group.stop(3);
    group.start(3);
    pass(group, 600);
    BOOST_TEST(group.at(3).promote().error() == Error::not_bootstrapped);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 2500);
    BOOST_TEST(group.at(2).promotion().error == Error::nodes_missing);
    BOOST_TEST(group.at(2).promotion().heard == 1u);
}

BOOST_AUTO_TEST_CASE(a_candidate_that_dies_after_it_was_promised_leaves_the_old_leader_able_to_lead_again) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    group.network.loses = [](const Frame& frame) {
        return frame.type() == FrameType::promise_reply &&
               core::read_promise_reply(frame.bytes.data()).promised.counter > 1;
    };
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 300);
    BOOST_TEST(group.at(1).role() == Role::follower);
    group.stop(2);
    group.network.loses = nullptr;
    pass(group, 600);
    promote(group, 1);
    BOOST_TEST(group.at(1).confirmed());
    BOOST_TEST((group.at(3).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_SUITE_END()
