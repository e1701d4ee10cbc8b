// SPDX-License-Identifier: BSL-1.0
// Over logs in memory, while one node leads from beginning to end.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SmallMemory, Ack, SmallOptions>;

constexpr Composition compositions[] = {
    {"async/memory", 2, false, explore<ack::Async<>>},
    {"semi-sync/memory", 2, false, explore<ack::SemiSync<>>},
    {"sync-applied/memory", 2, false, explore<ack::Sync<Stage::applied>>},
    {"quorum/memory", 3, false, explore<ack::Quorum<3>>},
    {"majority-applied/memory", 2, false, explore<ack::Majority<Stage::applied>>},
};

}  // namespace

std::span<const Composition> memory() { return compositions; }

}  // namespace replicator::tests
