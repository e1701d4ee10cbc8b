// SPDX-License-Identifier: BSL-1.0
// What a peer is owed first: each debt before all that come after it, and what makes it owed nothing.

#include "support/parts.hpp"
#include "support/progress.hpp"

#include <replicator/core/node/owed.hpp>
#include <replicator/core/node/relations.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

BOOST_AUTO_TEST_SUITE(owed)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::PartsOf;

constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};

/// Node 1 of three, and its first peer, to which there is a link.
template <class Composition>
struct OnePeer : NodeParts<Composition> {
    OnePeer()
        : NodeParts<Composition>({.node = nodes[0], .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}},
                                 nullptr),
          peer(this->peers()[0]) {
        this->self.now = Instant{1'000'000};
        clear();
    }
    void clear() {
        peer.link = LinkId{9};
        peer.hello_owed = false;
        peer.progress = Progress{};
        support::set_state(peer.progress, FollowerState::streaming);
        peer.progress.next = this->self.log().end();
    }
    /// It leads, and its log has the entry that opens its epoch.
    void lead() {
        BOOST_REQUIRE(Relations(*this).bootstrap(HistoryId{5}));
        clear();
    }
    void become_behind() { peer.progress.next = this->self.log().begin(); }
    void need_state() {
        support::set_state(peer.progress, FollowerState::snapshot);
        peer.progress.snapshot.begin_owed = true;
    }
    [[nodiscard]] Owed next() const { return next_owed(*this, peer); }

    Peer& peer;
};
using Leading = OnePeer<PartsOf<>>;

BOOST_AUTO_TEST_CASE(each_debt_comes_before_all_that_are_owed_since_longer) {
    Leading node;
    node.lead();
    BOOST_TEST((node.next() == Owed::nothing));
    node.peer.progress.heartbeat_owed = true;
    BOOST_TEST((node.next() == Owed::append));
    node.become_behind();
    BOOST_TEST((node.next() == Owed::entries));
    node.need_state();
    BOOST_TEST((node.next() == Owed::snapshot));
    node.peer.hand_over_owed = true;
    BOOST_TEST((node.next() == Owed::hand_over));
    node.peer.request_owed = true;
    BOOST_TEST((node.next() == Owed::promise_request));
    node.peer.reply_owed = true;
    BOOST_TEST((node.next() == Owed::promise_reply));
    node.peer.hello_owed = true;
    BOOST_TEST((node.next() == Owed::hello));
    node.self.fail(Error::diverged);
    BOOST_TEST((node.next() == Owed::nothing));
}

BOOST_AUTO_TEST_CASE(without_a_link_only_hellos_questions_and_answers_are_owed) {
    Leading node;
    node.lead();
    node.become_behind();
    node.peer.hand_over_owed = node.peer.progress.heartbeat_owed = true;
    node.peer.link = LinkId{};
    BOOST_TEST((node.next() == Owed::nothing));
    node.peer.request_owed = true;
    BOOST_TEST((node.next() == Owed::promise_request));
    node.peer.reply_owed = true;
    BOOST_TEST((node.next() == Owed::promise_reply));
    node.peer.hello_owed = true;
    BOOST_TEST((node.next() == Owed::hello));
}

BOOST_AUTO_TEST_CASE(a_commit_index_is_owed_once_time_has_passed_or_at_once_where_acks_wait_for_apply) {
    Leading node;
    node.lead();
    node.self.commit = Index{1};
    BOOST_TEST((node.next() == Owed::nothing));
    node.peer.progress.append_due = true;
    BOOST_TEST((node.next() == Owed::append));
    node.peer.progress.commit_sent = Index{1};
    BOOST_TEST((node.next() == Owed::nothing));
    node.peer.progress.probe_owed = true;
    BOOST_TEST((node.next() == Owed::append));
    support::set_state(node.peer.progress, FollowerState::down);
    BOOST_TEST((node.next() == Owed::nothing));

    OnePeer<PartsOf<ack::SemiSync<Stage::applied>>> waiting;
    waiting.lead();
    waiting.self.commit = Index{1};
    BOOST_TEST((waiting.next() == Owed::append));
}

BOOST_AUTO_TEST_CASE(while_a_follower_rests_from_states_it_is_owed_heartbeats_alone) {
    Leading node;
    node.lead();
    node.need_state();
    node.peer.progress.snapshot.not_before = node.self.now + Duration{1};
    BOOST_TEST((node.next() == Owed::nothing));
    node.peer.progress.heartbeat_owed = true;
    BOOST_TEST((node.next() == Owed::append));
    node.self.now = node.self.now + Duration{1};
    BOOST_TEST((node.next() == Owed::snapshot));
}

BOOST_AUTO_TEST_CASE(a_follower_owes_acks_to_its_source_and_entries_to_a_candidate_that_fetches_them) {
    Leading node;
    node.follower.linked({});
    BOOST_REQUIRE(node.follower.owes());
    BOOST_TEST((node.next() == Owed::nothing));
    node.self.source = node.peer.id;
    node.peer.hand_over_owed = node.peer.progress.heartbeat_owed = true;
    BOOST_TEST((node.next() == Owed::ack));
    node.peer.fetches = true;
    BOOST_TEST((node.next() == Owed::hand_over));
    node.peer.hand_over_owed = false;
    BOOST_TEST((node.next() == Owed::append));
    node.peer.fetches = false;
    node.follower.unlinked();
    BOOST_TEST((node.next() == Owed::nothing));
}

BOOST_AUTO_TEST_CASE(each_sleeping_peer_is_woken_once_for_what_it_is_owed) {
    Leading node;
    node.lead();
    for (Peer& peer : node.peers()) peer.hello_owed = false;
    std::size_t woken = 0;
    const auto wake = [&](NodeId id) {
        BOOST_TEST((id == node.peer.id));
        ++woken;
    };
    wake_peers(node, wake);
    BOOST_TEST(woken == 0u);
    node.peer.progress.heartbeat_owed = true;
    wake_readers(node, wake);  // that is for entries
    BOOST_TEST(woken == 0u);
    wake_peers(node, wake);
    wake_peers(node, wake);
    BOOST_TEST(woken == 1u);
    node.peer.awake = false;
    node.become_behind();
    wake_readers(node, wake);
    wake_readers(node, wake);
    BOOST_TEST(woken == 2u);
    node.peer.awake = false;
    node.peer.link = LinkId{};
    wake_readers(node, wake);
    BOOST_TEST(woken == 2u);
}

}  // namespace

BOOST_AUTO_TEST_SUITE_END()
