// SPDX-License-Identifier: BSL-1.0
// What a node says in a hello, and what it makes of the hellos of a peer.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/links.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <vector>

BOOST_AUTO_TEST_SUITE(hellos)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;

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
        local.observer = &refusals;
        local.cluster = ClusterId{3};
        local.group = GroupId{4};
        local.incarnation = Incarnation{111};
        local.promised = epoch_of(1);
        local.commit = Index{3};
        peer.id = NodeId{2};
        peer.hello_at = local.now;
        Links::restart(local, peer);
    }
    void lead() { local.role = Role::leader; }

    [[nodiscard]] Hello hello(bool installing = false, SnapshotOffset snapshot = {}) const {
        return Links::make_hello(local, peer, installing, snapshot);
    }
    /// What node 2 would say: the same group and log, in its run 22 and its attempt 7. It answers this node.
    [[nodiscard]] Hello theirs() const {
        Hello hello = Links::make_hello(local, peer, false, {});
        hello.sender = NodeId{2};
        hello.receiver = NodeId{1};
        hello.run = Run{22};
        hello.incarnation = Incarnation{222};
        hello.flags = 0;
        hello.nonce = 7;
        hello.link = LinkId{};
        hello.refusal = Error::none;
        hello.receiver_run = local.run;
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
    Met take(const Hello& hello) { return Links::take_hello(local, peer, hello); }
    /// Whether a hello is owed, which it is no more afterwards.
    bool says_hello() {
        const bool owed = peer.hello_owed;
        peer.hello_owed = false;
        return owed;
    }

    Refusals refusals;
    Peer peer;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_hello_says_who_speaks_to_whom_and_what_it_holds) {
    Node node;
    node.local.held_through = Index{8};
    node.local.epochs.push({epoch_of(2), Index{6}, Chain{}, true});
    node.local.known_commit = at(1, 9);
    node.peer.answered_run = Run{22};
    node.peer.answered_nonce = 7;
    node.peer.refusal_owed = Error::wrong_group;
    const Hello hello = node.hello(true, {SnapshotId{66}, 77});
    BOOST_TEST((hello.cluster == ClusterId{3} && hello.group == GroupId{4} && hello.history == HistoryId{5}));
    BOOST_TEST((hello.sender == NodeId{1} && hello.receiver == NodeId{2}));
    BOOST_TEST((hello.run == Run{11} && hello.incarnation == Incarnation{111} && hello.nonce == node.peer.nonce));
    BOOST_TEST((hello.receiver_run == Run{22} && hello.receiver_nonce == 7u));
    BOOST_TEST((hello.schema == Parts::Codec::schema && hello.snapshot_format == Parts::snapshot_format));
    BOOST_TEST((hello.policy == node.local.policy() && hello.membership == node.local.membership));
    BOOST_TEST(hello.entry_bytes_max == std::uint32_t{Parts::entry_bytes_max});
    BOOST_TEST(hello.frame_bytes_max == std::uint32_t{Limits::frame_bytes_max});
    BOOST_TEST(hello.chunk_bytes_max == std::uint32_t{Parts::snapshot_chunk_bytes});
    BOOST_TEST(hello.window_bytes == std::uint64_t{Parts::window_bytes});
    BOOST_TEST(hello.log_bytes == std::uint64_t{Parts::commands_bytes_max});
    BOOST_TEST((hello.promised == epoch_of(1) && hello.epoch == epoch_of(1)));
    BOOST_TEST((hello.last == at(2, 5) && hello.last_chain == node.local.log.chain() && hello.first == Index{1}));
    BOOST_TEST((hello.commit == at(1, 3)));  // not what others said, which is perhaps not in this log
    BOOST_TEST(hello.suspect_from == Index{6});
    BOOST_TEST((hello.snapshot.id == SnapshotId{66} && hello.snapshot.offset == 77u));
    BOOST_TEST((hello.forced == at(2, 6)));
    BOOST_TEST(hello.refusal == Error::wrong_group);
    BOOST_TEST(hello.flags == (hello_flags::may_lead | hello_flags::may_hold | hello_flags::installing));
}

BOOST_AUTO_TEST_CASE(the_flags_of_a_hello) {
    constexpr std::uint32_t always = hello_flags::may_lead | hello_flags::may_hold;
    Node node;
    BOOST_TEST(node.hello().flags == always);
    node.lead();
    BOOST_TEST(node.hello().flags == (always | hello_flags::leads));
    node.local.role = Role::follower;
    node.local.donor = NodeId{2};
    BOOST_TEST(node.hello().flags == (always | hello_flags::fetches));
    node.local.donor = NodeId{3};
    BOOST_TEST(node.hello().flags == always);
    node.peer.fetches = true;
    BOOST_TEST(node.hello().flags == (always | hello_flags::donates));
}

BOOST_AUTO_TEST_CASE(a_blank_node_is_of_no_history) {
    support::OneNode<Parts> blank;
    Peer peer;
    BOOST_TEST((Links::make_hello(blank.local, peer, false, {}).history == HistoryId{}));
    blank.local.held_through = Index{1};
    BOOST_TEST((Links::make_hello(blank.local, peer, false, {}).history == HistoryId{5}));
}

BOOST_AUTO_TEST_CASE(a_link_is_offered_only_in_answer_to_the_attempt_that_it_is_for) {
    const auto offered = [](const std::function<void(Node&)>& change) {
        Node node;
        node.lead();
        BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
        BOOST_REQUIRE((node.hello().link == node.peer.link && node.peer.link != LinkId{}));
        change(node);
        return node.hello().link != LinkId{};
    };
    BOOST_TEST(offered([](Node&) {}));
    BOOST_TEST(!offered([](Node& node) { node.local.role = Role::follower; }));
    BOOST_TEST(offered([](Node& node) { node.local.role = Role::follower, node.peer.fetches = true; }));
    BOOST_TEST(!offered([](Node& node) { node.peer.answered_run = Run{21}; }));
    BOOST_TEST(!offered([](Node& node) { node.peer.answered_nonce = 6; }));
}

BOOST_AUTO_TEST_CASE(who_begins_anew_forgets_the_link_and_says_hello_with_a_new_number) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
    Peer& peer = node.peer;
    peer.link_confirmed = peer.fetches = true;
    peer.blank = false;
    peer.tail = Peer::Tail::entries;
    const std::uint64_t before = peer.nonce;
    static_cast<void>(node.says_hello());
    Links::restart(node.local, peer);
    BOOST_TEST((peer.link == LinkId{} && !peer.link_confirmed && !peer.fetches && !peer.blank));
    BOOST_TEST((peer.tail == Peer::Tail::dropped));
    BOOST_TEST(peer.nonce == before + 1);
    BOOST_TEST(node.says_hello());
}

BOOST_AUTO_TEST_CASE(answers_go_four_times_in_an_interval_to_what_is_new) {
    Node node;
    node.pass(milliseconds(1000));
    node.peer.hello_at = node.local.now;
    const auto answers = [&node](std::uint32_t heard) { return Links::may_answer(node.local, node.peer, heard); };
    for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(answers(i));
    BOOST_TEST(!answers(5));
    node.pass({Limits::retry_interval.microseconds - 1});
    BOOST_TEST(!answers(6));
    node.pass(moment);
    for (std::uint32_t i = 1; i <= 4; ++i) BOOST_TEST(answers(10 + i));
    BOOST_TEST(!answers(15));
    // What says nothing new is answered half an interval after the last hello.
    node.peer.hello_at = node.local.now;
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
    BOOST_REQUIRE((node.take(theirs) == Met::follower));
    BOOST_TEST((node.peer.heard_at == node.local.now));
    const Instant then = node.local.now;
    node.pass(moment);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.heard_at == node.local.now));  // nothing came over it yet
    node.peer.link_confirmed = true;
    node.pass(moment);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.heard_at == then + moment));
    Hello again = theirs;
    again.nonce = 8;
    static_cast<void>(node.take(again));
    BOOST_TEST((node.peer.heard_at == node.local.now));
}

BOOST_AUTO_TEST_CASE(a_leader_offers_a_link_to_each_attempt_and_says_so_again_while_nothing_comes_over_it) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
    const LinkId first = node.peer.link;
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.take(node.theirs()) == Met::nothing));
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.peer.link == first));
    node.peer.link_confirmed = true;
    BOOST_TEST((node.take(node.theirs()) == Met::nothing));
    BOOST_TEST(!node.says_hello());
    // A newer attempt begins a link anew, an older one came late.
    Hello newer = node.theirs();
    newer.nonce = 8;
    node.peer.refusal = Error::wrong_group;
    BOOST_TEST((node.take(newer) == Met::follower));
    BOOST_TEST((node.peer.link != first && !node.peer.link_confirmed && !node.peer.fetches));
    BOOST_TEST(node.peer.refusal == Error::none);
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.take(node.theirs()) == Met::nothing));
    BOOST_TEST(!node.says_hello());
}

BOOST_AUTO_TEST_CASE(over_a_slow_line_an_offer_is_repeated_only_when_a_frame_could_have_come) {
    Node node;
    node.lead();
    node.peer.hello_at = node.local.now;
    node.pass({Limits::failure_timeout.microseconds / 2 + 1});
    BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
    BOOST_TEST(node.peer.link_slow);
    node.peer.hello_at = node.local.now;
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
        quick.peer.hello_at = quick.local.now;
        quick.peer.run = Run{22};
        quick.pass(asks ? milliseconds(10'000) : Duration{Limits::failure_timeout.microseconds / 2});
        Hello theirs = quick.theirs();
        if (asks) theirs.receiver_nonce = 0;
        BOOST_REQUIRE((quick.take(theirs) == Met::follower));
        BOOST_TEST(!quick.peer.link_slow);
    }
}

BOOST_AUTO_TEST_CASE(a_run_that_is_not_known_must_repeat_the_number_first) {
    Node node;
    node.lead();
    Hello theirs = node.theirs();
    theirs.receiver_nonce = 0;
    static_cast<void>(node.says_hello());
    BOOST_TEST((node.take(theirs) == Met::nothing));
    BOOST_TEST(node.says_hello());
    BOOST_TEST((node.peer.answered_run == Run{22} && node.peer.answered_nonce == 7u));
    BOOST_TEST((node.peer.run == Run{} && !node.peer.heard_at));
    theirs = node.theirs();
    theirs.receiver_run = Run{12};
    BOOST_TEST((node.take(theirs) == Met::nothing));
    BOOST_TEST((node.take(node.theirs()) == Met::follower));
    BOOST_TEST((node.peer.run == Run{22}));
    BOOST_TEST(node.peer.peer_nonce == 7u);
}

BOOST_AUTO_TEST_CASE(another_run_takes_the_place_of_the_one_before_which_then_is_a_second_process) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
    Hello other = node.theirs();
    other.run = Run{23};
    other.nonce = 1;
    const std::uint64_t number = node.peer.nonce;
    BOOST_TEST((node.take(other) == Met::follower));
    BOOST_TEST((node.peer.run == Run{23} && node.peer.superseded_run == Run{22}));
    BOOST_TEST(node.peer.nonce == number + 1);
    BOOST_TEST(!node.peer.run_lives);
    // The former one repeats the new number, while the newer one is not known to live: it was only late.
    Node before = node;
    before.local.observer = &before.refusals;
    BOOST_TEST((before.take(before.theirs()) == Met::follower));
    BOOST_TEST((before.peer.run == Run{22}));
    // And while it is.
    other.receiver_nonce = node.peer.nonce;
    other.nonce = 2;
    BOOST_REQUIRE((node.take(other) == Met::follower));
    BOOST_TEST(node.peer.run_lives);
    BOOST_TEST((node.take(node.theirs()) == Met::nothing));
    BOOST_TEST(node.peer.refusal == Error::duplicate_node);
    BOOST_TEST((node.peer.run == Run{23}));
    // For as long as the newer one was heard of lately.
    node.pass(Limits::failure_timeout);
    BOOST_TEST((node.take(node.theirs()) == Met::follower));
}

BOOST_AUTO_TEST_CASE(a_run_that_counts_its_attempts_anew_is_a_second_process_when_it_lives) {
    Node node;
    node.lead();
    BOOST_REQUIRE((node.take(node.theirs()) == Met::follower));
    Hello late = node.theirs();
    late.nonce = 6;
    static_cast<void>(node.says_hello());
    BOOST_TEST((node.take(late) == Met::nothing));  // over a link that stands it is late
    BOOST_TEST(node.peer.refusal == Error::none);
    Links::restart(node.local, node.peer);
    late.receiver_nonce = 0;
    BOOST_TEST((node.take(late) == Met::nothing));
    BOOST_TEST(node.peer.refusal == Error::none);
    late.receiver_nonce = node.peer.nonce;
    BOOST_TEST((node.take(late) == Met::nothing));
    BOOST_TEST(node.peer.refusal == Error::duplicate_node);
    BOOST_TEST(node.peer.refusal_owed == Error::duplicate_node);
}

BOOST_AUTO_TEST_CASE(what_a_hello_promises_or_leads_binds_this_node) {
    const auto promised_after = [](std::uint64_t promised, std::uint64_t leads, bool leader, Met expected) {
        Node node;
        if (leader) node.lead();
        Hello theirs = node.theirs();
        theirs.promised = {promised, NodeId{2}, 1};
        theirs.epoch = {leads, NodeId{2}, 1};
        if (leads > 0) theirs.flags = hello_flags::leads;
        BOOST_TEST((node.take(theirs) == expected));
        return node.local.promised.counter;
    };
    BOOST_TEST(promised_after(0, 0, false, Met::nothing) == 1u);
    BOOST_TEST(promised_after(5, 0, false, Met::nothing) == 5u);
    BOOST_TEST(promised_after(5, 0, true, Met::higher_epoch) == 5u);
    BOOST_TEST(promised_after(0, 0, true, Met::follower) == 1u);
    BOOST_TEST(promised_after(2, 6, false, Met::nothing) == 6u);
    BOOST_TEST(promised_after(7, 6, false, Met::nothing) == 7u);
    BOOST_TEST(promised_after(2, 6, true, Met::higher_epoch) == 6u);
}

BOOST_AUTO_TEST_CASE(a_follower_takes_the_link_that_a_leader_offers_to_its_present_attempt) {
    Node node;
    node.peer.fetches = true;
    BOOST_TEST((node.take(node.leaders()) == Met::leader));
    BOOST_TEST((node.peer.link == LinkId{55} && node.peer.link_confirmed && !node.peer.fetches));
    BOOST_TEST(node.peer.link_nonce == 7u);
    BOOST_TEST(!node.says_hello());
    // The same offer again changes nothing.
    BOOST_TEST((node.take(node.leaders()) == Met::nothing));
    BOOST_TEST(!node.says_hello());
    // A leader that knows of no link, in the same attempt: that came late; in a newer one, it has lost it.
    Hello lost = node.leaders();
    lost.link = LinkId{};
    BOOST_TEST((node.take(lost) == Met::nothing));
    BOOST_TEST((node.peer.link == LinkId{55} && !node.says_hello()));
    lost.nonce = 8;
    BOOST_TEST((node.take(lost) == Met::nothing));
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
    // An offer to a former attempt is none, but a reason to ask.
    Hello former = node.leaders();
    former.nonce = 9;
    former.receiver_nonce = node.peer.nonce - 1;
    BOOST_TEST((node.take(former) == Met::nothing));
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
}

BOOST_AUTO_TEST_CASE(a_leader_whose_epoch_is_over_is_refused) {
    Node node;
    node.local.promised = epoch_of(9);
    BOOST_TEST((node.take(node.leaders()) == Met::nothing));
    BOOST_TEST(node.peer.refusal == Error::stale_epoch);
    BOOST_TEST(node.peer.refusal_owed == Error::stale_epoch);
    BOOST_TEST((node.peer.link == LinkId{} && node.says_hello()));
    // Two that lead one epoch never link, either.
    Node leader;
    leader.lead();
    leader.local.promised = leader.leaders().epoch;
    BOOST_TEST((leader.take(leader.leaders()) == Met::nothing));
    BOOST_TEST(leader.peer.refusal == Error::stale_epoch);
    // A refusal is not answered by one, and told once.
    Hello refusal = leader.leaders();
    refusal.refusal = Error::wrong_group;
    refusal.receiver_run = Run{1};
    static_cast<void>(leader.says_hello());
    static_cast<void>(leader.take(refusal));
    BOOST_TEST(!leader.says_hello());
    BOOST_TEST(leader.local.counters.refusals == 2u);
    BOOST_TEST((leader.refusals.seen == std::vector{Error::stale_epoch}));
}

BOOST_AUTO_TEST_CASE(who_fetches_is_served_by_a_node_that_promised_its_epoch) {
    const auto met = [](std::uint32_t flags, Epoch promised_there, Epoch promised_here) {
        Node node;
        node.local.promised = promised_here;
        Hello theirs = node.theirs();
        theirs.flags = flags;
        theirs.promised = promised_there;
        const Met result = node.take(theirs);
        BOOST_TEST(node.peer.fetches == (result == Met::follower));
        return result;
    };
    constexpr Epoch of_two{4, NodeId{2}, 1};
    constexpr Epoch of_three{4, NodeId{3}, 1};
    BOOST_TEST((met(hello_flags::fetches, of_two, of_two) == Met::follower));
    BOOST_TEST((met(0, of_two, of_two) == Met::nothing));
    BOOST_TEST((met(hello_flags::fetches, of_three, of_three) == Met::nothing));
    BOOST_TEST((met(hello_flags::fetches, of_two, of_three) == Met::nothing));
}

BOOST_AUTO_TEST_CASE(a_candidate_draws_from_its_donor_only_what_is_newer) {
    const auto met = [](std::uint32_t donor, std::uint64_t last, std::uint64_t promised) {
        Node node;
        node.local.donor = NodeId{donor};
        node.local.promised = {4, NodeId{1}, 1};
        Hello theirs = node.theirs();
        theirs.flags = hello_flags::donates;
        theirs.link = LinkId{55};
        theirs.promised = {promised, NodeId{1}, 1};
        theirs.last = at(1, last);
        return node.take(theirs);
    };
    BOOST_TEST((met(2, 6, 4) == Met::donor));
    BOOST_TEST((met(3, 6, 4) == Met::nothing));
    BOOST_TEST((met(2, 5, 4) == Met::nothing));
    BOOST_TEST((met(2, 6, 3) == Met::nothing));
}

BOOST_AUTO_TEST_CASE(whether_a_peer_is_blank_is_known_when_it_answered) {
    Node node;
    Hello theirs = node.theirs();
    theirs.history = HistoryId{};
    theirs.last = {};
    theirs.receiver_nonce = 0;
    static_cast<void>(node.take(theirs));
    BOOST_TEST(!node.peer.blank);
    theirs.receiver_nonce = node.peer.nonce;
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == true));
    BOOST_TEST((node.peer.promised_with_entries == Epoch{}));
    theirs = node.theirs();
    theirs.receiver_nonce = 0;
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == false));
    BOOST_TEST((node.peer.promised_with_entries == epoch_of(1)));
    // A hello from before comes late.
    theirs.history = HistoryId{};
    theirs.last = {};
    theirs.promised = epoch_of(9);
    static_cast<void>(node.take(theirs));
    BOOST_TEST((node.peer.blank == false));
}

BOOST_AUTO_TEST_SUITE_END()
