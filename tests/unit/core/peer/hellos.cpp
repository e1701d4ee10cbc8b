// SPDX-License-Identifier: BSL-1.0
// What a node says in a hello, how often it answers one, and which links a leader offers.

#include "support/cluster.hpp"
#include "support/one_link.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>

BOOST_AUTO_TEST_SUITE(hellos)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using support::one_link::Limits;
using support::one_link::Links;
using support::one_link::moment;
using support::one_link::Node;
using support::one_link::Parts;

}  // namespace

BOOST_AUTO_TEST_CASE(a_hello_says_who_speaks_to_whom_and_what_it_holds) {
    Node node;
    node.self.lost_through = Index{8};
    support::epochs_of(node.self).push({epoch_of(2), Index{6}, Chain{}, true});
    node.self.known_commit = at(1, 9);
    node.peer.answered_run = Run{22};
    node.peer.answered_nonce = 7;
    node.peer.refusal_owed = Error::wrong_group;
    const Hello hello = node.hello();
    BOOST_TEST((hello.cluster == ClusterId{3} && hello.group == GroupId{4} && hello.history == HistoryId{5}));
    BOOST_TEST((hello.sender == NodeId{1} && hello.receiver == NodeId{2}));
    BOOST_TEST((hello.run == Run{11} && hello.incarnation == Incarnation{111} && hello.nonce == node.peer.nonce));
    BOOST_TEST((hello.receiver_run == Run{22} && hello.receiver_nonce == 7u));
    BOOST_TEST((hello.schema == Parts::Codec::schema && hello.snapshot_format == Parts::snapshot_format));
    BOOST_TEST((hello.policy == node.self.policy() && hello.membership == node.self.membership));
    BOOST_TEST(hello.entry_bytes_max == std::uint32_t{Parts::entry_bytes_max});
    BOOST_TEST(hello.frame_bytes_max == std::uint32_t{Limits::frame_bytes_max});
    BOOST_TEST(hello.piece_bytes_max == std::uint32_t{Parts::snapshot_piece_bytes});
    BOOST_TEST(hello.window_bytes == std::uint64_t{Parts::window_bytes});
    BOOST_TEST(hello.log_bytes == std::uint64_t{Parts::commands_bytes_max});
    BOOST_TEST((hello.promised == epoch_of(1) && hello.epoch == epoch_of(1)));
    BOOST_TEST((hello.last == at(2, 5)));
    BOOST_TEST((hello.commit == at(1, 3)));  // not what others said, which is perhaps not in this log
    BOOST_TEST(hello.suspect_from == Index{6});
    BOOST_TEST((hello.forced == at(2, 6)));
    BOOST_TEST(hello.refusal == Error::wrong_group);
    BOOST_TEST(hello.flags == 0u);
}

BOOST_AUTO_TEST_CASE(the_flags_of_a_hello) {
    Node node;
    BOOST_TEST(node.hello().flags == 0u);
    node.lead();
    BOOST_TEST(node.hello().flags == hello_flags::leads);
    node.self.role = Role::follower;
    node.self.donor = NodeId{2};
    BOOST_TEST(node.hello().flags == hello_flags::fetches);
    node.self.donor = NodeId{3};
    BOOST_TEST(node.hello().flags == 0u);
    node.peer.fetches = true;
    BOOST_TEST(node.hello().flags == hello_flags::donates);
}

BOOST_AUTO_TEST_CASE(a_blank_node_is_of_no_history) {
    support::OneNode<Parts> blank;
    Peer peer;
    BOOST_TEST((Links::make_hello(blank.self, peer).history == HistoryId{}));
    blank.self.lost_through = Index{1};
    BOOST_TEST((Links::make_hello(blank.self, peer).history == HistoryId{5}));
}

BOOST_AUTO_TEST_CASE(a_link_is_offered_only_in_answer_to_the_attempt_that_it_is_for) {
    const auto offered = [](const std::function<void(Node&)>& change) {
        Node node;
        node.lead();
        BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
        BOOST_REQUIRE((node.hello().link == node.peer.link && node.peer.link != LinkId{}));
        change(node);
        return node.hello().link != LinkId{};
    };
    BOOST_TEST(offered([](Node&) {}));
    BOOST_TEST(!offered([](Node& node) { node.self.role = Role::follower; }));
    BOOST_TEST(offered([](Node& node) { node.self.role = Role::follower, node.peer.fetches = true; }));
    BOOST_TEST(!offered([](Node& node) { node.peer.answered_run = Run{21}; }));
    BOOST_TEST(!offered([](Node& node) { node.peer.answered_nonce = 6; }));
}

BOOST_AUTO_TEST_CASE(who_begins_anew_forgets_the_link_and_says_hello_with_a_new_number) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
    Peer& peer = node.peer;
    peer.link_confirmed = peer.fetches = true;
    peer.blank = false;
    peer.tail = Peer::Tail::entries;
    const std::uint64_t before = peer.nonce;
    static_cast<void>(node.says_hello());
    Links::restart(node.self, peer);
    BOOST_TEST((peer.link == LinkId{} && !peer.link_confirmed && !peer.fetches && !peer.blank));
    BOOST_TEST((peer.tail == Peer::Tail::dropped));
    BOOST_TEST(peer.nonce == before + 1);
    BOOST_TEST(node.says_hello());
}

BOOST_AUTO_TEST_CASE(answers_go_four_times_in_an_interval_to_what_is_new) {
    Node node;
    node.pass(milliseconds(1000));
    node.peer.hello_at = node.self.now;
    const auto answers = [&node](std::uint32_t heard) { return Links::may_answer(node.self, node.peer, heard); };
    for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(answers(i));
    BOOST_TEST(!answers(5));
    node.pass({Limits::retry_interval.microseconds - 1});
    BOOST_TEST(!answers(6));
    node.pass(moment);
    for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(answers(10 + i));
    BOOST_TEST(!answers(15));
    // What says nothing new is answered half an interval after the last hello.
    node.peer.hello_at = node.self.now;
    BOOST_TEST(!answers(15));
    node.pass({Limits::retry_interval.microseconds / 2 - 1});
    BOOST_TEST(!answers(15));
    node.pass(moment);
    BOOST_TEST(answers(15));
    BOOST_TEST(answers(15));
}

BOOST_AUTO_TEST_CASE(a_peer_was_heard_when_it_said_hello_but_not_over_a_link_that_holds) {
    Node node;
    node.lead();
    const Hello theirs = node.theirs();
    BOOST_REQUIRE((node.take(theirs) == HelloOutcome::follower));
    BOOST_TEST((node.peer.heard_at == node.self.now));
    const Instant then = node.self.now;
    node.pass(moment);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.heard_at == node.self.now));  // nothing came over it yet
    node.peer.link_confirmed = true;
    node.pass(moment);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.heard_at == then + moment));
    Hello again = theirs;
    again.nonce = 8;
    static_cast<void>(node.take(again));
    BOOST_TEST((node.peer.heard_at == node.self.now));
}

BOOST_AUTO_TEST_CASE(a_leader_offers_a_link_to_each_attempt_and_says_so_again_while_nothing_comes_over_it) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
    const LinkId first = node.peer.link;
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.take(node.theirs()) == HelloOutcome::nothing));
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.peer.link == first));
    node.peer.link_confirmed = true;
    BOOST_TEST((node.take(node.theirs()) == HelloOutcome::nothing));
    BOOST_TEST(!node.says_hello());
    // A newer attempt begins a link anew, an older one came late.
    Hello newer = node.theirs();
    newer.nonce = 8;
    node.peer.refusal = Error::wrong_group;
    BOOST_TEST((node.take(newer) == HelloOutcome::follower));
    BOOST_TEST((node.peer.link != first && !node.peer.link_confirmed && !node.peer.fetches));
    BOOST_TEST(node.peer.refusal == Error::none);
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.take(node.theirs()) == HelloOutcome::nothing));
    BOOST_TEST(!node.says_hello());
}

BOOST_AUTO_TEST_CASE(over_a_slow_line_an_offer_is_repeated_only_when_a_frame_could_have_come) {
    Node node;
    node.lead();
    node.peer.hello_at = node.self.now;
    node.pass({Limits::failure_timeout.microseconds / 2 + 1});
    BOOST_REQUIRE((node.take(node.theirs()) == HelloOutcome::follower));
    BOOST_TEST(node.peer.link_slow);
    node.peer.hello_at = node.self.now;
    static_cast<void>(node.says_hello());
    node.pass({frame_timeout<Limits>.microseconds - 1});
    static_cast<void>(node.take(node.theirs()));
    BOOST_TEST(!node.says_hello());
    node.pass(moment);
    static_cast<void>(node.take(node.theirs()));
    BOOST_TEST(node.says_hello());
    // Half a failure timeout is not slow yet, and who only asks shows nothing.
    for (const bool asks : {false, true}) {
        Node quick;
        quick.lead();
        quick.peer.hello_at = quick.self.now;
        quick.peer.run = Run{22};
        quick.pass(asks ? milliseconds(10'000) : Duration{Limits::failure_timeout.microseconds / 2});
        Hello theirs = quick.theirs();
        if (asks) theirs.receiver_nonce = 0;
        BOOST_REQUIRE((quick.take(theirs) == HelloOutcome::follower));
        BOOST_TEST(!quick.peer.link_slow);
    }
}

BOOST_AUTO_TEST_SUITE_END()
