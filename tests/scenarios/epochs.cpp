// SPDX-License-Identifier: BSL-1.0
// Cases of divergence and of several epochs. Until there is a promotion, a test opens an epoch by itself; the numbers
// are those of the catalogue of failures.

#include "support/cluster.hpp"

#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <optional>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(epoch_scenarios)

namespace {

bool carries_entries(const Frame& frame) {
    return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(case_12_a_former_leader_that_lost_its_copies_counts_no_sooner_than_others) {
    // Node 1 counted in the first epoch, because the entry that opened it says so.
    Majority group(3);
    group.write(1);
    group.network.settle();
    isolate(group, 3);
    lead(group, 2, 2);
    group.start(1);
    group.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST((group.at(1).last() == group.at(2).last()));
    const auto status = group.at(2).status();
    BOOST_REQUIRE(status.peers()[0].node == one);
    BOOST_TEST(!status.peers()[0].counts);
    const auto pending = group.at(2).write({2});
    BOOST_REQUIRE(pending);
    group.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(group.at(2).outcome(*pending).state == WriteState::pending);
    join_all(group);
    group.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(group.at(2).outcome(*pending).state == WriteState::acknowledged);
}

BOOST_AUTO_TEST_CASE(case_15_a_tail_of_an_older_epoch_is_cut_to_exactly_the_last_common_entry) {
    Majority group(3);
    for (std::uint64_t i = 1; i <= 3; ++i) group.write(i);
    group.network.settle();
    const Index common = group.at(1).last().index;
    isolate(group, 1);
    for (std::uint64_t i = 0; i < 4; ++i) BOOST_REQUIRE(group.at(1).write({1000 + i}));
    lead(group, 2, 2);
    group.network.settle();
    BOOST_REQUIRE(group.at(2).write({50}));
    group.network.settle();
    BOOST_TEST(group.at(2).acknowledged() == group.at(2).last().index);
    BOOST_TEST(group.at(3).leader() == two);

    join_all(group);
    group.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).leader() == two);
    expect_all_equal(group);
    BOOST_TEST(group.at(1).status().counters.discarded == 4u);
    std::vector<std::string> expected;
    for (std::uint64_t i = 1; i <= 4; ++i) expected.push_back("discarded " + text({{1, one, 0}, common + i}));
    std::vector<std::string> discarded;
    for (const std::string& line : group.events_of(1).lines) {
        if (line.rfind("discarded", 0) == 0) discarded.push_back(line);
    }
    BOOST_TEST(discarded == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(case_16_interleaved_tails_of_many_epochs_converge) {
    // Leaders one after the other, each alone with entries that nobody else has; then the last one meets all.
    for (const std::size_t last : {1u, 2u, 3u}) {
        Majority group(3);
        group.write(1);
        group.network.settle();
        std::uint64_t counter = 1;
        for (const std::size_t leader : {2u, 3u, 1u, 2u, 3u, 1u, 3u, 2u}) {
            isolate(group, leader);
            lead(group, leader, ++counter);
            for (std::uint64_t i = 0; i < counter % 3 + 1; ++i) BOOST_REQUIRE(group.at(leader).write({counter}));
        }
        isolate(group, last);
        lead(group, last, ++counter);
        BOOST_REQUIRE(group.at(last).write({999}));
        group.network.transcript();
        join_all(group);
        group.network.advance(milliseconds(400), milliseconds(10));
        BOOST_TEST(group.at(last).role() == Role::leader);
        BOOST_TEST(group.at(last).acknowledged() == group.at(last).last().index);
        expect_all_equal(group);
        // Each refusal steps over an epoch.
        const std::string lines = group.network.transcript();
        std::size_t refusals = 0;
        for (std::size_t at = lines.find("refuses: the write was discarded"); at != std::string::npos;
             at = lines.find("refuses: the write was discarded", at + 1)) {
            ++refusals;
        }
        BOOST_TEST(refusals <= 2 * (counter + 1));
    }
}

BOOST_AUTO_TEST_CASE(a_full_log_of_another_line_is_cut_also_by_an_entry_that_comes_in_pieces) {
    for (const std::size_t piece : {std::size_t{5}, std::size_t{64}, ~std::size_t{0}}) {
        BOOST_TEST_CONTEXT("pieces of " << piece << " bytes") {
            Majority group(3);
            group.network.piece_bytes = piece;
            group.write(1);
            group.network.settle();
            isolate(group, 2);
            auto& full = testing::Inspect::inside(group.at(2));
            std::uint64_t counter = 1;
            while (full.relations().lead({++counter, two, 2}, false)) BOOST_REQUIRE(counter < 1000);
            lead(group, 3, ++counter);
            BOOST_REQUIRE(group.at(2).last().index > group.at(3).last().index + 10);

            join_all(group);
            pass(group, 1000);
            BOOST_TEST(group.at(3).acknowledged() == group.at(3).last().index);
            expect_all_equal(group);
        }
    }
}

BOOST_AUTO_TEST_CASE(case_17_a_follower_commits_no_further_than_it_has_verified) {
    Majority group(2);
    group.network.settle();
    group.write(1);
    group.network.run();  // node 2 has it, and was not told that it is committed
    BOOST_TEST(group.at(2).last().index == Index{3});
    BOOST_TEST(group.at(2).commit() == Index{2});
    group.network.cut(one, two);
    std::optional<core::Hello> offer;
    group.network.loses = [&offer](const Frame& frame) {
        if (frame.type() != FrameType::hello) return true;
        const core::Hello hello = core::read_hello(frame.bytes.data());
        if (frame.from == one && hello.link != LinkId{}) offer = hello;
        return false;
    };
    group.network.join(one, two);
    group.network.run();
    BOOST_REQUIRE(offer);
    std::array<std::byte, core::frame_head_bytes_max> head{};
    const core::Append heartbeat{
        .previous = {offer->epoch, Index{2}},
        .previous_chain = chain_at(testing::Inspect::inside(group.at(1)).self().log(), Index{2}),
        .commit = Index{100},
        .count = 0,
        .timing = {}};
    const std::size_t size = write_head(head.data(), heartbeat, offer->link, offer->epoch, 0);
    BOOST_REQUIRE(group.at(2).receive(one, std::span(head).first(size)));
    BOOST_TEST(group.at(2).commit() == Index{2});
    BOOST_TEST(group.at(2).applied() == Index{2});
}

BOOST_AUTO_TEST_CASE(case_18_entries_of_an_older_epoch_are_committed_only_with_one_of_this_epoch) {
    Majority group(3);
    group.network.settle();
    // An entry that all have, and whose acknowledgements are lost.
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::ack; };
    group.write(1);
    group.network.run();
    const Index index = group.at(1).last().index;
    BOOST_TEST(group.at(2).last().index == index);
    BOOST_TEST(group.at(3).last().index == index);
    BOOST_TEST(group.at(1).commit() < index);
    // The same leader opens another epoch. The probes tell that everybody holds the old entry; no new one arrives.
    group.network.loses = carries_entries;
    lead(group, 1, 2);
    group.network.advance(milliseconds(60), milliseconds(10));
    const auto status = group.at(1).status();
    for (const PeerStatus& peer : status.peers()) {
        BOOST_REQUIRE(peer.received);
        BOOST_TEST(*peer.received == index);
    }
    BOOST_TEST(group.at(1).commit() < index);
    group.network.loses = nullptr;
    group.network.advance(milliseconds(200), milliseconds(10));
    BOOST_TEST(group.at(1).commit() == group.at(1).last().index);
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(case_19_entries_that_come_again_delete_nothing) {
    Async group(2);
    std::vector<Frame> appends;
    group.network.loses = [&appends](const Frame& frame) {
        if (carries_entries(frame)) appends.push_back(frame);
        return false;
    };
    for (std::uint64_t i = 0; i < 6; ++i) {
        group.write(i);
        if (i % 2 == 1) group.network.settle();
    }
    group.network.loses = nullptr;
    BOOST_REQUIRE(appends.size() == 3u);
    const Position last = group.at(2).last();
    for (const std::size_t i : {2u, 0u, 1u, 0u, 2u}) {
        group.network.inject(appends[i]);
        BOOST_TEST((group.at(2).last() == last));
    }
    BOOST_TEST(group.at(2).status().counters.discarded == 0u);
    group.network.settle();
    expect_all_equal(group);
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST(group.network.errors.empty());
}

BOOST_AUTO_TEST_CASE(case_20_of_two_leaders_the_one_of_the_higher_epoch_is_obeyed) {
    Majority group(3);
    const Ticket held = group.write(1);
    group.network.settle();
    group.network.loses = carries_entries;
    const Ticket pending = group.write(2);
    group.network.run();
    group.network.loses = nullptr;
    lead(group, 2, 2);
    group.network.advance(milliseconds(200), milliseconds(10));
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).leader() == two);
    BOOST_TEST(group.at(3).leader() == two);
    BOOST_TEST((group.at(1).outcome(held).state == WriteState::acknowledged));
    BOOST_TEST((group.at(1).outcome(pending).state == WriteState::unknown));
    BOOST_TEST(group.at(1).write({3}).error() == Error::not_leader);
    BOOST_TEST(group.at(1).status().leader == two);
    // Its own write is gone, and another stands in its place.
    BOOST_TEST(group.at(1).read(pending.position).error() == Error::discarded);
    BOOST_TEST(bool(group.at(1).read(held.position)));
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(case_21_two_leaders_of_one_counter_never_merge) {
    // The operator began the same history on two nodes.
    Majority waits(2, false);
    BOOST_REQUIRE(waits.at(1).bootstrap(HistoryId{5}));
    BOOST_REQUIRE(waits.at(2).bootstrap(HistoryId{5}));
    waits.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(waits.at(1).role() == Role::follower);
    BOOST_TEST(waits.at(2).role() == Role::leader);
    expect_all_equal(waits);

    // What was committed alone cannot be undone: that node stops.
    Async commits(2, false);
    BOOST_REQUIRE(commits.at(1).bootstrap(HistoryId{5}));
    BOOST_REQUIRE(commits.at(2).bootstrap(HistoryId{5}));
    BOOST_REQUIRE(commits.at(1).write({1}));
    commits.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(commits.at(1).role() == Role::faulted);
    BOOST_TEST(commits.at(1).status().fault == Error::diverged);
    BOOST_TEST(commits.at(2).role() == Role::leader);
    BOOST_TEST(commits.at(1).last().index == Index{2});
}

BOOST_AUTO_TEST_CASE(case_23_an_ack_of_a_former_link_is_dropped_and_counted) {
    Majority group(2);
    group.network.settle();
    std::optional<Frame> old;
    group.network.loses = [&old](const Frame& frame) {
        if (frame.type() == FrameType::ack) old = frame;
        return frame.type() == FrameType::ack;
    };
    const Ticket ticket = group.write(1);
    group.network.run();
    BOOST_REQUIRE(old);
    group.network.loses = [](const Frame& frame) { return frame.type() != FrameType::hello; };
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.run();
    const std::uint64_t stale = group.at(1).status().counters.frames_stale;
    group.network.inject(*old);
    BOOST_TEST(group.at(1).status().counters.frames_stale == stale + 1);
    BOOST_TEST(!group.acknowledged(ticket));
    BOOST_TEST(group.network.errors.empty());
    group.network.loses = nullptr;
    group.network.advance(milliseconds(200), milliseconds(10));
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(a_long_history_of_epochs_reaches_a_blank_node_by_its_log) {
    Majority group(3);
    for (std::uint64_t counter = 2; counter < 14; ++counter) {
        const std::size_t leader = counter % 2 + 1;
        lead(group, leader, counter);
        group.network.advance(milliseconds(150), milliseconds(10));
        BOOST_REQUIRE(group.at(leader).write({counter}));
        group.network.settle();
        BOOST_REQUIRE(group.at(leader).acknowledged() == group.at(leader).last().index);
    }
    group.start(3);
    group.network.advance(milliseconds(200), milliseconds(10));
    expect_all_equal(group);
}

BOOST_AUTO_TEST_SUITE_END()
