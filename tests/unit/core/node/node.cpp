// SPDX-License-Identifier: BSL-1.0
// The switchboard at its boundary: what it counts, which frames it refuses, how often it says what is not answered, and
// how small a buffer may be.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <tuple>
#include <utility>

BOOST_AUTO_TEST_SUITE(node)

namespace {

using namespace replicator;
using core::FrameType;
using support::Bytes;
using support::one;
using support::pass;
using support::three;
using support::two;

constexpr Duration retry = support::Small::retry_interval;
constexpr Duration heartbeat = support::Small::heartbeat_interval;

/// Counts frames of a type from one node to another, and loses them where that is wanted.
struct Tally {
    explicit Tally(support::Network& network_, FrameType type, NodeId from, NodeId to, bool loses = false)
        : network(network_) {
        network.loses = [=, this](const support::Frame& frame) {
            const bool counts = frame.type() == type && frame.from == from && frame.to == to;
            count += counts ? 1u : 0u;
            return counts && loses;
        };
    }
    ~Tally() { network.loses = nullptr; }
    Tally(const Tally&) = delete;
    Tally& operator=(const Tally&) = delete;

    support::Network& network;
    std::size_t count = 0;
};

/// The link over which node 2 answers node 1.
template <class Group>
LinkId link_of(Group& group) {
    LinkId link{};
    group.network.loses = [&link](const support::Frame& frame) {
        if (frame.type() == FrameType::ack) link = core::load_header(frame.bytes.data()).link;
        return false;
    };
    pass(group, 60);
    group.network.loses = nullptr;
    BOOST_REQUIRE((link != LinkId{}));
    return link;
}

/// A head of this type, all of whose fields are zero, with so many zeros behind it.
Bytes frame_of(FrameType type, LinkId link, std::uint32_t tail_bytes) {
    std::array<std::byte, core::frame_head_bytes_max> head{};
    const std::size_t size = core::seal_head(head.data(), {type, 0, tail_bytes, link});
    Bytes bytes(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size));
    bytes.resize(bytes.size() + tail_bytes);
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_frame_and_byte_is_counted_on_both_sides) {
    support::Sync group(2, false);
    std::map<NodeId, std::uint64_t> frames;
    std::map<NodeId, std::uint64_t> bytes;
    group.network.loses = [&](const support::Frame& frame) {
        ++frames[frame.from];
        bytes[frame.from] += frame.bytes.size();
        return false;
    };
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{77}));
    group.network.settle();
    for (std::uint64_t i = 0; i < 5; ++i) group.write(i);
    pass(group, 300);
    group.network.run();
    for (const auto& [from, to] : {std::pair{one, two}, std::pair{two, one}}) {
        const Counters sent = group.at(value(from)).status().counters;
        const Counters received = group.at(value(to)).status().counters;
        BOOST_TEST(frames[from] > 0u);
        BOOST_TEST(sent.frames_sent == frames[from]);
        BOOST_TEST(sent.bytes_sent == bytes[from]);
        BOOST_TEST(received.frames_received == frames[from]);
        BOOST_TEST(received.bytes_received == bytes[from]);
        BOOST_TEST(received.handshakes == 1u);
        BOOST_TEST((received.frames_corrupt == 0u && received.frames_stale == 0u && received.refusals == 0u));
        BOOST_TEST((received.discarded == 0u && received.clock_jumps_back == 0u));
        BOOST_TEST(received.applied == 5u);
    }
    BOOST_TEST(group.at(1).status().counters.writes == 5u);
    BOOST_TEST(group.at(2).status().counters.writes == 0u);
    BOOST_TEST(group.at(1).status().counters.refused_writes == 0u);
}

BOOST_AUTO_TEST_CASE(in_silence_both_sides_say_something_once_in_each_heartbeat_interval) {
    support::Sync group(2);
    pass(group, 1000);
    for (const auto& [type, from, to] :
         {std::tuple{FrameType::append, one, two}, std::tuple{FrameType::ack, two, one}}) {
        const Tally tally(group.network, type, from, to);
        pass(group, 1000);
        BOOST_TEST(tally.count == 1'000'000 / heartbeat.microseconds);
    }
}

BOOST_AUTO_TEST_CASE(a_hello_is_repeated_once_in_each_retry_interval) {
    support::Sync group(2);
    group.network.cut(one, two);
    group.network.join(one, two);
    std::size_t count = 0;
    group.network.loses = [&count](const support::Frame& frame) { return count += frame.from == one ? 1u : 0u, true; };
    pass(group, 1000);
    BOOST_TEST(count == 1 + 1'000'000 / retry.microseconds);
}

BOOST_AUTO_TEST_CASE(a_question_is_put_again_once_in_each_retry_interval_to_who_did_not_answer) {
    for (const NodeId silent : {one, three}) {
        support::Async group(3);  // must hear all three
        BOOST_REQUIRE(group.at(2).promote());
        {
            const Tally tally(group.network, FrameType::promise_request, two, silent, true);
            pass(group, 950);
            BOOST_TEST(tally.count == 10u);
            BOOST_TEST((group.at(2).promotion().step == PromotionStep::asking));
        }
        const Tally others(group.network, FrameType::promise_request, two, silent == one ? three : one);
        pass(group, 100);
        BOOST_TEST(others.count == 0u);
        BOOST_TEST((group.at(2).promotion().error == Error::nodes_missing));
    }
}

BOOST_AUTO_TEST_CASE(the_order_to_lead_is_repeated_once_in_each_retry_interval_and_given_up_in_the_end) {
    support::Majority group(3);
    pass(group, 500);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    {
        const Tally tally(group.network, FrameType::hand_over, one, two, true);
        pass(group, 980);
        BOOST_TEST(tally.count == 10u);
        BOOST_TEST(group.at(1).status().handing_over);
        pass(group, 500);
        BOOST_TEST(tally.count == 10u);
    }
    BOOST_TEST(!group.at(1).status().handing_over);
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST(bool(group.at(1).write({1})));
}

BOOST_AUTO_TEST_CASE(nobody_is_told_to_lead_before_it_holds_everything) {
    support::Sync group(2);
    const Tally tally(group.network, FrameType::hand_over, one, two);
    group.network.flushes = false;
    group.write(1);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    group.network.collect();
    for (const support::Frame& frame : group.network.queue) BOOST_TEST((frame.type() != FrameType::hand_over));
    // The ack that says so is enough; no time need pass.
    group.network.run();
    BOOST_TEST(tally.count == 1u);
    BOOST_TEST(group.at(2).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(who_was_away_blames_nobody_for_having_been_silent) {
    // Half a failure timeout without a tick is not yet an absence.
    for (const std::uint64_t gap : {250u, 251u}) {
        support::Sync group(2);
        group.network.tick(milliseconds(1));
        group.network.run();
        group.network.cut(one, two, false);
        for (int i = 0; i < 30; ++i) group.network.tick(milliseconds(10));
        group.network.tick(milliseconds(gap));
        BOOST_TEST((group.at(2).leader() == NodeId{}) == (gap == 250));
        BOOST_TEST((group.at(1).status().peers()[0].state == FollowerState::down) == (gap == 250));
    }
}

BOOST_AUTO_TEST_CASE(a_frame_with_a_tail_that_its_type_does_not_have_breaks_the_connection) {
    const auto error_of = [](std::size_t receiver, FrameType type, std::uint32_t tail_bytes) {
        support::Sync group(2);
        const LinkId link = link_of(group);
        const Bytes bytes = frame_of(type, link, tail_bytes);
        const auto result = group.at(receiver).receive(receiver == 1 ? two : one, bytes);
        BOOST_TEST(group.at(receiver).status().counters.frames_corrupt == (result ? 0u : 1u));
        return result ? Error::none : result.error();
    };
    BOOST_TEST(error_of(1, FrameType::ack, 0) == Error::none);
    for (const FrameType type :
         {FrameType::hello, FrameType::ack, FrameType::promise_request, FrameType::promise_reply}) {
        BOOST_TEST(error_of(1, type, 8) == Error::protocol);
    }
    for (const FrameType type : {FrameType::hello, FrameType::hand_over, FrameType::promise_request}) {
        BOOST_TEST(error_of(2, type, 8) == Error::protocol);
    }
    BOOST_TEST(error_of(2, FrameType::hand_over, 0) == Error::none);
    // Nor does a leader take what is a leader's, or a follower what is a follower's.
    for (const FrameType type :
         {FrameType::append, FrameType::snapshot_begin, FrameType::snapshot_piece, FrameType::hand_over}) {
        BOOST_TEST(error_of(1, type, 0) == Error::protocol);
    }
    BOOST_TEST(error_of(2, FrameType::ack, 0) == Error::protocol);
    // A tail may be as long as the limit allows with its head.
    constexpr std::uint32_t most =
        support::Small::frame_bytes_max - core::frame_header_bytes - core::wire_bytes::snapshot_piece;
    BOOST_TEST(error_of(2, FrameType::snapshot_piece, most) == Error::none);
    BOOST_TEST(error_of(2, FrameType::snapshot_piece, most + 1) == Error::corrupt);
}

BOOST_AUTO_TEST_CASE(a_frame_of_no_link_or_another_one_is_dropped_and_counted) {
    support::Sync group(2);
    const LinkId link = link_of(group);
    for (const LinkId other : {LinkId{}, LinkId{value(link) + 1}}) {
        const std::uint64_t stale = group.at(1).status().counters.frames_stale;
        BOOST_TEST(bool(group.at(1).receive(two, frame_of(FrameType::append, other, 16))));
        BOOST_TEST(group.at(1).status().counters.frames_stale == stale + 1);
    }
    // Where there is no link, not even one without a number.
    group.network.cut(one, two);
    const std::uint64_t stale = group.at(1).status().counters.frames_stale;
    BOOST_TEST(bool(group.at(1).receive(two, frame_of(FrameType::ack, LinkId{}, 0))));
    BOOST_TEST(group.at(1).status().counters.frames_stale == stale + 1);
}

BOOST_AUTO_TEST_CASE(a_tail_that_is_of_no_use_is_a_sign_of_life_until_a_frame_must_have_come) {
    support::Sync group(2);
    const LinkId link = link_of(group);
    // A link to another log: the entries are refused, and take their time all the same.
    Bytes bytes = frame_of(FrameType::append, link, 1000);
    BOOST_TEST(bool(group.at(2).receive(one, std::span(bytes).first(bytes.size() - 1000))));
    const auto piece = std::span(bytes).subspan(bytes.size() - 1000, 1);
    for (int i = 0; i < 9; ++i) {
        group.network.tick(milliseconds(200));
        BOOST_TEST(group.at(2).leader() == one);
        BOOST_TEST(bool(group.at(2).receive(one, piece)));
    }
    group.network.tick({200'000 - 1});
    BOOST_TEST(bool(group.at(2).receive(one, piece)));
    group.network.tick({1});
    BOOST_TEST(group.at(2).receive(one, piece).error() == Error::protocol);
    group.network.queue.clear();
}

BOOST_AUTO_TEST_CASE(a_node_that_failed_takes_and_says_nothing) {
    support::Sync group(2);
    const LinkId link = link_of(group);
    testing::Inspect::inside(group.at(1)).self().fail(Error::log_failed);
    const Counters before = group.at(1).status().counters;
    BOOST_TEST(group.at(1).receive(two, frame_of(FrameType::ack, link, 0)).error() == Error::faulted);
    Bytes buffer(4096);
    BOOST_TEST(group.at(1).transmit(two, buffer) == 0u);
    group.network.tick(milliseconds(1000));
    BOOST_TEST(group.at(1).transmit(two, buffer) == 0u);
    BOOST_TEST(group.at(1).status().counters.bytes_received == before.bytes_received);
    BOOST_TEST(group.at(1).status().counters.frames_sent == before.frames_sent);
    BOOST_TEST(group.at(1).promote().error() == Error::faulted);
    BOOST_TEST(group.at(1).hand_over(two).error() == Error::faulted);
    BOOST_TEST(group.at(1).bootstrap(HistoryId{1}).error() == Error::faulted);
}

BOOST_AUTO_TEST_CASE(a_frame_for_which_the_buffer_is_too_small_stays_owed) {
    // Each row: what is owed, and the bytes that it takes.
    const auto takes = [](auto& node, NodeId peer, std::size_t least, FrameType type) {
        Bytes buffer(4096);
        BOOST_TEST(node.transmit(peer, std::span(buffer).first(least - 1)) == 0u);
        BOOST_TEST(node.transmit(peer, std::span(buffer).first(least)) > 0u);
        BOOST_TEST((core::load_header(buffer.data()).type == type));
    };
    constexpr std::size_t head = core::frame_head_bytes_max;
    support::Sync group(2);
    group.network.tick(heartbeat);
    takes(group.at(2), one, core::frame_header_bytes + core::field_bytes(FrameType::ack, core::ack_flags::all),
          FrameType::ack);
    takes(group.at(1), two, core::frame_header_bytes + 24 + 16, FrameType::append);
    group.network.run();
    BOOST_REQUIRE(group.at(1).hand_over(two));
    takes(group.at(1), two, head, FrameType::hand_over);
    group.network.cut(one, two);
    group.network.tick(retry);
    takes(group.at(1), two, head, FrameType::hello);
    support::Async other(2);
    BOOST_REQUIRE(other.at(2).promote());
    takes(other.at(2), one, head, FrameType::promise_request);
    other.network.tick(retry);
    other.network.collect();
    for (const support::Frame& frame : std::exchange(other.network.queue, {})) {
        if (frame.type() == FrameType::promise_request) other.network.inject(frame);
    }
    takes(other.at(1), two, head, FrameType::promise_reply);
    group.network.woken_twice = other.network.woken_twice = 0;  // the test took these frames past the network
}

BOOST_AUTO_TEST_SUITE_END()
