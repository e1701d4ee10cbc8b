// SPDX-License-Identifier: BSL-1.0
// A state takes the place of an older one, or of another line: what a node gave up with that, it knows.

#include "support/cluster.hpp"
#include "support/history.hpp"

#include <replicator/core/applier.hpp>
#include <replicator/core/snapshot/incoming.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

BOOST_AUTO_TEST_SUITE(install)

namespace {

using namespace replicator;
using namespace replicator::core;
using Parts = Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, ack::SemiSync<>,
                          support::Small, NoObserver>;
using Step = IncomingSnapshot<Parts>::Step;

/// A node that receives a state as of entry `position`, on a line that parts from its own after entry `common`.
struct Receiver {
    Receiver(std::uint64_t position, std::uint64_t common, bool replaces) {
        constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}});
        self.history.adopt(HistoryId{5});
        support::log_of(self).reset(Index{9}, Chain{});
        Epochs<Parts::Limits::epochs_max> epochs;
        epochs.push({{1, NodeId{2}, 1}, Index{1}, Chain{}});
        std::array<std::byte, snapshot_tail_bytes_max<support::Small>> bytes{};
        const auto tail =
            std::span(bytes).first(write_snapshot_tail<Parts>(bytes.data(), epochs, self.applied_roster()));
        SnapshotBegin begin;
        begin.id = SnapshotId{3};
        begin.position = {{1, NodeId{2}, 1}, Index{position}};
        begin.history = HistoryId{5};
        begin.schema = Parts::Codec::schema;
        begin.policy = self.policy();
        begin.common = Index{common};
        begin.tail_checksum = checksum(tail);
        BOOST_REQUIRE(install.gather_begin(begin, tail.size(), replaces));
        BOOST_REQUIRE((install.gather(self, tail, true) == Step::begun));
    }

    /// The first entry that the node may have acknowledged and has no more, when up to `verified` it had what the
    /// leader has.
    Index finish(std::uint64_t verified) {
        BOOST_REQUIRE(install.finish(self, applier, Index{verified}));
        BOOST_TEST(self.commit == self.log().last());
        BOOST_TEST(!self.installing());
        return self.suspect_from();
    }

    Self<Parts> self;
    Applier<Parts> applier;
    IncomingSnapshot<Parts> install;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_newer_state_gives_nothing_up) {
    Receiver receiver(12, 0, false);
    BOOST_TEST(receiver.finish(9) == Index{});
}

BOOST_AUTO_TEST_CASE(what_was_verified_behind_the_state_is_given_up) {
    Receiver receiver(5, 0, false);
    BOOST_TEST(receiver.finish(8) == Index{6});
    BOOST_TEST(receiver.self.lost_through == Index{8});
    Receiver level(5, 0, false);
    BOOST_TEST(level.finish(5) == Index{});
}

BOOST_AUTO_TEST_CASE(what_both_lines_share_behind_the_state_is_given_up) {
    Receiver receiver(5, 7, true);
    BOOST_TEST(receiver.finish(0) == Index{6});
    BOOST_TEST(receiver.self.lost_through == Index{7});
    // Only where the state takes the place of another line, `common` means something.
    Receiver other(5, 7, false);
    BOOST_TEST(other.finish(0) == Index{});
}

BOOST_AUTO_TEST_CASE(what_was_given_up_before_stays_given_up) {
    Receiver receiver(5, 7, true);
    receiver.self.lost_through = Index{20};
    BOOST_TEST(receiver.finish(8) == Index{6});
    BOOST_TEST(receiver.self.lost_through == Index{20});
}

BOOST_AUTO_TEST_SUITE_END()
