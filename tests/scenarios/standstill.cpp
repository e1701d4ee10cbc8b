// SPDX-License-Identifier: BSL-1.0
// A group that could go on goes on: whoever dies between two steps of a takeover, however often a promotion was in
// vain, and whoever is known to be down.

#include "support/cluster.hpp"
#include "support/disk_group.hpp"

#include <replicator/log/memory.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(standstill_scenarios)

namespace {

constexpr std::uint64_t patience = (Small::failure_timeout.microseconds + Small::promotion_timeout.microseconds) / 1000;

/// The node that leads; 0 for nobody.
template <class Group>
std::size_t who_leads(Group& group) {
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        if (group.nodes[i - 1] && group.at(i).role() == Role::leader) return i;
    }
    return 0;
}

/// The process of a node ends, and its peers hear that the connection broke.
template <class Group>
void kill(Group& group, std::size_t node) {
    group.stop(node);
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        if (i != node && group.nodes[i - 1]) group.at(i).disconnected(Group::id(node));
    }
}

/// Somebody must lead within the time that is promised, and acknowledge a write.
template <class Group>
void expect_goes_on(Group& group) {
    std::size_t leader = 0;
    for (std::uint64_t passed = 0; passed < patience && leader == 0; passed += 10) {
        pass(group, 10);
        leader = who_leads(group);
    }
    BOOST_TEST_REQUIRE(leader != 0u);
    const Ticket ticket = write_at(group, leader, 1'000);
    group.written.push_back(1'000);
    pass(group, 300);
    BOOST_TEST((group.at(leader).outcome(ticket).state == WriteState::acknowledged));
    BOOST_TEST((group.at(leader).state() == sum_of(group.written)));
}

/// A hand-over to node 2, which dies after so many frames: false when it led before that.
template <class Group>
bool hand_over_and_die(std::size_t frames, std::size_t nodes) {
    Group group(nodes);
    group.write(5);
    pass(group, 500);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    group.network.run_some(frames);
    if (group.at(2).role() == Role::leader) return false;
    group.network.queue.clear();
    kill(group, 2);
    expect_goes_on(group);
    group.start(2);
    pass(group, 2'000);
    expect_all_equal(group);
    return true;
}

/// A leader and a third node that a candidate has bound, before it died.
struct Fenced : Majority {
    Fenced() : Majority(3) {
        write(5);
        pass(*this, 500);
        network.loses = [](const Frame& frame) {
            return frame.type() == FrameType::promise_reply &&
                   core::read_promise_reply(frame.bytes.data()).promised.node == two;
        };
        BOOST_REQUIRE(at(2).promote());
        pass(*this, 20);
        BOOST_REQUIRE(at(1).role() == Role::follower);
        network.loses = nullptr;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_successor_that_dies_at_any_step_leaves_a_leader) {
    std::size_t steps = 0;
    for (; hand_over_and_die<Majority>(steps, 3); ++steps) BOOST_TEST_REQUIRE(steps < 100u);
    BOOST_TEST(steps > 3u);
    for (steps = 0; hand_over_and_die<Majority>(steps, 5); ++steps) BOOST_TEST_REQUIRE(steps < 100u);
    for (steps = 0; hand_over_and_die<SemiSync>(steps, 3); ++steps) BOOST_TEST_REQUIRE(steps < 100u);
    for (steps = 0; hand_over_and_die<SemiSync>(steps, 4); ++steps) BOOST_TEST_REQUIRE(steps < 100u);
}

BOOST_AUTO_TEST_CASE(a_successor_that_binds_a_third_node_and_dies_leaves_a_leader) {
    Majority group(3);
    group.write(5);
    pass(group, 500);
    BOOST_REQUIRE(group.at(1).hand_over(two));
    group.network.run_between(one, two);
    // What was for the old leader never left; the third node promised.
    group.network.loses = [](const Frame& frame) { return frame.to == one; };
    group.network.run_some(100);
    group.network.loses = nullptr;
    if (group.at(2).role() != Role::leader) kill(group, 2);
    expect_goes_on(group);
}

BOOST_AUTO_TEST_CASE(a_candidate_of_a_person_that_dies_after_binding_leaves_the_old_leader) {
    Fenced group;
    kill(group, 2);
    expect_goes_on(group);
    BOOST_TEST(group.at(1).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(a_candidacy_that_ends_without_a_leader_leaves_the_old_one) {
    Fenced group;
    isolate(group, 2);
    pass(group, 20);
    BOOST_TEST(who_leads(group) == 0u);
    expect_goes_on(group);
}

BOOST_AUTO_TEST_CASE(who_was_fenced_gives_way_to_a_candidate_that_is_under_way) {
    Fenced group;
    // Node 2 is alive, but never hears a promise for its epoch.
    group.network.loses = [](const Frame& frame) {
        return frame.type() == FrameType::promise_reply && frame.to == two;
    };
    pass(group, 700);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(group.at(1).promotion().error == Error::busy);
    BOOST_TEST((group.at(2).promotion().step == PromotionStep::promising));
    // Nobody was bound by the one that gave way.
    BOOST_TEST(group.at(3).status().promised.node == two);
    group.network.loses = nullptr;
    pass(group, 200);
    BOOST_TEST(group.at(2).role() == Role::leader);
    pass(group, 3'000);
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(1).leader() == two);
}

BOOST_AUTO_TEST_CASE(who_was_fenced_does_not_lead_after_somebody_else_did) {
    Majority group(3);
    group.write(5);
    pass(group, 500);
    group.network.cut(one, two);
    // Node 2 leads, and only node 3 hears of it; the old leader learns nothing but the promise.
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 50);
    BOOST_REQUIRE(group.at(2).role() == Role::leader);
    BOOST_REQUIRE(group.at(1).role() == Role::follower);
    kill(group, 2);
    pass(group, 5'000);
    BOOST_TEST(who_leads(group) == 0u);
    BOOST_TEST(group.at(1).promotion().error == Error::stale_epoch);
    promote(group, 3);
    pass(group, 500);
    BOOST_TEST((group.at(1).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(who_was_fenced_does_not_lead_although_it_alone_would_do) {
    // Under this policy one node is enough for a promotion without loss, so its own answer suffices.
    Sync group(3);
    group.write(5);
    pass(group, 500);
    group.network.pause(one);
    pass(group, 700);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 100);
    BOOST_REQUIRE(group.at(2).role() == Role::leader);
    // It goes on, hears that it is fenced before it is told the time, and cannot hear by whom.
    group.network.resume(one);
    group.network.loses = [](const Frame& frame) {
        return frame.type() == FrameType::hello && frame.from == two && frame.to == one;
    };
    group.at(3).connected(one);
    group.network.run();
    BOOST_REQUIRE(group.at(1).role() == Role::follower);
    group.network.tick(milliseconds(10));
    group.network.run();
    BOOST_TEST((group.at(1).promotion().step == PromotionStep::none));  // the time of its sleep does not count
    pass(group, 1'500);
    BOOST_TEST(group.at(1).promotion().error == Error::stale_epoch);
    BOOST_TEST(group.at(2).role() == Role::leader);
    group.network.loses = nullptr;
    pass(group, 1'000);
    BOOST_TEST(group.at(1).leader() == two);
    BOOST_TEST(group.at(2).confirmed());
}

BOOST_AUTO_TEST_CASE(a_person_need_not_wait_for_nodes_that_are_known_to_be_down) {
    SemiSync group(4);
    group.write(5);
    pass(group, 500);
    for (const std::size_t node : {1u, 3u}) kill(group, node);
    pass(group, 700);
    BOOST_REQUIRE(group.at(2).promote({.may_lose = true}));
    pass(group, 20);
    BOOST_TEST(group.at(2).role() == Role::leader);
    BOOST_TEST(group.at(2).promotion().forced);
    BOOST_TEST(group.at(2).promotion().heard == 2u);
}

BOOST_AUTO_TEST_CASE(a_person_waits_for_nodes_that_may_only_be_slow) {
    // A connection that is open, and one that broke a moment ago.
    for (const bool open : {true, false}) {
        SemiSync group(3);
        group.write(5);
        pass(group, 500);
        group.at(2).connected(one);
        group.at(2).connected(three);
        group.network.pause(one);
        group.network.pause(three);
        if (open) pass(group, 700);
        if (!open) {
            group.at(2).disconnected(one);
            group.at(2).disconnected(three);
        }
        BOOST_REQUIRE(group.at(2).promote({.may_lose = true}));
        pass(group, 300);
        BOOST_TEST(group.at(2).role() == Role::follower);
        group.network.resume(three);  // which is heard, and makes it a promotion without loss
        pass(group, 50);
        BOOST_TEST(group.at(2).role() == Role::leader);
        BOOST_TEST(!group.at(2).promotion().forced);
    }
}

BOOST_AUTO_TEST_CASE(a_node_that_just_started_takes_nobody_for_down) {
    SemiSync group(3);
    group.write(5);
    pass(group, 500);
    kill(group, 1);
    kill(group, 3);
    pass(group, 700);
    group.network.tick(milliseconds(400));  // this node itself was away
    BOOST_REQUIRE(group.at(2).promote({.may_lose = true}));
    pass(group, 300);
    BOOST_TEST(group.at(2).role() == Role::follower);
    pass(group, 300);
    BOOST_TEST(group.at(2).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(a_leader_that_is_cut_off_vouches_for_nothing) {
    const auto check = [](auto&& group, std::size_t left) {
        group.write(5);
        pass(group, 500);
        BOOST_TEST(group.at(1).confirmed());
        BOOST_TEST(group.at(1).status().confirmed);
        for (std::size_t i = 2; i < 2 + left; ++i) group.network.cut(one, group.id(i), false);
        pass(group, 400);
        BOOST_TEST(group.at(1).confirmed());
        pass(group, 200);
        BOOST_TEST(group.at(1).role() == Role::leader);
        BOOST_TEST(!group.at(1).confirmed());
        BOOST_TEST(!group.at(1).status().confirmed);
        for (std::size_t i = 2; i < 2 + left; ++i) group.network.join(one, group.id(i));
        pass(group, 300);
        BOOST_TEST(group.at(1).confirmed());
    };
    check(SemiSync(2), 1);
    check(SemiSync(3), 2);
    check(Majority(3), 2);
    check(Majority(5), 3);
    check(Sync(3), 1);
}

BOOST_AUTO_TEST_CASE(a_leader_with_enough_nodes_vouches_and_one_that_slept_does_not) {
    Majority group(5);
    group.write(5);
    pass(group, 500);
    group.network.cut(one, four, false);
    group.network.cut(one, five, false);
    pass(group, 3'000);
    BOOST_TEST(group.at(1).confirmed());
    // Its process was stopped: the last tick is long ago, and others may have led since.
    BOOST_TEST(!group.at(1).confirmed(group.network.now() + milliseconds(600)));
    BOOST_TEST(group.at(1).confirmed(group.network.now() + milliseconds(300)));

    // Alone, a leader may acknowledge here, so nobody has to answer it.
    Async alone(3);
    alone.write(5);
    pass(alone, 500);
    isolate(alone, 1);
    pass(alone, 3'000);
    BOOST_TEST(alone.at(1).confirmed());
}

namespace {

/// Nodes 1 and 2 of a synchronous group of three, of which the third is away, are promoted in turn, `count` times; a
/// write is tried each time, which nobody can acknowledge. Returns how many promotions led.
template <class Group>
std::size_t promote_in_vain(Group& group, std::size_t count) {
    std::size_t led = 0;
    for (std::size_t i = 0; i < count; ++i) {
        const std::size_t node = 1 + i % 2;
        if (group.at(node).role() == Role::leader) continue;
        const Epoch promised = group.at(3 - node).status().promised;
        BOOST_TEST_REQUIRE(bool(group.at(node).promote()));
        group.network.run();
        if (group.at(node).role() == Role::leader) {
            ++led;
            static_cast<void>(group.at(node).write({7}));
            group.network.run();
        } else {
            BOOST_TEST_REQUIRE(group.at(node).promotion().error == Error::log_full);
            BOOST_TEST_REQUIRE((group.at(3 - node).status().promised == promised));  // nobody was bound
        }
        if (i % 100 == 0) pass(group, 10);
    }
    return led;
}

template <class Log>
void fill_and_come_back(std::size_t count, bool leader_stays) {
    Cluster<Node<ack::Sync<>, Sum, Log>> group(3);
    group.write(5);
    pass(group, 500);
    for (const std::size_t node : {1u, 2u}) group.network.cut(Cluster<Node<ack::Sync<>, Sum, Log>>::id(node), three);
    pass(group, 700);
    const std::size_t led = promote_in_vain(group, count);
    BOOST_TEST(led > 5u);
    BOOST_TEST(led < count / 2);  // what nobody else holds yet is cut, so not each of them takes room
    if (!leader_stays) {
        // The one that led last is away for a while, and another one has to lead.
        const std::size_t last = who_leads(group);
        isolate(group, last);
        group.network.join(Cluster<Node<ack::Sync<>, Sum, Log>>::id(3 - last), three);
        pass(group, 1'000);
        BOOST_REQUIRE(group.at(3 - last).promote());
        pass(group, 1'500);
        BOOST_TEST(group.at(3 - last).role() == Role::follower);
        BOOST_TEST(group.at(3 - last).promotion().error == Error::log_full);
        join_all(group);
        BOOST_REQUIRE(group.at(3 - last).promote());
        pass(group, 50);
        BOOST_TEST(group.at(3 - last).role() == Role::leader);
    }
    join_all(group);
    pass(group, 1'500);
    const std::size_t leader = who_leads(group);
    BOOST_TEST_REQUIRE(leader != 0u);
    const Ticket ticket = write_at(group, leader, 9);
    pass(group, 500);
    BOOST_TEST((group.at(leader).outcome(ticket).state == WriteState::acknowledged));
    expect_all_equal(group);
}

}  // namespace

BOOST_AUTO_TEST_CASE(logs_that_are_full_of_promotions_do_not_stand_still) {
    fill_and_come_back<log::Ring<4096>>(10'000, true);
    fill_and_come_back<log::Ring<2048>>(1'000, false);
    fill_and_come_back<log::Memory<8192, 1024, 512>>(1'000, true);
    fill_and_come_back<log::Memory<8192, 1024, 512>>(1'000, false);
}

BOOST_AUTO_TEST_CASE(logs_on_disks_that_are_full_of_promotions_do_not_stand_still) {
    DiskGroup<DiskNode<ack::Sync<>>> group(3);
    group.write(1, 5);
    pass(group, 500);
    for (const NodeId node : {one, two}) group.network.cut(node, three);
    pass(group, 700);
    BOOST_TEST(promote_in_vain(group, 2'000) < 1'000u);
    BOOST_TEST(group.at(2).promotion().error == Error::log_full);
    // All lose power, and come back with their full logs.
    for (std::size_t i = 1; i <= 3; ++i) group.crash(i, 7);
    for (std::size_t i = 1; i <= 3; ++i) group.start(i);
    join_all(group);
    pass(group, 200);
    promote(group, 2);
    const Ticket ticket = write_at(group, 2, 9);
    pass(group, 1'000);
    BOOST_TEST((group.at(2).outcome(ticket).state == WriteState::acknowledged));
    expect_all_equal(group);
}

BOOST_AUTO_TEST_CASE(a_person_may_lead_a_full_log_where_the_others_were_replaced) {
    // Nodes 1 and 3 are destroyed; what replaces them is blank, and only a person can admit it.
    Cluster<Node<ack::Sync<>, Sum, log::Ring<2048>>> group(3);
    group.write(5);
    pass(group, 500);
    for (const NodeId node : {one, two}) group.network.cut(node, three);
    pass(group, 700);
    promote_in_vain(group, 200);
    BOOST_REQUIRE(group.at(1).role() == Role::leader);
    kill(group, 1);
    pass(group, 700);
    BOOST_REQUIRE(group.at(2).promote({.may_lose = true}));
    pass(group, 1'500);
    BOOST_TEST(group.at(2).promotion().error == Error::log_full);  // alone, it could not free the log
    group.start(1);
    group.start(3);
    join_all(group);
    pass(group, 1'000);
    promote(group, 2, {.may_lose = true});
    BOOST_REQUIRE(group.at(2).admit(one));
    BOOST_REQUIRE(group.at(2).admit(three));
    pass(group, 1'000);
    const Ticket ticket = write_at(group, 2, 9);
    pass(group, 500);
    BOOST_TEST((group.at(2).outcome(ticket).state == WriteState::acknowledged));
    expect_all_equal(group);
}

BOOST_AUTO_TEST_SUITE_END()
