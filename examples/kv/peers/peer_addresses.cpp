// SPDX-License-Identifier: BSL-1.0
// When the names of peers are looked up again.

#include "peer_addresses.hpp"

#include "../base/text.hpp"

#include <algorithm>
#include <cstdio>
#include <system_error>
#include <utility>

namespace kv {

namespace {

/// How often it is looked whether a peer was called in vain. The waits between such calls soon are longer.
constexpr std::chrono::milliseconds look_interval{50};
constexpr std::chrono::milliseconds rest{1000};
/// How often a caller that is no peer is named.
constexpr std::chrono::seconds named_interval{60};

}  // namespace

PeerAddresses::PeerAddresses(asio::io_context& context, NameThread& names, Network& network)
    : names_(names), network_(network), timer_(context, [this] { look(); }) {}

void PeerAddresses::add(replicator::NodeId id, const Address& address, bool calls_us) {
    auto peer = std::make_unique<Peer>();
    peer->id = id;
    peer->address = address;
    peer->calls_us = calls_us;
    if (!address.is_name()) peer->known = {asio::ip::make_address(address.host)};
    peers_.push_back(std::move(peer));
}

void PeerAddresses::screen_callers() {
    screens_ = true;
    const auto may_call = [](void* self, const asio::ip::address& address) {
        return static_cast<PeerAddresses*>(self)->may_call(address);
    };
    network_.screen_callers(may_call, this);
}

void PeerAddresses::start() {
    running_ = true;
    look();
}

void PeerAddresses::stop() {
    running_ = false;
    timer_.stop();
}

void PeerAddresses::look() {
    const auto now = std::chrono::steady_clock::now();
    for (const auto& peer : peers_) {
        if (peer->asked || now < peer->rest_until || !is_due(*peer)) continue;
        peer->asked = true;
        names_.ask(peer->address, [this, at = peer.get()](const FoundHost& found) { answered(*at, found); });
    }
    stranger_called_ = false;
    timer_.set(look_interval);
}

bool PeerAddresses::is_due(const Peer& peer) const {
    if (!peer.address.is_name()) return false;
    const replicator::transport::TcpPeerState state = network_.peer_state(peer.id);
    if (state.connected) return false;
    if (!peer.calls_us) return peer.choice.is_due(state.failures);
    return screens_ && (peer.known.empty() || stranger_called_);
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
    peer.known.clear();
    for (const auto& endpoint : found.endpoints) peer.known.push_back(endpoint.address());
    if (peer.calls_us) {
        peer.rest_until = std::chrono::steady_clock::now() + rest;
        return;
    }
    network_.set_address(peer.id, peer.choice.choose(found.endpoints, network_.peer_state(peer.id).connections));
    const replicator::transport::TcpPeerState state = network_.peer_state(peer.id);
    peer.choice.chose(state.connections, state.failures);
}

bool PeerAddresses::may_call(const asio::ip::address& address) {
    const auto is_same = [&address](const asio::ip::address& known) {
        return known == address || (known.is_loopback() && address.is_loopback());
    };
    for (const auto& peer : peers_) {
        if (std::any_of(peer->known.begin(), peer->known.end(), is_same)) return true;
    }
    stranger_called_ = true;
    // A name that changed is looked up now, and the caller comes again; so not every one of them is worth a line.
    const auto now = std::chrono::steady_clock::now();
    if (strangers_named_at_ != decltype(now){} && now - strangers_named_at_ < named_interval) return false;
    strangers_named_at_ = now;
    std::fprintf(stderr, "kv_server: closed a call for nodes from %s, where no --peer is; see --links-from\n",
                 address.to_string().c_str());
    return false;
}

}  // namespace kv
