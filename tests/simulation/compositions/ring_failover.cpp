// SPDX-License-Identifier: BSL-1.0
// Over rings, while leaders crash and others are promoted; also with nodes that remember two epochs, and have to find
// out where their logs part all the same.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack, class Limits = SuccessionOptions>
constexpr auto explore = explore_node<SuccessionRing, Ack, Limits>;

constexpr Composition compositions[] = {
    {"async/ring-failover", 2, true, explore<ack::Async<>>, milliseconds(600)},
    {"semi-sync/ring-failover", 2, true, explore<ack::SemiSync<>>, milliseconds(600)},
    {"sync/ring-failover", 2, true, explore<ack::Sync<>>, milliseconds(600)},
    {"quorum/ring-failover", 2, true, explore<ack::Quorum<2>>, milliseconds(600)},
    {"majority/ring-failover", 2, true, explore<ack::Majority<>>, milliseconds(600)},
    {"semi-sync/ring-forgetful", 2, true, explore<ack::SemiSync<>, ForgetfulOptions>, milliseconds(600)},
    {"majority/ring-forgetful", 2, true, explore<ack::Majority<>, ForgetfulOptions>, milliseconds(600)},
};

}  // namespace

std::span<const Composition> ring_failover() { return compositions; }

}  // namespace replicator::tests
