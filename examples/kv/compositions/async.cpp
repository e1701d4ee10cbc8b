// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader holds it.

#include "../composition.hpp"

#include <replicator/ack/async.hpp>

#include <memory>
#include <utility>

namespace kv {

std::unique_ptr<NetworkedNode> make_async(NodeParts parts) {
    return make_node_with<replicator::ack::Async<>>(std::move(parts));
}

}  // namespace kv
