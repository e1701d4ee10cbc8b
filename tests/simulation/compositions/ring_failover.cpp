// SPDX-License-Identifier: BSL-1.0
// Over rings, while leaders crash and others are promoted; also with nodes that remember two epochs, and have to find
// out where their logs part all the same.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack, class Limits = SuccessionOptions>
constexpr auto explore = explore_node<SuccessionRing, Ack, Limits>;

constexpr Composition compositions[] = {
    {"async/ring-failover", 2, true, explore<ack::Async<>>},
    {"semi-sync/ring-failover", 2, true, explore<ack::SemiSync<>>},
    {"sync/ring-failover", 2, true, explore<ack::Sync<>>},
    {"quorum/ring-failover", 2, true, explore<ack::Quorum<2>>},
    {"majority/ring-failover", 2, true, explore<ack::Majority<>>},
    {"semi-sync/ring-forgetful", 2, true, explore<ack::SemiSync<>, ForgetfulOptions>},
    {"majority/ring-forgetful", 2, true, explore<ack::Majority<>, ForgetfulOptions>},
};

}  // namespace

std::span<const Composition> ring_failover() { return compositions; }

}  // namespace replicator::tests
