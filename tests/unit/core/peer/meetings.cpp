// SPDX-License-Identifier: BSL-1.0
// What a node makes of the hellos of a peer: which run it believes, what it promises, and to whom it links.

#include "support/cluster.hpp"
#include "support/one_link.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(meetings)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using support::one_link::Limits;
using support::one_link::Links;
using support::one_link::Node;

}  // namespace

BOOST_AUTO_TEST_CASE(another_run_takes_the_place_of_the_one_before_which_then_is_a_second_process) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
    Hello other = node.theirs();
    other.run = Run{23};
    other.nonce = 1;
    const std::uint64_t number = node.peer.nonce;
    BOOST_TEST((node.take(other) == HelloOutcome::follower));
    BOOST_TEST((node.peer.run == Run{23} && node.peer.superseded_run == Run{22}));
    BOOST_TEST(node.peer.nonce == number + 1);
    BOOST_TEST(!node.peer.run_lives);
    // The former one repeats the new number, while the newer one is not known to live: it was only late.
    Node before = node;
    before.self.observer = &before.refusals;
    BOOST_TEST((before.take(before.theirs()) == HelloOutcome::follower));
    BOOST_TEST((before.peer.run == Run{22}));
    // And while it is.
    other.receiver_nonce = node.peer.nonce;
    other.nonce = 2;
    BOOST_REQUIRE((node.take(other) == HelloOutcome::follower));
    BOOST_TEST(node.peer.run_lives);
    BOOST_TEST((node.take(node.theirs()) == HelloOutcome::nothing));
    BOOST_TEST(node.peer.refusal == Error::duplicate_node);
    BOOST_TEST((node.peer.run == Run{23}));
    // For as long as the newer one was heard of lately.
    node.pass(Limits::failure_timeout);
    BOOST_TEST((node.take(node.theirs()) == HelloOutcome::follower));
}

BOOST_AUTO_TEST_CASE(what_a_hello_promises_or_leads_binds_this_node) {
    const auto promised_after = [](std::uint64_t promised, std::uint64_t leads, bool leader, HelloOutcome expected) {
        Node node;
        if (leader) node.lead();
        Hello theirs = node.theirs();
        theirs.promised = {promised, NodeId{2}, 1};
        theirs.epoch = {leads, NodeId{2}, 1};
        if (leads > 0) theirs.flags = hello_flags::leads;
        BOOST_TEST((node.take(theirs) == expected));
        return node.self.promised.counter;
    };
    BOOST_TEST(promised_after(0, 0, false, HelloOutcome::nothing) == 1u);
    BOOST_TEST(promised_after(5, 0, false, HelloOutcome::nothing) == 5u);
    BOOST_TEST(promised_after(5, 0, true, HelloOutcome::higher_epoch) == 5u);
    BOOST_TEST(promised_after(0, 0, true, HelloOutcome::follower) == 1u);
    BOOST_TEST(promised_after(2, 6, false, HelloOutcome::nothing) == 6u);
    BOOST_TEST(promised_after(7, 6, false, HelloOutcome::nothing) == 7u);
    BOOST_TEST(promised_after(2, 6, true, HelloOutcome::higher_epoch) == 6u);
}

BOOST_AUTO_TEST_CASE(a_follower_takes_the_link_that_a_leader_offers_to_its_present_attempt) {
    Node node;
    node.peer.fetches = true;
    BOOST_TEST((node.take(node.leaders()) == HelloOutcome::leader));
    BOOST_TEST((node.peer.link == LinkId{55} && node.peer.link_confirmed && !node.peer.fetches));
    BOOST_TEST(node.peer.link_nonce == 7u);
    BOOST_TEST(!node.says_hello());
    // The same offer again changes nothing.
    BOOST_TEST((node.take(node.leaders()) == HelloOutcome::nothing));
    BOOST_TEST(!node.says_hello());
    // A leader that knows of no link, in the same attempt: that came late; in a newer one, it has lost it.
    Hello lost = node.leaders();
    lost.link = LinkId{};
    BOOST_TEST((node.take(lost) == HelloOutcome::nothing));
    BOOST_TEST((node.peer.link == LinkId{55} && !node.says_hello()));
    lost.nonce = 8;
    BOOST_TEST((node.take(lost) == HelloOutcome::nothing));
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
    // An offer to a former attempt is none, but a reason to ask.
    Hello former = node.leaders();
    former.nonce = 9;
    former.receiver_nonce = node.peer.nonce - 1;
    BOOST_TEST((node.take(former) == HelloOutcome::nothing));
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
}

BOOST_AUTO_TEST_CASE(a_leader_whose_epoch_is_over_is_refused) {
    Node node;
    node.self.promised = epoch_of(9);
    BOOST_TEST((node.take(node.leaders()) == HelloOutcome::nothing));
    BOOST_TEST(node.peer.refusal == Error::stale_epoch);
    BOOST_TEST(node.peer.refusal_owed == Error::stale_epoch);
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
    // Two that lead one epoch never link, either.
    Node leader;
    leader.lead();
    leader.self.promised = leader.leaders().epoch;
    BOOST_TEST((leader.take(leader.leaders()) == HelloOutcome::nothing));
    BOOST_TEST(leader.peer.refusal == Error::stale_epoch);
    // A refusal is not answered by one, and told once.
    Hello refusal = leader.leaders();
    refusal.refusal = Error::wrong_group;
    refusal.receiver_run = Run{1};
    static_cast<void>(leader.says_hello());
    static_cast<void>(leader.take(refusal));
    BOOST_TEST(!leader.says_hello());
    BOOST_TEST(leader.self.counters.refusals == 2u);
    BOOST_TEST((leader.refusals.seen == std::vector{Error::stale_epoch}));
}

BOOST_AUTO_TEST_CASE(who_fetches_is_served_by_a_node_that_promised_its_epoch) {
    const auto outcome = [](std::uint16_t flags, Epoch promised_there, Epoch promised_here) {
        Node node;
        node.self.promised = promised_here;
        Hello theirs = node.theirs();
        theirs.flags = flags;
        theirs.promised = promised_there;
        const HelloOutcome result = node.take(theirs);
        BOOST_TEST(node.peer.fetches == (result == HelloOutcome::follower));
        return result;
    };
    constexpr Epoch of_two{4, NodeId{2}, 1};
    constexpr Epoch of_three{4, NodeId{3}, 1};
    BOOST_TEST((outcome(hello_flags::fetches, of_two, of_two) == HelloOutcome::follower));
    BOOST_TEST((outcome(0, of_two, of_two) == HelloOutcome::nothing));
    BOOST_TEST((outcome(hello_flags::fetches, of_three, of_three) == HelloOutcome::nothing));
    BOOST_TEST((outcome(hello_flags::fetches, of_two, of_three) == HelloOutcome::nothing));
}

BOOST_AUTO_TEST_CASE(a_candidate_draws_from_its_donor_only_what_is_newer) {
    const auto outcome = [](std::uint32_t donor, std::uint64_t last, std::uint64_t promised) {
        Node node;
        node.self.donor = NodeId{donor};
        node.self.promised = {4, NodeId{1}, 1};
        Hello theirs = node.theirs();
        theirs.flags = hello_flags::donates;
        theirs.link = LinkId{55};
        theirs.promised = {promised, NodeId{1}, 1};
        theirs.last = at(1, last);
        return node.take(theirs);
    };
    BOOST_TEST((outcome(2, 6, 4) == HelloOutcome::donor));
    BOOST_TEST((outcome(3, 6, 4) == HelloOutcome::nothing));
    BOOST_TEST((outcome(2, 5, 4) == HelloOutcome::nothing));
    BOOST_TEST((outcome(2, 6, 3) == HelloOutcome::nothing));
}

BOOST_AUTO_TEST_CASE(whether_a_peer_is_blank_is_known_when_it_answered) {
    Node node;
    Hello theirs = node.theirs();
    theirs.history = HistoryId{};
    theirs.last = {};
    theirs.receiver_nonce = 0;
    static_cast<void>(node.take(theirs));
    BOOST_TEST(!node.peer.blank);
    theirs.receiver_nonce = node.peer.nonce;
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == true));
    BOOST_TEST((node.peer.promised_with_entries == Epoch{}));
    theirs = node.theirs();
    theirs.receiver_nonce = 0;
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == false));
    BOOST_TEST((node.peer.promised_with_entries == epoch_of(1)));
    // A hello from before comes late.
    theirs.history = HistoryId{};
    theirs.last = {};
    theirs.promised = epoch_of(9);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == false));
}

BOOST_AUTO_TEST_CASE(another_run_is_answered_as_often_as_the_one_before) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
    const auto answers = [&node] {
        std::size_t count = 0;
        for (std::uint32_t heard = 1; heard < 9; ++heard) {
            count += Links::may_answer(node.self, node.peer, heard) ? 1u : 0u;
        }
        return count;
    };
    BOOST_TEST(answers() == 4u);
    BOOST_TEST(answers() == 0u);
    Hello other = node.theirs();
    other.run = Run{23};
    BOOST_REQUIRE((node.take(other) == HelloOutcome::follower));
    BOOST_TEST(answers() == 4u);
}

BOOST_AUTO_TEST_SUITE_END()
