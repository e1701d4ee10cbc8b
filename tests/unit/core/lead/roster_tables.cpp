// SPDX-License-Identifier: BSL-1.0
// What a leader writes of its own accord, as tables: who gets the seat, whose copies count from now on, and how soon.

#include "support/parts.hpp"
#include "support/progress.hpp"
#include "support/table.hpp"

#include <replicator/core/lead/admission.hpp>
#include <replicator/core/lead/seat.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

BOOST_AUTO_TEST_SUITE(roster_tables)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::NodeWords;
using support::Row;
using Parts = support::PartsOf<>;
using Limits = support::Small;

/// A log whose flushes the test makes.
struct Flushed : log::Ring<4096> {
    static constexpr Stage stage = Stage::durable;
};
using OnDisks =
    Composition<support::Sum, codec::Raw<support::Sum::Command>, Flushed, ack::SemiSync<>, Limits, NoObserver>;

std::uint64_t number_after(const NodeWords& node, const std::string& name) {
    const std::string text = node.after(name);
    return text.empty() ? 0 : std::stoull(text);
}

void set_state(Progress& progress, const NodeWords& node) {
    progress.counts = !node.has("uncounted");
    progress.stuck = node.has("stuck");
    support::set_state(progress, node.has("down")       ? FollowerState::down
                                 : node.has("late")     ? FollowerState::catching_up
                                 : node.has("snapshot") ? FollowerState::snapshot
                                                        : FollowerState::streaming);
}

/// Node 1 leads up to four followers.
struct Followers {
    Followers() {
        for (std::size_t i = 0; i < peers.size(); ++i) peers[i].id = NodeId{static_cast<std::uint32_t>(i + 2)};
    }
    Peer& at(std::uint32_t node) { return peers[node - 2]; }
    std::span<const Peer> first(std::size_t count) const { return std::span(peers).first(count); }

    std::array<Peer, 4> peers{};
};

template <class Parts_>
support::Decided seat_of(const Row& row) {
    support::OneNode<Parts_> node;
    constexpr Duration tenth{Limits::seat_rest_interval.microseconds / 10};
    Followers followers;
    const auto nodes = support::nodes_of(row["followers"]);
    for (const NodeWords& each : nodes) {
        Progress& progress = followers.at(each.node).progress;
        set_state(progress, each);
        const auto held = support::words_of(each.words.front(), '/');
        progress.received = Index{std::stoull(held.front())};
        progress.durable = Index{std::stoull(held.back())};
        if (each.has("seat")) support::roster_of(node.self).seat = NodeId{each.node};
        const std::string rested = each.after("lost=");
        progress.lost_seat = !rested.empty();
        const std::uint64_t left = rested.empty() ? 0 : 10 - std::stoull(rested);
        progress.seat_lost_at = node.self.now + Duration{left * tenth.microseconds};
    }
    node.self.now = node.self.now + Duration{10 * tenth.microseconds};
    const NodeId next = next_seat(node.self, followers.first(nodes.size()), Index{std::stoull(row["acknowledged"])});
    return {next == NodeId{} ? "nobody" : std::to_string(value(next))};
}

/// What is asked about is node 2, whose incarnation that counts is 22.
support::Decided admission_of(const Row& row) {
    const auto group = support::words_of(row["nodes/holders"], '/');
    const std::size_t size = std::stoul(group.front());
    Roster<5> roster;
    constexpr std::array all{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}};
    roster.set_nodes(std::span(all).first(size));
    Followers followers;
    for (const NodeWords& each : support::nodes_of(row["others"])) {
        set_state(followers.at(each.node).progress, each);
        followers.at(each.node).progress.round = std::stoull(each.words.front());
    }
    const NodeWords candidate = support::nodes_of("2: " + row["node 2"]).front();
    Progress& progress = followers.at(2).progress;
    set_state(progress, candidate);
    progress.counts = candidate.has("counts");
    progress.incarnation = Incarnation{candidate.has("other") ? 99u : 22u};
    progress.appeared_in_round = number_after(candidate, "round=");
    progress.round = 100;  // of itself nobody believes it
    if (!candidate.has("first")) roster.admit(NodeId{2}, Incarnation{22});
    const bool may = may_count(roster, followers.first(size - 1), followers.at(2), size, std::stoul(group.back()));
    return {may ? "yes" : "no"};
}

/// "4@0": four entries at that time; "c4": entries up to the fourth are committed; "anew": it leads
/// another epoch.
support::Decided pace_of(const Row& row) {
    OwnEntriesBudget<Limits> pace;
    Index last;
    Index commit;
    const auto at = [](const std::string& hundredths) {
        const Duration since{Limits::heartbeat_interval.microseconds / 100 * std::stoull(hundredths)};
        return Instant{} + milliseconds(1'000'000) + since;
    };
    for (const std::string& step : support::words_of(row["before"])) {
        if (step.front() == 'c') {
            commit = Index{std::stoull(step.substr(1))};
            continue;
        }
        if (step == "anew") {
            pace.restart();
            continue;
        }
        const auto parts = support::words_of(step, '@');
        for (std::uint64_t times = std::stoull(parts.front()); times > 0; --times) {
            pace.wrote(++last, commit, at(parts.back()));
        }
    }
    return {pace.allows(std::stoul(row["followers"]), commit, at(row["at"])) ? "yes" : "no"};
}

}  // namespace

// A follower holds entries up to a number, as received/durable where these differ, and
//   seat        it has the seat                      late, snapshot   it does not stream yet
//   uncounted   its incarnation was not admitted     stuck            it was sent more, and does not get on
//   lost=n      it lost the seat; n tenths of the time to rest are over

BOOST_AUTO_TEST_CASE(who_gets_the_seat) {
    support::check(R"(
        acknowledged | followers                              | goes to
        # It stays where it is while its holder streams, however far others are.
        10           | 2: 10 seat, 3: 99, 4: 99               | nobody
        10           | 2: 5 seat, 3: 99, 4: 99                | nobody
        # Else it goes to the most complete one, of equals to the first.
        10           | 2: 10 seat down, 3: 10, 4: 10          | 3
        10           | 2: 10 seat down, 3: 10, 4: 11          | 4
        10           | 2: 10 seat late, 3: 10, 4: 11          | 4
        10           | 2: 10 seat uncounted, 3: 10, 4: 11     | 4
        0            | 2: 0, 3: 0, 4: 0                       | 2
        # It must hold all that is acknowledged, or that would be lost with the leader.
        10           | 2: 10 seat down, 3: 9, 4: 10           | 4
        10           | 2: 10 seat down, 3: 9, 4: 9            | nobody
        10           | 2: 10 seat down, 3: 99 uncounted, 4: 10 | 4
        10           | 2: 10 seat down, 3: 99 late, 4: 10     | 4
        10           | 2: 10 seat down, 3: 99 snapshot, 4: 10 | 4
        10           | 2: 10 seat down, 3: 99 down, 4: 10     | 4
        10           | 2: 10 seat down, 3: 99 stuck, 4: 10    | 4
        # Who lost it lately comes after all others, and before nobody.
        10           | 2: 10 seat down, 3: 50 lost=9, 4: 10   | 4
        10           | 2: 10 seat down, 3: 50 lost=10, 4: 10  | 3
        10           | 2: 10 seat down, 3: 50 lost=0, 4: 9    | 3
        10           | 2: 10 seat down, 3: 20 lost=0, 4: 30 lost=0 | 4
        # From one that is stuck it goes to one that got further; where nobody does, the fault may be the leader's.
        10           | 2: 10 seat stuck, 3: 10, 4: 10         | nobody
        10           | 2: 10 seat stuck, 3: 10, 4: 11         | 4
        10           | 2: 12 seat stuck, 3: 11, 4: 12         | nobody
        10           | 2: 12 seat stuck, 3: 11, 4: 13         | 4
        10           | 2: 10 seat stuck, 3: 11 stuck, 4: 10   | nobody
    )",
                   {"goes to"}, seat_of<Parts>);
}

BOOST_AUTO_TEST_CASE(who_gets_the_seat_where_only_a_flushed_copy_counts) {
    support::check(R"(
        acknowledged | followers                              | goes to
        10           | 2: 10 seat down, 3: 12/9, 4: 10/10     | 4
        10           | 2: 10 seat down, 3: 12/9, 4: 11/9      | nobody
        10           | 2: 12/10 seat stuck, 3: 12/10, 4: 12/11 | 4
        10           | 2: 12/10 seat stuck, 3: 12/10, 4: 12/10 | nobody
    )",
                   {"goes to"}, seat_of<OnDisks>);
}

// Node 2 appeared in a round, as the incarnation that counts already or as another one; `first` when none ever counted.
// The others have confirmed the leader's epoch up to a round.

BOOST_AUTO_TEST_CASE(when_a_follower_begins_to_count) {
    support::check(R"(
        nodes/holders | node 2               | others                       | may count
        # An incarnation that nobody counted has promised nothing that could count.
        3/2           | first other          |                              | yes
        3/2           | same                 | 3: 0                         | yes
        3/2           | counts               | 3: 9                         | no
        # Not before it has all that is acknowledged.
        3/2           | first other late     |                              | no
        3/2           | same late            | 3: 9                         | no
        3/2           | same snapshot        | 3: 9                         | no
        3/2           | same down            | 3: 9                         | no
        # One that takes the place of another has forgotten what that promised, perhaps to another leader. So others must
        # have confirmed this one since: min(n - 1, max(w, n - w + 1)) of those that count, the leader included.
        3/2           | other round=5        | 3: 4                         | no
        3/2           | other round=5        | 3: 5                         | yes
        3/2           | other round=5        | 3: 6                         | yes
        3/2           | other round=5        | 3: 9 uncounted               | no
        3/2           | other round=5 late   | 3: 9                         | no
        2/2           | other round=5        |                              | yes
        3/1           | other round=5        | 3: 4                         | no
        3/3           | other round=5        | 3: 5                         | yes
        5/3           | other round=5        | 3: 5, 4: 4, 5: 4             | no
        5/3           | other round=5        | 3: 5, 4: 5, 5: 4             | yes
        5/2           | other round=5        | 3: 5, 4: 5, 5: 4             | no
        5/2           | other round=5        | 3: 5, 4: 5, 5: 5             | yes
        5/4           | other round=5        | 3: 5, 4: 5, 5: 4             | no
        5/4           | other round=5        | 3: 5, 4: 5, 5: 5             | yes
        # Who confirmed counts, also if it is gone by now.
        3/2           | other round=5        | 3: 5 down                    | yes
    )",
                   {"may count"}, admission_of);
}

// Times are counted in hundredths of the interval between heartbeats.

BOOST_AUTO_TEST_CASE(how_soon_a_leader_may_write_one_more) {
    support::check(R"(
        followers | before            | at   | one more
        # As many as replace every follower, with a seat and an admission, come at once.
        2         |                   | 0    | yes
        2         | 3@0               | 0    | yes
        2         | 4@0               | 0    | no
        3         | 4@0               | 0    | yes
        3         | 6@0               | 0    | no
        # What is committed does not count, once all of them are.
        2         | 4@0 c3            | 0    | no
        2         | 4@0 c4            | 0    | yes
        2         | 4@0 c4 3@0        | 0    | yes
        2         | 4@0 c4 4@0        | 0    | no
        # Of any more, each waits for a heartbeat at least,
        2         | 4@0               | 99   | no
        2         | 4@0               | 100  | yes
        # and for as long as those before it took together.
        2         | 4@0 1@100         | 199  | no
        2         | 4@0 1@100         | 200  | yes
        2         | 4@0 1@100 1@200   | 399  | no
        2         | 4@0 1@100 1@200   | 400  | yes
        2         | 3@0 1@700         | 1399 | no
        2         | 3@0 1@700         | 1400 | yes
        2         | 4@0 anew          | 0    | yes
        # Trouble that begins anew counts from its own beginning.
        2         | 3@0 1@700 c4 4@900 | 999 | no
        2         | 3@0 1@700 c4 4@900 | 1000 | yes
    )",
                   {"one more"}, pace_of);
}

BOOST_AUTO_TEST_SUITE_END()
