// SPDX-License-Identifier: BSL-1.0
// Over small rings, while one node leads from beginning to end.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SmallRing, Ack, SmallOptions>;

constexpr Composition compositions[] = {
    {"async/ring", 2, false, explore<ack::Async<>>},
    {"semi-sync/ring", 2, false, explore<ack::SemiSync<>>},
    {"sync/ring", 2, false, explore<ack::Sync<>>},
    {"quorum/ring", 2, false, explore<ack::Quorum<2>>},
    {"majority/ring", 2, false, explore<ack::Majority<>>},
};

}  // namespace

std::span<const Composition> ring() { return compositions; }

}  // namespace replicator::tests
