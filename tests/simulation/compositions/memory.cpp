// SPDX-License-Identifier: BSL-1.0
// Over logs in memory, while one node leads from beginning to end; what else there is to see of such a leader, it shows
// over rings.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SmallMemory, Ack, SmallOptions>;

constexpr Composition compositions[] = {
    {"sync-applied/memory", 2, false, explore<ack::Sync<Stage::applied>>},
    {"quorum/memory", 3, false, explore<ack::Quorum<3>>},
};

}  // namespace

std::span<const Composition> memory() { return compositions; }

}  // namespace replicator::tests
