// SPDX-License-Identifier: BSL-1.0
// A candidacy alone, step by step: what becomes of one that has to fetch, and of one that waits. What it decides in
// each situation is in promotion_table.cpp.

#include "support/cluster.hpp"
#include "support/history.hpp"

#include <replicator/core/promote/candidacy.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

BOOST_AUTO_TEST_SUITE(candidacy)

namespace {

using namespace replicator;
using namespace replicator::core;
template <class Ack>
using Group =
    Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, Ack, support::Small, NoObserver>;
using Majorities = Group<ack::Majority<>>;
constexpr Duration patience = Majorities::Limits::promotion_timeout;
constexpr Duration almost{patience.microseconds - 1};

/// Node 1 of three, which holds entries up to 5 of epoch 1, and knows who counts.
template <class Ack>
struct CandidateOf {
    using Move = typename Candidacy<Group<Ack>>::Move;

    CandidateOf() {
        constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}});
        self.now = Instant{1'000'000};
        roster = self.roster();
        for (std::uint32_t i = 0; i < 2; ++i) peers[i].id = NodeId{i + 2}, peers[i].connected = true;
        for (const std::uint32_t node : {1u, 2u, 3u}) roster.admit(NodeId{node}, Incarnation{11 * node});
        hold(1, 5);
    }

    void hold(std::uint64_t epoch, std::uint64_t index) {
        support::log_of(self).reset(Index{index}, Chain{});
        support::epochs_of(self).push({{epoch, NodeId{2}, 1}, Index{index}, Chain{}});
    }

    /// The peer in this place answers; it holds entries up to `index` of `epoch`.
    void answer(std::size_t place, std::uint64_t epoch, std::uint64_t index, std::uint64_t incarnation,
                std::uint32_t flags = ballot_flags::counts, std::uint64_t suspect_from = 0) {
        PromiseReply reply;
        reply.flags = flags;
        reply.suspect_from = Index{suspect_from};
        reply.incarnation = Incarnation{incarnation};
        reply.last = {epoch == 0 ? Epoch{} : Epoch{epoch, NodeId{2}, 1}, Index{index}};
        candidacy.take(place, reply);
    }

    Move next() { return candidacy.next(self, peers, roster, Room::plain); }
    void pass(Duration time) { self.now = self.now + time; }

    std::size_t heard() { return candidacy.status(self, peers).heard; }

    Self<Group<Ack>> self;
    typename Candidacy<Group<Ack>>::Roster roster;
    std::array<Peer, 2> peers;
    Candidacy<Group<Ack>> candidacy;
};
using Candidate = CandidateOf<ack::Majority<>>;
using Move = Candidate::Move;

/// As far as node 2, which holds up to entry 8, has to be fetched from.
Candidate fetching(const PromotionOptions& options, std::uint64_t incarnation = 22) {
    Candidate candidate;
    candidate.candidacy.begin(options, 1, candidate.self.now);
    candidate.answer(0, 2, 8, incarnation);
    BOOST_REQUIRE((candidate.next() == Move::bind));
    candidate.candidacy.promise({3, NodeId{1}, 1}, 2, candidate.self.now);
    BOOST_REQUIRE((candidate.next() == Move::wait));
    candidate.answer(0, 2, 8, incarnation);
    BOOST_REQUIRE((candidate.next() == Move::fetch));
    BOOST_REQUIRE(candidate.candidacy.fetching());
    BOOST_TEST(candidate.candidacy.donor() == NodeId{2});
    return candidate;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_was_fetched_says_whose_copies_count) {
    Candidate candidate = fetching({});
    candidate.hold(2, 8);
    BOOST_TEST((candidate.next() == Move::open));
    BOOST_TEST(!candidate.candidacy.forced());

    // The log that was fetched says that another incarnation took the place of the one that answered.
    Candidate deceived = fetching({});
    deceived.hold(2, 8);
    deceived.roster.admit(NodeId{2}, Incarnation{99});
    BOOST_TEST((deceived.next() == Move::refuse));
    const auto status = deceived.candidacy.status(deceived.self, deceived.peers);
    BOOST_TEST((status.error == Error::nodes_missing));
    BOOST_TEST(status.heard == 1u);
    BOOST_TEST(status.missing_count == 2u);
}

BOOST_AUTO_TEST_CASE(what_was_fetched_may_make_an_answer_count) {
    // Its own log did not know yet that it counts.
    Candidate candidate = fetching({});
    candidate.roster.admit(NodeId{2}, Incarnation{99});
    BOOST_TEST((candidate.next() == Move::fetch));
    candidate.hold(2, 8);
    candidate.roster.admit(NodeId{2}, Incarnation{22});
    BOOST_TEST((candidate.next() == Move::open));
}

BOOST_AUTO_TEST_CASE(who_may_lose_opens_a_forced_epoch_after_the_fetch) {
    Candidate candidate = fetching({.may_lose = true, .last_leader = {}});
    candidate.hold(2, 8);
    candidate.roster.admit(NodeId{2}, Incarnation{99});
    BOOST_TEST((candidate.next() == Move::open));
    BOOST_TEST(candidate.candidacy.forced());
}

BOOST_AUTO_TEST_CASE(a_fetch_that_makes_no_progress_is_given_up) {
    Candidate candidate = fetching({});
    candidate.pass(almost);
    BOOST_TEST((candidate.next() == Move::fetch));
    candidate.pass(Duration{1});
    BOOST_TEST((candidate.next() == Move::refuse));
    BOOST_TEST((candidate.candidacy.status(candidate.self, candidate.peers).error == Error::nodes_missing));
    BOOST_TEST(!candidate.candidacy.active());
}

BOOST_AUTO_TEST_CASE(a_fetch_that_makes_progress_is_waited_for) {
    Candidate candidate = fetching({});
    for (std::uint64_t entry = 6; entry < 8; ++entry) {
        candidate.pass(almost);
        support::log_of(candidate.self).reset(Index{entry}, Chain{});
        BOOST_TEST((candidate.next() == Move::fetch));
    }
    candidate.pass(almost);
    BOOST_TEST((candidate.next() == Move::fetch));
    candidate.pass(Duration{1});
    BOOST_TEST((candidate.next() == Move::refuse));
}

BOOST_AUTO_TEST_CASE(an_answer_that_comes_while_entries_are_fetched_changes_nothing) {
    Candidate candidate = fetching({});
    candidate.answer(1, 2, 9, 33);
    BOOST_TEST((candidate.next() == Move::fetch));
    BOOST_TEST(candidate.candidacy.donor() == NodeId{2});
    BOOST_TEST(!candidate.candidacy.unanswered(1));
}

BOOST_AUTO_TEST_CASE(too_few_answers_end_it_in_time_unless_a_loss_is_allowed) {
    for (const bool may_lose : {false, true}) {
        Candidate candidate;
        candidate.candidacy.begin({.may_lose = may_lose, .last_leader = {}}, 1, candidate.self.now);
        BOOST_TEST((candidate.next() == Move::wait));
        BOOST_TEST(candidate.candidacy.unanswered(0));
        candidate.pass(almost);
        BOOST_TEST((candidate.next() == Move::wait));
        candidate.pass(Duration{1});
        BOOST_TEST((candidate.next() == (may_lose ? Move::bind : Move::refuse)));
    }
}

BOOST_AUTO_TEST_CASE(a_candidate_that_lost_entries_counts_only_together_with_all_others) {
    Candidate candidate;
    candidate.self.lost_through = Index{6};
    candidate.candidacy.begin({}, 1, candidate.self.now);
    candidate.answer(0, 1, 5, 22);
    BOOST_TEST((candidate.next() == Move::wait));
    BOOST_TEST(candidate.heard() == 1u);
    candidate.answer(1, 1, 5, 33);
    BOOST_TEST((candidate.next() == Move::bind));
    BOOST_TEST(candidate.heard() == 3u);
    // Its log is as long again as it was, and vouches for itself.
    candidate.self.lost_through = Index{5};
    candidate.answer(1, 1, 5, 33, 0);
    BOOST_TEST((candidate.next() == Move::bind));
    BOOST_TEST(candidate.heard() == 2u);
}

BOOST_AUTO_TEST_CASE(who_led_last_may_be_the_candidate_itself) {
    using Async = CandidateOf<ack::Async<>>;
    for (const bool led : {false, true}) {
        Async candidate;
        if (led) support::epochs_of(candidate.self).push({{2, NodeId{1}, 1}, Index{6}, Chain{}});
        candidate.candidacy.begin({.may_lose = false, .last_leader = NodeId{1}}, 1, candidate.self.now);
        BOOST_TEST((candidate.next() == (led ? Async::Move::bind : Async::Move::wait)));
    }
}

BOOST_AUTO_TEST_CASE(who_is_not_there_is_not_waited_for_a_second_time) {
    Candidate candidate;
    candidate.candidacy.begin({.may_lose = true, .last_leader = {}}, 1, candidate.self.now);
    candidate.answer(0, 1, 5, 99, 0);
    BOOST_TEST((candidate.next() == Move::wait));
    candidate.pass(patience);
    BOOST_TEST((candidate.next() == Move::bind));
    candidate.candidacy.promise({3, NodeId{1}, 1}, 2, candidate.self.now);
    BOOST_TEST((candidate.next() == Move::wait));
    candidate.answer(0, 1, 5, 99, 0);
    BOOST_TEST((candidate.next() == Move::open));
    BOOST_TEST(candidate.candidacy.forced());
}

BOOST_AUTO_TEST_CASE(after_its_end_nobody_is_asked_and_nothing_moves) {
    Candidate candidate;
    BOOST_TEST((!candidate.candidacy.active() && !candidate.candidacy.unanswered(0)));
    BOOST_TEST((candidate.next() == Move::wait));
    candidate.candidacy.begin({}, 1, candidate.self.now);
    BOOST_TEST((candidate.candidacy.active() && candidate.candidacy.of_a_person()));
    BOOST_TEST(candidate.candidacy.unanswered(0));
    candidate.candidacy.refuse(Error::log_full);
    BOOST_TEST((!candidate.candidacy.active() && !candidate.candidacy.of_a_person()));
    BOOST_TEST(!candidate.candidacy.unanswered(0));
    BOOST_TEST((candidate.next() == Move::wait));
    const auto status = candidate.candidacy.status(candidate.self, candidate.peers);
    BOOST_TEST((status.step == PromotionStep::refused && status.error == Error::log_full));
    candidate.candidacy.lead();
    BOOST_TEST((candidate.candidacy.status(candidate.self, candidate.peers).step == PromotionStep::leading));
    BOOST_TEST(!candidate.candidacy.active());
}

BOOST_AUTO_TEST_SUITE_END()
