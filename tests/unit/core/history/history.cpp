// SPDX-License-Identifier: BSL-1.0
// A history as one thing: an entry that says something of epochs or nodes changes the log and what is known from it, or
// nothing.

#include "support/parts.hpp"

#include <replicator/core/history/history.hpp>
#include <replicator/encoding/entry.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(history)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::epoch_of;
using support::write_bytes;
using Node = support::OneNode<support::PartsOf<>>;
using OfNode = History<support::PartsOf<>>;

EpochStartBody start_of(std::uint64_t counter, bool forced = false) {
    EpochStartBody body;
    body.epoch = epoch_of(counter);
    body.forced = forced;
    return body;
}

/// The bytes of the only entry of another node, which opens an epoch.
std::vector<std::byte> epoch_entry(std::uint64_t counter) {
    Node other;
    other.open_epoch(counter);
    const EntryRun run = other.self.log().read(other.self.log().begin());
    return {run.bytes.begin(), run.bytes.end()};
}

}  // namespace

BOOST_AUTO_TEST_CASE(an_entry_and_what_it_says_come_together) {
    Node node;
    OfNode& history = node.self.history;
    auto roster = history.roster();
    roster.admit(NodeId{2}, Incarnation{22});
    BOOST_REQUIRE(history.open_epoch(start_of(3, true), roster));
    BOOST_TEST((history.last() == Position{epoch_of(3), Index{1}}));
    BOOST_TEST((history.epochs().newest_forced() == Position{epoch_of(3), Index{1}}));
    BOOST_TEST((history.roster().counting(NodeId{2}) == Incarnation{22}));
    BOOST_REQUIRE(history.give_seat(NodeId{2}));
    BOOST_TEST((history.roster().seat == NodeId{2} && history.roster().seat_index == Index{2}));
    BOOST_REQUIRE(history.admit(NodeId{3}, Incarnation{33}));
    BOOST_TEST((history.roster().counting(NodeId{3}) == Incarnation{33}));
    BOOST_TEST((history.log().last() == Index{3}));
    // What the entries say is what the roster says, once they are applied.
    const auto before = history.applied_roster();
    const EntryRun run = history.log().read(history.log().begin());
    const std::byte* entry = run.bytes.data();
    for (std::uint64_t index = 1; index <= 3; ++index) {
        history.applied(entry, Index{index});
        entry += load_entry_header(entry).bytes();
    }
    BOOST_TEST((history.applied_roster() == history.roster()));
    BOOST_TEST((before != history.applied_roster()));
}

BOOST_AUTO_TEST_CASE(without_room_in_the_log_nothing_changes) {
    Node node;
    node.open_epoch(1);
    while (!support::log_of(node.self).reserve(write_bytes, write_bytes).empty()) node.write(1);
    OfNode& history = node.self.history;
    const Position last = history.last();
    const auto roster = history.roster();
    BOOST_TEST(!history.open_epoch(start_of(2), roster));
    BOOST_TEST(!history.give_seat(NodeId{2}));
    BOOST_TEST(!history.admit(NodeId{2}, Incarnation{22}));
    BOOST_TEST((history.last() == last && history.roster() == roster));
    BOOST_TEST(history.epochs().all().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_epoch_goes_with_its_entry) {
    Node node;
    node.open_epoch(1);
    node.write(2);
    const Cursor from = node.self.log().end();
    const Chain chain = node.self.log().chain();
    node.open_epoch(2);
    node.write(1);
    node.self.history.cut(from, chain);
    BOOST_TEST((node.self.last() == support::at(1, 3)));
    BOOST_TEST(node.self.epochs().all().size() == 1u);
}

BOOST_AUTO_TEST_CASE(an_epoch_of_another_node_must_be_the_newest_and_not_beyond_its_leader) {
    const auto takes = [](std::uint64_t counter, std::uint64_t newest) {
        Node node;
        node.open_epoch(2);
        const auto entry = epoch_entry(counter);
        const auto room = node.self.history.reserve(entry.size(), entry.size());
        BOOST_REQUIRE(!room.empty());
        const bool taken = node.self.history.append_entry(room, entry, epoch_of(newest));
        BOOST_TEST((node.self.last() == (taken ? support::at(counter, 2) : support::at(2, 1))));
        return taken;
    };
    BOOST_TEST(takes(3, 3));
    BOOST_TEST(takes(3, 4));
    BOOST_TEST(!takes(3, 2));
    BOOST_TEST(!takes(2, 4));
    BOOST_TEST(!takes(1, 4));
}

BOOST_AUTO_TEST_CASE(a_state_takes_the_place_of_everything) {
    Node node;
    node.open_epoch(1);
    node.write(3);
    OfNode& history = node.self.history;
    Epochs<support::Small::epochs_max> epochs;
    epochs.push({epoch_of(5), Index{7}, Chain{}});
    auto roster = history.applied_roster();
    roster.admit(NodeId{3}, Incarnation{33});
    BOOST_REQUIRE(history.install(Index{9}, Chain{99}, epochs, roster));
    BOOST_TEST((history.last() == support::at(5, 9)));
    BOOST_TEST((history.log().base().index == Index{9} && history.log().chain() == Chain{99}));
    BOOST_TEST((history.applied_roster() == roster));
    BOOST_TEST((history.id() == HistoryId{5}));
}

BOOST_AUTO_TEST_SUITE_END()
