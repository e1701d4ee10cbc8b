// SPDX-License-Identifier: BSL-1.0
// Over logs in memory, while leaders crash and others are promoted.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SuccessionMemory, Ack, SuccessionOptions>;

constexpr Composition compositions[] = {
    {"async/memory-failover", 2, true, explore<ack::Async<>>, milliseconds(600)},
    {"semi-sync/memory-failover", 2, true, explore<ack::SemiSync<>>, milliseconds(600)},
    {"sync-applied/memory-failover", 2, true, explore<ack::Sync<Stage::applied>>, milliseconds(600)},
    {"quorum/memory-failover", 3, true, explore<ack::Quorum<3>>, milliseconds(600)},
    {"majority-applied/memory-failover", 2, true, explore<ack::Majority<Stage::applied>>, milliseconds(600)},
};

}  // namespace

std::span<const Composition> memory_failover() { return compositions; }

}  // namespace replicator::tests
