// SPDX-License-Identifier: BSL-1.0
// Nodes that have one role each: node 1 leads from beginning to end, and the others follow. Over rings, and without
// snapshots over a log that keeps all.

#include "explore_node.hpp"
#include "fixed_roles.hpp"

#include <cstddef>
#include <utility>

namespace replicator::tests {

namespace {

template <class Limits>
struct Unpromoted : Limits {
    using Promotion = promotion::Absent;
    using HandOver = hand_over::Absent;
    using Tallies = tallies::Absent;
};
struct Stateless : SuccessionOptions {
    using Snapshots = snapshots::Absent;
};
template <class Limits>
struct Leads : Unpromoted<Limits> {
    using Roles = roles::LeadsOnly;
};
template <class Limits>
struct Follows : Unpromoted<Limits> {
    using Roles = roles::FollowsOnly;
};

template <class Log, class Ack, class Limits>
[[nodiscard]] sim::Exploration explore(const sim::ExploreOptions& options) {
    using Leading = Replicator<Journal, Log, Ack, transport::Manual, Leads<Limits>>;
    using Following = Replicator<Journal, Log, Ack, transport::Manual, Follows<Limits>>;
    return sim::explore<EitherNode<Leading, Following>>(options, make_journal_command);
}

/// Where frames come whole, or are lost.
template <class Log, class Ack, class Limits>
[[nodiscard]] sim::Exploration explore_datagrams(const sim::ExploreOptions& options) {
    using Leading = Replicator<Journal, Log, Ack, Datagrams, Leads<Limits>>;
    using Following = Replicator<Journal, Log, Ack, Datagrams, Follows<Limits>>;
    return sim::detail::explore(options, options.bounds, [](const sim::Scenario& drawn, sim::Network::Watch watch) {
        sim::Scenario scenario = drawn;
        scenario.network.stream = false;
        return sim::run_scenario<EitherNode<Leading, Following>>(scenario, make_journal_command, std::move(watch));
    });
}

using WholeMemory = log::Memory<std::size_t{1} << 20, 4096, 256>;

constexpr Composition compositions[] = {
    {"semi-sync/fixed-ring", 2, false, explore<SuccessionRing, ack::SemiSync<>, SuccessionOptions>},
    {"majority/fixed-small-ring", 2, false, explore<SmallRing, ack::Majority<>, SmallOptions>},
    {"semi-sync/fixed-datagrams", 2, false, explore_datagrams<SuccessionRing, ack::SemiSync<>, SuccessionOptions>},
    {"sync/fixed-whole-memory", 2, false, explore<WholeMemory, ack::Sync<>, Stateless>},
};

}  // namespace

std::span<const Composition> fixed() { return compositions; }

}  // namespace replicator::tests
