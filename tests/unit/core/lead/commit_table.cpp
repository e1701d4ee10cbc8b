// SPDX-License-Identifier: BSL-1.0
// The commit rule as a table: from what the nodes hold, what the leader commits, and what it acknowledges.

#include "support/cluster.hpp"
#include "support/parts.hpp"
#include "support/progress.hpp"
#include "support/table.hpp"

#include <replicator/core/lead/leader.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

BOOST_AUTO_TEST_SUITE(commit_table)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::NodeWords;
using support::Row;

/// A log whose flushes the test makes.
struct Flushed : log::Ring<4096> {
    static constexpr Stage stage = Stage::durable;
    Index durable;
    [[nodiscard]] Index flushed() const noexcept { return durable; }
};

/// Node 1 leads. Entries 1 to 3 are of epoch 1; entry 4 opened its own.
template <class Ack, class Log>
struct Leading
    : support::OneNode<
          Composition<support::Sum, codec::Raw<support::Sum::Command>, Log, Ack, support::Small, NoObserver>> {
    using Parts = Composition<support::Sum, codec::Raw<support::Sum::Command>, Log, Ack, support::Small, NoObserver>;
    using Node = support::OneNode<Parts>;
    using Node::applier, Node::self;

    Leading(std::size_t nodes, std::uint64_t last) : Node(nodes), count(nodes - 1) {
        Node::open_epoch(1);
        Node::write(2);
        for (std::size_t i = 0; i < count; ++i) peers[i].id = NodeId{static_cast<std::uint32_t>(i + 2)};
        BOOST_REQUIRE(leader.open(self, applier, followers(), {4, NodeId{1}, 1}, self.roster(), false));
        Node::write(last - 4);
    }

    void hold(const NodeWords& follower) {
        Progress& progress = peers[follower.node - 2].progress;
        const auto held = support::words_of(follower.words.front(), '/');
        progress.received = Index{std::stoull(held.front())};
        progress.durable = Index{std::stoull(held[held.size() > 1 ? 1 : 0])};
        progress.applied = Index{std::stoull(held.back())};
        progress.counts = !follower.has("uncounted");
        progress.stuck = follower.has("stuck");
        support::set_state(progress, follower.has("down")   ? FollowerState::down
                                     : follower.has("late") ? FollowerState::catching_up
                                                            : FollowerState::streaming);
    }
    void give_seat(const std::string& cell) {
        if (cell.empty()) return;
        const auto parts = support::words_of(cell, '@');
        support::roster_of(self).seat = NodeId{static_cast<std::uint32_t>(std::stoul(parts.front()))};
        support::roster_of(self).seat_index = Index{std::stoull(parts.back())};
    }

    support::Decided decide(const Row& row) {
        if constexpr (requires { self.log().durable; }) {
            support::log_of(self).durable = Index{std::stoull(row.after("leader", "flushed="))};
        }
        give_seat(row["seat"]);
        for (const std::string& step : support::words_of(row["followers"], ';')) {
            for (const NodeWords& follower : support::nodes_of(step)) hold(follower);
            leader.advance(self, applier, followers());
        }
        return {std::to_string(self.commit.value), std::to_string(leader.acknowledged().value)};
    }

    std::span<Peer> followers() { return std::span(peers).first(count); }

    std::array<Peer, 4> peers{};
    std::size_t count;
    Leader<Parts> leader;
};

template <class Ack, class Log = log::Ring<4096>>
support::Decided decide_with(const Row& row) {
    const auto nodes = static_cast<std::size_t>(row["group"].back() - '0');
    return Leading<Ack, Log>(nodes, std::stoull(row["leader"])).decide(row);
}

constexpr AskedStage of_log{};

support::Decided decide(const Row& row) {
    const std::string policy = support::words_of(row["group"]).front();
    if (policy == "async") return decide_with<ack::Async<>>(row);
    if (policy == "semi-sync") return decide_with<ack::SemiSync<>>(row);
    if (policy == "quorum2") return decide_with<ack::Quorum<2>>(row);
    if (policy == "majority") return decide_with<ack::Majority<>>(row);
    if (policy == "sync") return decide_with<ack::Sync<>>(row);
    if (policy == "semi-sync-degrading") return decide_with<ack::SemiSync<of_log, WhenMissing::degrade>>(row);
    if (policy == "majority-degrading") return decide_with<ack::Majority<of_log, WhenMissing::degrade>>(row);
    if (policy == "sync-degrading") return decide_with<ack::Sync<of_log, WhenMissing::degrade>>(row);
    if (policy == "sync-applied") return decide_with<ack::Sync<Stage::applied>>(row);
    if (policy == "sync-degrading-applied") return decide_with<ack::Sync<Stage::applied, WhenMissing::degrade>>(row);
    if (policy == "majority-applied") return decide_with<ack::Majority<Stage::applied>>(row);
    if (policy == "majority-durable") return decide_with<ack::Majority<>, Flushed>(row);
    if (policy == "semi-sync-durable") return decide_with<ack::SemiSync<>, Flushed>(row);
    if (policy == "majority-durable-applied") return decide_with<ack::Majority<Stage::applied>, Flushed>(row);
    BOOST_REQUIRE(policy == "majority-received");
    return decide_with<ack::Majority<Stage::received>, Flushed>(row);
}

}  // namespace

// A follower holds entries up to a number, as received/durable/applied where these differ, and
//   uncounted   its incarnation was not admitted     down    no link     late    it is still catching up
// A semicolon is between what the leader sees one after the other. The seat is that of node@entry that gave it.

BOOST_AUTO_TEST_CASE(so_many_nodes_hold_what_is_committed) {
    support::check(R"(
        group      | leader | followers                       | seat | commit | acknowledged
        async 3    | 6      | 2: 0, 3: 0                      |      | 6      | 6
        # The leader and one of two.
        majority 3 | 6      | 2: 0, 3: 0                      |      | 0      | 0
        majority 3 | 6      | 2: 5, 3: 0                      |      | 5      | 5
        majority 3 | 6      | 2: 4, 3: 6                      |      | 6      | 6
        # The leader and two of three, or of four.
        majority 4 | 6      | 2: 6, 3: 4, 4: 0                |      | 4      | 4
        majority 5 | 6      | 2: 6, 3: 0, 4: 0, 5: 0          |      | 0      | 0
        majority 5 | 6      | 2: 6, 3: 5, 4: 4, 5: 0          |      | 5      | 5
        quorum2 5  | 6      | 2: 0, 3: 0, 4: 0, 5: 5          |      | 5      | 5
        sync 3     | 6      | 2: 6, 3: 5                      |      | 5      | 5
        sync 5     | 6      | 2: 6, 3: 6, 4: 6, 5: 0          |      | 0      | 0
        # What it holds stays held when it is gone, or has not caught up.
        majority 3 | 6      | 2: 6 down, 3: 0                 |      | 6      | 6
        majority 3 | 6      | 2: 6 late, 3: 0                 |      | 6      | 6
        sync 3     | 6      | 2: 6 down, 3: 6                 |      | 6      | 6
        # An incarnation that was not admitted holds nothing.
        majority 3 | 6      | 2: 6 uncounted, 3: 0            |      | 0      | 0
        majority 3 | 6      | 2: 6 uncounted, 3: 5            |      | 5      | 5
        sync 3     | 6      | 2: 6 uncounted, 3: 6            |      | 0      | 0
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_CASE(what_is_left_of_former_epochs_is_committed_with_an_entry_of_this_one) {
    // Raft, section 5.4.2: a majority that holds entry 3 does not keep another leader from cutting it.
    support::check(R"(
        group            | leader | followers               | seat | commit | acknowledged
        majority 3       | 4      | 2: 3, 3: 3              |      | 0      | 0
        majority 3       | 4      | 2: 4, 3: 0              |      | 4      | 4
        majority 5       | 6      | 2: 6, 3: 3, 4: 3, 5: 3  |      | 0      | 0
        sync 3           | 6      | 2: 6, 3: 3              |      | 0      | 0
        quorum2 3        | 6      | 2: 3, 3: 3              |      | 0      | 0
        semi-sync 3      | 6      | 2: 3, 3: 6              | 2@2  | 0      | 0
        sync-applied 3   | 6      | 2: 6/6/3, 3: 6          |      | 6      | 0
        majority-durable 3 | 6 flushed=3 | 2: 6, 3: 6       |      | 0      | 0
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_CASE(where_one_has_the_seat_its_copy_alone_counts) {
    support::check(R"(
        group       | leader | followers             | seat | commit | acknowledged
        semi-sync 3 | 6      | 2: 6, 3: 6            |      | 0      | 0
        semi-sync 3 | 6      | 2: 5, 3: 6            | 2@5  | 5      | 5
        semi-sync 3 | 6      | 2: 6, 3: 0            | 2@5  | 6      | 6
        # Not before it holds the entry that gave it the seat: who held it before may have acknowledged as much.
        semi-sync 3 | 6      | 2: 4, 3: 6            | 2@5  | 0      | 0
        semi-sync 3 | 6      | 2: 5, 3: 6            | 2@6  | 0      | 0
        # When it is gone, nobody takes its place without an entry.
        semi-sync 3 | 6      | 2: 5 down, 3: 6       | 2@5  | 5      | 5
        semi-sync 3 | 6      | 2: 6 uncounted, 3: 6  | 2@5  | 0      | 0
        semi-sync-durable 3 | 6 flushed=6 | 2: 6/5, 3: 6 | 2@5 | 5 | 5
        semi-sync-durable 3 | 6 flushed=6 | 2: 6/4, 3: 6 | 2@5 | 0 | 0
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_CASE(a_copy_counts_at_the_stage_of_the_policy) {
    support::check(R"(
        group               | leader      | followers         | seat | commit | acknowledged
        # On disks, the leader's own included.
        majority-durable 3  | 6 flushed=6 | 2: 6/5, 3: 0      |      | 5      | 5
        majority-durable 3  | 6 flushed=5 | 2: 6/6, 3: 6/6    |      | 5      | 5
        majority-durable 3  | 6 flushed=6 | 2: 6/0, 3: 6/0    |      | 0      | 0
        majority-durable 3  | 6 flushed=6 | 2: 6/4, 3: 6/5    |      | 5      | 5
        # In memory, if that is asked for.
        majority-received 3 | 6 flushed=0 | 2: 6/0, 3: 0      |      | 6      | 6
        # Applied: committed at the stage beneath, acknowledged when as many show it.
        sync-applied 3      | 6           | 2: 6/6/4, 3: 6/6/5 |     | 6      | 4
        sync-applied 3      | 6           | 2: 5/5/5, 3: 6/6/5 |     | 5      | 5
        majority-applied 3  | 6           | 2: 6/6/0, 3: 5/5/5 |     | 6      | 5
        majority-applied 3  | 6           | 2: 6/6/0, 3: 6/6/0 |     | 6      | 0
        majority-durable-applied 3 | 6 flushed=6 | 2: 6/5/5, 3: 6/4/4 | | 5    | 5
        majority-durable-applied 3 | 6 flushed=6 | 2: 6/4/4, 3: 6/4/4 | | 4    | 4
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_CASE(a_policy_that_may_degrade_asks_for_those_that_are_there) {
    // Nobody was there when the epoch was opened, so entry 4 is acknowledged by the leader alone.
    support::check(R"(
        group                 | leader | followers                | seat | commit | acknowledged
        majority-degrading 3  | 6      | 2: 5, 3: 0               |      | 5      | 5
        majority-degrading 3  | 6      | 2: 5, 3: 0 down          |      | 5      | 5
        majority-degrading 3  | 6      | 2: 0 down, 3: 0 down     |      | 6      | 6
        majority-degrading 5  | 6      | 2: 5, 3: 0 down, 4: 0 down, 5: 0 down | | 5 | 5
        # Who is late, stuck or not admitted is not there.
        majority-degrading 3  | 6      | 2: 4 late, 3: 4 stuck    |      | 6      | 6
        sync-degrading 3      | 6      | 2: 5, 3: 4 down          |      | 5      | 5
        sync-degrading 3      | 6      | 2: 5, 3: 4 stuck         |      | 5      | 5
        sync-degrading 3      | 6      | 2: 5, 3: 6 uncounted     |      | 5      | 5
        semi-sync-degrading 3 | 6      | 2: 5, 3: 0 down          | 2@5  | 5      | 5
        semi-sync-degrading 3 | 6      | 2: 5 down, 3: 0 down     | 2@5  | 6      | 6
        # Another one is there, and gets the seat by an entry first.
        semi-sync-degrading 3 | 6      | 2: 5 down, 3: 6          | 2@5  | 4      | 4
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_CASE(neither_ever_goes_back) {
    support::check(R"(
        group                | leader | followers                            | seat | commit | acknowledged
        majority 3           | 6      | 2: 6, 3: 0; 2: 0 uncounted, 3: 0     |      | 6      | 6
        # The policy asks for more again than it did while one was missing.
        sync-degrading 3     | 6      | 2: 6, 3: 4 down; 2: 6, 3: 4          |      | 6      | 6
        majority-degrading 3 | 6      | 2: 0 down, 3: 0 down; 2: 5, 3: 5     |      | 6      | 6
        sync-degrading-applied 3 | 6  | 2: 6, 3: 6/6/4 down; 2: 6, 3: 6/6/4  |      | 6      | 6
        semi-sync 3          | 6      | 2: 6, 3: 0; 2: 6 uncounted, 3: 0     | 2@5  | 6      | 6
        sync-applied 3       | 6      | 2: 6, 3: 6/6/5; 2: 6 uncounted, 3: 6 |      | 6      | 5
    )",
                   {"commit", "acknowledged"}, decide);
}

BOOST_AUTO_TEST_SUITE_END()
