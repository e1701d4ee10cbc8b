// SPDX-License-Identifier: BSL-1.0
// What a node over a disk tells when nothing is new there, and what it notes before it gives entries up.

#include "support/disk_group.hpp"
#include "support/history.hpp"

#include <replicator/core/snapshot/incoming.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

BOOST_AUTO_TEST_SUITE(disk_notes)

namespace {

using namespace replicator;
using namespace replicator::core;
using Group = support::DiskGroup<support::DiskNode<ack::SemiSync<>>>;
using Parts = Composition<support::Sum, codec::Raw<support::Sum::Command>, support::SmallLog, ack::SemiSync<>,
                          support::OnDisk, NoObserver>;

/// A node on a disk that takes a state as of entry 5 of a line that its own log shares up to entry 7.
struct Receiver {
    Receiver() {
        constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}});
        auto log = support::SmallLog::open(
            storage::Simulated(disk), "log",
            {.cluster = {}, .group = {}, .node = NodeId{1}, .incarnation = Incarnation{11}, .history = {}},
            log::OnDamage::refuse);
        BOOST_REQUIRE(log);
        support::log_of(self) = std::move(*log);
        self.history.adopt(HistoryId{5});
        support::log_of(self).reset(Index{9}, Chain{});
        applier.install({}, self.log().begin());
    }

    void take(std::uint64_t common) {
        Epochs<Parts::Limits::epochs_max> epochs;
        epochs.push({{1, NodeId{2}, 1}, Index{1}, Chain{}});
        std::array<std::byte, snapshot_tail_bytes_max<Parts::Limits>> bytes{};
        const auto tail =
            std::span(bytes).first(write_snapshot_tail<Parts>(bytes.data(), epochs, self.applied_roster()));
        SnapshotBegin begin;
        begin.id = SnapshotId{3};
        begin.position = {{1, NodeId{2}, 1}, Index{5}};
        begin.history = self.history.id();
        begin.schema = Parts::Codec::schema;
        begin.policy = self.policy();
        begin.common = Index{common};
        begin.tail_checksum = checksum(tail);
        BOOST_REQUIRE(install.gather_begin(begin, tail.size(), true));
        BOOST_REQUIRE((install.gather(self, tail, true) == IncomingSnapshot<Parts>::Step::begun));
        const std::array<std::byte, sizeof(support::Sum)> state{};
        const SnapshotPiece piece{.id = begin.id, .offset = 0, .checksum = checksum(state), .whole_checksum = 0};
        BOOST_REQUIRE(install.gather_piece(self, piece, state.size()));
        BOOST_REQUIRE((install.gather(self, state, true) == IncomingSnapshot<Parts>::Step::moved));
        BOOST_REQUIRE(install.finish(self, applier, Index{}));
    }

    storage::SimulatedDisk disk{1};
    Self<Parts> self;
    Applier<Parts> applier;
    IncomingSnapshot<Parts> install;
};

}  // namespace

BOOST_AUTO_TEST_CASE(in_silence_a_follower_says_no_more_than_its_heartbeats) {
    Group group(2);
    group.write_many(1, 3);
    support::pass(group, 1000);
    std::size_t acks = 0;
    group.network.loses = [&acks](const support::Frame& frame) {
        acks += frame.type() == FrameType::ack ? 1u : 0u;
        return false;
    };
    support::pass(group, 1000);
    BOOST_TEST(acks == 1'000'000 / support::OnDisk::heartbeat_interval.microseconds);
}

BOOST_AUTO_TEST_CASE(from_where_on_entries_are_given_up_is_noted_with_the_state) {
    Receiver receiver;
    receiver.take(7);
    BOOST_TEST(receiver.self.log().base().index == Index{5});
    BOOST_TEST(receiver.self.suspect_from() == Index{6});
    BOOST_TEST(receiver.self.log().metadata().suspect_from == Index{6});
    Receiver whole;
    whole.take(5);
    BOOST_TEST(whole.self.suspect_from() == Index{});
    BOOST_TEST(whole.self.log().metadata().suspect_from == Index{});
}

BOOST_AUTO_TEST_CASE(what_the_log_keeps_of_a_state_are_its_epochs) {
    Receiver receiver;
    receiver.take(5);
    const auto& epochs = receiver.self.log().metadata().epochs;
    BOOST_TEST(epochs.size == 1u);
    BOOST_TEST((epochs.at(Index{5}) == Epoch{1, NodeId{2}, 1}));
}

BOOST_AUTO_TEST_SUITE_END()
