// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader and one chosen follower hold it.

#include "../composition.hpp"

#include <replicator/ack/semi_sync.hpp>

namespace kv {

std::unique_ptr<NetworkedNode> make_semi_sync(std::string_view log, asio::io_context& context,
                                              const replicator::Config& config,
                                              const replicator::transport::TcpOptions& tcp) {
    return make_node_with<replicator::ack::SemiSync<replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        log, context, config, tcp);
}

}  // namespace kv
