// SPDX-License-Identifier: BSL-1.0
// Acknowledged when all nodes hold it.

#include "../composition.hpp"

#include <replicator/ack/sync.hpp>

#include <memory>
#include <utility>

namespace kv {

std::unique_ptr<NetworkedNode> make_sync(NodeParts parts) {
    return make_node_with<replicator::ack::Sync<replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        std::move(parts));
}

}  // namespace kv
