// SPDX-License-Identifier: BSL-1.0
// PeerAddresses: keeps telling the network where the peers are that were given by name, and whose calls it may take.
#pragma once

#include "../base/options.hpp"
#include "../base/recurring_timer.hpp"
#include "../node/networked_node.hpp"
#include "address_choice.hpp"
#include "name_thread.hpp"

#include <replicator/types.hpp>

#include <asio/io_context.hpp>
#include <asio/ip/address.hpp>
#include <asio/ip/tcp.hpp>

#include <chrono>
#include <memory>
#include <string>
#include <vector>

namespace kv {

class PeerAddresses {
public:
    /// All three must outlive it.
    PeerAddresses(asio::io_context& context, NameThread& names, Network& network);

    /// Adds a peer, which this node calls or which calls this node. Before `start`.
    void add(replicator::NodeId id, const Address& address, bool calls_us);
    /// Nobody's call is taken but that of an address that a peer was found at.
    void screen_callers();
    void start();
    void stop();

private:
    struct Peer {
        replicator::NodeId id{};
        Address address;
        bool calls_us = false;
        std::vector<asio::ip::address> known;  ///< where it may call from
        AddressChoice<asio::ip::tcp::endpoint> choice;
        bool asked = false;
        std::chrono::steady_clock::time_point rest_until;  ///< after a name had no address
        std::string wrong;                                 ///< what was said last
    };

    void look();
    [[nodiscard]] bool is_due(const Peer& peer) const;
    void answered(Peer& peer, const FoundHost& found);
    [[nodiscard]] bool may_call(const asio::ip::address& address);

    NameThread& names_;
    Network& network_;
    RecurringTimer timer_;
    std::vector<std::unique_ptr<Peer>> peers_;
    bool running_ = false;
    bool screens_ = false;
    bool stranger_called_ = false;  ///< since the names were looked up: one of them may mean another address now
    std::chrono::steady_clock::time_point strangers_named_at_;
};

}  // namespace kv
