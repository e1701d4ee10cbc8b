// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader and any other node hold it.

#include "../composition.hpp"

#include <replicator/ack/quorum.hpp>

namespace kv {

std::unique_ptr<NetworkedNode> make_quorum(std::string_view log, asio::io_context& context,
                                           const replicator::Config& config,
                                           const replicator::transport::TcpOptions& tcp) {
    return make_node_with<replicator::ack::Quorum<2, replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        log, context, config, tcp);
}

}  // namespace kv
