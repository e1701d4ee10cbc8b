// SPDX-License-Identifier: BSL-1.0
// A node that holds something, and what it knows of one peer: for tests of what hellos lead to.
#pragma once

#include "parts.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/core/peer/links.hpp>

#include <cstdint>
#include <vector>

namespace support::one_link {

using namespace replicator;
using namespace replicator::core;

/// Writes down which refusals an observer is told of.
struct Refusals {
    std::vector<Error> seen;
    void on_refused(NodeId, Error error) { seen.push_back(error); }
};

using Parts = support::PartsOf<ack::Async<>, Refusals>;
using Limits = Parts::Limits;
using Links = core::Links<Parts>;
constexpr Duration moment{1};

/// Node 1, which holds five entries of epoch 1 and follows nobody, and what it knows of node 2.
struct Node : support::OneNode<Parts> {
    Node() {
        open_epoch(1);
        write(4);
        self.observer = &refusals;
        self.cluster = ClusterId{3};
        self.group = GroupId{4};
        self.incarnation = Incarnation{111};
        self.promised = epoch_of(1);
        self.commit = Index{3};
        peer.id = NodeId{2};
        peer.hello_at = self.now;
        Links::restart(self, peer);
    }
    void lead() { self.role = Role::leader; }

    [[nodiscard]] Hello hello() const { return Links::make_hello(self, peer); }
    /// What node 2 would say: the same group and log, in its run 22 and its attempt 7. It answers this node.
    [[nodiscard]] Hello theirs() const {
        Hello hello = Links::make_hello(self, peer);
        hello.sender = NodeId{2};
        hello.receiver = NodeId{1};
        hello.run = Run{22};
        hello.incarnation = Incarnation{222};
        hello.flags = 0;
        hello.nonce = 7;
        hello.link = LinkId{};
        hello.refusal = Error::none;
        hello.receiver_run = self.run;
        hello.receiver_nonce = peer.nonce;
        return hello;
    }
    /// The same of a node that leads epoch 2 and offers a link.
    [[nodiscard]] Hello leaders() const {
        Hello hello = theirs();
        hello.flags = hello_flags::leads;
        hello.promised = hello.epoch = {2, NodeId{2}, 1};
        hello.link = LinkId{55};
        return hello;
    }
    HelloOutcome take(const Hello& hello) { return Links::take_hello(self, peer, hello); }
    /// Whether a hello is owed, which it is no more afterwards.
    bool says_hello() {
        const bool owed = peer.hello_owed;
        peer.hello_owed = false;
        return owed;
    }

    Refusals refusals;
    Peer peer;
};

}  // namespace support::one_link
