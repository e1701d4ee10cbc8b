// SPDX-License-Identifier: BSL-1.0
// A leader alone: how it opens an epoch, what an ack tells it, and what it commits, acknowledges and refuses.

#include "support/cluster.hpp"
#include "support/parts.hpp"
#include "support/progress.hpp"

#include <replicator/authority/lease.hpp>
#include <replicator/core/lead/leader.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(leader)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;

/// Writes down what an observer is told of followers.
struct Told {
    std::vector<std::string> lines;
    void on_follower(NodeId node, FollowerState state) {
        lines.push_back(std::to_string(value(node)) + " " + to_string(state));
    }
    void on_seat(NodeId node, Index index) {
        lines.push_back(std::to_string(value(node)) + " seat " + std::to_string(index.value));
    }
    void on_admitted(NodeId node, Incarnation incarnation) {
        lines.push_back(std::to_string(value(node)) + " admitted " + std::to_string(value(incarnation)));
    }
};

struct Leased : support::Small {
    using Authority = authority::Lease;
};

/// Node 1 of three, which has entries 1 to 3 of epoch 1, and opened epoch 4 with entry 4.
template <class Ack, class GivenLimits = support::Small>
struct Leading
    : support::OneNode<
          Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, Ack, GivenLimits, Told>> {
    using Parts = Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, Ack, GivenLimits, Told>;
    using Node = support::OneNode<Parts>;
    using Node::applier, Node::self;

    explicit Leading(bool forced = false) {
        Node::open_epoch(1);
        Node::write(2);
        self.observer = &told;
        self.incarnation = Incarnation{11};
        if constexpr (requires { self.authority.revoke(); }) self.authority.grant(1, self.now + milliseconds(100));
        for (std::uint32_t i = 0; i < 2; ++i) {
            peers[i].id = NodeId{i + 2};
            peers[i].progress.received = Index{77};  // of a former time as a leader
            roster.admit(peers[i].id, Incarnation{11 * (i + 2)});
        }
        open(forced);
    }
    void open(bool forced) {
        roster.set_nodes(self.all_nodes());
        for (const Peer& peer : peers) roster.admit(peer.id, Incarnation{11 * value(peer.id)});
        roster.seat = self.id;
        BOOST_REQUIRE(leader.open(self, applier, peers, {4, NodeId{1}, 1}, roster, forced));
        for (Peer& peer : peers) {
            peer.progress.counts = true;
            support::set_state(peer.progress, FollowerState::streaming);
            peer.progress.incarnation = self.roster().counting(peer.id);
        }
    }
    /// Follower 2 or 3 says that it holds the entries up to this one.
    void holds(std::uint32_t node, std::uint64_t index) {
        Progress& follower = peers[node - 2].progress;
        follower.received = follower.sent_last = Index{index};
        leader.advance(self, applier, peers);
    }
    Error write() {
        return leader.write(self, applier, peers, 8, [](std::span<std::byte> to) { std::memset(to.data(), 0, 8); });
    }
    Progress& follower(std::uint32_t node) { return peers[node - 2].progress; }

    Told told;
    Roster<GivenLimits::nodes_max> roster;
    std::array<Peer, 2> peers{};
    Leader<Parts> leader;
};
using Majority = Leading<ack::Majority<>>;

}  // namespace

BOOST_AUTO_TEST_CASE(the_first_entry_says_how_the_epoch_came_to_be) {
    for (const bool forced : {false, true}) {
        Leading<ack::SemiSync<>> node(forced);
        const EntryRun run = node.self.log().read(node.self.log().seek(Index{4}));
        const EpochStartBody start = read_epoch_start(run.bytes.data() + entry_header_bytes);
        BOOST_TEST((start.epoch == Epoch{4, NodeId{1}, 1} && start.run == Run{11}));
        BOOST_TEST(start.policy == node.self.policy());
        BOOST_TEST(start.seat == NodeId{});  // a leader does not vouch for itself
        BOOST_TEST((start.forced == forced && start.members == 3u));
        BOOST_TEST(start.forced_from == (forced ? Index{4} : Index{}));
        const Position opened{{4, NodeId{1}, 1}, Index{4}};
        BOOST_TEST((node.self.epochs().newest_forced() == (forced ? opened : Position{})));
        BOOST_TEST((node.self.epochs().at(Index{4}) == Epoch{4, NodeId{1}, 1}));
        BOOST_TEST((node.self.roster().counting(NodeId{1}) == Incarnation{11}));
        BOOST_TEST((node.self.roster().counting(NodeId{3}) == Incarnation{33}));
        BOOST_TEST((node.self.role == Role::leader && node.self.leader == NodeId{1}));
        BOOST_TEST(node.self.source == NodeId{});
        BOOST_TEST((node.leader.current_round() == 0u && node.leader.acknowledged() == Index{}));
        BOOST_TEST(node.leader.pending(node.self) == 1u);
        BOOST_TEST((node.leader.pending_since() == node.self.now));
        BOOST_TEST(node.follower(2).received == Index{});
    }
}

BOOST_AUTO_TEST_CASE(what_others_said_is_committed_is_not_missed_in_a_forced_epoch) {
    for (const bool forced : {false, true}) {
        Majority node;
        node.self.known_commit = at(9, 50);
        BOOST_REQUIRE(node.leader.open(node.self, node.applier, node.peers, {10, NodeId{1}, 1}, node.roster, forced));
        BOOST_TEST((node.self.known_commit == (forced ? Position{} : at(9, 50))));
    }
}

BOOST_AUTO_TEST_CASE(an_epoch_for_which_there_is_no_room_is_not_opened) {
    Majority node;
    constexpr std::array<std::byte, 104> command{};
    while (!support::log_of(node.self).reserve(entry_bytes(104), entry_bytes(104)).empty())
        node.put(EntryType::command, command);
    const Position last = node.self.last();
    BOOST_TEST((node.leader.open(node.self, node.applier, node.peers, {9, NodeId{1}, 1}, node.roster, false).error() ==
                Error::log_full));
    BOOST_TEST((node.self.last() == last && node.self.epoch.counter == 4u));
}

BOOST_AUTO_TEST_CASE(an_ack_tells_what_a_follower_holds_and_never_less_than_before) {
    using Leader = core::Leader<Majority::Parts>;
    Progress follower;
    follower.sent_last = Index{9};
    const auto take = [&follower](std::uint64_t received, std::uint64_t durable, std::uint64_t applied) {
        Ack ack;
        ack.received = Index{received}, ack.durable = Index{durable}, ack.applied = Index{applied};
        const Error error = Leader::on_ack(follower, ack);
        return error == Error::none;
    };
    const auto holds = [&follower](std::uint64_t received, std::uint64_t durable, std::uint64_t applied) {
        return follower.received == Index{received} && follower.durable == Index{durable} &&
               follower.applied == Index{applied};
    };
    BOOST_TEST((take(7, 6, 5) && holds(7, 6, 5)));
    BOOST_TEST((take(6, 5, 4) && holds(7, 6, 5)));
    BOOST_TEST((take(8, 9, 9) && holds(8, 8, 8)));  // what it does not hold can be neither
    BOOST_TEST((take(9, 9, 9) && holds(9, 9, 9)));
    BOOST_TEST((!take(10, 0, 0) && !take(0, 10, 0) && !take(0, 0, 10) && holds(9, 9, 9)));
    // The times and rounds that it repeats.
    Ack ack;
    ack.echo = Echo{Instant{5}, 3};
    BOOST_TEST(Leader::on_ack(follower, ack) == Error::none);
    BOOST_TEST((follower.answered == Instant{5} && follower.round == 3u));
    ack.echo = Echo{Instant{6}, 2};
    BOOST_TEST(Leader::on_ack(follower, ack) == Error::none);
    BOOST_TEST((follower.answered == Instant{6} && follower.round == 3u));
}

BOOST_AUTO_TEST_CASE(older_entries_are_committed_only_with_one_of_this_epoch) {
    Majority node;
    BOOST_TEST(node.write() == Error::none);
    node.holds(2, 3);
    BOOST_TEST((node.self.commit == Index{} && node.leader.acknowledged() == Index{}));
    node.holds(2, 4);
    BOOST_TEST((node.self.commit == Index{4} && node.leader.acknowledged() == Index{4}));
    BOOST_TEST(node.applier.applied() == Index{4});
    node.holds(3, 5);
    BOOST_TEST(node.leader.acknowledged() == Index{5});
}

BOOST_AUTO_TEST_CASE(a_leader_that_cannot_apply_what_is_committed_acknowledges_nothing_more) {
    Majority node;
    node.holds(2, 4);
    BOOST_TEST(node.write() == Error::none);
    constexpr std::array<std::byte, 4> no_command{};
    node.put(EntryType::command, no_command);
    node.holds(2, 6);
    BOOST_TEST((node.self.role == Role::faulted && node.self.fault == Error::undecodable));
    BOOST_TEST(node.applier.applied() == Index{5});
    BOOST_TEST(node.leader.acknowledged() == Index{4});
}

BOOST_AUTO_TEST_CASE(how_long_something_has_waited_is_counted_from_the_last_acknowledgement) {
    Majority node;
    const Instant opened = node.self.now;
    node.pass(milliseconds(5));
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST((node.leader.pending_since() == opened));
    node.pass(milliseconds(5));
    node.holds(2, 4);
    BOOST_TEST((node.leader.pending_since() == node.self.now));  // entry 5 still waits
    node.holds(2, 5);
    BOOST_TEST(!node.leader.pending_since());
    BOOST_TEST(node.leader.pending(node.self) == 0u);
    node.pass(milliseconds(5));
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST((node.leader.pending_since() == node.self.now));
}

BOOST_AUTO_TEST_CASE(a_follower_streams_when_it_has_what_is_acknowledged_and_the_epoch) {
    Majority node;
    Progress& follower = node.follower(3);
    support::set_state(follower, FollowerState::catching_up);
    const auto state_at = [&](std::uint64_t index) {
        follower.received = Index{index};
        node.leader.review(node.self, node.applier, node.peers);
        return follower.state();
    };
    BOOST_TEST((state_at(3) == FollowerState::catching_up));
    BOOST_TEST((state_at(4) == FollowerState::streaming));
    BOOST_TEST((node.told.lines == std::vector<std::string>{"3 streaming"}));
    BOOST_TEST(node.write() == Error::none);
    node.holds(2, 5);
    support::set_state(follower, FollowerState::catching_up);
    BOOST_TEST((state_at(4) == FollowerState::catching_up));
    BOOST_TEST((state_at(5) == FollowerState::streaming));
    support::set_state(follower, FollowerState::probing);
    BOOST_TEST((state_at(5) == FollowerState::probing));
}

BOOST_AUTO_TEST_CASE(who_answered_lately_confirms_the_leader) {
    Majority node;
    const auto confirmed = [&] { return node.leader.confirmed(node.self, node.peers, node.self.now); };
    node.follower(2).answered = node.self.now;
    BOOST_TEST(!confirmed());  // its epoch is not acknowledged
    node.holds(2, 4);
    BOOST_TEST(confirmed());
    node.pass({support::Small::failure_timeout.microseconds - 1});
    BOOST_TEST(confirmed());
    node.pass(Duration{1});
    BOOST_TEST(!confirmed());
    node.follower(3).answered = node.self.now;
    BOOST_TEST(confirmed());
    node.follower(3).counts = false;
    BOOST_TEST(!confirmed());
    node.follower(3).counts = true;
    node.self.role = Role::follower;
    BOOST_TEST(!confirmed());
    Leading<ack::Async<>, Leased> leased;
    BOOST_TEST(leased.leader.confirmed(leased.self, leased.peers, leased.self.now));
    leased.pass(milliseconds(100));
    BOOST_TEST(!leased.leader.confirmed(leased.self, leased.peers, leased.self.now));
}

BOOST_AUTO_TEST_CASE(every_write_that_cannot_be_taken_has_its_error) {
    Majority node;
    BOOST_TEST(node.leader.write(node.self, node.applier, node.peers, 9, [](auto) {}) == Error::too_large);
    node.self.successor = NodeId{2};
    BOOST_TEST(node.write() == Error::handing_over);
    node.self.successor = NodeId{};
    // The entry of the epoch is pending as well.
    for (std::size_t i = 1; i < support::Small::writes_pending_max; ++i) BOOST_TEST(node.write() == Error::none);
    BOOST_TEST(node.write() == Error::busy);
    BOOST_TEST(node.self.counters.writes == support::Small::writes_pending_max - 1);
    node.holds(2, 4);
    BOOST_TEST(node.write() == Error::none);
    Leading<ack::Async<>, Leased> leased;
    BOOST_TEST(leased.write() == Error::none);
    leased.pass(milliseconds(100));
    BOOST_TEST(leased.write() == Error::lease_over);
}

BOOST_AUTO_TEST_CASE(where_writes_fail_without_enough_followers_so_do_those_under_way) {
    Leading<ack::Majority<AskedStage{}, WhenMissing::fail>> node;
    BOOST_TEST(node.write() == Error::none);
    const Ticket ticket{{node.self.epoch, Index{5}}};
    const auto state = [&] { return node.leader.state_of(node.self, ticket); };
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST((state() == WriteState::pending));
    for (const std::uint32_t peer : {2u, 3u}) support::set_state(node.follower(peer), FollowerState::down);
    BOOST_TEST(node.write() == Error::not_enough_followers);
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST((state() == WriteState::unknown));
    // It may be acknowledged all the same.
    support::set_state(node.follower(2), FollowerState::streaming);
    BOOST_TEST((state() == WriteState::unknown));
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST((node.leader.state_of(node.self, {{node.self.epoch, Index{6}}}) == WriteState::pending));
    node.holds(2, 5);
    BOOST_TEST((state() == WriteState::acknowledged));
}

BOOST_AUTO_TEST_CASE(a_write_of_another_epoch_or_of_a_former_leader_is_unknown) {
    Majority node;
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST(node.write() == Error::none);
    node.holds(2, 5);
    const auto state = [&](Epoch epoch, std::uint64_t index) {
        return node.leader.state_of(node.self, {{epoch, Index{index}}});
    };
    const Epoch own = node.self.epoch;
    BOOST_TEST((state(own, 5) == WriteState::acknowledged));
    BOOST_TEST((state(own, 6) == WriteState::pending));
    BOOST_TEST((state(epoch_of(1), 2) == WriteState::unknown));
    node.self.role = Role::follower;
    BOOST_TEST((state(own, 5) == WriteState::acknowledged));
    BOOST_TEST((state(own, 6) == WriteState::unknown));
}

BOOST_AUTO_TEST_CASE(holders_are_this_node_and_the_followers_that_count) {
    Majority node;
    node.follower(2).received = Index{5};
    node.follower(3).received = Index{4};
    BOOST_TEST(node.leader.holders(node.peers, Index{4}) == 3u);
    BOOST_TEST(node.leader.holders(node.peers, Index{5}) == 2u);
    BOOST_TEST(node.leader.holders(node.peers, Index{6}) == 1u);
    node.follower(2).counts = false;
    BOOST_TEST(node.leader.holders(node.peers, Index{5}) == 1u);
}

BOOST_AUTO_TEST_CASE(a_loss_bound_counts_what_no_follower_holds) {
    Leading<ack::Async<AskedStage{}, 2>> node;
    node.follower(2).received = Index{4};
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST(node.write() == Error::not_enough_followers);
    node.follower(3).received = Index{5};
    BOOST_TEST(node.write() == Error::none);
    BOOST_TEST(node.write() == Error::not_enough_followers);
}

BOOST_AUTO_TEST_CASE(the_seat_is_given_by_an_entry_that_its_holder_must_have_first) {
    Leading<ack::SemiSync<>> node;
    node.follower(2).received = node.follower(3).received = Index{4};
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST((node.told.lines == std::vector<std::string>{"2 seat 5"}));
    BOOST_TEST((node.self.roster().seat == NodeId{2} && node.self.roster().seat_index == Index{5}));
    const EntryRun run = node.self.log().read(node.self.log().seek(Index{5}));
    Roster<5> read;
    read.take(run.bytes.data(), Index{5});
    BOOST_TEST(read.seat == NodeId{2});
    BOOST_TEST(node.leader.acknowledged() == Index{});
    node.holds(3, 5);
    BOOST_TEST(node.leader.acknowledged() == Index{});
    node.holds(2, 5);
    BOOST_TEST(node.leader.acknowledged() == Index{5});
    // Who loses it rests.
    node.pass(milliseconds(5));
    support::set_state(node.follower(2), FollowerState::down);
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST(node.self.roster().seat == NodeId{3});
    BOOST_TEST((node.follower(2).lost_seat && node.follower(2).seat_lost_at == node.self.now));
    BOOST_TEST(!node.follower(3).lost_seat);
}

BOOST_AUTO_TEST_CASE(a_new_incarnation_is_admitted_by_an_entry) {
    Majority node;
    node.holds(2, 4);
    Progress& follower = node.follower(3);
    follower.received = Index{4};
    follower.incarnation = Incarnation{34};
    follower.counts = false;
    follower.appeared_in_round = 1;
    node.leader.new_round();
    BOOST_TEST(node.leader.current_round() == 1u);
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST(!follower.counts);
    node.follower(2).round = 1;
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST(follower.counts);
    BOOST_TEST((node.told.lines == std::vector<std::string>{"3 admitted 34"}));
    BOOST_TEST((node.self.roster().counting(NodeId{3}) == Incarnation{34}));
    const EntryRun run = node.self.log().read(node.self.log().seek(Index{5}));
    Roster<5> read = node.roster;
    read.take(run.bytes.data(), Index{5});
    BOOST_TEST((read.counting(NodeId{3}) == Incarnation{34}));
    // One that counted before needs no entry.
    follower.counts = false;
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST(follower.counts);
    BOOST_TEST(node.self.log().last() == Index{5});
}

BOOST_AUTO_TEST_CASE(a_person_admits_a_follower_by_name_while_it_is_linked) {
    Majority node;
    Progress& follower = node.follower(3);
    follower.incarnation = Incarnation{34};
    follower.counts = false;
    const auto admit = [&](std::uint32_t name) {
        return node.leader.admit(node.self, node.applier, node.peers, NodeId{name});
    };
    BOOST_TEST((admit(4).error() == Error::not_enough_followers));
    support::set_state(follower, FollowerState::down);
    BOOST_TEST((admit(3).error() == Error::not_enough_followers));
    BOOST_TEST(!follower.counts);
    support::set_state(follower, FollowerState::probing);
    BOOST_TEST(bool(admit(3)));
    BOOST_TEST(follower.counts);
}

BOOST_AUTO_TEST_CASE(all_that_may_count_are_admitted_at_once) {
    Majority node;
    for (const std::uint32_t peer : {2u, 3u}) node.follower(peer).counts = false;
    node.leader.review(node.self, node.applier, node.peers);
    BOOST_TEST((node.follower(2).counts && node.follower(3).counts));
}

BOOST_AUTO_TEST_SUITE_END()
