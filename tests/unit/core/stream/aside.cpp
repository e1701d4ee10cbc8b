// SPDX-License-Identifier: BSL-1.0
// A second stream in the name of a peer: it changes nothing before a living process has answered on it.

#include "support/cluster.hpp"
#include "support/overhear.hpp"

#include <replicator/core/wire/hello.hpp>
#include <replicator/core/wire/promise.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <utility>

BOOST_AUTO_TEST_SUITE(aside)

namespace {

using namespace replicator;
using support::ack_frame;
using support::Bytes;
using support::Frame;
using support::hello_frame;
using support::one;
using support::overhear;
using support::Sync;
using support::three;
using support::two;

/// A second stream that node 1 was opened in the name of node 2.
struct SecondStream {
    explicit SecondStream(Sync& cluster) : group(cluster) {
        std::array<std::byte, core::frame_head_bytes_max> buffer{};
        BOOST_REQUIRE(group.at(1).aside().ask(two, nonce, buffer) == buffer.size());
        question = core::read_hello(buffer.data());
        BOOST_TEST(question.nonce == nonce);
        BOOST_TEST((question.link == LinkId{}));
    }
    void say(const Bytes& more) { said.insert(said.end(), more.begin(), more.end()); }
    /// What a living process would say to the question.
    void answer(core::Hello hello) {
        hello.receiver_run = question.run;
        hello.receiver_nonce = question.nonce;
        say(hello_frame(hello));
    }
    [[nodiscard]] Result<bool> judged() {
        std::array<std::byte, core::frame_head_bytes_max> buffer{};
        std::size_t size = 0;
        const Result<bool> lives = group.at(1).aside().judge(two, nonce, said, buffer, size);
        reply.reset();
        if (size > 0) reply = core::read_hello(buffer.data());
        return lives;
    }
    void take_over() {
        group.at(1).aside().take_over(two, nonce, said);
        BOOST_TEST(static_cast<bool>(group.at(1).receive(two, said)));
    }

    Sync& group;
    std::uint64_t nonce = 0;
    core::Hello question;
    Bytes said;
    std::optional<core::Hello> reply;
};

void check_that_the_first_stream_stands(Sync& group) {
    const std::uint64_t handshakes = group.at(1).status().counters.handshakes;
    const Ticket ticket = group.write(7);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(group.at(1).status().counters.handshakes == handshakes);
}

}  // namespace

BOOST_AUTO_TEST_CASE(who_does_not_answer_on_a_second_stream_changes_nothing) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    SecondStream second(group);
    BOOST_TEST(!*second.judged());
    second.say(hello_frame(*hello));  // a replay, and then of another run
    BOOST_TEST(!*second.judged());
    hello->run = Run{9};
    second.say(hello_frame(*hello));
    BOOST_TEST(!*second.judged());
    hello->receiver_nonce = second.nonce;  // of another run of ours
    hello->receiver_run = Run{9};
    second.say(hello_frame(*hello));
    BOOST_TEST(!*second.judged());
    check_that_the_first_stream_stands(group);
    // An answer that comes in pieces is one when it is whole.
    second.answer(*hello);
    const std::byte last = second.said.back();
    second.said.pop_back();
    BOOST_TEST(!*second.judged());
    second.said.push_back(last);
    BOOST_TEST(*second.judged());
}

BOOST_AUTO_TEST_CASE(nonsense_on_a_second_stream_changes_nothing) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    {
        SecondStream second(group);
        second.say(Bytes(5, std::byte{7}));
        BOOST_TEST(second.judged().error() == Error::corrupt);
    }
    {
        SecondStream second(group);
        second.say(ack_frame({}, LinkId{3}));
        BOOST_TEST(second.judged().error() == Error::protocol);
    }
    {
        SecondStream second(group);
        hello->cluster = ClusterId{9};
        second.answer(*hello);
        BOOST_TEST(second.judged().error() == Error::wrong_cluster);
        BOOST_REQUIRE(second.reply);
        BOOST_TEST(second.reply->refusal == Error::wrong_cluster);
        BOOST_TEST((second.reply->receiver_run == hello->run));
        // One that refuses us is not answered again.
        hello->refusal = Error::wrong_cluster;
        second.said.clear();
        second.answer(*hello);
        BOOST_TEST(second.judged().error() == Error::wrong_cluster);
        BOOST_TEST(!second.reply);
    }
    check_that_the_first_stream_stands(group);
}

BOOST_AUTO_TEST_CASE(another_version_on_a_second_stream_is_refused_in_words) {
    Sync group(2);
    auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    {
        SecondStream second(group);
        second.say(support::hello_of_version_1());
        BOOST_TEST(second.judged().error() == Error::wrong_version);
    }
    // Blocks that are not known here stand in the tail, and more may follow.
    const auto with_block = [&hello] {
        Bytes frame = hello_frame(*hello);
        core::seal_head(frame.data(), {core::FrameType::hello, 1, 24, LinkId{}});
        frame.resize(frame.size() + 24);
        return frame;
    };
    SecondStream second(group);
    second.say(with_block());
    BOOST_TEST(!*second.judged());
    hello->receiver_run = second.question.run;
    hello->receiver_nonce = second.question.nonce;
    second.say(with_block());
    BOOST_TEST(second.judged().error() == Error::wrong_version);
    BOOST_REQUIRE(second.reply);
    BOOST_TEST(second.reply->refusal == Error::wrong_version);
    check_that_the_first_stream_stands(group);
}

BOOST_AUTO_TEST_CASE(a_run_that_answers_on_a_second_stream_takes_over_at_once) {
    Sync group(2);
    const auto former = overhear(group.network, two);
    BOOST_REQUIRE(former);
    // The same run, which lost its first stream: linked by the one answer, in a new handshake.
    SecondStream again(group);
    core::Hello hello = *former;
    hello.nonce += 100;
    again.answer(hello);
    BOOST_TEST(*again.judged());
    const std::uint64_t handshakes = group.at(1).status().counters.handshakes;
    again.take_over();
    BOOST_TEST(group.at(1).status().counters.handshakes == handshakes + 1);

    // Another process: from then on the former one is refused, though the newer one has said nothing more.
    SecondStream newer(group);
    hello.run = Run{9};
    hello.nonce = 1;
    newer.say(hello_frame(*former));
    newer.answer(hello);
    BOOST_TEST(*newer.judged());
    newer.take_over();
    BOOST_TEST(group.at(1).status().counters.handshakes == handshakes + 2);
    SecondStream back(group);
    back.answer(*former);
    BOOST_TEST(back.judged().error() == Error::duplicate_node);
    BOOST_REQUIRE(back.reply);
    BOOST_TEST(back.reply->refusal == Error::duplicate_node);
    BOOST_TEST((back.reply->receiver_run == former->run));
    BOOST_TEST(group.at(1).status().peers()[0].refusal == Error::duplicate_node);
    BOOST_TEST(group.at(1).status().counters.handshakes == handshakes + 2);

    // One that counts its attempts anew under the number of a run is another process, too.
    SecondStream twin(group);
    hello.nonce = 0;
    twin.answer(hello);
    BOOST_TEST(twin.judged().error() == Error::duplicate_node);
}

BOOST_AUTO_TEST_CASE(a_second_stream_of_nobody_or_to_a_node_that_failed_gets_no_question) {
    Sync group(2);
    std::array<std::byte, core::frame_head_bytes_max> buffer{};
    std::uint64_t nonce = 0;
    BOOST_TEST(group.at(1).aside().ask(three, nonce, buffer) == 0u);
    BOOST_TEST(group.at(1).aside().ask(two, nonce, std::span(buffer).first(buffer.size() - 1)) == 0u);
    std::size_t size = 1;
    BOOST_TEST(group.at(1).aside().judge(three, nonce, {}, buffer, size).error() == Error::wrong_node);
    BOOST_TEST(size == 0u);
    // The question is counted as any other frame.
    const Counters before = group.at(1).status().counters;
    BOOST_TEST(group.at(1).aside().ask(two, nonce, buffer) == buffer.size());
    BOOST_TEST(group.at(1).status().counters.frames_sent == before.frames_sent + 1);
    BOOST_TEST(group.at(1).status().counters.bytes_sent == before.bytes_sent + buffer.size());
    testing::Inspect::inside(group.at(1)).self().fail(Error::log_failed);
    BOOST_TEST(group.at(1).aside().ask(two, nonce, buffer) == 0u);
}

BOOST_AUTO_TEST_CASE(a_question_of_a_promotion_may_come_before_the_answer) {
    Sync group(2);
    const auto hello = overhear(group.network, two);
    BOOST_REQUIRE(hello);
    SecondStream second(group);
    std::array<std::byte, core::frame_head_bytes_max> head{};
    // Even one whose fields stand where a hello would repeat the nonce.
    core::PromiseReply reply;
    reply.promised.node = NodeId{static_cast<std::uint32_t>(value(testing::Inspect::inside(group.at(1)).self().run))};
    reply.last.epoch.counter = second.nonce;
    const std::size_t size = write_head(head.data(), reply);
    second.say({head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)});
    BOOST_TEST(!*second.judged());
    second.answer(*hello);
    BOOST_TEST(*second.judged());
}

BOOST_AUTO_TEST_CASE(a_leader_that_answers_on_a_second_stream_is_followed_at_once) {
    Sync group(2);
    auto& leader = group.at(1);
    auto& follower = group.at(2);
    std::array<std::byte, core::frame_head_bytes_max> question{};
    std::uint64_t nonce = 0;
    BOOST_REQUIRE(follower.aside().ask(one, nonce, question) == question.size());
    // The leader has lost the first stream, and says hello; then it hears the question.
    Bytes said;
    const auto says = [&] {
        group.network.collect();
        for (const Frame& frame : std::exchange(group.network.queue, {})) {
            if (frame.from == one) said.insert(said.end(), frame.bytes.begin(), frame.bytes.end());
        }
    };
    leader.connected(two);
    says();
    BOOST_TEST(static_cast<bool>(leader.receive(two, question)));
    says();
    std::size_t size = 0;
    const Result<bool> lives = follower.aside().judge(one, nonce, said, question, size);
    BOOST_REQUIRE(lives);
    BOOST_TEST(*lives);
    const std::uint64_t handshakes = follower.status().counters.handshakes;
    follower.aside().take_over(one, nonce, said);
    BOOST_TEST(follower.leader() == NodeId{});
    BOOST_TEST(static_cast<bool>(follower.receive(one, said)));
    BOOST_TEST(follower.leader() == one);
    BOOST_TEST(follower.status().counters.handshakes == handshakes + 1);
    const Ticket ticket = group.write(1);
    group.network.run();
    BOOST_TEST(group.acknowledged(ticket));
    BOOST_TEST(leader.status().counters.handshakes == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
