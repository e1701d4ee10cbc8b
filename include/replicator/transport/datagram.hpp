// SPDX-License-Identifier: BSL-1.0
// transport::Datagram: for a loop with sockets of its own: whom datagrams come from, and to whom the next one goes.
#pragma once

#include "../api/options.hpp"
#include "../assert.hpp"
#include "../concepts/transport.hpp"
#include "../error.hpp"
#include "../result.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace replicator::transport {

/// Limits of a node whose frames are datagrams of at most `Mtu` bytes: frames, pieces of a snapshot and commands follow
/// that number. What does not fit, does not compile. 1200 bytes go through nearly every network in one piece.
///
///     using Node = Replicator<World, log::Ring<65536>, ack::Sync<>, transport::Datagram<1200, Address>,
///                             transport::DatagramOptions<1200>>;
template <std::size_t Mtu, class Base = Options>
struct DatagramOptions : Base {
    static constexpr std::size_t frame_bytes_max = Mtu;
    /// A frame is a head of at most 256 bytes, and entries with a head of 8 bytes each.
    static constexpr std::size_t command_bytes_max =
        Base::command_bytes_max < Mtu - 264 ? Base::command_bytes_max : Mtu - 264;

    static_assert(Mtu >= 512, "transport::DatagramOptions<Mtu>: the head of a frame alone may take 256 bytes.");
};

/// What came, and from whom. All numbers go around. What the node makes of it, is in its own counters: frames of a
/// former run of a peer are `frames_stale`.
struct DatagramCounters {
    std::uint32_t sent = 0;
    std::uint32_t received = 0;   ///< from peers
    std::uint32_t strangers = 0;  ///< from addresses of no peer
    std::uint32_t too_long = 0;   ///< from peers, with more bytes than a frame has, so they were cut on their way
    std::uint32_t refused = 0;    ///< from peers, and not taken by the node
};

/// `Address` is what your sockets use: any type that can be copied and compared. A peer is known by it; that proves as
/// little as the network does.
///
///     transport::Datagram<1200, Address> network;
///     network.set_peer(NodeId{2}, address_of_2);
///     Node node{network, {.node = NodeId{1}, .nodes = nodes, .run = run}};
///     decltype(network)::Buffer buffer;
///
///     for (;;) {                                                      // the main loop, or a tick
///         while (const auto came = receive_from(socket)) {
///             if (!network.receive(node, came->from, came->bytes)) return;   // the node has stopped
///         }
///         node.tick(now);
///         while (const auto next = network.transmit(node, buffer)) send_to(socket, next->to, next->bytes);
///     }
///
/// What a socket does not take is lost, and sent again later, as what gets lost on the way.
template <std::size_t Mtu, class Address, std::size_t PeersMax = 4>
class Datagram {
    static_assert(PeersMax >= 1 && PeersMax <= 32, "transport::Datagram joins a node to at most 32 others.");

public:
    static constexpr Delivers delivers = Delivers::frames;
    using Buffer = std::array<std::byte, Mtu>;

    struct Outgoing {
        Address to;
        std::span<const std::byte> bytes;
    };

    /// Where the peer is, from now on. False when there is no room for one more.
    bool set_peer(NodeId peer, const Address& address) noexcept {
        Peer* found = nullptr;
        for (Peer& known : peers_) {
            if (known.id == peer || (found == nullptr && known.id == NodeId{})) found = &known;
            if (known.id == peer) break;
        }
        if (found == nullptr) return false;
        *found = {peer, address, true};
        return true;
    }

    /// One datagram came. Errors: faulted (the node stopped), wrong_node (the address is one of a peer that the node
    /// has not). All else is counted.
    template <class Node>
    [[nodiscard]] Result<void> receive(Node& node, const Address& from, std::span<const std::byte> bytes) noexcept {
        for (Peer& peer : peers_) {
            if (peer.id == NodeId{} || !(peer.address == from)) continue;
            if (bytes.size() > Mtu) {
                ++counters_.too_long;
                return Error::none;
            }
            ++counters_.received;
            peer.woken = true;
            const Result<void> taken = node.receive(peer.id, bytes);
            if (taken) return taken;
            ++counters_.refused;
            return after_error(delivers, taken.error()) == AfterError::stop ? taken.error() : Error::none;
        }
        ++counters_.strangers;
        return Error::none;
    }

    /// The next datagram that some peer is owed; nothing when none is. Peers take turns. To bound what a tick sends,
    /// stop asking: the rest is there in the next one.
    template <class Node>
    [[nodiscard]] std::optional<Outgoing> transmit(Node& node, std::span<std::byte, Mtu> buffer) noexcept {
        for (std::size_t tried = 0; tried < PeersMax; ++tried) {
            Peer& peer = peers_[turn_];
            turn_ = turn_ + 1 == PeersMax ? 0 : turn_ + 1;
            if (!peer.woken || peer.id == NodeId{}) continue;
            if (const std::size_t size = node.transmit(peer.id, buffer); size != 0) {
                ++counters_.sent;
                return Outgoing{peer.address, buffer.first(size)};
            }
            peer.woken = false;
        }
        return std::nullopt;
    }

    [[nodiscard]] const DatagramCounters& counters() const noexcept { return counters_; }

    // The boundary to the node, see concepts/transport.hpp.

    template <class Node>
    void attach(Node&) noexcept {
        static_assert(Node::transmit_bytes_min <= Mtu,
                      "The frames of this node do not fit in one datagram: give it transport::DatagramOptions<Mtu>, or "
                      "smaller limits in Options.");
    }
    template <class Node>
    void detach(Node&) noexcept {}
    template <class Node>
    void wake(Node&, NodeId peer) noexcept {
        for (Peer& known : peers_) known.woken = known.woken || known.id == peer;
    }

private:
    struct Peer {
        NodeId id{};
        Address address{};
        bool woken = false;  // the node may have something to say to it
    };

    std::array<Peer, PeersMax> peers_{};
    std::size_t turn_ = 0;
    DatagramCounters counters_;
};

}  // namespace replicator::transport
