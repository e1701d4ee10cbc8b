// SPDX-License-Identifier: BSL-1.0
// What is asked and answered in a promotion, and which questions and answers are for this node.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/promote/candidacy.hpp>
#include <replicator/core/promote/questions.hpp>

#include <boost/test/unit_test.hpp>

#include <functional>

BOOST_AUTO_TEST_SUITE(questions)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using Parts = support::PartsOf<ack::Async<>>;
using Questions = core::Questions<Parts>;

/// Node 1, which holds five entries of epoch 1, and what it knows of node 2.
struct Node : support::OneNode<Parts> {
    Node() {
        open_epoch(1);
        write(4);
        self.cluster = ClusterId{3};
        self.group = GroupId{4};
        self.incarnation = Incarnation{111};
        self.promised = epoch_of(1);
        peer.id = NodeId{2};
    }

    Peer peer;
};

/// The question that node 2 would put to node 1, changed in one thing.
bool understands_question(const std::function<void(PromiseRequest&)>& change, bool blank = false) {
    Node node;
    if (blank) support::log_of(node.self).reset(Index{}, Chain{});
    PromiseRequest request;
    fill_header(node.self, NodeId{1}, request);
    introduce(node.self, request);
    request.sender = NodeId{2};
    change(request);
    return Questions::understands(node.self, node.peer, request);
}
bool understands_answer(const std::function<void(PromiseReply&)>& change) {
    Node node;
    PromiseReply reply;
    fill_header(node.self, NodeId{1}, reply);
    reply.sender = NodeId{2};
    reply.receiver_run = node.self.run;
    change(reply);
    return Questions::understands(node.self, node.peer, reply);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_question_is_of_the_same_group_nodes_policy_and_history) {
    BOOST_TEST(understands_question([](PromiseRequest&) {}));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.cluster = ClusterId{9}; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.group = GroupId{9}; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.sender = NodeId{3}; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.receiver = NodeId{3}; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.membership ^= 1; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.policy ^= 1; }));
    BOOST_TEST(!understands_question([](PromiseRequest& it) { it.history = HistoryId{9}; }));
    BOOST_TEST(understands_question([](PromiseRequest& it) { it.history = HistoryId{9}; }, true));
}

BOOST_AUTO_TEST_CASE(an_answer_is_of_the_same_group_and_for_this_run) {
    BOOST_TEST(understands_answer([](PromiseReply&) {}));
    BOOST_TEST(!understands_answer([](PromiseReply& it) { it.cluster = ClusterId{9}; }));
    BOOST_TEST(!understands_answer([](PromiseReply& it) { it.group = GroupId{9}; }));
    BOOST_TEST(!understands_answer([](PromiseReply& it) { it.sender = NodeId{3}; }));
    BOOST_TEST(!understands_answer([](PromiseReply& it) { it.receiver = NodeId{3}; }));
    BOOST_TEST(!understands_answer([](PromiseReply& it) { it.receiver_run = Run{9}; }));
}

BOOST_AUTO_TEST_CASE(a_question_names_the_epoch_once_it_is_binding) {
    Node node;
    Candidacy<Parts> candidacy;
    candidacy.begin({}, 44, node.self.now);
    PromiseRequest request = Questions::make_request(node.self, candidacy, node.peer);
    BOOST_TEST((request.cluster == ClusterId{3} && request.group == GroupId{4} && request.history == HistoryId{5}));
    BOOST_TEST((request.sender == NodeId{1} && request.receiver == NodeId{2} && request.run == Run{11}));
    BOOST_TEST((request.membership == node.self.membership && request.policy == node.self.policy()));
    BOOST_TEST((request.question == 44u && !request.binding() && request.epoch == Epoch{}));
    candidacy.promise(epoch_of(7), 45, node.self.now);
    request = Questions::make_request(node.self, candidacy, node.peer);
    BOOST_TEST((request.question == 45u && request.binding() && request.epoch == epoch_of(7)));
}

BOOST_AUTO_TEST_CASE(an_answer_says_all_that_decides_a_promotion) {
    Node node;
    node.self.lost_through = Index{8};
    node.self.known_commit = at(1, 9);
    node.peer.candidate_run = Run{22};
    node.peer.question = 44;
    Questions::Roster roster = node.self.roster();
    const auto reply = [&] { return Questions::make_reply(node.self, roster, ballot_flags::candidate, node.peer); };
    BOOST_TEST((reply().cluster == ClusterId{3} && reply().group == GroupId{4}));
    BOOST_TEST((reply().sender == NodeId{1} && reply().receiver == NodeId{2}));
    BOOST_TEST((reply().receiver_run == Run{22} && reply().question == 44u));
    BOOST_TEST((reply().incarnation == Incarnation{111} && reply().promised == epoch_of(1)));
    BOOST_TEST((reply().last == at(1, 5) && reply().commit == at(1, 9) && reply().suspect_from == Index{6}));
    BOOST_TEST(reply().flags == ballot_flags::candidate);
    roster.admit(NodeId{1}, Incarnation{111});
    BOOST_TEST(reply().flags == (ballot_flags::candidate | ballot_flags::counts));
    node.self.role = Role::leader;
    BOOST_TEST(reply().flags == (ballot_flags::candidate | ballot_flags::counts | ballot_flags::leads));
}

BOOST_AUTO_TEST_SUITE_END()
