// SPDX-License-Identifier: BSL-1.0
// Over logs in memory, while leaders crash, and while one node leads from beginning to end; what else there is to see
// of such a leader, it shows over rings.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SuccessionMemory, Ack, SuccessionOptions>;

constexpr Composition compositions[] = {
    {"sync-applied/memory", 2, false, explore<ack::Sync<Stage::applied>>},
    {"quorum/memory", 3, false, explore<ack::Quorum<3>>},
    {"async/memory-failover", 2, true, explore<ack::Async<>>},
    {"semi-sync/memory-failover", 2, true, explore<ack::SemiSync<>>},
    {"sync-applied/memory-failover", 2, true, explore<ack::Sync<Stage::applied>>},
    {"quorum/memory-failover", 3, true, explore<ack::Quorum<3>>},
    {"majority-applied/memory-failover", 2, true, explore<ack::Majority<Stage::applied>>},
    {"quorum/memory-past", 3, false, explore<ack::Quorum<3>>, false, true},
    {"majority-applied/memory-past-failover", 2, true, explore<ack::Majority<Stage::applied>>, false, true},
};

}  // namespace

std::span<const Composition> memory() { return compositions; }

}  // namespace replicator::tests
