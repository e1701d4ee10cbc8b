// SPDX-License-Identifier: BSL-1.0
// When the names of peers are looked up again.

#include "peer_addresses.hpp"

#include "text.hpp"

#include <cstdio>
#include <system_error>
#include <utility>

namespace kv {

namespace {

/// How often it is looked whether a peer was called in vain. The waits between such calls soon are longer.
constexpr std::chrono::milliseconds look_interval{50};
constexpr std::chrono::milliseconds rest{1000};

}  // namespace

PeerAddresses::PeerAddresses(asio::io_context& context, NameThread& names, NetworkedNode& node)
    : names_(names), node_(node), timer_(context) {}

void PeerAddresses::add(replicator::NodeId id, const Address& address) {
    auto peer = std::make_unique<Peer>();
    peer->id = id;
    peer->address = address;
    peers_.push_back(std::move(peer));
}

void PeerAddresses::start() {
    if (peers_.empty()) return;
    running_ = true;
    look();
}

void PeerAddresses::stop() {
    running_ = false;
    timer_.cancel();
}

void PeerAddresses::look() {
    if (!running_) return;
    const auto now = std::chrono::steady_clock::now();
    for (const auto& peer : peers_) {
        if (peer->asked || now < peer->rest_until) continue;
        const replicator::transport::TcpPeerState state = node_.peer_state(peer->id);
        if (state.connected || !peer->choice.is_due(state.failures)) continue;
        peer->asked = true;
        names_.ask(peer->address, [this, at = peer.get()](const FoundHost& found) { answered(*at, found); });
    }
    timer_.expires_after(look_interval);
    timer_.async_wait([this](std::error_code error) {
        if (!error) look();
    });
}

void PeerAddresses::answered(Peer& peer, const FoundHost& found) {
    peer.asked = false;
    if (!running_) return;
    if (found.endpoints.empty()) {
        // Where it was before is still the best guess.
        peer.rest_until = std::chrono::steady_clock::now() + rest;
        if (std::exchange(peer.wrong, found.wrong) == found.wrong) return;
        const std::string text =
            joined("cannot find node ", value(peer.id), " at ", peer.address.host, ": ", found.wrong);
        std::fprintf(stderr, "kv_server: %s; it is looked up again and again\n", text.c_str());
        return;
    }
    peer.wrong.clear();
    node_.set_address(peer.id, peer.choice.choose(found.endpoints, node_.peer_state(peer.id).connections));
    const replicator::transport::TcpPeerState state = node_.peer_state(peer.id);
    peer.choice.chose(state.connections, state.failures);
}

}  // namespace kv
