// SPDX-License-Identifier: BSL-1.0
// The compositions: every policy over every log.

#include "networked_node.hpp"
#include "role_log.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/basic_replicator.hpp>
#include <replicator/dynamic/visit_policy.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/log/ring.hpp>

#include <cstddef>
#include <memory>
#include <utility>

namespace kv {

namespace {

// What `--log` can name: a fixed ring of 8 MiB, or memory that grows up to 64 MiB. `--dir` makes it `Disk`.
using Ring = replicator::log::Ring<std::size_t{8} << 20>;
using Memory = replicator::log::Memory<>;

/// Calls `use` with the policy that `--ack` names. All count at the stage of the log.
template <class Use>
void visit_ack(std::string_view name, const Use& use) {
    using namespace replicator;
    constexpr WhenMissing fail = WhenMissing::fail;
    visit_policy<ack::Async<>, ack::SemiSync<AskedStage{}, fail>, ack::Quorum<2, AskedStage{}, fail>,
                 ack::Majority<AskedStage{}, fail>, ack::Sync<AskedStage{}, fail>>(name, use);
}

template <class Log, class Ack>
struct Made {
    /// A log on a disk was opened before.
    template <class... Opened>
    Made(Network& network, const replicator::Config& config, Opened... opened)
        : role_log{config.node}, node(network, config, std::move(opened)..., role_log) {}

    RoleLog role_log;
    replicator::Replicator<Table, Log, Ack, Network, Limits, RoleLog> node;
};

}  // namespace

ChosenNode::ChosenNode(Network& network, const replicator::Config& config, Composition composition) {
    const auto make = [&]<class Log, class Ack>(auto&&... opened) {
        const auto made = std::make_shared<Made<Log, Ack>>(network, config, std::move(opened)...);
        Node::operator=(made->node);
        owner_ = made;
    };
    visit_ack(composition.ack, [&]<class Ack>() {
        if (composition.log == "ring") make.template operator()<Ring, Ack>();
        if (composition.log == "memory") make.template operator()<Memory, Ack>();
        if (composition.log == "file") make.template operator()<Disk, Ack>(std::move(composition.disk));
    });
}

}  // namespace kv
