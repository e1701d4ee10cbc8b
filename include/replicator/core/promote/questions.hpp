// SPDX-License-Identifier: BSL-1.0
// What is said in a promotion: the question of a candidate, the answer of a node, and which of them are for this node.
#pragma once

#include "candidacy.hpp"

#include "../history/roster.hpp"
#include "../peer/address.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"
#include "../wire/promise.hpp"

#include <cstdint>

namespace replicator::core {

template <class Composition>
struct Questions {
    using Roster = core::Roster<Composition::Limits::nodes_max>;

    [[nodiscard]] static PromiseRequest make_request(const Local<Composition>& local,
                                                     const Candidacy<Composition>& candidacy,
                                                     const Peer& peer) noexcept {
        PromiseRequest request;
        address(local, peer.id, request);
        introduce(local, request);
        request.flags = candidacy.binding() ? ballot_flags::binding : 0;
        request.question = candidacy.question();
        request.epoch = candidacy.epoch();
        return request;
    }

    /// The answer says what is when it is written, not when the question came. `roster` is what the node's log says,
    /// `flags` what else is to be told.
    [[nodiscard]] static PromiseReply make_reply(const Local<Composition>& local, const Roster& roster,
                                                 std::uint32_t flags, const Peer& peer) noexcept {
        PromiseReply reply;
        address(local, peer.id, reply);
        reply.flags = flags | (roster.counting(local.self) == local.incarnation ? ballot_flags::counts : 0) |
                      (local.role == Role::leader ? ballot_flags::leads : 0);
        reply.receiver_run = peer.candidate_run;
        reply.question = peer.question;
        reply.incarnation = local.incarnation;
        reply.promised = local.promised;
        reply.last = local.last();
        reply.commit = local.newest_commit();
        reply.suspect_from = local.suspect_from();
        return reply;
    }

    /// A question of the same group, in which both sides agree on nodes and policy. A blank node answers any.
    [[nodiscard]] static bool understands(const Local<Composition>& local, const Peer& peer,
                                          const PromiseRequest& request) noexcept {
        return addressed(local, peer, request) && request.membership == local.membership &&
               request.policy == local.policy() && (local.blank() || request.history == local.history.id());
    }
    [[nodiscard]] static bool understands(const Local<Composition>& local, const Peer& peer,
                                          const PromiseReply& reply) noexcept {
        return addressed(local, peer, reply) && reply.receiver_run == local.run;
    }

private:
    template <class Message>
    [[nodiscard]] static bool addressed(const Local<Composition>& local, const Peer& peer,
                                        const Message& message) noexcept {
        return message.cluster == local.cluster && message.group == local.group && message.sender == peer.id &&
               message.receiver == local.self;
    }
};

}  // namespace replicator::core
