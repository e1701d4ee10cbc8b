// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader and any other node hold it.

#include "../composition.hpp"

#include <replicator/ack/quorum.hpp>

#include <memory>
#include <utility>

namespace kv {

std::unique_ptr<NetworkedNode> make_quorum(NodeParts parts) {
    return make_node_with<replicator::ack::Quorum<2, replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        std::move(parts));
}

}  // namespace kv
