// SPDX-License-Identifier: BSL-1.0
// Where two logs part, as tables: what the leader asks about, what the follower answers, and where the search ends.
//
// A log is written as the epochs of its entries, from entry 1 on: 11133 is three entries of epoch 1 and two of epoch 3.
// A dot is an entry that was dropped, a question mark one whose epoch is forgotten.

#include "support/one_follower.hpp"
#include "support/one_leader.hpp"
#include "support/table.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

BOOST_AUTO_TEST_SUITE(parting_table)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::epoch_of;
using support::position_of;
using support::Row;
using support::text_of;

template <class Parts>
void write_entries(support::OneNode<Parts>& node, const std::string& epochs, char before) {
    for (const char epoch : epochs) {
        if (epoch != before && epoch >= '0' && epoch <= '9') {
            node.open_epoch(static_cast<std::uint64_t>(epoch - '0'));
        } else {
            node.write(1);
        }
        before = epoch;
    }
}
/// Writes the log into a node. Of what is dropped, the chain alone is left.
template <class Parts>
void write_log(support::OneNode<Parts>& node, const std::string& log) {
    const auto dots = static_cast<std::size_t>(std::count(log.begin(), log.end(), '.'));
    support::log_of(node.self).reset(Index{}, Chain{});
    support::epochs_of(node.self) = {};
    write_entries(node, log.substr(0, dots), '.');
    const Chain chain = node.self.log().chain();
    support::log_of(node.self).reset(Index{dots}, chain);
    node.applier.install({}, node.self.log().begin());
    write_entries(node, log.substr(dots), '.');
}

struct Leading : support::one_leader::Leading {
    explicit Leading(const std::string& log) { write_log(*this, log); }
    /// What it does about the follower now.
    [[nodiscard]] std::string step() {
        const Progress& progress = follower();
        if (progress.state() == FollowerState::probing) return text_of(progress.previous);
        if (progress.state() == FollowerState::catching_up) return "agree " + std::to_string(progress.received.value);
        BOOST_REQUIRE((progress.state() == FollowerState::snapshot));
        const Position lacks = progress.snapshot.lacks;
        return "state" + (lacks == Position{} ? std::string{} : " for " + text_of(lacks));
    }
};

struct Following : support::one_follower::Log {
    Following(const std::string& log, std::uint64_t committed, std::uint64_t leads, Position forced) {
        write_log(*this, log);
        self.commit = Index{committed};
        self.epoch = self.promised = epoch_of(leads);
        follower.linked(forced);
    }
    /// Why the append that is said to stand behind `previous` is not taken, and where to look; "agrees" when it is.
    [[nodiscard]] std::string answer(Position previous, Chain chain) {
        Append append;
        append.previous = previous;
        append.previous_chain = chain;
        if (follower.begin_append(self, append)) return "agrees";
        if (self.role == Role::faulted) return "stops";
        const Ack ack = follower.make_ack(self, applier);
        BOOST_REQUIRE(ack.refusal);
        return std::string(ack.refusal->error == Error::diverged ? "diverged" : "look at") + " " +
               text_of(ack.refusal->hint);
    }

    Follower<support::one_follower::Parts> follower;
};

Position position_in(const Row& row, const std::string& head) {
    return row[head].empty() ? Position{} : position_of(row[head]);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_the_leader_asks_about_when_a_link_begins) {
    support::check(R"(
        leader     | ends with | committed | asks about
        # The newest entry that both may have: of the same epoch, up to where the shorter one ends.
        1111333366 | 6.10      |           | 6.10
        1111333366 | 6.12      |           | 6.10
        1111333366 | 6.9       |           | 6.9
        1111333366 | 3.8       |           | 3.8
        1111333366 | 3.5       |           | 3.5
        # What the other has of epoch 3 is at most what this log has of it.
        1111333366 | 3.9       |           | 3.8
        # An epoch that this log does not have: they part where the one before it ends, or earlier.
        1111333366 | 5.12      |           | 3.8
        1111333366 | 5.6       |           | 3.6
        1111333366 | 2.7       |           | 1.4
        1111333366 | 2.3       |           | 1.3
        1111333366 | 8.12      |           | 6.10
        3333       | 2.7       |           | 0.0
        # A blank one gets everything.
        1111333366 | 0.0       |           | 0.0
        # Who has forgotten of what epoch its last entry is bounds only by how many entries it has.
        1111333366 | 0.7       |           | 3.7
        1111333366 | 0.12      |           | 6.10
        # What is committed there is here, too.
        1111333366 | 5.12      | 3.8       | 3.8
        1111333366 | 2.7       | 1.4       | 1.4
        ????333366 | 2.7       | 0.3       | 0.4
        # Or it is not, and then only a state takes its place.
        1111333366 | 2.7       | 2.6       | state for 2.6
        1111333366 | 4.12      | 4.9       | state for 4.9
        # So does it where this log does not reach back as far.
        ....333366 | 3.8       |           | 3.8
        ....333366 | 3.4       |           | 0.4
        ....333366 | 1.3       |           | state
        ....333366 | 0.0       |           | state
    )",
                   {"asks about"}, [](const Row& row) -> support::Decided {
                       Leading leading(row["leader"]);
                       leading.begin(position_in(row, "ends with"), position_in(row, "committed"));
                       return {leading.step()};
                   });
}

BOOST_AUTO_TEST_CASE(what_the_leader_does_about_a_refusal) {
    support::check(R"(
        leader     | refusal | hint | committed | asks about
        1111333366 | other   | 3.6  | 1.2       | 3.6
        1111333366 | other   | 2.6  | 1.2       | 1.4
        1111333366 | other   | 4.9  | 3.6       | 3.8
        # Where the hint lies below what is committed there, that is where to look, if it is here.
        1111333366 | other   | 1.2  | 1.4       | 1.4
        1111333366 | other   | 0.2  | 3.6       | 3.6
        1111333366 | other   | 1.2  | 2.6       | state for 2.6
        # Unless that is just what differs.
        1111333366 | diverged | 1.2 | 1.4       | state for 1.4
        1111333366 | diverged | 3.5 | 3.8       | state for 3.8
        ....333366 | other   | 1.3  | 1.2       | state
    )",
                   {"asks about"}, [](const Row& row) -> support::Decided {
                       Leading leading(row["leader"]);
                       leading.begin(leading.self.last());
                       BOOST_REQUIRE(leading.append());
                       const bool diverged = row["refusal"] == "diverged";
                       leading.refuse(0, diverged ? Error::diverged : Error::discarded, position_in(row, "hint"),
                                      position_in(row, "committed"));
                       return {leading.step()};
                   });
}

BOOST_AUTO_TEST_CASE(what_a_follower_answers_to_the_question_whether_it_has_an_entry) {
    support::check(R"(
        follower   | committed | asked about | chain  | forced | answers
        11113333   | 4         | 3.8         | same   |        | agrees
        11113333   | 4         | 3.5         | same   |        | agrees
        11113333   | 4         | 1.4         | same   |        | agrees
        11113333   | 0         | 0.0         | same   |        | agrees
        # It does not have that, and tells the newest that both may have.
        11113333   | 4         | 3.9         | other  |        | look at 3.8
        11113333   | 4         | 5.9         | other  |        | look at 3.8
        11113333   | 4         | 5.7         | other  |        | look at 3.6
        11113333   | 4         | 2.6         | other  |        | look at 1.4
        11113333   | 2         | 1.6         | other  |        | look at 1.4
        # The same position with another chain is damage, and lies further back.
        11113333   | 4         | 3.7         | other  |        | look at 3.6
        11113333   | 6         | 3.6         | other  |        | look at 3.5
        # The leader no longer knows of what epoch it is.
        11113333   | 4         | 0.7         | other  |        | look at 3.6
        # A question about less than is committed is old news.
        11113333   | 6         | 3.5         | other  |        | look at 3.8
        # The leader lacks what is committed here: that is proof of a bug, and the node stops.
        11113333   | 6         | 2.6         | other  |        | stops
        11113333   | 6         | 2.7         | other  |        | stops
        # But for a person who said that acknowledged writes may be lost, in an epoch after all that is committed here.
        11113333   | 6         | 2.6         | other  | 5.5    | diverged 1.4
        11113333   | 6         | 2.6         | other  | 3.5    | stops
        11113333   | 6         | 2.6         | other  | 2.2    | stops
        # With nothing committed there is nothing to lose.
        11113333   | 0         | 2.6         | other  |        | look at 1.4
        11113333   | 0         | 0.4         | other  |        | look at 1.3
    )",
                   {"answers"}, [](const Row& row) -> support::Decided {
                       Following node(row["follower"], std::stoull(row["committed"]), 9, position_in(row, "forced"));
                       const Position asked = position_of(row["asked about"]);
                       const Chain same =
                           asked.index <= node.self.log().last() ? chain_at(node.self.log(), asked.index) : Chain{};
                       const Chain other{value(same) + 1};
                       return {node.answer(asked, row["chain"] == "same" ? same : other)};
                   });
}

BOOST_AUTO_TEST_CASE(where_the_search_ends) {
    support::check(R"(
        leader     | follower   | committed | asks               | ends
        1111       | 1111       | 4         | 1.4                | agree 4
        111122     | 1111       | 4         | 1.4                | agree 4
        # The follower has more: writes of a leader that nobody else heard.
        1111       | 111111     | 4         | 1.4                | agree 4
        111133     | 11112222   | 4         | 1.4                | agree 4
        # It has more of the same epoch than the leader, which went on in another one.
        1133       | 1111       | 2         | 1.2                | agree 2
        # Each step leaves out an epoch that one of both does not have.
        11335577   | 11224466   | 2         | 5.6 3.4 1.2        | agree 2
        1355       | 1244       | 1         | 3.2 1.1            | agree 1
        13557      | 12446      | 1         | 5.4 3.2 1.1        | agree 1
        # Nothing is shared.
        3333       | 2222       | 0         | 0.0                | agree 0
        1111       |            | 0         | 0.0                | agree 0
        # The leader lacks what is committed: nobody but a person may replace that.
        1133       | 1122       | 4         |                    | state for 2.4
        1133       | 1111       | 3         |                    | state for 1.3
    )",
                   {"asks", "ends"}, [](const Row& row) -> support::Decided {
                       Leading leader(row["leader"]);
                       const auto committed = std::stoull(row["committed"]);
                       Following follower(row["follower"], committed, leader.self.epoch.counter, {});
                       leader.begin(follower.self.last(), follower.self.committed());
                       std::string asks;
                       while (leader.follower().state() == FollowerState::probing && asks.size() < 30) {
                           asks += (asks.empty() ? "" : " ") + leader.step();
                           const auto question = leader.append();
                           BOOST_REQUIRE(question);
                           const bool agrees = follower.follower.begin_append(follower.self, *question);
                           BOOST_TEST((agrees || follower.follower.owes()));
                           leader.take(follower.follower.make_ack(follower.self, follower.applier));
                       }
                       return {asks, leader.step()};
                   });
}

BOOST_AUTO_TEST_SUITE_END()
