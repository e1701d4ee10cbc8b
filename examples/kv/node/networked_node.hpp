// SPDX-License-Identifier: BSL-1.0
// NetworkedNode: a node with its connections, composed of what the command line says.
#pragma once

#include "../base/limits.hpp"
#include "../disk/disk.hpp"
#include "node.hpp"

#include <replicator/api/options.hpp>
#include <replicator/asio/asio_node.hpp>
#include <replicator/asio/tcp.hpp>

#include <asio/io_context.hpp>

#include <memory>
#include <string_view>
#include <utility>

namespace kv {

using Network = replicator::transport::AsioTcp;

/// What a node is composed of, by the names that the command line knows.
struct Composition {
    std::string_view ack;
    std::string_view log;
    Disk disk{};  ///< closed, unless `log` is "file"
};

/// A node and its owner. Refers to nothing when no composition has such names.
class ChosenNode : public Node {
public:
    ChosenNode(Network& network, const replicator::Config& config, Composition composition);
    /// One that was made elsewhere.
    template <class Made>
    ChosenNode(Network&, const replicator::Config&, std::shared_ptr<Made> made)
        : Node(*made), owner_(std::move(made)) {}

private:
    std::shared_ptr<void> owner_;
};

using NetworkedNode = replicator::AsioNode<ChosenNode, asio::io_context::executor_type, Limits::writes_pending_max>;

}  // namespace kv
