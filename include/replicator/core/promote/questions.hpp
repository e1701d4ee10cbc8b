// SPDX-License-Identifier: BSL-1.0
// What is said in a promotion: the question of a candidate, the answer of a node, and which of them are for this node.
#pragma once

#include "candidacy.hpp"

#include "../history/roster.hpp"
#include "../peer/fill_header.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"
#include "../wire/promise.hpp"

#include <cstdint>

namespace replicator::core {

template <class Composition>
struct Questions {
    using Roster = core::Roster<Composition::Limits::nodes_max>;

    [[nodiscard]] static PromiseRequest make_request(const Self<Composition>& self,
                                                     const Candidacy<Composition>& candidacy,
                                                     const Peer& peer) noexcept {
        PromiseRequest request;
        fill_header(self, peer.id, request);
        introduce(self, request);
        request.flags = candidacy.binding() ? ballot_flags::binding : 0;
        request.question = candidacy.question();
        request.epoch = candidacy.epoch();
        return request;
    }

    /// The answer says what is when it is written, not when the question came. `roster` is what the node's log says,
    /// `flags` what else is to be told.
    [[nodiscard]] static PromiseReply make_reply(const Self<Composition>& self, const Roster& roster,
                                                 std::uint32_t flags, const Peer& peer) noexcept {
        PromiseReply reply;
        fill_header(self, peer.id, reply);
        reply.flags = flags | (roster.counting(self.id) == self.incarnation ? ballot_flags::counts : 0) |
                      (self.is_leader() ? ballot_flags::leads : 0);
        reply.receiver_run = peer.candidate_run;
        reply.question = peer.question;
        reply.incarnation = self.incarnation;
        reply.promised = self.promised;
        reply.last = self.last();
        reply.commit = self.newest_commit();
        reply.suspect_from = self.suspect_from();
        return reply;
    }

    /// A question of the same group, in which both sides agree on nodes and policy. A blank node answers any.
    [[nodiscard]] static bool understands(const Self<Composition>& self, const Peer& peer,
                                          const PromiseRequest& request) noexcept {
        return addressed(self, peer, request) && request.membership == self.membership &&
               request.policy == self.policy() && (self.blank() || request.history == self.history.id());
    }
    [[nodiscard]] static bool understands(const Self<Composition>& self, const Peer& peer,
                                          const PromiseReply& reply) noexcept {
        return addressed(self, peer, reply) && reply.receiver_run == self.run;
    }

private:
    template <class Message>
    [[nodiscard]] static bool addressed(const Self<Composition>& self, const Peer& peer,
                                        const Message& message) noexcept {
        return message.cluster == self.cluster && message.group == self.group && message.sender == peer.id &&
               message.receiver == self.id;
    }
};

}  // namespace replicator::core
