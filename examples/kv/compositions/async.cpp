// SPDX-License-Identifier: BSL-1.0
// Acknowledged when the leader holds it.

#include "../composition.hpp"

#include <replicator/ack/async.hpp>

namespace kv {

std::unique_ptr<NetworkedNode> make_async(std::string_view log, asio::io_context& context,
                                          const replicator::Config& config,
                                          const replicator::transport::TcpOptions& tcp) {
    return make_node_with<replicator::ack::Async<>>(log, context, config, tcp);
}

}  // namespace kv
