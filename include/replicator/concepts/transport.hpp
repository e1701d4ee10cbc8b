// SPDX-License-Identifier: BSL-1.0
// Transport: how bytes travel. A node is pulled for bytes; the transport decides when.
//
// The whole boundary, from the side of the transport:
//
//     node.connected(peer);                  // a stream or link to this peer starts anew
//     node.disconnected(peer);               // it is gone; the peer counts as down at once
//     node.receive(peer, bytes);             // bytes came, in any pieces; `after_error` says what to do on an error
//     size = node.transmit(peer, buffer);    // there is room: write what the peer is owed now; 0 when nothing
//     node.tick(now);                        // time passed
//     node.flush();                          // where there is something left to do, see TR-8
//     transport.wake(node, peer);            // called by the node: transmit() would have something to say
//
// Semantic rules
//   TR-1  After `wake`, the transport calls `node.transmit(peer, ...)` until it returned 0, when it has room and not
//         from inside `wake`. The node calls `wake` at most once until then.
//   TR-2  The transport calls `node.transmit(peer, ...)` also after each `receive` from that peer, and after `tick` for
//         each peer for which `wake` was called.
//   TR-3  What `transmit` wrote travels in order and whole, or not at all: a transport over a stream calls `connected`
//         when the stream starts anew; one over datagrams sends what one call wrote as one datagram. Losing,
//         duplicating and reordering such units is tolerated; so are damaged bytes.
//   TR-4  `connected` and `disconnected` are optional: a node also finds out by itself, later.
//   TR-5  `buffer` should hold `Node::transmit_bytes_min` bytes, or some frames never fit.
//   TR-6  A node belongs to one thread or strand. The transport calls it from nowhere else.
//   TR-7  Optional: `attach(node)` and `detach(node)`, called when the node is made and when it goes.
//   TR-8  Optional: `flush_soon(node)`, called by a node over a log on a disk, and by one that applies in portions
//         (`Options::apply_bytes_per_call`), once until the transport calls `node.flush()`. It does so when it has sent
//         what it was woken for, and not from inside `flush_soon`.
//   TR-9  Optional: `static constexpr Delivers delivers`, what becomes of bytes on their way; without it, `stream`.
//         Where only the running program knows, a member function `Delivers delivers() const`, asked when the node is
//         made.
//   TR-10 Optional: a transport that can be called in the name of a peer while it has a stream of that peer holds the
//         second stream aside. It sends what `node.aside().ask(peer, nonce, buffer)` wrote, keeps all that comes, and
//         shows it to `judge` as it grows. When that says true, the first stream is closed (`disconnected`), and after
//         `take_over` the node is given what was kept (`receive`). On an error, and when `patience` is over, the second
//         stream is closed instead, see core/node/aside.hpp.
//   TR-11 Optional: `static constexpr bool wakes = false`, where `wake` does nothing: then a node need not find out when
//         to call it.
//
// The smallest complete model:
//
//     struct Manual {                        // an embedded main loop calls the node itself
//         static constexpr replicator::Delivers delivers = replicator::Delivers::line;
//         template <class Node> void wake(Node&, replicator::NodeId) noexcept {}
//     };
#pragma once

#include "../error.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstdint>

namespace replicator {

/// What becomes of bytes on their way, and so what a node makes of damage.
enum class Delivers : std::uint8_t {
    /// All bytes come in order, or the connection ends: TCP, a pipe. `receive` says what is damaged, and the transport
    /// ends the connection. A frame may take its time.
    stream,
    /// Bytes get lost, added or changed, and nobody says so: a UART. A node looks for the next frame behind the damage,
    /// and the link stands. What of a frame has not come after half a heartbeat interval of silence does not come.
    line,
    /// Each `receive` is one whole `transmit`, or what is left of it: UDP, a radio with packets.
    frames,
};

/// What a loop does when `receive` returned an error.
enum class AfterError : std::uint8_t {
    go_on,  ///< what came is dropped, and what was in it comes again: the link stands
    close,  ///< end the connection, say `disconnected`, and make another one
    stop,   ///< the node takes part no more, or has no such peer: calling again is of no use
};

/// A stream is in no order any more when something in it is wrong, so it ends. On a line and with frames nothing else
/// suffers: to end the link there would cost a handshake for each damaged byte.
[[nodiscard]] constexpr AfterError after_error(Delivers delivers, Error error) noexcept {
    if (error == Error::none) return AfterError::go_on;
    if (error == Error::faulted) return AfterError::stop;
    if (delivers == Delivers::stream) return AfterError::close;
    return error == Error::wrong_node ? AfterError::stop : AfterError::go_on;
}

namespace detail {

/// Stands for a node where the real type is not known yet.
struct AnyNode {};

template <class T>
concept SaysWhatItDelivers = requires {
    { T::delivers } -> std::convertible_to<Delivers>;
};

/// What a transport delivers. The compiler leaves out what the others need.
template <class T>
struct Delivery {
    static constexpr bool is(Delivers kind) noexcept {
        if constexpr (SaysWhatItDelivers<T>) {
            return kind == T::delivers;
        } else {
            return kind == Delivers::stream;
        }
    }
    static void ask(const T&) noexcept {}
};
template <class T>
    requires requires(const T& transport) {
        { transport.delivers() } -> std::same_as<Delivers>;
    }
struct Delivery<T> {
    Delivers now = Delivers::stream;

    [[nodiscard]] bool is(Delivers kind) const noexcept { return kind == now; }
    void ask(const T& transport) noexcept { now = transport.delivers(); }
};

}  // namespace detail

template <class T>
concept Transport = requires(T transport, detail::AnyNode node, NodeId peer) {
    { transport.wake(node, peer) } noexcept;
};

}  // namespace replicator
