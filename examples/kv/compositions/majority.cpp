// SPDX-License-Identifier: BSL-1.0
// Acknowledged when more than half of all nodes hold it.

#include "../composition.hpp"

#include <replicator/ack/majority.hpp>

#include <memory>
#include <utility>

namespace kv {

std::unique_ptr<NetworkedNode> make_majority(NodeParts parts) {
    return make_node_with<replicator::ack::Majority<replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        std::move(parts));
}

}  // namespace kv
