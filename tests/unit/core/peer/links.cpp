// SPDX-License-Identifier: BSL-1.0
// Who must not talk to whom: every reason has its own error on both sides, and nothing else changes.

#include "support/cluster.hpp"
#include "support/overhear.hpp"

#include <replicator/codec/raw.hpp>
#include <replicator/core/wire/hello.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(links)

BOOST_AUTO_TEST_CASE(a_leader_that_hears_of_a_higher_epoch_steps_down) {
    Sync group(2);
    const Ticket acknowledged = group.write(1);
    group.network.settle();
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    group.network.cut(one, two);
    const Ticket pending = group.write(2);
    group.network.join(one, two);
    group.network.queue.clear();
    hello->promised = {5, two, 1};
    hello->nonce += 100;
    group.network.inject({two, one, hello_frame(*hello)});
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).leader() == NodeId{});
    BOOST_TEST(group.at(1).status().promised.counter == 5u);
    BOOST_TEST((group.at(1).outcome(acknowledged).state == WriteState::acknowledged));
    BOOST_TEST((group.at(1).outcome(pending).state == WriteState::unknown));
    BOOST_TEST(group.at(1).write({3}).error() == Error::not_leader);
    BOOST_TEST(group.events_of(1).lines.back() == "role follower 1");
}

// It wished to lead when it was fenced first, and led again before it was told the time.
BOOST_AUTO_TEST_CASE(whoever_led_again_and_drains_does_not_ask_to_lead) {
    Majority group(3);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    const auto fence = [&](std::uint64_t epoch) {
        hello->promised = {epoch, two, 1};
        hello->nonce += 100;
        group.network.inject({two, one, hello_frame(*hello)});
        BOOST_REQUIRE(group.at(1).role() == Role::follower);
    };
    fence(5);
    BOOST_REQUIRE(group.at(1).promote());
    group.network.run();
    BOOST_REQUIRE(group.at(1).role() == Role::leader);
    group.network.cut(one, two);
    group.network.loses = [](const Frame& frame) { return frame.type() == FrameType::hand_over; };
    BOOST_REQUIRE(group.at(1).drain(milliseconds(60'000)));
    fence(9);
    pass(group, 3000);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::draining));
}

BOOST_AUTO_TEST_CASE(a_leader_of_a_lower_epoch_is_answered_with_the_higher_one) {
    Sync group(2);
    auto hello = overhear(group.network, one);
    BOOST_REQUIRE(hello);
    // Node 2 learns of epoch 5 while it is alone.
    group.network.cut(one, two);
    core::Hello promised = *hello;
    promised.promised = {5, two, 1};
    promised.flags = 0;
    promised.link = LinkId{};
    group.network.inject({one, two, hello_frame(promised)});
    BOOST_TEST(group.at(2).status().promised.counter == 5u);
    group.network.transcript();
    group.network.join(one, two);
    group.network.run();
    const std::string lines = group.network.transcript();
    BOOST_TEST(lines.find("2 -> 1 hello refuses: the epoch is over") != std::string::npos);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(2).leader() == NodeId{});
    BOOST_TEST(group.at(2).last().index == Index{2});
}

namespace {

/// Two nodes that do not fit: what both say, and that nothing else changed.
template <class First, class Second>
void expect_refusal(const Config& config_of_one, const Config& config_of_two, Error error, bool both_found = false) {
    Network network;
    Events events_of_one;
    Events events_of_two;
    First first(network, config_of_one, events_of_one);
    Second second(network, config_of_two, events_of_two);
    BOOST_REQUIRE(first.bootstrap(HistoryId{1}));
    if (both_found) BOOST_REQUIRE(second.bootstrap(HistoryId{2}));
    const Position last_of_two = second.last();
    network.advance(milliseconds(450), milliseconds(10));
    BOOST_TEST(first.status().peers()[0].refusal == error);
    BOOST_TEST(second.status().peers()[0].refusal == error);
    BOOST_TEST((first.status().peers()[0].state == FollowerState::refused));
    BOOST_TEST((second.status().peers()[0].state == FollowerState::refused));
    BOOST_TEST(!first.status().peers()[0].connected);
    BOOST_TEST(!second.status().peers()[0].connected);
    // Said once, though it was tried more often.
    const std::string line = std::string("refused 2: ") + to_string(error);
    BOOST_TEST(events_of_one.count(line) == 1u);
    BOOST_TEST(events_of_two.count(std::string("refused 1: ") + to_string(error)) == 1u);
    BOOST_TEST(first.status().counters.refusals > 1u);
    // And nothing else happened.
    BOOST_TEST(first.role() == Role::leader);
    BOOST_TEST(first.last().index == Index{1});
    BOOST_TEST((second.last() == last_of_two));
    BOOST_TEST(second.status().history == (both_found ? HistoryId{2} : HistoryId{}));
    if (!both_found) BOOST_TEST(second.leader() == NodeId{});
    BOOST_TEST(first.status().counters.handshakes == 0u);
    BOOST_TEST(second.status().counters.handshakes == 0u);
}

constexpr NodeId both_nodes[] = {one, two};
constexpr NodeId three_nodes[] = {one, two, NodeId{3}};

Config config(NodeId node, std::span<const NodeId> nodes = both_nodes) {
    return {.node = node, .nodes = nodes, .run = Run{100 + value(node)}, .cluster = ClusterId{1}, .group = GroupId{1}};
}

struct NewerSum : Sum {
    struct Command {
        static constexpr std::uint32_t schema_version = 2;
        std::uint64_t add;
    };
    void apply(const Command& command) { total += command.add; }
};
struct LargerSum : Sum {
    std::uint64_t more = 0;
};
struct OtherFrames : Small {
    static constexpr std::size_t frame_bytes_max = 1024;
};

using Plain = support::Node<ack::Sync<>>;

}  // namespace

BOOST_AUTO_TEST_CASE(nodes_of_another_cluster_refuse_each_other) {
    Config other = config(two);
    other.cluster = ClusterId{2};
    expect_refusal<Plain, Plain>(config(one), other, Error::wrong_cluster);
}
BOOST_AUTO_TEST_CASE(nodes_of_another_group_refuse_each_other) {
    Config other = config(two);
    other.group = GroupId{2};
    expect_refusal<Plain, Plain>(config(one), other, Error::wrong_group);
}
BOOST_AUTO_TEST_CASE(nodes_with_another_membership_refuse_each_other) {
    expect_refusal<Plain, Plain>(config(one), config(two, three_nodes), Error::wrong_membership);
}
BOOST_AUTO_TEST_CASE(nodes_with_other_commands_refuse_each_other) {
    expect_refusal<Plain, support::Node<ack::Sync<>, NewerSum>>(config(one), config(two), Error::wrong_schema);
}
BOOST_AUTO_TEST_CASE(nodes_with_other_snapshots_refuse_each_other) {
    expect_refusal<Plain, support::Node<ack::Sync<>, LargerSum>>(config(one), config(two), Error::wrong_schema);
}
BOOST_AUTO_TEST_CASE(nodes_with_another_policy_refuse_each_other) {
    expect_refusal<Plain, support::Node<ack::Async<>>>(config(one), config(two), Error::wrong_policy);
}
BOOST_AUTO_TEST_CASE(nodes_with_other_limits_refuse_each_other) {
    expect_refusal<Plain, support::Node<ack::Sync<>, Sum, log::Ring<4096>, OtherFrames>>(config(one), config(two),
                                                                                         Error::wrong_limits);
}
BOOST_AUTO_TEST_CASE(nodes_of_two_histories_refuse_each_other) {
    expect_refusal<Plain, Plain>(config(one), config(two), Error::wrong_history, true);
}

BOOST_AUTO_TEST_CASE(states_of_another_byte_order_are_refused_in_words) {
    static_assert(core::raw_state_format(16, std::endian::little) == 16);  // as in logs of version 1
    static_assert(core::raw_state_format(16, std::endian::big) != core::raw_state_format(16, std::endian::little));
    static_assert(codec::Raw<Sum::Command>::schema_of(std::endian::big) !=
                  codec::Raw<Sum::Command>::schema_of(std::endian::little));
    constexpr std::endian other = std::endian::native == std::endian::little ? std::endian::big : std::endian::little;
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    BOOST_TEST(hello->snapshot_format == core::raw_state_format(sizeof(support::Sum), std::endian::native));
    hello->snapshot_format = core::raw_state_format(sizeof(support::Sum), other);
    group.network.inject({two, one, hello_frame(*hello)});
    const Error refusal = group.at(1).status().peers()[0].refusal;
    BOOST_TEST(refusal == Error::wrong_schema);
    BOOST_TEST(std::string(to_string(refusal)).find("byte order") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(another_version_of_the_protocol_is_refused_on_both_sides) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    hello->version_min = hello->version_max = 1;
    group.network.inject({two, one, hello_frame(*hello)});
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::wrong_version);
    group.network.run();
    BOOST_TEST(group.network.transcript() == R"(
1 -> 2 hello refuses: no common protocol version leads 1 link last=(1,2)
)");
    BOOST_TEST(group.at(2).status().peers()[0].refusal == Error::wrong_version);
    // The link that stands is not touched.
    const Ticket ticket = group.write(1);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(a_node_of_version_1_is_refused_in_words) {
    Sync group(2);
    group.network.cut(one, two);
    group.network.inject({two, one, hello_of_version_1()});
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::wrong_version);
    BOOST_REQUIRE(group.network.errors.size() == 1u);
    BOOST_TEST(group.network.errors.back() == to_string(Error::wrong_version));
    BOOST_TEST(group.events_of(1).count("refused 2: no common protocol version") == 1u);
    // One of this version is taken as if nothing had been.
    group.network.join(one, two);
    const Ticket ticket = group.write(1);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::none);
}

BOOST_AUTO_TEST_CASE(a_hello_with_blocks_that_are_not_known_is_refused_in_words_on_both_sides) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    // Of another part, which stands in the tail behind the fields that everybody reads.
    Bytes frame = hello_frame(*hello);
    core::seal_head(frame.data(), {FrameType::hello, 1, 24, LinkId{}});
    frame.resize(frame.size() + 24);
    group.network.inject({two, one, frame});
    BOOST_TEST(group.network.errors.empty());
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::wrong_version);
    group.network.run();
    BOOST_TEST(group.at(2).status().peers()[0].refusal == Error::wrong_version);
    // The link that stands is not touched, and what follows the tail is read.
    const Ticket ticket = group.write(1);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(when_a_former_process_of_a_node_speaks_again_it_is_refused) {
    Sync group(2);
    const auto former = overhear(group.network, two);
    BOOST_REQUIRE(former);
    group.start(2);
    group.network.settle();
    const Ticket first = group.write(1);
    group.network.settle();
    BOOST_TEST(group.acknowledged(first));
    group.network.transcript();
    group.network.advance(milliseconds(100), milliseconds(10));  // so that hellos are answered again
    group.network.transcript();
    // Something that it said before it ended arrives late: it is asked whether it lives, and nothing else happens.
    std::optional<core::Hello> question;
    group.network.loses = [&question](const Frame& frame) {
        if (frame.type() == FrameType::hello) question = core::read_hello(frame.bytes.data());
        return false;
    };
    group.network.inject({two, one, hello_frame(*former)});
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(question);
    BOOST_TEST((question->receiver_run == former->run));
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::none);
    BOOST_TEST(group.at(2).leader() == one);
    // It does live, and answers.
    core::Hello answer = *former;
    answer.receiver_run = question->run;
    answer.receiver_nonce = question->nonce;
    group.network.inject({two, one, hello_frame(answer)});
    BOOST_TEST(group.events_of(1).lines.back() == "refused 2: two processes claim the same node");
    group.network.transcript();
    group.network.run();
    BOOST_TEST(group.network.transcript().find("1 -> 2 hello refuses: two processes claim the same node") !=
               std::string::npos);
    // The one that lives now goes on.
    const Ticket second = group.write(2);
    group.network.settle();
    BOOST_TEST(group.acknowledged(second));
}

BOOST_AUTO_TEST_CASE(a_former_process_is_taken_back_when_the_one_that_replaced_it_is_gone) {
    Sync group(2);
    const auto former = overhear(group.network, two);
    BOOST_REQUIRE(former);
    group.start(2);
    group.network.settle();
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.settle();
    std::optional<core::Hello> question;
    const auto speaks = [&] {
        core::Hello hello = *former;
        question.reset();
        group.network.loses = [&question](const Frame& frame) {
            if (frame.type() == FrameType::hello && frame.from == one) question = core::read_hello(frame.bytes.data());
            return true;
        };
        group.network.inject({two, one, hello_frame(hello)});
        group.network.run();
        BOOST_REQUIRE(question);
        hello.receiver_run = question->run;
        hello.receiver_nonce = question->nonce;
        group.network.inject({two, one, hello_frame(hello)});
        group.network.run();
        return group.at(1).status().peers()[0].refusal;
    };
    BOOST_TEST(speaks() == Error::duplicate_node);
    // From now on, nothing comes from the newer one.
    group.network.advance(Options::failure_timeout, milliseconds(10));
    BOOST_TEST(speaks() == Error::none);
}

BOOST_AUTO_TEST_CASE(a_refusal_stands_while_the_other_side_only_asks) {
    Sync group(2);
    auto hello = overhear(group.network, one);
    BOOST_REQUIRE(hello);
    core::Hello refusal = *hello;
    refusal.refusal = Error::duplicate_node;
    group.network.inject({one, two, hello_frame(refusal)});
    BOOST_TEST(group.at(2).status().peers()[0].refusal == Error::duplicate_node);
    hello->receiver_run = Run{};
    hello->receiver_nonce = 0;
    group.network.inject({one, two, hello_frame(*hello)});
    BOOST_TEST(group.at(2).status().peers()[0].refusal == Error::duplicate_node);
    BOOST_TEST(group.events_of(2).count("refused 1") == 1u);
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.at(2).status().peers()[0].refusal == Error::none);
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::none);
}

BOOST_AUTO_TEST_CASE(a_refusal_is_over_with_a_new_link) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    hello->version_min = hello->version_max = 9;
    group.network.inject({two, one, hello_frame(*hello)});
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::wrong_version);
    hello->version_min = hello->version_max = core::protocol_version;
    hello->nonce += 100;
    hello->receiver_nonce = 0;  // it asks, and answers nothing
    group.network.inject({two, one, hello_frame(*hello)});
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::none);
}

BOOST_AUTO_TEST_CASE(an_ack_of_more_than_was_sent_breaks_the_connection) {
    Sync group(2);
    LinkId link{};
    group.network.loses = [&link](const Frame& frame) {
        if (frame.type() == FrameType::ack) link = core::load_header(frame.bytes.data()).link;
        return false;
    };
    const Ticket first = group.write(1);
    group.network.run();
    group.network.loses = nullptr;
    BOOST_TEST(group.acknowledged(first));
    group.write(2);
    core::Ack ack;
    ack.received = Index{4};  // is in the log of the leader, but was not sent yet
    group.network.inject({two, one, ack_frame(ack, link)});
    BOOST_REQUIRE(group.network.errors.size() == 1u);
    BOOST_TEST(group.network.errors[0] == "protocol violation");
    BOOST_TEST(group.at(1).acknowledged() == Index{3});
    BOOST_TEST(group.at(1).status().counters.frames_corrupt == 1u);
    for (const bool durable : {false, true}) {
        ack = {};
        (durable ? ack.durable : ack.applied) = Index{4};
        group.network.inject({two, one, ack_frame(ack, link)});
    }
    BOOST_TEST(group.network.errors.size() == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
