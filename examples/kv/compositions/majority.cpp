// SPDX-License-Identifier: BSL-1.0
// Acknowledged when more than half of all nodes hold it.

#include "../composition.hpp"

#include <replicator/ack/majority.hpp>

namespace kv {

std::unique_ptr<NetworkedNode> make_majority(std::string_view log, asio::io_context& context,
                                             const replicator::Config& config,
                                             const replicator::transport::TcpOptions& tcp) {
    return make_node_with<replicator::ack::Majority<replicator::AskedStage{}, replicator::WhenMissing::fail>>(
        log, context, config, tcp);
}

}  // namespace kv
