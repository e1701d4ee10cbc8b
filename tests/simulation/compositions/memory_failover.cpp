// SPDX-License-Identifier: BSL-1.0
// Over logs in memory, while leaders crash and others are promoted.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SuccessionMemory, Ack, SuccessionOptions>;

constexpr Composition compositions[] = {
    {"async/memory-failover", 2, true, explore<ack::Async<>>},
    {"semi-sync/memory-failover", 2, true, explore<ack::SemiSync<>>},
    {"sync-applied/memory-failover", 2, true, explore<ack::Sync<Stage::applied>>},
    {"quorum/memory-failover", 3, true, explore<ack::Quorum<3>>},
    {"majority-applied/memory-failover", 2, true, explore<ack::Majority<Stage::applied>>},
};

}  // namespace

std::span<const Composition> memory_failover() { return compositions; }

}  // namespace replicator::tests
