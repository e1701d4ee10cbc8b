// SPDX-License-Identifier: BSL-1.0
// What the nodes of a pair promise, refuse and hand back.

#include "unit/pair/boards.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <string>
#include <tuple>
#include <type_traits>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(pair_node)

using namespace pair_boards;

struct OtherTransfer : Limits {
    using Transfer = pair::transfer::Whole;
};
struct Larger : Limits {
    static constexpr std::size_t log_bytes_max = 256;
};
struct Follows : Limits {
    using Roles = pair::roles::FollowsOnly;
};
struct Leads : Limits {
    using Roles = pair::roles::LeadsOnly;
};
using Policies = std::tuple<ack::SemiSync<>, ack::Async<>>;
struct Around : Limits {
    static constexpr std::uint32_t before_first = 0xffffffff - 20;
};

BOOST_AUTO_TEST_CASE(a_write_is_acknowledged_when_both_hold_it) {
    Boards<> boards;
    boards.begin();
    const auto ticket = boards.a->write(command_of("x"));
    BOOST_REQUIRE(ticket);
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::pending));
    BOOST_TEST(boards.a->outcome(*ticket).holders == 1);
    BOOST_TEST((boards.b->read(*ticket).error() == Error::not_yet));
    boards.pass();
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
    BOOST_TEST(boards.a->outcome(*ticket).holders == 2);
    BOOST_TEST(boards.b->state().all() == "x");
    BOOST_TEST((*boards.b->read(*ticket))->all() == "x");
    BOOST_TEST((boards.b->leader() == boards.id_a));
    BOOST_TEST((boards.b->outcome(*ticket).state == WriteState::unknown));
}

BOOST_AUTO_TEST_CASE(a_command_without_bytes_is_acknowledged) {
    Boards<> boards;
    boards.begin();
    const auto ticket = boards.a->write({});
    BOOST_REQUIRE(ticket);
    boards.pass();
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
}

BOOST_AUTO_TEST_CASE(without_the_other_nothing_is_acknowledged) {
    Boards<> boards;
    boards.begin();
    boards.part();
    const auto ticket = boards.a->write(command_of("x"));
    boards.pass(2000);
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::pending));
    BOOST_TEST((boards.b->leader() == NodeId{}));
    boards.join();
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
}

BOOST_AUTO_TEST_CASE(writes_are_refused_by_name) {
    Boards<> boards;
    BOOST_TEST((boards.a->write(command_of("x")).error() == Error::not_leader));
    boards.begin();
    BOOST_TEST((boards.b->write(command_of("x")).error() == Error::not_leader));
    BOOST_TEST((boards.a->write(command_of("seventeen letters")).error() == Error::too_large));
    boards.part();
    const std::uint32_t before = boards.a->status().last;
    while (boards.a->write(command_of("full"))) {
    }
    BOOST_TEST((boards.a->write(command_of("x")).error() == Error::busy));
    BOOST_TEST(boards.a->status().last - before == Limits::log_entries_max);
    boards.join();
    BOOST_TEST(static_cast<bool>(boards.a->write(command_of("x"))));
}

BOOST_AUTO_TEST_CASE(a_history_begins_once) {
    Boards<> boards;
    boards.begin();
    BOOST_TEST((boards.a->bootstrap(HistoryId{8}).error() == Error::already_bootstrapped));
    BOOST_TEST((boards.b->bootstrap(HistoryId{8}).error() == Error::already_bootstrapped));
}

BOOST_AUTO_TEST_CASE(a_blank_node_does_not_lead) {
    Boards<> boards;
    PromotionOptions options;
    options.may_lose = true;
    BOOST_TEST((boards.b->promote(options).error() == Error::not_bootstrapped));
    boards.joined = false;
    static_cast<void>(boards.a->bootstrap(HistoryId{7}));
    BOOST_TEST((boards.b->promote(options).error() == Error::not_bootstrapped));
}

BOOST_AUTO_TEST_CASE(a_silent_promotion_loses_nothing_and_hands_back_the_rest_once) {
    Boards<> boards;
    boards.begin();
    static_cast<void>(boards.a->write(command_of("1")));
    boards.pass();
    boards.part();
    const auto lost = boards.a->write(command_of("2"));
    static_cast<void>(boards.a->write(command_of("3")));
    BOOST_REQUIRE(boards.b->promote());
    BOOST_TEST((boards.b->role() == Role::leader));
    static_cast<void>(boards.b->write(command_of("4")));
    boards.join();
    BOOST_TEST((boards.a->role() == Role::follower));
    BOOST_TEST(boards.a->state().all() == "14");
    BOOST_TEST(boards.b->state().all() == "14");
    BOOST_TEST(boards.returned_a.all() == "23");
    BOOST_TEST((boards.returned_a.commands.at(0).first.index == lost->index));
    BOOST_TEST((boards.a->outcome(*lost).state == WriteState::unknown));
    BOOST_TEST(boards.returned_b.all() == "");
    boards.part();
    boards.join();
    BOOST_TEST(boards.returned_a.all() == "23");
}

BOOST_AUTO_TEST_CASE(what_both_hold_is_not_handed_back) {
    Boards<> boards;
    boards.begin();
    static_cast<void>(boards.a->write(command_of("1")));
    boards.carry(*boards.a, *boards.b);  // held by both, and the acknowledgement is lost
    boards.part();
    static_cast<void>(boards.a->write(command_of("2")));
    BOOST_REQUIRE(boards.b->promote());
    boards.join();
    BOOST_TEST(boards.returned_a.all() == "2");
    BOOST_TEST(boards.a->state().all() == "1");
}

BOOST_AUTO_TEST_CASE(a_state_in_pieces_is_not_held) {
    Boards<> boards;
    boards.begin();
    for (char letter = 'a'; letter < 'z'; ++letter) {
        static_cast<void>(boards.a->write(command_of(std::string(1, letter))));
        boards.pass(20);
    }
    boards.restart_b();
    while (boards.b->status().blank && boards.b->status().last == 0) {
        boards.tick(10);
        boards.carry(*boards.a, *boards.b);
        boards.carry(*boards.b, *boards.a);
        PromotionOptions options;
        options.may_lose = true;
        BOOST_REQUIRE(boards.b->status().complete || !boards.b->status().blank ||
                      boards.b->promote(options).error() == Error::not_bootstrapped);
    }
    boards.pass();
    BOOST_TEST(boards.b->state().all() == "abcdefghijklmnopqrstuvwxy");
    BOOST_TEST(boards.b->status().complete);
    boards.part();
    BOOST_TEST(static_cast<bool>(boards.b->promote()));
}

BOOST_AUTO_TEST_CASE(who_lacks_what_may_be_acknowledged_is_not_promoted) {
    Boards<> boards;
    boards.begin();
    for (int i = 0; i < 7; ++i) static_cast<void>(boards.a->write(command_of("sixteen  letters")));
    while (boards.carry(*boards.a, *boards.b)) {
    }
    boards.carry(*boards.b, *boards.a);  // all is acknowledged, and the follower does not hear of it
    BOOST_REQUIRE(boards.a->status().commit == boards.a->status().last);
    const std::uint32_t acknowledged = boards.a->status().commit;
    boards.restart_a();
    boards.part();
    BOOST_REQUIRE(boards.b->promote());
    BOOST_REQUIRE(boards.b->status().commit != acknowledged);
    boards.joined = true;
    for (int i = 0; i < 100; ++i) {
        boards.tick(10);
        boards.carry(*boards.b, *boards.a);
        boards.carry(*boards.a, *boards.b);
        BOOST_REQUIRE((!boards.a->status().complete || boards.a->status().last >= acknowledged));
    }
    BOOST_TEST(boards.a->status().complete);
}

BOOST_AUTO_TEST_CASE(a_leader_hands_over_without_loss) {
    Boards<> boards;
    BOOST_TEST((boards.a->hand_over(boards.id_b).error() == Error::not_leader));
    boards.begin();
    static_cast<void>(boards.a->write(command_of("1")));
    BOOST_TEST((boards.a->hand_over(boards.id_a).error() == Error::not_enough_followers));
    BOOST_REQUIRE(boards.a->hand_over(boards.id_b));
    BOOST_TEST((boards.a->hand_over(boards.id_b).error() == Error::handing_over));
    BOOST_TEST((boards.a->write(command_of("2")).error() == Error::handing_over));
    boards.pass();
    BOOST_TEST((boards.b->role() == Role::leader));
    BOOST_TEST((boards.a->role() == Role::follower));
    BOOST_TEST(static_cast<bool>(boards.b->write(command_of("3"))));
    boards.pass();
    BOOST_TEST(boards.a->state().all() == "13");
    BOOST_TEST(boards.returned_a.all() == "");
}

BOOST_AUTO_TEST_CASE(a_follower_that_is_promoted_asks_its_leader_to_give_way) {
    Boards<ack::Async<>> boards;
    boards.begin();
    static_cast<void>(boards.a->write(command_of("1")));
    BOOST_REQUIRE(boards.b->promote());
    BOOST_TEST((boards.b->role() == Role::follower));
    BOOST_TEST((boards.b->promote().error() == Error::busy));
    BOOST_TEST((boards.b->status().promotion == Error::busy));
    boards.pass();
    BOOST_TEST((boards.b->role() == Role::leader));
    BOOST_TEST((boards.b->status().promotion == Error::none));
    BOOST_TEST(boards.b->state().all() == "1");
}

BOOST_AUTO_TEST_CASE(a_hand_over_that_fails_is_over_when_the_link_is_new) {
    Boards<ack::Async<>> boards;
    boards.begin();
    BOOST_REQUIRE(boards.a->hand_over(boards.id_b));
    boards.part();
    BOOST_TEST((boards.a->role() == Role::leader));
    BOOST_TEST((boards.a->write(command_of("1")).error() == Error::handing_over));  // the order may be on its way yet
    boards.join();
    BOOST_TEST(static_cast<bool>(boards.a->write(command_of("1"))));
}

BOOST_AUTO_TEST_CASE(an_asynchronous_node_leads_alone_only_when_somebody_vouches) {
    Boards<ack::Async<>> boards;
    boards.begin();
    boards.part();
    static_cast<void>(boards.a->write(command_of("1")));
    BOOST_TEST(boards.a->state().all() == "1");
    BOOST_TEST((boards.b->promote().error() == Error::nodes_missing));
    PromotionOptions options;
    options.last_leader = boards.id_a;
    BOOST_TEST((boards.b->promote(options).error() == Error::nodes_missing));
    options.may_lose = true;
    BOOST_TEST(static_cast<bool>(boards.b->promote(options)));
    static_cast<void>(boards.b->write(command_of("2")));
    boards.join();
    BOOST_TEST(boards.a->state().all() == "2");
    BOOST_TEST(boards.returned_a.all() == "1");
    boards.part();
    boards.b.reset();
    boards.restart_b();
    BOOST_TEST((boards.a->promote().error() == Error::nodes_missing));
    options = {};
    options.last_leader = boards.id_a;
    BOOST_TEST(static_cast<bool>(boards.a->promote(options)));
}

BOOST_AUTO_TEST_CASE(nobody_vouches_for_a_leader_that_told_the_other_to_lead) {
    Boards<ack::Async<>> boards;
    boards.begin();
    BOOST_REQUIRE(boards.a->hand_over(boards.id_b));
    std::byte order[Limits::frame_bytes_max];
    const std::size_t size = boards.a->transmit(boards.id_b, order);
    BOOST_REQUIRE(size != 0u);
    boards.a->disconnected(boards.id_b);
    PromotionOptions options;
    options.last_leader = boards.id_a;
    static_cast<void>(boards.a->promote(options));
    BOOST_TEST((boards.a->write(command_of("1")).error() == Error::handing_over));
    BOOST_TEST(static_cast<bool>(boards.b->receive(boards.id_a, std::span(order).first(size))));
    BOOST_TEST((boards.b->role() == Role::leader));
    boards.pass();
    BOOST_TEST((boards.a->role() == Role::follower));
}

BOOST_AUTO_TEST_CASE(positions_go_around) {
    Boards<ack::SemiSync<>, Around> boards;
    boards.begin();
    std::string all;
    for (int i = 0; i < 40; ++i) {
        const std::string letter(1, static_cast<char>('a' + i % 26));
        const auto ticket = boards.a->write(command_of(letter));
        BOOST_REQUIRE(ticket);
        all += letter;
        boards.pass(20);
        BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
    }
    BOOST_TEST(boards.a->status().last < 100u);
    BOOST_TEST(boards.b->state().all() == all);
    boards.restart_b();
    boards.pass();
    BOOST_TEST(boards.b->state().all() == all);
}

/// As after so many writes in one epoch, all of which are acknowledged.
template <class Node>
void go_on(const Node& node, std::uint32_t writes) {
    auto& self = const_cast<std::remove_cvref_t<decltype(node.self())>&>(node.self());
    while (writes > 0) {
        const std::uint32_t step = writes < 0x40000000 ? writes : 0x40000000;
        writes -= step;
        self.log.reset(self.log.last() + step, 0x5eed);
        self.applied = self.commit = self.log.last();
        self.advance();
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(a_follower_half_a_circle_behind_gets_the_state, Ack, Policies) {
    for (const std::uint32_t writes : {0x7fffff00u, 0x7fffffffu, 0x80000000u, 0x80000001u, 0xc0000000u, 0xffffff00u}) {
        Boards<Ack> boards;
        boards.begin();
        const auto early = boards.a->write(command_of("1"));
        boards.pass();
        boards.part();
        go_on(*boards.a, writes);
        const auto late = boards.a->write(command_of("2"));
        BOOST_REQUIRE(late);
        boards.join();
        BOOST_TEST(boards.b->state().all() == "12");
        BOOST_TEST((boards.b->role() == Role::follower));
        BOOST_TEST(boards.b->status().last == boards.a->status().last);
        BOOST_TEST(boards.b->status().complete);
        BOOST_TEST(pair::detail::is_after(boards.a->self().commit, boards.a->self().opened));
        BOOST_TEST((boards.a->outcome(*late).state == WriteState::acknowledged));
        BOOST_TEST((boards.a->outcome(*early).state == WriteState::acknowledged));
        BOOST_TEST(boards.a->outcome(*early).holders == 2u);
        BOOST_TEST(boards.returned_b.all() == "");
        BOOST_REQUIRE(boards.b->promote());
        boards.pass();
        BOOST_TEST((boards.b->role() == Role::leader));
        BOOST_REQUIRE(boards.b->write(command_of("3")));
        boards.pass();
        BOOST_TEST(boards.a->state().all() == "123");
        BOOST_TEST(boards.a->status().complete);
    }
}

BOOST_AUTO_TEST_CASE(a_node_that_restarts_blank_opens_no_epoch_again) {
    std::set<std::uint32_t> epochs;
    Boards<> boards;
    for (int round = 0; round < 40; ++round) {
        BOOST_REQUIRE(boards.a->bootstrap(HistoryId{7}));
        BOOST_TEST(epochs.insert(boards.a->status().epoch).second);
        boards.pass();
        BOOST_REQUIRE(boards.a->hand_over(boards.id_b));
        boards.pass();
        BOOST_TEST(epochs.insert(boards.b->status().epoch).second);
        boards.part();
        boards.restart_a();
        BOOST_TEST(!boards.a->promote({.may_lose = true}));
        boards.join();
        BOOST_REQUIRE(boards.a->promote());
        boards.pass();
        BOOST_TEST((boards.a->role() == Role::leader));
        BOOST_TEST(epochs.insert(boards.a->status().epoch).second);
        boards.restart_a();
        boards.restart_b();
    }
}

BOOST_AUTO_TEST_CASE(two_nodes_of_which_none_leads_do_not_talk_without_an_end) {
    Boards<> boards;
    boards.pass();
    boards.tick(200);
    int frames = 0;
    while (frames < 50 && (boards.carry(*boards.a, *boards.b) || boards.carry(*boards.b, *boards.a))) ++frames;
    BOOST_TEST(frames == 2);
    BOOST_TEST(!boards.a->owes());
}

BOOST_AUTO_TEST_CASE(a_refused_bootstrap_changes_nothing) {
    Boards<> boards;
    boards.spend_epochs_of_b();
    BOOST_TEST((boards.b->bootstrap(HistoryId{9}).error() == Error::stale_epoch));
    BOOST_TEST(boards.b->status().blank);
    BOOST_TEST((boards.b->role() == Role::follower));
}

BOOST_AUTO_TEST_CASE(strangers_and_damaged_frames_are_refused) {
    Boards<> boards;
    boards.begin();
    BOOST_TEST((boards.a->receive(NodeId{9}, {}).error() == Error::wrong_node));
    BOOST_TEST((boards.a->receive(boards.id_b, {}).error() == Error::corrupt));
    std::byte noise[60] = {};
    BOOST_TEST((boards.a->receive(boards.id_b, noise).error() == Error::corrupt));
}

BOOST_AUTO_TEST_CASE(a_leader_and_a_follower_by_type) {
    Boards<ack::SemiSync<>, Leads, Follows> boards;
    boards.begin();
    const auto ticket = boards.a->write(command_of("1"));
    boards.pass();
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
    BOOST_TEST(boards.b->state().all() == "1");
    boards.restart_b();
    boards.pass();
    BOOST_TEST(boards.b->state().all() == "1");
    static_assert(sizeof(Boards<ack::SemiSync<>, Leads, Follows>::A) <= sizeof(Boards<>::A));
}

BOOST_AUTO_TEST_CASE(a_leader_by_type_leads_on_after_epochs_of_its_runs_before) {
    Boards<ack::SemiSync<>, Leads, Follows> boards;
    boards.begin();
    boards.restart_b();
    // The new follower hears of the second epoch, and is still blank when that leader starts anew.
    boards.restart_a();
    pair::Inspect::self(*boards.b).epoch = 0x30002;
    BOOST_REQUIRE(boards.a->bootstrap(HistoryId{8}));
    boards.pass();
    BOOST_TEST((boards.a->role() == Role::leader));
    BOOST_TEST(boards.a->status().epoch > 0x30002u);
    const auto ticket = boards.a->write(command_of("1"));
    BOOST_REQUIRE(ticket);
    boards.pass();
    BOOST_TEST((boards.a->outcome(*ticket).state == WriteState::acknowledged));
    BOOST_TEST(boards.b->state().all() == "1");
}

BOOST_AUTO_TEST_CASE(a_late_hello_does_not_end_a_link) {
    Boards<> boards;
    std::byte late[Limits::frame_bytes_max];
    BOOST_REQUIRE(boards.b->transmit(boards.id_a, late) == 48u);
    boards.begin();
    boards.b->disconnected(boards.id_a);
    boards.pass();
    BOOST_REQUIRE(boards.a->status().confirmed);
    BOOST_TEST(static_cast<bool>(boards.a->receive(boards.id_b, std::span(late).first(48))));
    BOOST_TEST(boards.a->status().confirmed);
}

BOOST_AUTO_TEST_CASE(a_node_that_starts_anew_ends_the_link_of_the_one_before) {
    Boards<> boards;
    boards.begin();
    boards.restart_b();
    boards.carry(*boards.b, *boards.a);
    BOOST_TEST(!boards.a->status().linked);
    boards.pass();
    BOOST_TEST(boards.a->status().confirmed);
    BOOST_TEST(boards.b->status().complete);
}

// ---- why two nodes do not talk ----

BOOST_AUTO_TEST_CASE(unequal_nodes_refuse_each_other_by_name) {
    const auto refusal = [](auto& boards) {
        static_cast<void>(boards.a->bootstrap(HistoryId{7}));
        boards.pass();
        BOOST_TEST(!boards.a->status().linked);
        return std::pair{boards.a->status().refusal, boards.b->status().refusal};
    };
    Boards<ack::SemiSync<>, Limits, Larger> sizes;
    BOOST_TEST((refusal(sizes) == std::pair{Error::wrong_limits, Error::wrong_limits}));
    Boards<ack::SemiSync<>, Limits, OtherTransfer> transfers;
    BOOST_TEST((refusal(transfers) == std::pair{Error::wrong_parts, Error::wrong_parts}));
    Boards<ack::SemiSync<>, Leads, Leads> leaders;
    static_cast<void>(leaders.b->bootstrap(HistoryId{7}));
    BOOST_TEST((refusal(leaders) == std::pair{Error::wrong_parts, Error::wrong_parts}));
    Boards<> histories;
    static_cast<void>(histories.b->bootstrap(HistoryId{8}));
    BOOST_TEST((refusal(histories) == std::pair{Error::wrong_history, Error::wrong_history}));
}

BOOST_AUTO_TEST_CASE(two_nodes_that_only_follow_refuse_each_other) {
    Boards<ack::SemiSync<>, Follows, Follows> boards;
    boards.pass();
    BOOST_TEST((boards.a->status().refusal == Error::wrong_parts));
    BOOST_TEST((boards.b->status().refusal == Error::wrong_parts));
}

BOOST_AUTO_TEST_CASE(two_boards_with_one_number_refuse_each_other) {
    Returned first, second;
    pair::Node<Letters, ack::SemiSync<>, Limits, Returned> a({NodeId{1}, NodeId{2}, 1}, first);
    pair::Node<Letters, ack::SemiSync<>, Limits, Returned> b({NodeId{1}, NodeId{2}, 2}, second);
    std::byte buffer[decltype(a)::transmit_bytes_min];
    const std::size_t size = a.transmit(NodeId{2}, buffer);
    BOOST_REQUIRE(size != 0u);
    BOOST_TEST(static_cast<bool>(b.receive(NodeId{2}, std::span(buffer).first(size))));
    BOOST_TEST((b.status().refusal == Error::wrong_node));
}

BOOST_AUTO_TEST_CASE(spent_epochs_are_refused_by_name) {
    Boards<> boards;
    boards.begin();
    boards.part();
    boards.spend_epochs_of_b();
    BOOST_TEST(boards.b->status().epoch == 0xffff0002u);
    BOOST_TEST((boards.b->promote().error() == Error::stale_epoch));
    BOOST_TEST((boards.b->promote({.may_lose = true}).error() == Error::stale_epoch));
    BOOST_TEST((boards.b->role() == Role::follower));
}

BOOST_AUTO_TEST_SUITE_END()
