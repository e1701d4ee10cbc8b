// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader and one chosen follower hold it.

#include "../composition.hpp"

#include <replicator/ack/semi_sync.hpp>

#include <memory>
#include <utility>

namespace kv {

std::unique_ptr<NetworkedNode> make_semi_sync(NodeParts parts) {
    return make_node_with<replicator::ack::SemiSync<replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        std::move(parts));
}

}  // namespace kv
