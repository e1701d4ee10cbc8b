// SPDX-License-Identifier: BSL-1.0
// Nodes that call each other over TCP have to hold a second stream aside.
//
// expect: profile::Pair is for lines and datagrams: over TCP take a group.

#include "parts.hpp"

#include <replicator/profile/pair.hpp>

using namespace parts;

struct Executor {};

/// As transport::AsioTcp, which is not needed to say so.
template <>
class replicator::transport::AsioTcpOn<Executor> {
public:
    template <class Node>
    void wake(Node&, NodeId) noexcept {}
};

void refused(transport::AsioTcpOn<Executor>& network) {
    use<Replicator<Counter, Log, ack::SemiSync<>, transport::AsioTcpOn<Executor>, profile::Pair>>(network);
}
