// SPDX-License-Identifier: BSL-1.0
// What nodes say to each other, frame by frame. A line is a frame that was delivered; (1,2) is epoch 1, index 2.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(transcript)

namespace {

bool carries_entries(const Frame& frame) {
    return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
}

}  // namespace

BOOST_AUTO_TEST_CASE(founding_and_the_first_link) {
    Sync group(2, false);
    group.network.run();
    // The first two are answered, because a node believes only who repeats its nonce.
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 hello last=(0,0)
2 -> 1 hello last=(0,0)
1 -> 2 hello last=(0,0)
2 -> 1 hello last=(0,0)
)");
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
    group.network.run();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 hello leads 1 last=(1,1)
2 -> 1 hello last=(0,0)
1 -> 2 hello leads 1 link last=(1,1)
1 -> 2 append prev=(0,0) n=0 commit=0
2 -> 1 ack received=0 applied=0
1 -> 2 append prev=(0,0) n=1 commit=0
2 -> 1 ack received=1 applied=0
1 -> 2 append prev=(1,1) n=1 commit=1
2 -> 1 ack received=2 applied=1
)");
    // The second entry lets node 2 count. Nothing more is said until time passes.
    group.network.advance(milliseconds(1));
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,2) n=0 commit=2
)");
    BOOST_TEST(group.at(2).leader() == one);
    BOOST_TEST(group.at(2).applied() == Index{2});
    BOOST_TEST(group.network.woken_twice == 0u);
    BOOST_TEST(group.network.not_woken == 0u);
}

BOOST_AUTO_TEST_CASE(writes_that_come_while_a_frame_is_on_its_way_travel_together) {
    Sync group(2);
    group.network.transcript();
    const Ticket first = group.write(1);
    group.network.collect();
    for (std::uint64_t i = 2; i <= 4; ++i) group.write(i);
    group.network.run();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,2) n=1 commit=2
2 -> 1 ack received=3 applied=2
1 -> 2 append prev=(1,3) n=3 commit=3
2 -> 1 ack received=6 applied=3
)");
    BOOST_TEST(group.acknowledged(first));
    BOOST_TEST(group.at(1).acknowledged() == Index{6});
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,6) n=0 commit=6
)");
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_full_enough_does_not_wait) {
    Sync group(2);
    group.network.transcript();
    group.write(1);
    group.network.collect();
    // An entry takes 16 bytes, and a quarter of the window, which is 442 bytes here, goes at once.
    for (std::uint64_t i = 0; i < 27; ++i) group.write(i);
    group.network.collect();
    BOOST_TEST(group.network.queue.size() == 1u);
    group.network.tick(milliseconds(1));
    group.network.collect();
    BOOST_TEST(group.network.queue.size() == 2u);
    group.network.run();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,2) n=1 commit=2
1 -> 2 append prev=(1,3) n=27 commit=2
2 -> 1 ack received=30 applied=2
)");
}

BOOST_AUTO_TEST_CASE(heartbeats_go_both_ways_and_their_absence_is_noticed_by_both) {
    Sync group(2);
    group.network.advance(milliseconds(200));
    group.network.transcript();
    group.network.advance(milliseconds(100));
    const std::string lines = group.network.transcript();
    BOOST_TEST(lines.find("1 -> 2 append prev=(1,2) n=0 commit=2") != std::string::npos);
    BOOST_TEST(lines.find("2 -> 1 ack received=2 applied=2") != std::string::npos);

    group.network.cut(one, two, false);
    group.network.advance(milliseconds(440), milliseconds(10));
    BOOST_TEST(group.at(2).leader() == one);
    BOOST_TEST(group.at(1).status().peers()[0].state == FollowerState::streaming);
    group.network.advance(milliseconds(120), milliseconds(10));
    BOOST_TEST(group.at(2).leader() == NodeId{});
    BOOST_TEST(group.at(1).status().peers()[0].state == FollowerState::down);
    BOOST_TEST(!group.at(1).status().satisfiable);
    BOOST_TEST(group.events_of(1).lines.back() == "follower 2 down");
    BOOST_TEST(group.events_of(2).lines.back() == "leader 0");
}

BOOST_AUTO_TEST_CASE(a_node_that_slept_does_not_blame_the_others) {
    Sync group(2);
    group.network.tick(milliseconds(10'000));
    BOOST_TEST(group.at(2).leader() == one);
    BOOST_TEST(group.at(1).status().peers()[0].state == FollowerState::streaming);
}

BOOST_AUTO_TEST_CASE(after_a_reconnect_the_follower_goes_on_from_its_own_last_entry) {
    Sync group(2);
    group.write(1);
    group.network.settle();
    group.network.cut(one, two);
    for (std::uint64_t i = 0; i < 5; ++i) group.write(i);
    group.network.advance(milliseconds(150), milliseconds(10));
    group.network.transcript();
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 hello leads 1 last=(1,8)
2 -> 1 hello last=(1,3)
1 -> 2 hello leads 1 link last=(1,8)
1 -> 2 append prev=(1,3) n=0 commit=3
2 -> 1 hello last=(1,3)
1 -> 2 hello leads 1 link last=(1,8)
2 -> 1 ack received=3 applied=3
1 -> 2 append prev=(1,3) n=5 commit=3
2 -> 1 ack received=8 applied=3
1 -> 2 append prev=(1,8) n=0 commit=8
)");
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_lost_frame_is_noticed_by_the_next_one_and_sent_again) {
    Sync group(2);
    group.network.transcript();
    group.network.loses = carries_entries;
    group.write(1);
    group.network.run();
    group.network.loses = nullptr;
    group.write(2);
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,2) n=1 commit=2 lost
1 -> 2 append prev=(1,3) n=1 commit=2
2 -> 1 ack received=2 applied=2 refuses: the write was discarded, try (1,2)
1 -> 2 append prev=(1,2) n=2 commit=2
2 -> 1 ack received=4 applied=2
1 -> 2 append prev=(1,4) n=0 commit=4
)");
}

BOOST_AUTO_TEST_CASE(the_loss_of_the_last_frame_is_noticed_by_a_heartbeat) {
    Sync group(2);
    group.network.loses = carries_entries;
    const Ticket ticket = group.write(1);
    group.network.run();
    group.network.loses = nullptr;
    group.network.transcript();
    group.network.advance(milliseconds(60));
    BOOST_TEST(group.network.transcript() == R"(
2 -> 1 ack received=2 applied=2
1 -> 2 append prev=(1,3) n=0 commit=2
2 -> 1 ack received=2 applied=2 refuses: the write was discarded, try (1,2)
1 -> 2 append prev=(1,2) n=1 commit=2
2 -> 1 ack received=3 applied=2
1 -> 2 append prev=(1,3) n=0 commit=3
)");
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(a_lost_ack_is_made_up_for_by_the_next) {
    Sync group(2);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::ack; };
    const Ticket first = group.write(1);
    group.network.run();
    BOOST_TEST(!group.acknowledged(first));
    group.network.loses = nullptr;
    group.network.transcript();
    const Ticket second = group.write(2);
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,3) n=1 commit=2
2 -> 1 ack received=4 applied=2
1 -> 2 append prev=(1,4) n=0 commit=4
)");
    BOOST_TEST(group.acknowledged(first));
    BOOST_TEST(group.acknowledged(second));
}

BOOST_AUTO_TEST_CASE(a_follower_that_the_log_cannot_help_gets_a_snapshot) {
    Async group(2);
    group.network.cut(one, two);
    for (std::uint64_t i = 0; i < 400; ++i) group.write(i);
    group.network.transcript();
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 hello leads 1 last=(1,402)
2 -> 1 hello last=(1,2)
1 -> 2 hello leads 1 link last=(1,402)
1 -> 2 snapshot of (1,402)
2 -> 1 hello last=(1,2)
1 -> 2 hello leads 1 link last=(1,402)
2 -> 1 ack received=0 applied=0 snapshot=0
1 -> 2 piece at 0 n=16
1 -> 2 piece at 16 n=0 last
2 -> 1 ack received=402 applied=402
1 -> 2 append prev=(1,402) n=0 commit=402
2 -> 1 ack received=402 applied=402
)");
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 1u);
    BOOST_TEST(group.at(1).status().peers()[0].snapshots_in_vain == 0u);
    BOOST_TEST(group.at(2).status().first == Index{403});
    // And from then on, entries as ever.
    group.write(7);
    group.network.settle();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 append prev=(1,402) n=1 commit=403
2 -> 1 ack received=403 applied=403
)");
}

namespace {

/// Writes so much text that the log has left a follower behind that has nothing.
void write_text(AsyncTexts& group, std::size_t writes) {
    static const std::vector<std::byte> piece(100, std::byte{'x'});
    for (std::size_t i = 0; i < writes; ++i) BOOST_REQUIRE(group.at(1).write(piece));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_snapshot_resumes_after_a_reconnect_from_the_piece_that_was_there) {
    AsyncTexts group(2);
    group.network.cut(one, two);
    write_text(group, 40);
    group.network.join(one, two);
    std::size_t pieces = 0;
    group.network.loses = [&pieces](const Frame& frame) {
        return frame.type() == FrameType::snapshot_piece && ++pieces > 5;
    };
    group.network.run();
    BOOST_TEST(group.at(2).status().installing);
    BOOST_TEST(group.at(2).state().bytes.empty());
    group.network.cut(one, two);
    group.network.loses = nullptr;
    write_text(group, 1);
    group.network.transcript();
    group.network.join(one, two);
    group.network.run();
    const std::string lines = group.network.transcript();
    const std::string expected = R"(
1 -> 2 hello leads 1 last=(1,43)
2 -> 1 hello last=(1,2)
1 -> 2 hello leads 1 link last=(1,43)
1 -> 2 snapshot of (1,42)
2 -> 1 hello last=(1,2)
1 -> 2 hello leads 1 link last=(1,43)
2 -> 1 ack received=0 applied=0 snapshot=320
1 -> 2 piece at 320 n=64
)";
    BOOST_TEST(lines.substr(0, expected.size()) == expected);
    group.network.settle();
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 1u);
}

BOOST_AUTO_TEST_CASE(lost_pieces_of_a_snapshot_are_sent_again) {
    AsyncTexts group(2);
    group.network.cut(one, two);
    write_text(group, 40);
    group.network.join(one, two);
    std::size_t count = 0;
    group.network.loses = [&count](const Frame& frame) { return frame.type() != FrameType::hello && ++count % 3 == 0; };
    group.network.advance(milliseconds(8000), milliseconds(10));
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
    BOOST_TEST(!group.at(2).status().installing);
}

BOOST_AUTO_TEST_CASE(a_refused_write_changes_nothing) {
    Sync group(2);
    BOOST_TEST(group.at(2).write({1}).error() == Error::not_leader);
    BOOST_TEST(group.at(2).last().index == Index{2});
    BOOST_TEST(group.at(2).status().counters.refused_writes == 1u);

    group.network.cut(one, two);
    for (std::size_t i = 0; i < Small::writes_pending_max; ++i) group.write(i);
    const Position last = group.at(1).last();
    BOOST_TEST(group.at(1).write({1}).error() == Error::busy);
    BOOST_TEST((group.at(1).last() == last));
    BOOST_TEST(group.at(1).status().writes_pending == Small::writes_pending_max);
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.at(1).status().writes_pending == 0u);
    BOOST_TEST(bool(group.at(1).write({1})));
}

BOOST_AUTO_TEST_CASE(a_command_that_is_too_large_is_refused_and_one_that_just_fits_is_not) {
    AsyncTexts group(2);
    const std::vector<std::byte> fits(Small::command_bytes_max, std::byte{'a'});
    const std::vector<std::byte> large(Small::command_bytes_max + 1, std::byte{'b'});
    BOOST_TEST(group.at(1).write(large).error() == Error::too_large);
    BOOST_TEST(bool(group.at(1).write(fits)));
    BOOST_TEST(bool(group.at(1).write({})));
    group.network.settle();
    BOOST_TEST((group.at(2).state().bytes == fits));
}

BOOST_AUTO_TEST_CASE(a_window_full_of_bytes_refuses_and_recovers) {
    Cluster<Node<ack::Sync<>, Text>> group(2);
    group.network.cut(one, two);
    const std::vector<std::byte> command(192, std::byte{'x'});
    std::size_t accepted = 0;
    while (group.at(1).write(command)) ++accepted;
    BOOST_TEST(group.at(1).write(command).error() == Error::busy);
    // The window is half of the ring, but for what is kept for leaders that can free a full one.
    BOOST_TEST(accepted == (4096u - 2 * 280u) / 2u / 200u);
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(bool(group.at(1).write(command)));
    group.network.settle();
    BOOST_TEST(group.at(2).state().bytes.size() == (accepted + 1) * command.size());
}

BOOST_AUTO_TEST_SUITE_END()
