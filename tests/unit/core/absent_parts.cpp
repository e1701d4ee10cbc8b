// SPDX-License-Identifier: BSL-1.0
// Nodes without parts that others have: what is left works as ever, and what is gone takes no room.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

BOOST_AUTO_TEST_SUITE(absent_parts)

namespace {

using namespace replicator;
using support::one;
using support::pass;
using support::three;
using support::two;

template <class Limits, class Ack = ack::SemiSync<>>
using Node = support::Node<Ack, support::Sum, log::Ring<4096>, Limits>;
template <class Limits>
using Group = support::Cluster<Node<Limits>>;

struct Uncounted : support::Small {
    using Tallies = tallies::Absent;
};

struct Unpromoted : support::Small {
    using Promotion = promotion::Absent;
    using HandOver = hand_over::Absent;
};
struct Leads : Unpromoted {
    using Roles = roles::LeadsOnly;
};
struct Follows : Unpromoted {
    using Roles = roles::FollowsOnly;
};
struct Stateless : support::Small {
    using Snapshots = snapshots::Absent;
};
struct LeadsStateless : Leads {
    using Snapshots = snapshots::Absent;
};
struct FollowsStateless : Follows {
    using Snapshots = snapshots::Absent;
};
/// Follows, and has a voice in promotions.
struct Votes : support::Small {
    using Roles = roles::FollowsOnly;
};
struct KeepsItsPlace : support::Small {
    using HandOver = hand_over::Absent;
};

/// Gives each node whole frames, or what is left of them.
struct Packets : support::Network {
    static constexpr Delivers delivers = Delivers::frames;
};
template <class Limits>
using PacketNode = Replicator<support::Sum, log::Ring<4096>, ack::Async<>, Packets, Limits, support::Events>;

/// Asks for frames in each turn, whether it was woken or not.
struct Loop {
    static constexpr bool wakes = false;
    std::size_t woken = 0;
    template <class Any>
    void wake(Any&, NodeId) noexcept {
        ++woken;
    }
};

template <class AnyGroup>
void expect_writes_acknowledged(AnyGroup& group) {
    Ticket last{};
    for (std::uint64_t i = 0; i < 5; ++i) last = group.write(i);
    pass(group, 100);
    BOOST_TEST(group.acknowledged(last));
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

/// Two nodes of two types. Node 1 begins the history, if it can.
template <class First, class Second, class Network = support::Network>
struct Unlike {
    Unlike() {
        if constexpr (First::can_lead) BOOST_REQUIRE(first.bootstrap(HistoryId{77}));
        network.settle();
    }
    void pass(std::uint64_t time) { network.advance(milliseconds(time), milliseconds(10)); }

    Network network;
    support::Events first_events, second_events;
    const NodeId nodes[2] = {one, two};
    First first{network, {.node = one, .nodes = nodes, .run = Run{11}}, first_events};
    Second second{network, {.node = two, .nodes = nodes, .run = Run{12}}, second_events};
};

/// Both say why they do not talk, in these words.
template <class First, class Second>
void expect_refused(Error error) {
    Unlike<First, Second> group;
    group.pass(500);
    BOOST_TEST((group.first.status().peers()[0].refusal == error && group.second.status().peers()[0].refusal == error));
    BOOST_TEST((!group.first.status().peers()[0].connected && group.second.leader() == NodeId{}));
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_tallies_nothing_is_counted) {
    using Counts = std::remove_cvref_t<decltype(Node<Uncounted>::NodeStatus{}.counters)>;
    static_assert(std::is_same_v<Counts, NoCounters> && std::is_empty_v<NoCounters>);
    static_assert(sizeof(Node<Uncounted>) + sizeof(Counters) <= sizeof(Node<support::Small>));
    Group<Uncounted> group(2);
    expect_writes_acknowledged(group);
    BOOST_TEST((group.at(2).status().leader == one));
    pass(group, 2000);  // also late ticks are not counted
    expect_writes_acknowledged(group);
}

BOOST_AUTO_TEST_CASE(without_promotion_who_began_leads) {
    static_assert(sizeof(Node<Unpromoted>) < sizeof(Node<support::Small>));
    static_assert(!Node<Unpromoted>::can_be_promoted && !Node<Unpromoted>::can_hand_over);
    Group<Unpromoted> group(3);
    expect_writes_acknowledged(group);
    group.start(2);  // comes back blank, and counts again
    pass(group, 500);
    expect_writes_acknowledged(group);
    BOOST_TEST((group.at(2).leader() == one && group.at(3).leader() == one));
    BOOST_TEST((group.at(1).promotion().step == PromotionStep::none));
    BOOST_TEST((group.at(1).drain_status().step == DrainStep::none));
}

BOOST_AUTO_TEST_CASE(one_epoch_answers_as_the_only_one_of_several) {
    const Epoch epochs[] = {{}, {1, one, 5}, {2, one, 5}, {3, two, 7}};
    core::Epochs<1> single;
    core::Epochs<2> several;
    const auto expect_equal = [&] {
        BOOST_TEST((single.last() == several.last() && single.all().size() == several.all().size()));
        for (Index index; index < Index{5}; ++index) {
            BOOST_TEST((single.at(index) == several.at(index)));
            for (const Epoch epoch : epochs) {
                for (Index end; end < Index{5}; ++end) {
                    BOOST_TEST((single.excludes({epoch, index}, end) == several.excludes({epoch, index}, end)));
                    BOOST_TEST((single.newest_at_or_below({epoch, index}, end) ==
                                several.newest_at_or_below({epoch, index}, end)));
                }
            }
        }
    };
    const auto change_both = [&](auto change) {
        change(single), change(several);
        expect_equal();
    };
    expect_equal();
    change_both([&](auto& each) { each.push({epochs[2], Index{1}, Chain{9}, false}); });
    change_both([](auto& each) { each.cut(Index{2}); });
    change_both([](auto& each) { each.cut(Index{1}); });
    change_both([&](auto& each) { each.push({epochs[2], Index{1}, Chain{9}, false}); });
    change_both([](auto& each) { each.begin({}, {}, {}); });
}

BOOST_AUTO_TEST_CASE(a_group_with_promotions_refuses_a_node_without) {
    expect_refused<Node<support::Small>, Node<Unpromoted>>(Error::wrong_parts);
    expect_refused<Node<Unpromoted>, Node<support::Small>>(Error::wrong_parts);
}

BOOST_AUTO_TEST_CASE(who_cannot_hand_over_is_led_and_promoted_like_others) {
    Group<KeepsItsPlace> group(3);
    expect_writes_acknowledged(group);
    group.stop(1);
    pass(group, 500);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1500);
    BOOST_TEST((group.at(2).role() == Role::leader));
    Unlike<Node<support::Small>, Node<KeepsItsPlace>> pair;
    pair.pass(100);
    BOOST_REQUIRE(pair.first.hand_over(two));
    pair.pass(500);
    BOOST_TEST((pair.second.role() == Role::leader && pair.first.leader() == two));
}

BOOST_AUTO_TEST_CASE(one_leads_and_the_other_follows) {
    static_assert(sizeof(Node<Leads>) < sizeof(Node<Unpromoted>) && sizeof(Node<Follows>) < sizeof(Node<Unpromoted>));
    static_assert(!Node<Follows>::can_lead && !Node<Votes>::can_be_promoted && !Node<Votes>::can_hand_over);
    Unlike<Node<Leads>, Node<Follows>> pair;
    std::vector<std::uint64_t> written;
    Ticket last{};
    // More than the log has room for, so that it comes around.
    for (std::uint64_t i = 0; i < 300; ++i) {
        const auto ticket = pair.first.write({i});
        BOOST_REQUIRE(ticket);
        written.push_back(i);
        last = *ticket;
        pair.network.settle();
    }
    pair.pass(100);
    BOOST_TEST((pair.first.outcome(last).state == WriteState::acknowledged && pair.first.outcome(last).result_kept));
    BOOST_TEST((pair.first.role() == Role::leader && pair.second.role() == Role::follower));
    BOOST_TEST((pair.second.state() == support::sum_of(written) && pair.second.leader() == one));
    BOOST_TEST((pair.second.acknowledged() == Index{} && !pair.second.confirmed() && pair.first.confirmed()));
    BOOST_TEST((pair.first.status().satisfiable && !pair.second.status().satisfiable));
}

BOOST_AUTO_TEST_CASE(a_follower_that_was_away_is_sent_a_state) {
    Unlike<Node<Leads, ack::Async<>>, Node<Follows, ack::Async<>>> pair;
    std::vector<std::uint64_t> written;
    pair.network.cut(one, two);
    for (std::uint64_t i = 0; i < 300; ++i) {
        BOOST_REQUIRE(pair.first.write({i}));
        written.push_back(i);
    }
    pair.pass(1000);
    pair.network.join(one, two);
    pair.pass(1000);
    BOOST_TEST((pair.second.state() == support::sum_of(written)));
    BOOST_TEST(pair.first.status().peers()[0].snapshots == 1u);
}

BOOST_AUTO_TEST_CASE(nodes_of_the_same_one_role_refuse_each_other) {
    expect_refused<Node<Leads>, Node<Leads>>(Error::wrong_parts);
    expect_refused<Node<Follows>, Node<Follows>>(Error::wrong_parts);
}

BOOST_AUTO_TEST_CASE(who_leads_refuses_a_node_that_cannot_follow) {
    expect_refused<Node<Unpromoted>, Node<Leads>>(Error::wrong_parts);
}

BOOST_AUTO_TEST_CASE(who_never_leads_promises_and_gives_what_a_candidate_lacks) {
    using Any = Node<support::Small, ack::Majority<>>;
    using Voter = Node<Votes, ack::Majority<>>;
    support::Network network;
    support::Events events[3];
    const NodeId nodes[] = {one, two, three};
    std::optional<Any> first;
    first.emplace(network, Config{.node = one, .nodes = nodes, .run = Run{11}}, events[0]);
    Any second{network, {.node = two, .nodes = nodes, .run = Run{12}}, events[1]};
    Voter third{network, {.node = three, .nodes = nodes, .run = Run{13}}, events[2]};
    const auto pass = [&network](std::uint64_t time) { network.advance(milliseconds(time), milliseconds(10)); };
    BOOST_REQUIRE(first->bootstrap(HistoryId{77}));
    pass(200);
    BOOST_TEST((first->hand_over(three).error() == Error::not_enough_followers));  // it cannot lead
    network.cut(one, two);
    const auto ticket = first->write({5});
    pass(50);
    BOOST_REQUIRE((first->outcome(*ticket).state == WriteState::acknowledged));  // on nodes 1 and 3 alone
    const Position last = first->last();
    first.reset();
    BOOST_REQUIRE(second.promote());
    pass(2000);
    BOOST_TEST((second.role() == Role::leader && third.leader() == two && third.role() == Role::follower));
    BOOST_TEST((last < second.last() && second.state().count == 1u && third.state() == second.state()));
    BOOST_REQUIRE(second.drain(milliseconds(300)));
    pass(500);
    const DrainStatus drained = second.drain_status();
    BOOST_TEST((drained.step == DrainStep::late && second.role() == Role::leader));
    BOOST_TEST((drained.error == Error::not_enough_followers && drained.successor == NodeId{}));
}

BOOST_AUTO_TEST_CASE(without_snapshots_the_log_helps_whoever_it_reaches) {
    static_assert(sizeof(Node<Stateless>) < sizeof(Node<support::Small>));
    Group<Stateless> group(3);
    expect_writes_acknowledged(group);
    group.start(3);
    pass(group, 500);
    expect_writes_acknowledged(group);
    BOOST_TEST((group.at(3).state() == support::sum_of(group.written)));
    group.stop(1);
    pass(group, 500);
    support::promote(group, 2);
    pass(group, 100);
    BOOST_TEST((group.at(3).leader() == two));
    expect_refused<Node<support::Small>, Node<Stateless>>(Error::wrong_parts);
}

template <class First, class Second>
void expect_out_of_reach() {
    Unlike<First, Second> pair;
    std::vector<std::uint64_t> written;
    const auto write = [&](std::uint64_t add) {
        BOOST_REQUIRE(pair.first.write({add}));
        written.push_back(add);
    };
    write(1);
    pair.pass(100);
    BOOST_TEST((pair.second.state() == support::sum_of(written)));
    pair.network.cut(one, two);
    for (std::uint64_t i = 0; i < 300; ++i) write(i);
    // Also a link that still stands is over.
    pair.network.join(one, two);
    pair.pass(3000);
    BOOST_TEST((pair.second.state().count == 1u));
    BOOST_TEST((pair.first.status().peers()[0].refusal == Error::out_of_reach));
    BOOST_TEST((pair.first.status().peers()[0].state == FollowerState::refused));
    BOOST_TEST((pair.second.status().peers()[0].refusal == Error::out_of_reach));
    // It is said once, however often the follower asks.
    BOOST_TEST((pair.first_events.count("refused 2: ") == 1u && pair.second_events.count("refused 1: ") == 1u));
    write(5);  // goes on
    BOOST_TEST((pair.first.state() == support::sum_of(written)));
}

BOOST_AUTO_TEST_CASE(without_snapshots_who_is_too_far_behind_is_refused) {
    expect_out_of_reach<Node<Stateless, ack::Async<>>, Node<Stateless, ack::Async<>>>();
    expect_out_of_reach<Node<LeadsStateless, ack::Async<>>, Node<FollowsStateless, ack::Async<>>>();
}

BOOST_AUTO_TEST_CASE(of_whole_frames_nothing_is_put_together) {
    static_assert(sizeof(PacketNode<Follows>) + support::Small::snapshot_piece_bytes_max <=
                  sizeof(Node<Follows, ack::Async<>>));
    Unlike<PacketNode<Leads>, PacketNode<Follows>, Packets> pair;
    std::vector<std::uint64_t> written;
    std::size_t cut = 0;
    // About every third frame comes without its end.
    pair.network.loses = [&](const support::Frame& frame) {
        const std::uint64_t drawn = core::mix(++cut, 1);
        if (drawn % 3 != 0) return false;
        support::Frame part = frame;
        part.bytes.resize(drawn / 3 % frame.bytes.size());
        pair.network.inject(part);
        return true;
    };
    const auto write = [&](std::uint64_t add) {
        BOOST_REQUIRE(pair.first.write({add}));
        written.push_back(add);
    };
    for (std::uint64_t i = 0; i < 100; ++i) write(i), pair.pass(10);
    pair.pass(2000);
    BOOST_TEST((pair.second.state() == support::sum_of(written)));
    pair.network.cut(one, two);
    for (std::uint64_t i = 0; i < 300; ++i) write(i);
    pair.pass(1000);
    pair.network.join(one, two);
    pair.pass(3000);
    BOOST_TEST((pair.second.state() == support::sum_of(written)));
    BOOST_TEST(pair.first.status().peers()[0].snapshots > 0u);
    for (const std::string& error : pair.network.errors) BOOST_TEST(error == to_string(Error::corrupt));
    BOOST_TEST(!pair.network.errors.empty());
}

BOOST_AUTO_TEST_CASE(a_transport_that_asks_anyway_is_not_woken) {
    using Looped = Replicator<support::Sum, log::Ring<4096>, ack::Async<>, Loop, support::Small>;
    Loop loop;
    const NodeId nodes[] = {one, two};
    Looped first{loop, {.node = one, .nodes = nodes, .run = Run{11}}};
    Looped second{loop, {.node = two, .nodes = nodes, .run = Run{12}}};
    BOOST_REQUIRE(first.bootstrap(HistoryId{77}));
    BOOST_REQUIRE(first.write({5}));
    std::array<std::byte, Looped::transmit_bytes_min> buffer{};
    for (std::uint64_t time = 1; time < 50; ++time) {
        first.tick(Instant{} + milliseconds(10 * time));
        second.tick(Instant{} + milliseconds(10 * time));
        while (const std::size_t size = first.transmit(two, buffer)) {
            BOOST_REQUIRE(second.receive(one, std::span(buffer).first(size)));
        }
        while (const std::size_t size = second.transmit(one, buffer)) {
            BOOST_REQUIRE(first.receive(two, std::span(buffer).first(size)));
        }
    }
    BOOST_TEST((second.state() == first.state() && second.state().count == 1u));
    BOOST_TEST(loop.woken == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
