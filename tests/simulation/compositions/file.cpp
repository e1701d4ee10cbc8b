// SPDX-License-Identifier: BSL-1.0
// Over logs on disks, while one node leads from beginning to end and while leaders crash.

#include "explore_node.hpp"

namespace replicator::tests {

namespace {

template <class Ack>
constexpr auto explore = explore_node<SmallFile, Ack, DiskOptions>;

constexpr Composition compositions[] = {
    {"async/file", 2, false, explore<ack::Async<>>},
    {"semi-sync/file", 2, false, explore<ack::SemiSync<>>},
    {"sync/file", 2, false, explore<ack::Sync<>>},
    {"quorum/file", 3, false, explore<ack::Quorum<3>>},
    {"majority/file", 2, false, explore<ack::Majority<>>},
    {"majority-received/file", 2, false, explore<ack::Majority<Stage::received>>},
    {"async/file-failover", 2, true, explore<ack::Async<>>},
    {"semi-sync/file-failover", 2, true, explore<ack::SemiSync<>>},
    {"sync/file-failover", 2, true, explore<ack::Sync<>>},
    {"quorum/file-failover", 3, true, explore<ack::Quorum<3>>},
    {"majority/file-failover", 2, true, explore<ack::Majority<>>},
    {"majority-received/file-failover", 2, true, explore<ack::Majority<Stage::received>>},
    {"semi-sync/file-past", 2, false, explore<ack::SemiSync<>>, false, true},
    {"majority/file-past-failover", 2, true, explore<ack::Majority<>>, false, true},
    {"majority-received/file-past-failover", 2, true, explore<ack::Majority<Stage::received>>, false, true},
};

}  // namespace

std::span<const Composition> file() { return compositions; }

}  // namespace replicator::tests
