// SPDX-License-Identifier: BSL-1.0
// Transport: how bytes travel. A node is pulled for bytes; the transport decides when.
//
// The whole boundary, from the side of the transport:
//
//     node.connected(peer);                  // a stream or link to this peer starts anew
//     node.disconnected(peer);               // it is gone; the peer counts as down at once
//     node.receive(peer, bytes);             // bytes came, in any pieces; an error means: drop the connection
//     size = node.transmit(peer, buffer);    // there is room: write what the peer is owed now; 0 when nothing
//     node.tick(now);                        // time passed
//     node.flush();                          // over a log on a disk, see TR-8
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
//   TR-8  Optional: `flush_soon(node)`, called by a node over a log on a disk, once until the transport calls
//         `node.flush()`. It does so when it has sent what it was woken for, and not from inside `flush_soon`.
//
// The smallest complete model:
//
//     struct Manual {                        // an embedded main loop calls the node itself
//         template <class Node> void wake(Node&, replicator::NodeId) noexcept {}
//     };
#pragma once

#include "../types.hpp"

#include <concepts>

namespace replicator {

namespace detail {

/// Stands for a node where the real type is not known yet.
struct AnyNode {};

}  // namespace detail

template <class T>
concept Transport = requires(T transport, detail::AnyNode node, NodeId peer) {
    { transport.wake(node, peer) } noexcept;
};

}  // namespace replicator
