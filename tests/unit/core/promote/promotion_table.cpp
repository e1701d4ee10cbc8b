// SPDX-License-Identifier: BSL-1.0
// Promotion as a table: which answers let a node lead, what it must fetch before, and when the epoch counts as forced.

#include "support/cluster.hpp"
#include "support/history.hpp"
#include "support/table.hpp"

#include <replicator/core/promote/candidacy.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(promotion_table)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::NodeWords;
using support::position_of;
using support::Row;

template <class Ack>
using Group =
    Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, Ack, support::Small, NoObserver>;
using Limits = support::Small;

/// The node that asks to lead is node 1. Epochs were opened by node 2, and the incarnation that counts is eleven times
/// the number of the node.
template <class Ack>
struct Candidate {
    using Move = typename Candidacy<Group<Ack>>::Move;
    static constexpr std::uint32_t leader = 2;
    static constexpr Incarnation other{99};

    Candidate(std::size_t nodes, const NodeWords& own) {
        constexpr std::array all{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}};
        count = nodes - 1;
        self.set({.node = NodeId{1}, .nodes = std::span(all).first(nodes), .run = Run{11}, .cluster = {}, .group = {}});
        self.now = Instant{} + milliseconds(100'000);
        self.awake_since = Instant{} + milliseconds(1);
        roster = self.roster();
        for (std::uint32_t node = 1; node <= nodes; ++node) roster.admit(NodeId{node}, incarnation_of(node));
        if (own.has("replaced")) roster.admit(NodeId{1}, other);
        for (std::size_t i = 0; i < count; ++i) {
            peers[i].id = all[i + 1];
            peers[i].connected = true;
        }
        const Position last = position_of(own.words.front(), leader);
        support::log_of(self).reset(last.index, Chain{});
        if (last.epoch != Epoch{}) support::epochs_of(self).push({last.epoch, last.index, Chain{}});
        if (own.has("suspect")) self.lost_through = last.index + 1;
        if (const std::string commit = own.after("knows="); !commit.empty()) {
            self.known_commit = position_of(commit, leader);
        }
    }

    static Incarnation incarnation_of(std::uint32_t node) { return Incarnation{11 * node}; }

    void hear(const std::vector<NodeWords>& answers) {
        for (const NodeWords& answer : answers) {
            const std::size_t place = answer.node - 2;
            peers[place].connected = !answer.has("down");
            if (answer.has("replaced")) roster.admit(NodeId{answer.node}, other);
            if (answer.has("down")) continue;
            PromiseReply reply;
            reply.flags = (answer.has("uncounted") ? 0 : ballot_flags::counts) |
                          (answer.has("leads") ? ballot_flags::leads : 0) |
                          (answer.has("asks") ? ballot_flags::candidate : 0);
            reply.incarnation = incarnation_of(answer.node);
            reply.last = position_of(answer.words.front(), leader);
            if (answer.has("suspect")) reply.suspect_from = reply.last.index + 1;
            if (const std::string commit = answer.after("knows="); !commit.empty()) {
                reply.commit = position_of(commit, leader);
            }
            candidacy.take(place, reply);
        }
    }

    std::string decide(const Row& row) {
        PromotionOptions options;
        options.may_lose = row.has("asked", "may_lose");
        options.unless_led = row.has("asked", "unless_led");
        const std::string last = row.after("asked", "last_leader=");
        options.last_leader = NodeId{last.empty() ? 0 : static_cast<std::uint32_t>(std::stoul(last))};
        candidacy.begin(options, 1, self.now);
        if (row["step"] == "binds") candidacy.promise({9, NodeId{1}, 1}, 2, self.now);
        hear(support::nodes_of(row["answers"]));
        if (row.has("asked", "late")) self.now = self.now + Limits::promotion_timeout;
        if (row.has("asked", "patient")) self.now = self.now + Limits::failure_timeout;
        const std::string room = row.after("asked", "room=");
        return text_of(candidacy.next(self, std::span(peers).first(count), roster,
                                      room == "none"      ? Room::none
                                      : room == "reserve" ? Room::reserve
                                      : room == "half"    ? Room::half_reserve
                                                          : Room::plain));
    }

    PromotionStatus<Group<Ack>::peers_max> status() { return candidacy.status(self, std::span(peers).first(count)); }

    std::string text_of(Move move) {
        switch (move) {
            case Move::wait: return "wait";
            case Move::bind: return "bind";
            case Move::fetch: return "fetch " + std::to_string(value(candidacy.donor()));
            case Move::open: return "open";
            case Move::refuse: break;
        }
        switch (status().error) {
            case Error::nodes_missing: return "refuse: missing";
            case Error::stale_epoch: return "refuse: led";
            case Error::busy: return "refuse: busy";
            case Error::log_full: return "refuse: full";
            default: return to_string(status().error);
        }
    }

    Self<Group<Ack>> self;
    typename Candidacy<Group<Ack>>::Roster roster;
    std::array<Peer, 4> peers;
    std::size_t count = 0;
    Candidacy<Group<Ack>> candidacy;
};

template <class Ack>
support::Decided decide_with(const Row& row) {
    const auto nodes = static_cast<std::size_t>(row["group"].back() - '0');
    Candidate<Ack> candidate(nodes, support::nodes_of("1: " + row["own log"]).front());
    const std::string move = candidate.decide(row);
    return {move, std::to_string(candidate.status().heard), candidate.candidacy.forced() ? "yes" : "no"};
}

support::Decided decide(const Row& row) {
    const std::string policy = support::words_of(row["group"]).front();
    if (policy == "async") return decide_with<ack::Async<>>(row);
    if (policy == "semi-sync") return decide_with<ack::SemiSync<>>(row);
    if (policy == "quorum2") return decide_with<ack::Quorum<2>>(row);
    if (policy == "majority") return decide_with<ack::Majority<>>(row);
    if (policy == "sync") return decide_with<ack::Sync<>>(row);
    BOOST_REQUIRE(policy == "degrading");
    return decide_with<ack::Majority<AskedStage{}, WhenMissing::degrade>>(row);
}

}  // namespace

// An answer is the last entry that the node holds, as epoch.index, and what it says or what is known of it:
//   uncounted   its own log does not say that its copies count       suspect      it may have lost what it once held
//   replaced    this node's log says that another incarnation does   down         no answer, no connection, and silence
//   leads       it leads an epoch                                    asks         a person told it to lead
//   knows=e.i   somebody told it that this is committed
// Whoever is not named is connected, and has not answered yet. `late` is when the time for answers is over, `patient`
// when a leader that lives would have been heard of.

BOOST_AUTO_TEST_CASE(how_many_must_be_heard_before_anybody_is_bound) {
    support::check(R"(
        group       | step | own log | answers                      | asked    | move            | heard | forced
        # Two of three share a node with every two that held an acknowledged write.
        majority 3  | asks | 1.5     |                              |          | wait            | 1     | yes
        majority 3  | asks | 1.5     | 2: 1.5                       |          | bind            | 2     | no
        majority 3  | asks | 1.5     | 3: 1.5                       |          | bind            | 2     | no
        majority 4  | asks | 1.5     | 2: 1.5                       |          | bind            | 2     | no
        majority 5  | asks | 1.5     | 2: 1.5                       |          | wait            | 2     | yes
        majority 5  | asks | 1.5     | 2: 1.5, 5: 1.5               |          | bind            | 3     | no
        # n - w + 1, whatever the policy; where it may degrade, the leader alone may have acknowledged.
        sync 3      | asks | 1.5     |                              |          | bind            | 1     | no
        semi-sync 3 | asks | 1.5     |                              |          | wait            | 1     | yes
        semi-sync 3 | asks | 1.5     | 2: 1.5                       |          | bind            | 2     | no
        quorum2 5   | asks | 1.5     | 2: 1.5, 3: 1.5               |          | wait            | 3     | yes
        quorum2 5   | asks | 1.5     | 2: 1.5, 3: 1.5, 5: 1.5       |          | bind            | 4     | no
        degrading 3 | asks | 1.5     | 2: 1.5                       |          | wait            | 2     | yes
        degrading 3 | asks | 1.5     | 2: 1.5, 3: 1.5               |          | bind            | 3     | no
        async 3     | asks | 1.5     | 2: 1.5                       |          | wait            | 2     | yes
        async 3     | asks | 1.5     | 2: 1.5, 3: 1.5               |          | bind            | 3     | no
        # When nobody is left to be waited for, or the time is over, it is refused, and nobody was bound.
        majority 3  | asks | 1.5     |                              | late     | refuse: missing | 1     | yes
        majority 3  | asks | 1.5     | 3: down                      |          | wait            | 1     | yes
        majority 3  | asks | 1.5     | 2: down, 3: down             |          | refuse: missing | 1     | yes
        majority 3  | asks | 1.5     | 2: 0.0, 3: down              |          | refuse: missing | 1     | yes
        # Only who says that acknowledged writes may be lost goes on with fewer, and only then.
        majority 3  | asks | 1.5     |                              | may_lose | wait            | 1     | yes
        majority 3  | asks | 1.5     | 2: down, 3: down             | may_lose | bind            | 1     | yes
        majority 3  | asks | 1.5     |                              | late may_lose | bind       | 1     | yes
        majority 3  | asks | 1.5     | 2: 1.5                       | may_lose | bind            | 2     | no
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(whose_copies_are_heard) {
    support::check(R"(
        group      | step | own log      | answers                       | asked | move            | heard | forced
        # Nothing, or an entry of an epoch that it no longer knows, is no copy.
        majority 3 | asks | 1.5          | 2: 0.0                        |       | wait            | 1     | yes
        majority 3 | asks | 1.5          | 2: 0.4                        |       | wait            | 1     | yes
        majority 3 | asks | 1.5          | 2: 0.0, 3: 0.4                |       | refuse: missing | 1     | yes
        # Before anybody is bound, each is believed what its own log says of it.
        majority 3 | asks | 1.5          | 2: 1.5 uncounted              |       | wait            | 1     | yes
        majority 3 | asks | 1.5          | 2: 1.5 replaced               |       | bind            | 2     | no
        majority 3 | asks | 1.5 replaced | 2: 1.5                        |       | wait            | 1     | yes
        majority 3 | asks | 1.5 replaced | 2: 1.5, 3: 1.5                |       | bind            | 2     | no
        majority 3 | asks | 0.0          | 2: 1.5, 3: 1.5                |       | bind            | 2     | no
        # Who lost what it once held counts only together with all others, who count, too.
        majority 3 | asks | 1.5          | 2: 1.4 suspect                |       | wait            | 1     | yes
        majority 3 | asks | 1.5          | 2: 1.4 suspect, 3: 1.5        |       | bind            | 3     | no
        majority 3 | asks | 1.5          | 2: 1.4 suspect, 3: 0.0        |       | refuse: missing | 1     | yes
        majority 3 | asks | 1.5          | 2: 1.4 suspect, 3: 1.5 uncounted |    | refuse: missing | 1     | yes
        majority 3 | asks | 1.5 suspect  | 2: 1.5                        |       | wait            | 1     | yes
        majority 3 | asks | 1.5 suspect  | 2: 1.5, 3: 1.5                |       | bind            | 3     | no
        majority 3 | asks | 1.5 suspect  | 2: 1.5, 3: 1.5 suspect        |       | bind            | 3     | no
        majority 3 | asks | 1.5 replaced | 2: 1.5, 3: 1.4 suspect        |       | refuse: missing | 1     | yes
        sync 3     | asks | 1.5 suspect  |                               |       | wait            | 0     | yes
        # In the end it is the newest log of all that says whose copies count: here this node's own.
        majority 3 | binds | 1.5         | 2: 1.5 replaced               |       | wait            | 1     | yes
        majority 3 | binds | 1.5         | 2: 1.5 replaced, 3: 1.5       |       | open            | 2     | no
        majority 3 | binds | 1.5         | 2: 1.5 replaced, 3: 0.0       |       | refuse: missing | 1     | yes
        majority 3 | binds | 1.5         | 2: 1.5 uncounted              |       | open            | 2     | no
        majority 3 | binds | 1.5         | 2: 1.4 suspect, 3: 1.5        |       | open            | 3     | no
        # And here that of the node that it has to fetch from, which is believed until it is here.
        majority 3 | binds | 1.5         | 2: 1.9 replaced               |       | fetch 2         | 2     | no
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(what_is_fetched_before_it_leads) {
    support::check(R"(
        group      | step  | own log | answers                | asked         | move            | heard | forced
        majority 3 | binds | 1.5     |                        |               | wait            | 1     | yes
        majority 3 | binds | 1.5     | 2: 1.5                 |               | open            | 2     | no
        majority 3 | binds | 1.5     | 2: 1.3                 |               | open            | 2     | no
        majority 3 | binds | 1.5     | 2: 1.9                 |               | fetch 2         | 2     | no
        # The newest entry is the one of the newest epoch; within it, the one furthest on.
        majority 3 | binds | 1.5     | 2: 2.3                 |               | fetch 2         | 2     | no
        majority 3 | binds | 2.5     | 2: 1.9                 |               | open            | 2     | no
        majority 3 | binds | 1.5     | 2: 1.9, 3: 2.3         |               | fetch 3         | 3     | no
        majority 3 | binds | 1.5     | 2: 2.4, 3: 2.3         |               | fetch 2         | 3     | no
        # Also from a node whose copies do not count: what it holds may be acknowledged all the same.
        majority 3 | binds | 1.5     | 2: 1.5, 3: 1.9 uncounted |             | fetch 3         | 2     | no
        # Not from one whose newest epoch is forgotten: nobody could compare it.
        majority 3 | binds | 1.5     | 2: 1.5, 3: 0.9         |               | open            | 2     | no
        # With too few promises only a person's word opens the epoch, which then says so.
        majority 3 | binds | 1.5     | 2: 0.0                 | late          | refuse: missing | 1     | yes
        majority 3 | binds | 1.5     |                        | late may_lose | open            | 1     | yes
        majority 3 | binds | 1.5     | 2: 1.9 uncounted       | late may_lose | fetch 2         | 1     | yes
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(what_somebody_was_told_and_nobody_holds_is_lost) {
    support::check(R"(
        group      | step  | own log       | answers                     | asked         | move            | heard | forced
        majority 3 | asks  | 1.5           | 2: 1.5 knows=1.5            |               | bind            | 2     | no
        majority 3 | asks  | 1.5           | 2: 1.5 knows=1.7            |               | wait            | 2     | yes
        majority 3 | asks  | 1.5 knows=1.7 | 2: 1.5                      |               | wait            | 2     | yes
        majority 3 | asks  | 1.5 knows=2.4 | 2: 1.5                      |               | wait            | 2     | yes
        # A third one may still have it.
        majority 3 | asks  | 1.5           | 2: 1.5 knows=1.7, 3: 1.7    |               | bind            | 3     | no
        # Also a word of a node whose copies do not count.
        majority 3 | asks  | 1.5           | 2: 1.5, 3: 0.0 knows=1.7    |               | refuse: missing | 2     | yes
        majority 3 | asks  | 1.5           | 2: 1.5, 3: 1.5 knows=1.7    | may_lose      | bind            | 3     | yes
        majority 3 | binds | 1.5           | 2: 1.5 knows=1.7            | late          | refuse: missing | 2     | yes
        majority 3 | binds | 1.5           | 2: 1.5 knows=1.7            | late may_lose | open            | 2     | yes
        sync 3     | asks  | 1.5 knows=1.7 |                             |               | wait            | 1     | yes
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(where_a_write_is_on_the_leader_alone_the_last_one_that_led_is_enough) {
    support::check(R"(
        group      | step  | own log      | answers          | asked         | move | heard | forced
        # Node 2 opened epoch 1. It is not what a promotion without loss must hear, so the epoch counts as forced.
        async 3    | asks  | 1.5          | 2: 1.5           | last_leader=2 | bind | 2     | yes
        async 3    | binds | 1.5          | 2: 1.5           | last_leader=2 | open | 2     | yes
        async 3    | asks  | 1.5          | 2: 1.5           |               | wait | 2     | yes
        async 3    | asks  | 1.5          | 3: 1.5           | last_leader=2 | wait | 2     | yes
        async 3    | asks  | 1.5          | 3: 1.5           | last_leader=3 | wait | 2     | yes
        async 3    | asks  | 1.5          |                  | last_leader=1 | wait | 1     | yes
        # Its copies must count, and have all that anybody was told of.
        async 3    | asks  | 1.5          | 2: 1.5 uncounted | last_leader=2 | wait | 1     | yes
        async 3    | asks  | 1.5          | 2: 1.4 suspect   | last_leader=2 | wait | 1     | yes
        async 3    | asks  | 1.5          | 2: 1.5 knows=1.7 | last_leader=2 | wait | 2     | yes
        # With any other policy it is no help.
        majority 3 | asks  | 1.5 replaced | 2: 1.5           | last_leader=2 | wait | 1     | yes
        degrading 3 | asks | 1.5          | 2: 1.5           | last_leader=2 | bind | 2     | yes
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(who_gives_way) {
    support::check(R"(
        group      | step  | own log | answers               | asked              | move         | heard | forced
        majority 3 | asks  | 1.5     | 2: 1.5 leads          | unless_led         | refuse: led  | 2     | no
        majority 3 | asks  | 1.5     | 2: 0.0 leads          | unless_led         | refuse: led  | 1     | yes
        # An epoch that this node has no entry of shows that somebody led after it.
        majority 3 | asks  | 1.5     | 2: 2.3                | unless_led         | refuse: led  | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.9, 3: 1.5        | unless_led         | bind         | 3     | no
        majority 3 | asks  | 1.5     | 2: 1.5 asks           | unless_led         | refuse: busy | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5 leads asks     | unless_led         | refuse: led  | 2     | no
        # Without it, a person has decided.
        majority 3 | asks  | 1.5     | 2: 1.5 leads          |                    | bind         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5 asks           |                    | bind         | 2     | no
        # Where few are enough, the others are waited for: one of them may lead.
        majority 3 | asks  | 1.5     | 2: 1.5                | unless_led         | wait         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5                | unless_led patient | bind         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5, 3: down       | unless_led         | bind         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5, 3: 1.5        | unless_led         | bind         | 3     | no
        sync 3     | asks  | 1.5     |                       | unless_led         | wait         | 1     | no
        # Once others are bound, there is no way back.
        majority 3 | binds | 1.5     | 2: 1.5 leads          | unless_led         | open         | 2     | no
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_CASE(whose_epoch_may_take_the_last_room_of_a_log) {
    support::check(R"(
        group      | step  | own log | answers                | asked                   | move         | heard | forced
        majority 3 | asks  | 1.5     | 2: 1.5                 | room=half               | bind         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5                 | room=reserve            | bind         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5                 | room=none               | wait         | 2     | no
        majority 3 | asks  | 1.5     | 2: 1.5                 | room=none late          | refuse: full | 2     | no
        # Not one that so few were heard for that its entry could not be committed, and so free nothing.
        sync 3     | asks  | 1.5     |                        |                         | bind         | 1     | no
        sync 3     | asks  | 1.5     |                        | room=half               | wait         | 1     | no
        sync 3     | asks  | 1.5     |                        | room=reserve late       | refuse: full | 1     | no
        sync 3     | asks  | 1.5     | 2: 1.5, 3: 1.5         | room=reserve            | bind         | 3     | no
        # Where blank nodes took the place of others, a person may have them admitted, in the outer half.
        sync 3     | asks  | 1.5     | 2: 0.0, 3: 0.0         | room=half may_lose      | bind         | 1     | no
        sync 3     | asks  | 1.5     | 2: 0.0                 | room=half may_lose      | wait         | 1     | no
        sync 3     | asks  | 1.5     | 2: 0.0, 3: 0.0         | room=half               | refuse: full | 1     | no
        sync 3     | asks  | 1.5     | 2: 0.0, 3: 0.0         | room=reserve may_lose   | refuse: full | 1     | no
        # Once others are bound, it was decided.
        majority 3 | binds | 1.5     | 2: 1.5                 | room=none               | open         | 2     | no
    )",
                   {"move", "heard", "forced"}, decide);
}

BOOST_AUTO_TEST_SUITE_END()
