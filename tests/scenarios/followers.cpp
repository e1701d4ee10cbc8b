// SPDX-License-Identifier: BSL-1.0
// Cases of followers that go, come back, are blank or slow. The numbers are those of the catalogue of failures; 29 to
// 34 stand in unit/ack/semi_sync.cpp.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(follower_scenarios)

namespace {

using Quorum = Cluster<Node<ack::Quorum<2>>>;

}  // namespace

BOOST_AUTO_TEST_CASE(case_12_a_node_that_lost_its_copies_counts_only_after_others_confirmed_the_leader) {
    Quorum group(3);
    const Ticket before = group.write(1);
    group.network.settle();
    BOOST_TEST(group.at(1).outcome(before).acknowledgement.holders == 3u);
    group.network.cut(one, three);
    group.start(2);
    BOOST_TEST(group.at(1).outcome(before).acknowledgement.holders >= 1u);
    group.network.advance(milliseconds(300), milliseconds(10));
    // It has everything, and is not asked.
    BOOST_TEST((group.at(2).last() == group.at(1).last()));
    BOOST_TEST(!group.at(1).status().peers()[0].counts);
    const Ticket pending = group.write(2);
    group.network.settle();
    BOOST_TEST((group.at(2).last() == group.at(1).last()));
    BOOST_TEST(!group.acknowledged(pending));
    // Node 3 confirms that this leader still leads.
    group.network.join(one, three);
    group.network.settle();
    BOOST_TEST(group.acknowledged(pending));
    BOOST_TEST(group.at(1).status().peers()[0].counts);
    BOOST_TEST(group.events_of(1).lines.back() == "admitted 2");
}

BOOST_AUTO_TEST_CASE(case_12_with_too_few_others_it_counts_by_name_only) {
    Quorum group(3);
    group.network.cut(one, three);
    group.network.cut(two, three);
    group.start(2);
    group.network.advance(milliseconds(1000), milliseconds(10));
    const Ticket pending = group.write(2);
    group.network.settle();
    BOOST_TEST(!group.acknowledged(pending));
    BOOST_TEST(group.at(2).admit(two).error() == Error::not_leader);
    BOOST_TEST(group.at(1).admit(three).error() == Error::not_enough_followers);  // not connected
    BOOST_TEST(group.at(1).admit(NodeId{9}).error() == Error::not_enough_followers);
    BOOST_TEST(bool(group.at(1).admit(two)));
    group.network.settle();
    BOOST_TEST(group.acknowledged(pending));
}

BOOST_AUTO_TEST_CASE(case_35_with_sync_one_missing_follower_stops_acknowledging) {
    Sync group(3);
    group.network.cut(one, three);
    const Ticket ticket = group.write(1);
    group.network.advance(milliseconds(2000), milliseconds(50));
    BOOST_TEST(!group.acknowledged(ticket));
    BOOST_TEST(group.at(1).outcome(ticket).state == WriteState::pending);
    BOOST_TEST((group.at(2).state() == Sum{}));
    group.network.join(one, three);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(case_36_majorities_of_even_and_of_tiny_groups) {
    Majority alone(1);
    const Ticket ticket = alone.write(1);
    BOOST_TEST(alone.acknowledged(ticket));
    BOOST_TEST(alone.at(1).outcome(ticket).result == 1u);

    for (const std::size_t nodes : {2u, 4u, 5u}) {
        Majority group(nodes);
        const std::size_t may_be_missing = (nodes - 1) / 2;
        for (std::size_t i = 0; i < may_be_missing; ++i) group.network.cut(one, Majority::id(nodes - i));
        const Ticket enough = group.write(1);
        group.network.settle();
        BOOST_TEST(group.acknowledged(enough));
        group.network.cut(one, Majority::id(nodes - may_be_missing));
        const Ticket too_few = group.write(2);
        group.network.settle();
        BOOST_TEST(!group.acknowledged(too_few));
    }
}

BOOST_AUTO_TEST_CASE(case_45_a_half_open_connection_is_noticed_and_the_seat_moves) {
    SemiSync group(3);
    group.network.cut(one, two, false);
    const Ticket ticket = group.write(1);
    std::uint64_t waited = 0;
    for (; !group.acknowledged(ticket) && waited < 2000; ++waited) group.network.advance(milliseconds(1));
    BOOST_TEST(waited <= Small::failure_timeout.microseconds / 1000 + 2);
    BOOST_TEST(waited >= (Small::failure_timeout.microseconds - Small::heartbeat_interval.microseconds) / 1000 - 2);
    BOOST_TEST(group.events_of(1).count("seat 3") == 1u);
}

BOOST_AUTO_TEST_CASE(time_that_passes_in_too_large_steps_notices_nobody) {
    for (const std::uint64_t step : {249u, 251u}) {  // half of the failure timeout is 250
        Sync group(2);
        group.network.cut(one, two, false);
        group.network.advance(milliseconds(50 * step), milliseconds(step));
        BOOST_TEST((group.at(1).status().peers()[0].state == FollowerState::down) == (step == 249));
    }
}

BOOST_AUTO_TEST_CASE(case_48_what_is_on_the_way_to_a_follower_that_does_not_answer_is_bounded) {
    Async group(2);
    std::size_t bytes = 0;
    group.network.collect();
    for (std::uint64_t i = 0; i < 2000; ++i) {
        group.write(i);
        if (i % 8 == 0) group.network.tick(Duration{100});
        group.network.collect();
        for (const Frame& frame : group.network.queue) {
            if (frame.type() == FrameType::append) bytes += core::load_header(frame.bytes.data()).tail_bytes;
        }
        group.network.queue.clear();
    }
    BOOST_TEST(bytes > 0u);
    BOOST_TEST(bytes <= 2048u);
    group.network.advance(milliseconds(500), milliseconds(10));
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(case_49_a_snapshot_that_the_log_has_left_behind_is_counted_and_tried_again_later) {
    AsyncTexts group(2);
    const std::vector<std::byte> command(100, std::byte{'z'});
    group.network.cut(one, two);
    for (int i = 0; i < 60; ++i) BOOST_REQUIRE(group.at(1).write(command));
    group.network.join(one, two);
    // As fast as pieces go, the log wraps.
    std::uint64_t in_vain = 0;
    for (int step = 0; step < 400; ++step) {
        for (int i = 0; i < 3; ++i) BOOST_REQUIRE(group.at(1).write(command));
        group.network.tick(milliseconds(1));
        group.network.collect();
        std::deque<Frame> frames;
        frames.swap(group.network.queue);
        for (const Frame& frame : frames) group.network.deliver(frame);
        in_vain = std::max<std::uint64_t>(in_vain, group.at(1).status().peers()[0].snapshots_in_vain);
    }
    BOOST_TEST(in_vain >= 1u);
    BOOST_TEST(in_vain <= 5u);  // it rests in between, for longer every time
    group.network.advance(milliseconds(20'000), milliseconds(10));
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
    BOOST_TEST(group.at(1).status().peers()[0].snapshots_in_vain == 0u);
}

BOOST_AUTO_TEST_CASE(case_69_a_snapshot_replaces_and_never_merges) {
    AsyncTexts group(2);
    const std::vector<std::byte> early(50, std::byte{'a'});
    const std::vector<std::byte> late(100, std::byte{'b'});
    for (int i = 0; i < 10; ++i) BOOST_REQUIRE(group.at(1).write(early));
    group.network.settle();
    BOOST_TEST(group.at(2).state().bytes.size() == 500u);
    group.network.cut(one, two);
    for (int i = 0; i < 60; ++i) BOOST_REQUIRE(group.at(1).write(late));
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 1u);
    BOOST_TEST(group.at(2).state().bytes.size() == 6500u);
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
}

BOOST_AUTO_TEST_CASE(case_70_a_write_on_a_follower_is_refused_and_says_who_leads) {
    Sync group(3);
    for (const std::size_t follower : {2u, 3u}) {
        const Position last = group.at(follower).last();
        BOOST_TEST(group.at(follower).write({1}).error() == Error::not_leader);
        BOOST_TEST(group.at(follower).leader() == one);
        BOOST_TEST(group.at(follower).status().epoch.counter == 1u);
        BOOST_TEST((group.at(follower).last() == last));
    }
    // And before anybody leads, nobody is named.
    Sync blank(2, false);
    BOOST_TEST(blank.at(1).write({1}).error() == Error::not_leader);
    BOOST_TEST(blank.at(1).leader() == NodeId{});
}

BOOST_AUTO_TEST_CASE(a_blank_node_joins_by_the_log_and_a_late_one_by_a_snapshot) {
    Async group(3);
    for (std::uint64_t i = 0; i < 20; ++i) group.write(i);
    group.network.settle();
    group.start(2);
    group.network.settle();
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 0u);
    for (std::uint64_t i = 0; i < 1000; ++i) group.write(i);
    group.network.settle();
    group.start(2);
    group.start(3);
    group.network.settle();
    for (const std::size_t node : {2u, 3u}) {
        BOOST_TEST((group.at(node).state() == sum_of(group.written)));
        BOOST_TEST((group.at(node).last() == group.at(1).last()));
    }
    // One each for having fallen behind all those writes, and one each for being blank.
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 2u);
    BOOST_TEST(group.at(1).status().peers()[1].snapshots == 2u);
}

BOOST_AUTO_TEST_CASE(founding_is_done_once) {
    Sync group(2);
    BOOST_TEST(group.at(1).bootstrap(HistoryId{2}).error() == Error::already_bootstrapped);
    BOOST_TEST(group.at(2).bootstrap(HistoryId{2}).error() == Error::already_bootstrapped);
    BOOST_TEST(group.at(1).status().history == HistoryId{77});
    BOOST_TEST(group.at(2).status().history == HistoryId{77});
}

BOOST_AUTO_TEST_CASE(reads_are_at_or_after_a_position) {
    Sync group(2);
    const Ticket ticket = group.write(7);
    BOOST_TEST(group.at(1).read(ticket.position).error() == Error::not_yet);
    group.network.run();
    BOOST_TEST(bool(group.at(1).read(ticket.position)));
    BOOST_TEST(group.at(2).read(ticket.position).error() == Error::not_yet);
    group.network.settle();
    const auto state = group.at(2).read(ticket.position);
    BOOST_REQUIRE(state);
    BOOST_TEST((*state)->total == 7u);
    BOOST_TEST(bool(group.at(2).read(Position{})));
    BOOST_TEST(group.at(2).read({{9, two, 1}, Index{3}}).error() == Error::discarded);
    BOOST_TEST(group.at(2).read({{1, one, 1001}, Index{99}}).error() == Error::not_yet);
}

BOOST_AUTO_TEST_CASE(results_are_kept_for_a_while) {
    Async group(2);
    const Ticket first = group.write(1);
    const auto outcome = group.at(1).outcome(first);
    BOOST_TEST(outcome.result_kept);
    BOOST_TEST(outcome.result == 1u);
    for (std::uint64_t i = 0; i + 1 < Small::writes_pending_max; ++i) group.write(i);
    BOOST_TEST(group.at(1).outcome(first).result_kept);
    group.write(1);
    BOOST_TEST(!group.at(1).outcome(first).result_kept);
    BOOST_TEST(group.acknowledged(first));
}

BOOST_AUTO_TEST_CASE(status_shows_what_is_unknown_as_unknown) {
    Async group(2, false);
    auto peer = group.at(1).status().peers()[0];
    BOOST_TEST(!peer.silence);
    BOOST_TEST(!peer.received);
    BOOST_TEST(!peer.lag_entries);
    BOOST_TEST(!peer.lag_time);
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
    group.network.settle();
    for (std::uint64_t i = 0; i < 5; ++i) group.write(i);
    peer = group.at(1).status().peers()[0];
    BOOST_TEST(peer.connected);
    BOOST_REQUIRE(peer.lag_entries);
    BOOST_TEST(*peer.lag_entries == 5u);
    BOOST_REQUIRE(peer.lag_bytes);
    BOOST_TEST(*peer.lag_bytes == 80u);
    BOOST_TEST(!peer.durable);  // nothing is, in memory
    group.network.cut(one, two);
    peer = group.at(1).status().peers()[0];
    BOOST_TEST(!peer.lag_entries);
    BOOST_TEST(!peer.connected);
    BOOST_TEST(bool(peer.silence));
}

BOOST_AUTO_TEST_SUITE_END()
