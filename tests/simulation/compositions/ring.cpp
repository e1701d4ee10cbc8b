// SPDX-License-Identifier: BSL-1.0
// Over rings, while one node leads from beginning to end and while leaders crash; also over smaller ones, which are
// often full, with nodes that remember two epochs, and have to find out where their logs part all the same, over slow
// lines, and over serial lines.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack, class Limits = SuccessionOptions>
constexpr auto explore = explore_node<SuccessionRing, Ack, Limits>;
template <class Ack>
constexpr auto explore_small = explore_node<SmallRing, Ack, SmallOptions>;

/// On serial lines, which damage bytes.
template <class Ack>
[[nodiscard]] sim::Exploration explore_line(const sim::ExploreOptions& options) {
    sim::ExploreOptions on_lines = options;
    on_lines.bounds.lines = true;
    return explore<Ack>(on_lines);
}

constexpr Composition compositions[] = {
    {"async/ring", 2, false, explore<ack::Async<>>},
    {"semi-sync/ring", 2, false, explore<ack::SemiSync<>>},
    {"sync/ring", 2, false, explore<ack::Sync<>>},
    {"quorum/ring", 2, false, explore<ack::Quorum<2>>},
    {"majority/ring", 2, false, explore<ack::Majority<>>},
    {"semi-sync/small-ring", 2, false, explore_small<ack::SemiSync<>>},
    {"majority/small-ring", 2, false, explore_small<ack::Majority<>>},
    {"semi-sync/ring-line", 2, false, explore_line<ack::SemiSync<>>},
    {"majority/ring-line-failover", 2, true, explore_line<ack::Majority<>>},
    {"async/ring-failover", 2, true, explore<ack::Async<>>},
    {"semi-sync/ring-failover", 2, true, explore<ack::SemiSync<>>},
    {"sync/ring-failover", 2, true, explore<ack::Sync<>>},
    {"quorum/ring-failover", 2, true, explore<ack::Quorum<2>>},
    {"majority/ring-failover", 2, true, explore<ack::Majority<>>},
    {"semi-sync/ring-forgetful", 2, true, explore<ack::SemiSync<>, ForgetfulOptions>},
    {"majority/ring-forgetful", 2, true, explore<ack::Majority<>, ForgetfulOptions>},
    {"majority/slow-ring", 2, false, explore<ack::Majority<>, SlowOptions>, true},
    {"majority/slow-ring-failover", 2, true, explore<ack::Majority<>, SlowOptions>, true},
};

}  // namespace

std::span<const Composition> ring() { return compositions; }

}  // namespace replicator::tests
