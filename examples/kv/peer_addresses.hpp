// SPDX-License-Identifier: BSL-1.0
// PeerAddresses: keeps telling a node where the peers are that were given by name.
#pragma once

#include "address_choice.hpp"
#include "name_thread.hpp"
#include "networked_node.hpp"
#include "options.hpp"

#include <replicator/types.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/tcp.hpp>
#include <asio/steady_timer.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace kv {

class PeerAddresses {
public:
    /// All three must outlive it.
    PeerAddresses(asio::io_context& context, NameThread& names, NetworkedNode& node);

    /// Adds a peer that this node calls, whose address is to be looked up. Before `start`.
    void add(replicator::NodeId id, const Address& address);
    void start();
    void stop();

private:
    struct Peer {
        replicator::NodeId id{};
        Address address;
        AddressChoice<asio::ip::tcp::endpoint> choice;
        bool asked = false;
        std::chrono::steady_clock::time_point rest_until;  ///< after a name had no address
        std::string wrong;                                 ///< what was said last
    };

    void look();
    void answered(Peer& peer, const FoundHost& found);

    NameThread& names_;
    NetworkedNode& node_;
    asio::steady_timer timer_;
    std::vector<std::unique_ptr<Peer>> peers_;
    bool running_ = false;
};

}  // namespace kv
