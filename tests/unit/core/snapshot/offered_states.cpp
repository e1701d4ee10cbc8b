// SPDX-License-Identifier: BSL-1.0
// Which states a follower takes, what it tells while one comes in, and what the state replaces.

#include "support/cluster.hpp"
#include "support/one_follower.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

BOOST_AUTO_TEST_SUITE(offered_states)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using support::one_follower::Following;
using support::one_follower::Parts;

/// What a node that committed up to entry 4 of 5 makes of a state whose sender says that it lacks something of it.
struct Offered : Following {
    explicit Offered(Position forced = {}) {
        take(0, 5, 4);
        self.epoch = epoch_of(3);
        follower.linked(forced);
        static_cast<void>(ack());
        tail.resize(write_snapshot_tail<Parts>(space.data(), self.epochs(), self.applied_roster()));
        std::memcpy(tail.data(), space.data(), tail.size());
    }
    SnapshotBegin state_of(Position position, Position lacks, std::uint64_t common) const {
        SnapshotBegin begin;
        begin.id = SnapshotId{3};
        begin.position = position;
        begin.history = self.history.id();
        begin.schema = Parts::Codec::schema;
        begin.policy = self.policy();
        begin.common = Index{common};
        begin.lacks = lacks;
        begin.chain = Chain{1234};
        begin.tail_checksum = checksum(tail);
        return begin;
    }
    /// Whether the state is taken; `refused` says why it is not.
    bool takes(const SnapshotBegin& begin) {
        if (!incoming.begin(self, follower, begin, tail.size())) return false;
        BOOST_REQUIRE((incoming.take(self, applier, follower, tail, true) == Error::none));
        return self.installing();
    }

    bool begin_piece(const SnapshotPiece& piece, std::size_t bytes) {
        return incoming.begin_piece(self, follower, piece, bytes);
    }
    Error take_state(std::span<const std::byte> piece, bool ends = true) {
        return incoming.take(self, applier, follower, piece, ends);
    }

    std::array<std::byte, snapshot_tail_bytes_max<support::Small>> space{};
    support::Bytes tail;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_is_taken_when_it_is_newer_than_what_is_committed) {
    BOOST_TEST(Offered().takes(Offered().state_of(at(3, 9), {}, 5)));
    Offered level;
    BOOST_TEST(!level.takes(level.state_of(at(3, 4), {}, 4)));
    const Ack ack = level.ack();
    BOOST_REQUIRE(ack.refusal);
    BOOST_TEST(ack.refusal->error == Error::snapshot_old);
    BOOST_TEST((ack.refusal->commit == at(1, 4)));
}

BOOST_AUTO_TEST_CASE(a_state_that_lacks_what_is_committed_is_taken_only_from_a_forced_epoch) {
    Offered stopped;
    BOOST_TEST(!stopped.takes(stopped.state_of(at(3, 9), at(1, 4), 2)));
    BOOST_TEST(stopped.self.fault == Error::diverged);
    Offered forced(at(3, 3));
    BOOST_TEST(forced.takes(forced.state_of(at(3, 3), at(1, 4), 2)));  // even an older one
    // What it lacks was never committed here, or is of another epoch: then it takes the place of nothing.
    for (const Position lacks : {at(1, 5), at(2, 4)}) {
        Offered node;
        BOOST_TEST(node.takes(node.state_of(at(3, 9), lacks, 2)));
        Offered older;
        BOOST_TEST(!older.takes(older.state_of(at(3, 3), lacks, 2)));
        BOOST_TEST((older.self.role == Role::follower));
    }
    // Of a forgotten epoch it must be just the newest that is committed here.
    for (const std::uint64_t index : {3u, 4u}) {
        Offered node;
        support::epochs_of(node.self).begin({}, {}, {});
        const bool taken = node.takes(node.state_of(at(3, 9), {Epoch{}, Index{index}}, 2));
        BOOST_TEST(taken == (index == 3));
        BOOST_TEST((node.self.role == Role::faulted) == (index == 4));
    }
    // The state is that of an entry which this node has by now: the beginning came late.
    Offered late;
    SnapshotBegin begin = late.state_of(at(1, 5), at(1, 4), 2);
    begin.chain = chain_at(late.self.log(), Index{5});
    BOOST_TEST(late.takes(begin));
    BOOST_TEST((late.self.role == Role::follower));
}

BOOST_AUTO_TEST_CASE(a_state_is_told_and_acknowledged_piece_by_piece) {
    Offered node;
    BOOST_REQUIRE(node.takes(node.state_of(at(3, 9), {}, 5)));
    BOOST_TEST(node.follower.owes());
    Ack ack = node.ack();
    BOOST_REQUIRE(ack.snapshot);
    BOOST_TEST((ack.snapshot->id == SnapshotId{3} && ack.snapshot->offset == 0u));
    const auto state = std::bit_cast<std::array<std::byte, sizeof(support::Sum)>>(support::Sum{7, 0});  // as in memory
    SnapshotPiece piece{.id = SnapshotId{3}, .offset = 0, .checksum = checksum(state), .whole_checksum = 0};
    // Another piece than the next one: the leader hears which one is.
    piece.offset = 8;
    BOOST_TEST(!node.begin_piece(piece, state.size()));
    BOOST_TEST(node.follower.owes());
    BOOST_TEST(node.ack().snapshot->offset == 0u);
    piece.offset = 0;
    BOOST_REQUIRE(node.begin_piece(piece, state.size()));
    BOOST_REQUIRE((node.take_state(std::span(state).first(5), false) == Error::none));
    BOOST_TEST(!node.follower.owes());
    BOOST_REQUIRE((node.take_state(std::span(state).subspan(5)) == Error::none));
    BOOST_TEST(node.follower.owes());
    BOOST_TEST(node.ack().snapshot->offset == state.size());
    piece = {.id = SnapshotId{3},
             .offset = state.size(),
             .checksum = checksum({}),
             .whole_checksum = value(replicator::detail::fold(Chain{}, checksum(state)))};
    BOOST_REQUIRE(node.begin_piece(piece, 0));
    BOOST_REQUIRE((node.take_state({}) == Error::none));
    // It is in the place of everything, and verified.
    ack = node.ack();
    BOOST_TEST(ack.received == Index{9});
    BOOST_TEST(ack.applied == Index{9});
    BOOST_TEST(!ack.snapshot);
    BOOST_TEST(node.self.commit == Index{9});
    BOOST_TEST(node.self.log().chain() == Chain{1234});
    BOOST_TEST(node.applier.machine().total == 7u);
    BOOST_TEST((node.told.discarded == std::vector<Position>{}));
    BOOST_REQUIRE(node.told.snapshots.size() == 2u);
    BOOST_TEST((!node.told.snapshots[0].complete && node.told.snapshots[1].complete));
    BOOST_TEST((node.told.snapshots[0].bytes == 0u && node.told.snapshots[1].bytes == state.size()));
    BOOST_TEST((node.told.snapshots[1].index == Index{9} && node.told.snapshots[1].attempt == 0u));
}

BOOST_AUTO_TEST_CASE(what_a_state_replaces_is_handed_back) {
    for (const bool replaces : {false, true}) {
        Offered node(at(3, 3));
        BOOST_REQUIRE(node.takes(node.state_of(at(3, 9), replaces ? at(1, 4) : Position{}, replaces ? 2 : 0)));
        const std::array<std::byte, sizeof(support::Sum)> state{};
        const SnapshotPiece piece{.id = SnapshotId{3}, .offset = 0, .checksum = checksum(state), .whole_checksum = 0};
        BOOST_REQUIRE(node.begin_piece(piece, state.size()));
        BOOST_REQUIRE((node.take_state(state) == Error::none));
        const SnapshotPiece end{.id = SnapshotId{3},
                                .offset = state.size(),
                                .checksum = checksum({}),
                                .whole_checksum = value(replicator::detail::fold(Chain{}, checksum(state)))};
        BOOST_REQUIRE(node.begin_piece(end, 0));
        BOOST_REQUIRE((node.take_state({}) == Error::none));
        // Without another line, what is committed is in the state, and only what was not is gone.
        BOOST_TEST(node.self.counters.discarded == (replaces ? 3u : 1u));
    }
}

BOOST_AUTO_TEST_CASE(what_was_begun_to_be_received_ends_with_the_leader_or_when_the_log_will_do) {
    const auto installing_after = [](auto&& change) {
        Offered node;
        BOOST_REQUIRE(node.takes(node.state_of(at(3, 9), {}, 5)));
        change(node);
        return node.self.installing();
    };
    BOOST_TEST(installing_after([](Offered& node) { node.follower.linked({}); }));
    BOOST_TEST(installing_after([](Offered& node) { node.follower.unlinked(); }));
    BOOST_TEST(!installing_after([](Offered& node) { node.incoming.drop(node.self); }));
    BOOST_TEST(!installing_after([](Offered& node) { node.take(5, 0); }));
}

BOOST_AUTO_TEST_CASE(the_same_beginning_again_goes_on_and_another_one_begins_anew) {
    for (const bool same : {false, true}) {
        Offered node;
        SnapshotBegin begin = node.state_of(at(3, 9), {}, 5);
        BOOST_REQUIRE(node.takes(begin));
        const std::array<std::byte, sizeof(support::Sum)> state{};
        const SnapshotPiece piece{.id = begin.id, .offset = 0, .checksum = checksum(state), .whole_checksum = 0};
        BOOST_REQUIRE(node.begin_piece(piece, state.size()));
        BOOST_REQUIRE((node.take_state(state) == Error::none));
        static_cast<void>(node.ack());
        if (!same) begin.id = SnapshotId{4};
        BOOST_TEST(node.takes(begin));
        BOOST_TEST(node.follower.owes());
        BOOST_TEST(node.ack().snapshot->offset == (same ? state.size() : 0u));
        BOOST_TEST(node.told.snapshots.size() == (same ? 1u : 2u));
    }
}

BOOST_AUTO_TEST_SUITE_END()
