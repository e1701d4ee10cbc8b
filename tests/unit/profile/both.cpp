// SPDX-License-Identifier: BSL-1.0
// One program for two nodes, compiled for a group and for a pair: only the type of the options differs.

#include <replicator/profile/pair.hpp>
#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <tuple>
#include <vector>

BOOST_AUTO_TEST_SUITE(both_profiles)

using namespace replicator;

namespace {

/// Adds numbers; its state depends on their order.
struct Sum {
    struct Command {
        std::uint32_t add;
    };
    std::uint32_t total = 0;
    std::uint32_t count = 0;

    std::uint32_t apply(const Command& command) {
        ++count;
        return total = total * 3 + command.add;
    }
};
std::uint32_t sum_of(const std::vector<std::uint32_t>& commands) {
    Sum sum;
    for (const std::uint32_t add : commands) sum.apply({add});
    return sum.total;
}

struct Seen {
    std::vector<Position> positions;
    std::vector<std::uint32_t> discarded;
    std::vector<Role> roles;
    std::vector<NodeId> leaders;
    Epoch epoch;

    void on_discarded(Position position, const Sum::Command& command) {
        positions.push_back(position);
        discarded.push_back(command.add);
    }
    void on_role(Role role, Epoch opened) {
        roles.push_back(role);
        epoch = opened;
    }
    void on_leader(NodeId leader, Epoch) { leaders.push_back(leader); }
};

template <class Profile>
struct Small : Profile {
    static constexpr bool can_drain = true;
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t command_bytes_max = 16;
    static constexpr std::size_t writes_pending_max = 16;
};

template <class Profile, class Ack = ack::SemiSync<>>
struct Two {
    using Node = Replicator<Sum, log::Ring<4096>, Ack, transport::Memory, Small<Profile>, Seen>;
    static constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

    transport::Memory network;
    Seen first_saw, second_saw;
    std::uint64_t run = 1;
    std::optional<Node> first, second;

    Two() {
        restart(first, nodes[0], first_saw);
        restart(second, nodes[1], second_saw);
    }
    void restart(std::optional<Node>& node, NodeId id, Seen& saw) {
        node.reset();
        const Config config{.node = id, .nodes = nodes, .run = Run{run++}};
        node.emplace(network, config, saw);
    }
    void settle() { network.advance(milliseconds(300)); }
    void cut() {
        network.cut(nodes[0], nodes[1]);
        network.advance(milliseconds(700));
    }
    void join() {
        network.join(nodes[0], nodes[1]);
        network.advance(milliseconds(1500));
    }
    /// The first one leads, and the second one has everything.
    void begin() {
        BOOST_REQUIRE(first->bootstrap(HistoryId{7}));
        settle();
    }
    void lead(Node& node, const PromotionOptions& options = {}) {
        static_cast<void>(node.promote(options));
        settle();
    }
};

using Profiles = std::tuple<Options, profile::Pair>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(promises_are_constants, Profile, Profiles) {
    using Semi = typename Two<Profile>::Node;
    using Async = typename Two<Profile, ack::Async<>>::Node;
    static_assert(Semi::guarantee(2) == Guarantee{Stage::received, 2, 2, 1, 1});
    static_assert(Async::guarantee(2) == Guarantee{Stage::received, 2, 1, 0, 2});
    static_assert(Semi::guarantee() == Semi::guarantee(2));
    static_assert(Semi::stage == Stage::received);
    static_assert(Semi::command_bytes_max == sizeof(Sum::Command));
    BOOST_TEST(Semi::transmit_bytes_min > 0u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_write_is_acknowledged_and_has_a_result, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    const Result<Ticket> ticket = two.first->write({5});
    BOOST_REQUIRE(ticket);
    BOOST_TEST((two.first->outcome(*ticket).state == WriteState::pending));
    BOOST_TEST((two.second->read(ticket->position).error() == Error::not_yet));
    two.settle();
    const auto outcome = two.first->outcome(*ticket);
    BOOST_TEST((outcome.state == WriteState::acknowledged));
    BOOST_TEST((outcome.acknowledgement.position == ticket->position));
    BOOST_TEST((outcome.acknowledgement.stage == Stage::received));
    BOOST_TEST(outcome.acknowledgement.holders == 2u);
    BOOST_TEST(!outcome.acknowledgement.degraded);
    BOOST_TEST(outcome.result_kept);
    BOOST_TEST(outcome.result == 5u);
    BOOST_TEST(two.second->state().total == 5u);
    BOOST_TEST((*two.second->read(ticket->position))->total == 5u);
    BOOST_TEST((two.second->outcome(*ticket).state == WriteState::unknown));
    BOOST_TEST((two.first->last() == ticket->position));
    BOOST_TEST((two.second->last() == ticket->position));
    BOOST_TEST((two.second->position() == ticket->position));
    BOOST_TEST((two.first->acknowledged() == ticket->position.index));
    BOOST_TEST((two.second->applied() == ticket->position.index));
    BOOST_TEST((two.second->commit() == ticket->position.index));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(results_are_kept_for_a_while, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    const Ticket early = *two.first->write({1});
    two.settle();
    for (std::uint32_t i = 0; i < 200; ++i) {
        const Result<Ticket> ticket = two.first->write({i});
        BOOST_REQUIRE(ticket);
        two.settle();
        BOOST_TEST(two.first->outcome(*ticket).result == two.first->state().total);
    }
    BOOST_TEST((two.first->outcome(early).state == WriteState::acknowledged));
    BOOST_TEST(!two.first->outcome(early).result_kept);
    BOOST_TEST(two.second->state().total == two.first->state().total);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(calls_are_refused_by_name, Profile, Profiles) {
    Two<Profile> two;
    BOOST_TEST((two.first->write({1}).error() == Error::not_leader));
    BOOST_TEST((two.first->promote().error() == Error::not_bootstrapped));
    BOOST_TEST((two.first->hand_over(two.nodes[1]).error() == Error::not_leader));
    BOOST_TEST((two.first->receive(NodeId{9}, {}).error() == Error::wrong_node));
    two.begin();
    BOOST_TEST((two.first->bootstrap(HistoryId{8}).error() == Error::already_bootstrapped));
    BOOST_TEST((two.second->bootstrap(HistoryId{8}).error() == Error::already_bootstrapped));
    BOOST_TEST((two.second->write({1}).error() == Error::not_leader));
    BOOST_TEST((two.first->hand_over(NodeId{9}).error() == Error::not_enough_followers));
    BOOST_TEST((two.second->leader() == two.nodes[0]));
    two.cut();
    Error refused = Error::none;
    for (int i = 0; i < 1000 && refused == Error::none; ++i) refused = two.first->write({1}).error();
    BOOST_TEST((refused == Error::busy));
    BOOST_TEST((two.first->hand_over(two.nodes[1]).error() == Error::not_enough_followers));
    BOOST_TEST((two.second->leader() == NodeId{}));
    BOOST_TEST(!two.first->confirmed());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_status_tells_what_people_look_at, Profile, Profiles) {
    Two<Profile> two;
    BOOST_TEST((two.first->status().role == Role::follower));
    two.settle();
    BOOST_TEST((two.first->status().peers()[0].blank == std::optional(true)));
    two.begin();
    BOOST_REQUIRE(two.first->write({4}));
    two.settle();
    const auto status = two.first->status();
    BOOST_TEST((status.node == two.nodes[0]));
    BOOST_TEST((status.role == Role::leader));
    BOOST_TEST((status.fault == Error::none));
    BOOST_TEST((status.leader == two.nodes[0]));
    BOOST_TEST((status.epoch == two.first_saw.epoch));
    BOOST_TEST((status.last == two.first->last().index));
    BOOST_TEST((status.committed == status.last));
    BOOST_TEST((status.acknowledged == status.last));
    BOOST_TEST((status.applied == status.last));
    BOOST_TEST(status.writes_pending == 0u);
    BOOST_TEST(status.satisfiable);
    BOOST_TEST(status.confirmed);
    BOOST_TEST(!status.handing_over);
    BOOST_TEST((status.promotion == PromotionStep::none));
    BOOST_TEST(!status.installing);
    BOOST_TEST(status.counters.frames_corrupt == 0u);
    BOOST_TEST(status.counters.refusals == 0u);
    BOOST_TEST(status.peers().size() == 1u);
    for (const auto& peer : two.first->status().peers()) {
        BOOST_TEST((peer.node == two.nodes[1]));
        BOOST_TEST(peer.connected);
        BOOST_TEST(peer.counts);
        BOOST_TEST((peer.refusal == Error::none));
        BOOST_TEST((peer.received == std::optional(status.last)));
    }
    two.cut();
    BOOST_TEST(!two.first->status().satisfiable);
    BOOST_TEST(!two.first->status().peers()[0].connected);
    BOOST_TEST((two.first->status().peers()[0].blank == std::nullopt));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_promotion_loses_nothing_and_hands_back_the_rest, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    const Ticket kept = *two.first->write({1});
    two.settle();
    two.cut();
    const Ticket lost = *two.first->write({2});
    two.lead(*two.second);
    BOOST_TEST((two.second->role() == Role::leader || two.second->promotion().step != PromotionStep::leading));
    if (two.second->role() != Role::leader) two.lead(*two.second, {.may_lose = true});  // a group asks the other first
    BOOST_REQUIRE((two.second->role() == Role::leader));
    BOOST_TEST((two.second->promotion().step == PromotionStep::leading));
    BOOST_TEST((two.second->promotion().epoch == two.second_saw.epoch));
    BOOST_REQUIRE(two.second->write({3}));
    two.join();
    BOOST_TEST((two.first->role() == Role::follower));
    BOOST_TEST(two.first->state().total == sum_of({1, 3}));
    BOOST_TEST(two.second->state().total == sum_of({1, 3}));
    BOOST_TEST(two.first_saw.discarded == std::vector<std::uint32_t>{2}, boost::test_tools::per_element());
    BOOST_TEST((two.first_saw.positions.at(0) == lost.position));
    BOOST_TEST(two.second_saw.discarded.empty());
    BOOST_TEST((two.first->outcome(lost).state == WriteState::unknown));
    BOOST_TEST((two.first->read(lost.position).error() == Error::discarded));
    BOOST_TEST(static_cast<bool>(two.first->read(kept.position)));
    BOOST_TEST((two.first_saw.roles.back() == Role::follower));
    BOOST_TEST((two.second_saw.roles.back() == Role::leader));
    BOOST_TEST((two.second_saw.epoch.node == two.nodes[1]));
    BOOST_TEST((lost.position.epoch < two.second_saw.epoch));
    BOOST_TEST((two.second_saw.leaders.front() == two.nodes[0]));
    BOOST_TEST((two.first_saw.leaders.back() == two.nodes[1]));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_leader_hands_over_without_loss, Profile, Profiles) {
    Two<Profile, ack::Async<>> two;
    two.begin();
    BOOST_REQUIRE(two.first->write({1}));
    BOOST_REQUIRE(two.first->hand_over(two.nodes[1]));
    BOOST_TEST((two.first->write({2}).error() == Error::handing_over));
    BOOST_TEST((two.first->hand_over(two.nodes[1]).error() == Error::handing_over));
    two.settle();
    BOOST_TEST((two.second->role() == Role::leader));
    BOOST_TEST((two.first->role() == Role::follower));
    BOOST_REQUIRE(two.second->write({3}));
    two.settle();
    BOOST_TEST(two.first->state().total == sum_of({1, 3}));
    BOOST_TEST(two.second->state().total == sum_of({1, 3}));
    BOOST_TEST(two.first_saw.discarded.empty());
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_refused_promotion_says_who_is_missing, Profile, Profiles) {
    Two<Profile, ack::Async<>> two;
    two.begin();
    BOOST_REQUIRE(two.first->write({1}));
    two.settle();
    two.cut();
    static_cast<void>(two.second->promote());
    two.network.advance(milliseconds(4000));
    const auto promotion = two.second->promotion();
    BOOST_TEST((promotion.step == PromotionStep::refused));
    BOOST_TEST((promotion.error == Error::nodes_missing));
    BOOST_TEST(promotion.needed == 2u);
    BOOST_TEST(promotion.heard == 1u);
    BOOST_REQUIRE(promotion.missing().size() == 1u);
    BOOST_TEST((promotion.missing()[0] == two.nodes[0]));
    BOOST_TEST((two.second->role() == Role::follower));
    two.lead(*two.second, {.may_lose = true});
    BOOST_TEST((two.second->role() == Role::leader));
    BOOST_TEST(two.second->promotion().forced);
    BOOST_REQUIRE(two.second->write({2}));
    two.join();
    BOOST_TEST(two.first->state().total == sum_of({1, 2}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_promotion_gives_way_to_a_leader_that_is_there, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    static_cast<void>(two.second->promote({.unless_led = true}));
    two.network.advance(milliseconds(4000));
    BOOST_TEST((two.second->role() == Role::follower));
    BOOST_TEST((two.first->role() == Role::leader));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_leader_is_drained_without_loss, Profile, Profiles) {
    Two<Profile, ack::Async<>> two;
    two.begin();
    BOOST_TEST((two.first->drain_status().step == DrainStep::none));
    BOOST_TEST((two.second->drain(milliseconds(500)).error() == Error::not_leader));
    BOOST_REQUIRE(two.first->write({1}));
    BOOST_REQUIRE(two.first->drain(milliseconds(500)));
    BOOST_TEST((two.first->write({2}).error() == Error::handing_over));
    BOOST_TEST((two.first->drain(milliseconds(500)).error() == Error::handing_over));
    two.settle();
    BOOST_TEST((two.first->drain_status().step == DrainStep::done));
    BOOST_TEST((two.first->drain_status().successor == two.nodes[1]));
    BOOST_TEST((two.second->role() == Role::leader));
    BOOST_TEST(two.second->state().total == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_drain_without_a_follower_is_late, Profile, Profiles) {
    Two<Profile, ack::Async<>> two;
    two.begin();
    two.cut();
    BOOST_REQUIRE(two.first->drain(milliseconds(500)));
    BOOST_TEST((two.first->drain_status().step == DrainStep::draining));
    BOOST_TEST((two.first->write({1}).error() == Error::handing_over));
    two.network.advance(milliseconds(1500));
    BOOST_TEST((two.first->drain_status().step == DrainStep::late));
    BOOST_TEST((two.first->drain_status().error == Error::not_enough_followers));
    BOOST_TEST((two.first->role() == Role::leader));
    BOOST_TEST(static_cast<bool>(two.first->write({2})));
    two.join();
    BOOST_TEST(two.second->state().total == 2u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_drain_goes_on_when_the_follower_is_back, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    BOOST_REQUIRE(two.first->write({1}));
    two.settle();
    two.cut();
    BOOST_REQUIRE(two.first->drain(milliseconds(5000)));
    two.join();
    BOOST_TEST((two.first->drain_status().step == DrainStep::done));
    BOOST_TEST((two.second->role() == Role::leader));
    BOOST_TEST(two.second->state().total == 1u);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_follower_takes_the_lead_from_one_that_is_there, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    BOOST_REQUIRE(two.first->write({1}));
    two.settle();
    two.lead(*two.second);
    two.settle();
    BOOST_TEST((two.second->role() == Role::leader));
    BOOST_TEST((two.second->promotion().step == PromotionStep::leading));
    BOOST_TEST((two.first->role() == Role::follower));
    BOOST_TEST(two.second->confirmed());
    BOOST_TEST(two.second->confirmed(two.network.now()));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_node_that_lost_everything_gets_the_state, Profile, Profiles) {
    Two<Profile> two;
    two.begin();
    std::vector<std::uint32_t> all;
    for (std::uint32_t i = 0; i < 300; ++i) {
        BOOST_REQUIRE(two.first->write({i}));
        all.push_back(i);
        two.network.settle();
    }
    two.restart(two.second, two.nodes[1], two.second_saw);
    two.settle();
    BOOST_TEST(two.second->state().total == sum_of(all));
    BOOST_REQUIRE(two.first->write({9}));
    all.push_back(9);
    two.settle();
    BOOST_TEST(two.second->state().total == sum_of(all));
    BOOST_TEST(two.second->state().count == all.size());
}

BOOST_AUTO_TEST_SUITE_END()
