// SPDX-License-Identifier: BSL-1.0
// A node among its peers, step by step: what ends a candidacy or a link at once, and what only time does.

#include "support/cluster.hpp"

#include <replicator/core/wire/promise.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

BOOST_AUTO_TEST_SUITE(relations)

namespace {

using namespace replicator;
using core::FrameType;
using support::Bytes;
using support::four;
using support::one;
using support::pass;
using support::three;
using support::two;

template <class Message>
Bytes frame_of(const Message& message) {
    std::array<std::byte, core::frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), message);
    return {head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)};
}

/// Loses answers of this kind to node 2, and keeps the last question that node 2 put to node 1.
template <class Group>
struct Candidate {
    explicit Candidate(Group& group_) : group(group_) {
        group.network.loses = [this](const support::Frame& frame) {
            if (frame.type() == FrameType::promise_request && frame.from == two && frame.to == one) {
                question = core::read_promise_request(frame.bytes.data());
                return question->binding();
            }
            return frame.type() == FrameType::promise_request &&
                   core::read_promise_request(frame.bytes.data()).binding();
        };
    }
    Group& group;
    std::optional<core::PromiseRequest> question;
};

/// Node 2 holds five entries that node 3 lacks, and the leader is gone.
void lose_leader_with_node_three_behind(support::Majority& group) {
    group.network.cut(one, three);
    for (std::uint64_t i = 1; i <= 5; ++i) group.write(i);
    group.network.settle();
    group.stop(1);
    pass(group, 600);
}

}  // namespace

// Node 2 binds nobody, because its binding questions are lost, and waits for promises.
BOOST_AUTO_TEST_CASE(a_candidacy_ends_at_once_when_its_node_promises_a_higher_epoch) {
    for (const bool binding : {false, true}) {
        support::Majority group(3);
        Candidate candidate(group);
        BOOST_REQUIRE(group.at(2).promote());
        group.network.run();
        BOOST_REQUIRE((group.at(2).promotion().step == PromotionStep::promising));
        BOOST_REQUIRE(candidate.question);
        core::PromiseRequest higher = *candidate.question;
        higher.sender = three;
        higher.receiver = two;
        higher.run = Run{3333};
        higher.epoch = {candidate.question->epoch.counter + 1, three, 1};
        if (!binding) higher.flags = 0;
        BOOST_TEST(bool(group.at(2).receive(three, frame_of(higher))));
        BOOST_TEST((group.at(2).promotion().step == (binding ? PromotionStep::refused : PromotionStep::promising)));
        BOOST_TEST((group.at(2).promotion().error == (binding ? Error::stale_epoch : Error::none)));
        BOOST_TEST(group.at(2).status().promised.counter == higher.epoch.counter - (binding ? 0 : 1));
    }
}

BOOST_AUTO_TEST_CASE(who_promises_another_epoch_takes_nothing_more_from_its_leader) {
    // By a question that binds, by an answer that tells of a higher promise, and as a candidate itself.
    for (const int way : {0, 1, 2}) {
        support::Majority group(3);
        pass(group, 100);
        BOOST_REQUIRE(group.at(2).leader() == one);
        Candidate candidate(group);
        if (way == 0) {
            BOOST_REQUIRE(group.at(3).promote());
            group.network.loses = [&group](const support::Frame& frame) {
                return frame.type() == FrameType::promise_reply && group.at(2).status().promised.counter > 1;
            };
            group.network.run_between(three, two);
            group.network.run_between(three, two);
        } else {
            BOOST_REQUIRE(group.at(2).promote());
            if (way == 1) {
                group.network.collect();
                core::PromiseReply reply;
                for (const support::Frame& frame : group.network.queue) {
                    if (frame.type() != FrameType::promise_request || frame.to != three) continue;
                    group.network.inject(frame);
                }
                group.network.queue.clear();
                Bytes answer(4096);
                answer.resize(group.at(3).transmit(two, answer));
                BOOST_REQUIRE((core::load_header(answer.data()).type == FrameType::promise_reply));
                reply = core::read_promise_reply(answer.data());
                reply.promised = {reply.promised.counter + 5, three, 1};
                BOOST_TEST(bool(group.at(2).receive(three, frame_of(reply))));
                group.network.woken_twice = 0;
            } else {
                group.network.run_between(two, three);
            }
        }
        BOOST_TEST(group.at(2).status().promised.counter > 1u);
        BOOST_TEST(group.at(2).leader() == NodeId{}, "way " << way);
        group.network.woken_twice = group.network.not_woken = 0;
    }
}

BOOST_AUTO_TEST_CASE(a_candidate_that_has_fetched_what_it_lacked_leads_without_waiting_for_time) {
    support::Majority group(3);
    lose_leader_with_node_three_behind(group);
    BOOST_REQUIRE(group.at(3).last().index < group.at(2).last().index);
    BOOST_REQUIRE(group.at(3).promote());
    group.network.run();
    BOOST_TEST(group.at(3).role() == Role::leader);
    BOOST_TEST((group.at(3).promotion().step == PromotionStep::leading));
    BOOST_TEST((group.at(3).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(an_answer_to_a_former_question_is_none) {
    support::Async group(3);  // must hear all three
    BOOST_REQUIRE(group.at(2).promote());
    group.network.collect();
    std::optional<core::PromiseReply> reply;
    group.network.loses = [&reply](const support::Frame& frame) {
        if (frame.type() != FrameType::promise_reply) return false;
        if (frame.from == three) reply = core::read_promise_reply(frame.bytes.data());
        return true;
    };
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(reply);
    for (const std::uint64_t question : {reply->question - 1, reply->question + 1}) {
        core::PromiseReply other = *reply;
        other.question = question;
        BOOST_TEST(bool(group.at(2).receive(three, frame_of(other))));
        BOOST_TEST(group.at(2).promotion().missing_count == 2u);
    }
    BOOST_TEST(bool(group.at(2).receive(three, frame_of(*reply))));
    BOOST_TEST(group.at(2).promotion().missing_count == 1u);
    // Who is no candidate any more hears none, nor does it promise anything by one.
    pass(group, 1500);
    BOOST_REQUIRE((group.at(2).promotion().step == PromotionStep::leading));
    reply->promised = {99, three, 1};
    BOOST_TEST(bool(group.at(2).receive(three, frame_of(*reply))));
    BOOST_TEST(group.at(2).status().promised.counter == 2u);
}

BOOST_AUTO_TEST_CASE(only_one_candidacy_at_a_time_but_a_person_goes_first) {
    support::Async group(3);
    constexpr PromotionOptions of_itself{.may_lose = false, .last_leader = {}, .unless_led = true};
    group.network.cut(one, two);
    group.network.cut(two, three);
    BOOST_REQUIRE(group.at(2).promote(of_itself));
    BOOST_TEST(group.at(2).promote(of_itself).error() == Error::busy);
    BOOST_REQUIRE(group.at(2).promote());
    BOOST_TEST(group.at(2).promote().error() == Error::busy);
    BOOST_TEST(group.at(2).promote(of_itself).error() == Error::busy);
    // Who leads already has nothing to ask.
    BOOST_TEST(bool(group.at(1).promote()));
    BOOST_TEST((group.at(1).promotion().step == PromotionStep::none));
}

BOOST_AUTO_TEST_CASE(a_hand_over_needs_a_successor_that_is_up) {
    support::Majority group(3);
    BOOST_TEST(group.at(2).hand_over(one).error() == Error::not_leader);
    BOOST_TEST(group.at(1).hand_over(four).error() == Error::not_enough_followers);
    group.network.cut(one, two);
    BOOST_TEST(group.at(1).hand_over(two).error() == Error::not_enough_followers);
    BOOST_REQUIRE(group.at(1).hand_over(three));
    BOOST_TEST(group.at(1).hand_over(three).error() == Error::handing_over);
    BOOST_TEST(group.at(1).write({1}).error() == Error::handing_over);
    // It goes on at once when the successor is gone.
    group.network.cut(one, three);
    group.network.tick(milliseconds(1));
    BOOST_TEST(!group.at(1).status().handing_over);
    group.network.queue.clear();
}

BOOST_AUTO_TEST_CASE(a_successor_leads_only_what_its_leader_thinks_that_it_holds) {
    for (const bool right : {false, true}) {
        support::Majority group(3);
        pass(group, 100);
        LinkId link{};
        group.network.loses = [&link](const support::Frame& frame) {
            if (frame.type() == FrameType::append && frame.to == two) link = core::load_header(frame.bytes.data()).link;
            return false;
        };
        pass(group, 60);
        core::HandOver hand_over{group.at(2).last()};
        if (!right) hand_over.last.index = hand_over.last.index + 1;
        std::array<std::byte, core::frame_head_bytes_max> head{};
        const std::size_t size = write_head(head.data(), hand_over, link);
        BOOST_TEST(bool(group.at(2).receive(one, std::span<const std::byte>(head).first(size))));
        group.network.run();
        BOOST_TEST((group.at(2).role() == Role::leader) == right);
        BOOST_TEST((group.at(2).promotion().step == (right ? PromotionStep::leading : PromotionStep::none)));
    }
}

BOOST_AUTO_TEST_CASE(a_node_founds_only_when_it_holds_nothing_and_follows_nobody) {
    support::Async group(2, false);
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
    BOOST_TEST(group.at(1).bootstrap(HistoryId{2}).error() == Error::already_bootstrapped);
    group.network.loses = [](const support::Frame& frame) {
        return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
    group.network.settle();
    BOOST_REQUIRE(group.at(2).leader() == one);
    BOOST_TEST(group.at(2).last().index == Index{});
    BOOST_TEST(group.at(2).bootstrap(HistoryId{2}).error() == Error::already_bootstrapped);
    group.network.cut(one, two);
    BOOST_TEST(bool(group.at(2).bootstrap(HistoryId{2})));
}

BOOST_AUTO_TEST_CASE(what_is_held_back_goes_out_when_a_successor_waits_for_it) {
    for (const bool drains : {false, true}) {
        support::Sync group(2);
        group.write(1);
        group.network.collect();
        group.write(2);  // waits for company
        const std::size_t frames = group.network.queue.size();
        group.network.collect();
        BOOST_REQUIRE(group.network.queue.size() == frames);
        BOOST_REQUIRE(drains ? group.at(1).drain(milliseconds(5000)) : group.at(1).hand_over(two));
        group.network.collect();
        BOOST_TEST(group.network.queue.size() == frames + 1);
        group.network.queue.clear();
    }
}

BOOST_AUTO_TEST_CASE(a_successor_that_went_away_is_not_told_to_lead_when_it_is_back) {
    support::Majority group(3);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    group.network.cut(one, two);
    group.network.tick(milliseconds(1));
    BOOST_REQUIRE(!group.at(1).status().handing_over);
    std::size_t orders = 0;
    group.network.loses = [&orders](const support::Frame& frame) {
        orders += frame.type() == FrameType::hand_over ? 1u : 0u;
        return false;
    };
    group.network.join(one, two);
    pass(group, 500);
    BOOST_TEST(orders == 0u);
    BOOST_TEST(group.at(1).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(a_hello_that_tells_of_a_higher_promise_ends_the_link_to_the_leader) {
    support::Majority group(3, false);
    std::optional<core::Hello> hello;
    group.network.loses = [&hello](const support::Frame& frame) {
        const bool wanted = frame.type() == FrameType::hello && frame.from == three && frame.to == two;
        if (wanted) hello = core::read_hello(frame.bytes.data());
        return false;
    };
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{77}));
    pass(group, 300);
    BOOST_REQUIRE((hello && group.at(2).leader() == one));
    hello->promised = {9, three, 1};
    BOOST_TEST(bool(group.at(2).receive(three, support::hello_frame(*hello))));
    BOOST_TEST(group.at(2).leader() == NodeId{});
    BOOST_TEST(group.at(2).status().promised.counter == 9u);
}

BOOST_AUTO_TEST_CASE(a_candidate_that_gave_up_fetching_leaves_its_donor) {
    support::Majority group(3);
    lose_leader_with_node_three_behind(group);
    group.network.loses = [](const support::Frame& frame) {
        return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
    BOOST_REQUIRE(group.at(3).promote());
    pass(group, 100);
    BOOST_REQUIRE((group.at(3).promotion().step == PromotionStep::fetching));
    BOOST_TEST(group.at(3).status().peers()[1].connected);
    pass(group, 2000);
    BOOST_TEST((group.at(3).promotion().error == Error::nodes_missing));
    BOOST_TEST(!group.at(3).status().peers()[1].connected);
    // Which hears that, and serves it no more.
    BOOST_TEST(!group.at(2).status().peers()[1].connected);
    const std::uint64_t stale = group.at(3).status().counters.frames_stale;
    std::uint64_t served = 0;
    group.network.loses = [&served](const support::Frame& frame) {
        served += frame.from == two && frame.to == three && frame.type() != FrameType::hello ? 1 : 0;
        return false;
    };
    pass(group, 2000);
    BOOST_TEST(served == 0u);
    BOOST_TEST(group.at(3).status().counters.frames_stale == stale);
}

// In whose epoch the first candidate cannot lead any more.
BOOST_AUTO_TEST_CASE(a_donor_that_promises_another_candidate_leaves_the_first) {
    support::Majority group(3);
    lose_leader_with_node_three_behind(group);
    std::optional<core::PromiseRequest> question;
    group.network.loses = [&question](const support::Frame& frame) {
        if (frame.type() == FrameType::promise_request && frame.to == two) {
            question = core::read_promise_request(frame.bytes.data());
        }
        return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
    BOOST_REQUIRE(group.at(3).promote());
    pass(group, 100);
    BOOST_REQUIRE((group.at(3).promotion().step == PromotionStep::fetching));
    BOOST_REQUIRE(group.at(2).status().peers()[1].connected);
    core::PromiseRequest higher = *question;
    higher.sender = one;
    higher.run = Run{3333};
    higher.epoch = {question->epoch.counter + 1, one, 1};
    BOOST_TEST(bool(group.at(2).receive(one, frame_of(higher))));
    BOOST_TEST(!group.at(2).status().peers()[1].connected);
    group.network.run();
    BOOST_TEST((group.at(3).promotion().error == Error::stale_epoch));
    group.network.woken_twice = group.network.not_woken = 0;
}

BOOST_AUTO_TEST_CASE(a_new_incarnation_need_not_wait_for_time_to_be_admitted) {
    support::Majority group(3);
    pass(group, 100);
    BOOST_REQUIRE(group.events_of(1).count("admitted 3") == 1u);
    group.start(3);
    group.network.run();
    BOOST_TEST(group.events_of(1).count("admitted 3") == 2u);
    BOOST_TEST(group.at(1).status().peers()[1].counts);
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_fenced_ends_its_links_and_says_hello_to_all) {
    support::Majority group(3);
    std::optional<core::Hello> hello;
    group.network.loses = [&hello](const support::Frame& frame) {
        const bool wanted = frame.type() == FrameType::hello && frame.from == three && frame.to == one;
        if (wanted) hello = core::read_hello(frame.bytes.data());
        return false;
    };
    group.network.cut(one, three);
    group.network.join(one, three);
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(hello);
    hello->promised = {9, three, 1};
    BOOST_TEST(bool(group.at(1).receive(three, support::hello_frame(*hello))));
    BOOST_TEST(group.at(1).role() == Role::follower);
    for (const PeerStatus& peer : group.at(1).status().peers()) BOOST_TEST(!peer.connected);
    group.network.collect();
    std::size_t hellos = 0;
    for (const support::Frame& frame : group.network.queue) {
        hellos += frame.from == one && frame.type() == FrameType::hello ? 1u : 0u;
    }
    BOOST_TEST(hellos == 2u);
    group.network.queue.clear();
}

BOOST_AUTO_TEST_SUITE_END()
