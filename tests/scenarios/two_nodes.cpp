// SPDX-License-Identifier: BSL-1.0
// What two nodes can do when one of them dies, and when the wire between them breaks: the rows of docs/two_nodes.md.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <vector>

BOOST_AUTO_TEST_SUITE(two_nodes)

namespace {

using namespace replicator;
using support::pass;
using support::write_at;

template <class Ack>
struct Pair : support::Cluster<support::Node<Ack>> {
    Pair() : support::Cluster<support::Node<Ack>>(2) {
        this->write(1);
        pass(*this, 300);
    }

    /// The process ends, and the other one hears that the connection broke.
    void kill(std::size_t node) {
        this->stop(node);
        this->at(3 - node).disconnected(this->id(node));
        pass(*this, 2'000);
    }
    [[nodiscard]] bool leads(std::size_t node) { return this->at(node).role() == Role::leader; }
    /// Asks one node to lead, and waits for what becomes of it.
    bool promote(std::size_t node, PromotionOptions options = {}) {
        BOOST_TEST_REQUIRE(static_cast<bool>(this->at(node).promote(options)));
        pass(*this, 3'000);
        return leads(node);
    }
    /// What becomes of a write at that node.
    auto outcome_of_write(std::size_t node, std::uint64_t add) {
        const Ticket ticket = write_at(*this, node, add);
        pass(*this, 2'000);
        return this->at(node).outcome(ticket);
    }
    [[nodiscard]] bool acknowledges(std::size_t node, std::uint64_t add) {
        return outcome_of_write(node, add).state == WriteState::acknowledged;
    }
    /// It applied these, in this order.
    [[nodiscard]] bool applied(std::size_t node, const std::vector<std::uint64_t>& writes) {
        return this->at(node).state() == support::sum_of(writes);
    }
};

using Async = Pair<ack::Async<>>;
using SemiSync = Pair<ack::SemiSync<>>;
using Degrading = Pair<ack::SemiSync<Stage::received, WhenMissing::degrade>>;
using Sync = Pair<ack::Sync<>>;
using Majority = Pair<ack::Majority<>>;

constexpr PromotionOptions may_lose{.may_lose = true, .last_leader = {}, .unless_led = false};

}  // namespace

BOOST_AUTO_TEST_CASE(the_follower_dies_and_the_leader_goes_on_or_waits) {
    const auto goes_on = [](auto&& pair) {
        pair.kill(2);
        return pair.acknowledges(1, 10);
    };
    BOOST_TEST(goes_on(Async{}));
    BOOST_TEST(goes_on(Degrading{}));
    BOOST_TEST(!goes_on(SemiSync{}));
    BOOST_TEST(!goes_on(Sync{}));
    BOOST_TEST(!goes_on(Majority{}));
}

BOOST_AUTO_TEST_CASE(a_write_that_one_node_holds_says_so) {
    Degrading pair;
    const auto both = pair.outcome_of_write(1, 10);
    BOOST_TEST(both.acknowledgement.holders == 2u);
    BOOST_TEST(!both.acknowledgement.degraded);
    pair.kill(2);
    const auto alone = pair.outcome_of_write(1, 20);
    BOOST_TEST((alone.state == WriteState::acknowledged));
    BOOST_TEST(alone.acknowledgement.holders == 1u);
    BOOST_TEST(alone.acknowledgement.degraded);
}

BOOST_AUTO_TEST_CASE(the_leader_dies_and_the_follower_leads_without_loss_where_both_held_every_write) {
    const auto leads_alone = [](auto&& pair) {
        pair.kill(1);
        const bool leads = pair.promote(2);
        BOOST_TEST(pair.applied(2, {1}));  // what was acknowledged is there in any case
        return leads;
    };
    BOOST_TEST(leads_alone(SemiSync{}));
    BOOST_TEST(leads_alone(Sync{}));
    BOOST_TEST(leads_alone(Majority{}));
    // The leader may have acknowledged more, alone.
    BOOST_TEST(!leads_alone(Async{}));
    BOOST_TEST(!leads_alone(Degrading{}));
}

BOOST_AUTO_TEST_CASE(nobody_takes_over_without_a_word) {
    SemiSync pair;
    pair.kill(1);
    pass(pair, 60'000);
    BOOST_TEST(!pair.leads(2));
}

BOOST_AUTO_TEST_CASE(who_leads_alone_acknowledges_only_where_the_policy_lets_it) {
    SemiSync waits;
    waits.kill(1);
    BOOST_REQUIRE(waits.promote(2));
    BOOST_TEST(!waits.acknowledges(2, 10));
    waits.start(1);  // blank; it catches up, and counts again
    pass(waits, 3'000);
    BOOST_TEST(waits.acknowledges(2, 20));
    BOOST_TEST(waits.applied(1, {1, 10, 20}));

    Degrading goes_on;
    goes_on.kill(1);
    BOOST_REQUIRE(goes_on.promote(2, may_lose));
    BOOST_TEST(goes_on.acknowledges(2, 10));
}

BOOST_AUTO_TEST_CASE(a_forced_promotion_loses_what_the_dead_leader_held_alone) {
    const auto lost = [](auto&& pair) {
        pair.network.cut(NodeId{1}, NodeId{2});
        pass(pair, 2'000);
        const bool acknowledged = pair.acknowledges(1, 10);
        pair.kill(1);
        BOOST_REQUIRE(pair.promote(2, may_lose));
        return acknowledged && pair.applied(2, {1});
    };
    BOOST_TEST(lost(Async{}));
    BOOST_TEST(lost(Degrading{}));
    // Nothing was acknowledged without the other one.
    BOOST_TEST(!lost(SemiSync{}));
    BOOST_TEST(!lost(Sync{}));
}

// The wire breaks, both live, and somebody promotes the follower.
BOOST_AUTO_TEST_CASE(a_broken_wire_stops_acknowledgements_or_splits_the_pair) {
    SemiSync waits;
    waits.network.cut(NodeId{1}, NodeId{2});
    pass(waits, 2'000);
    BOOST_TEST(!waits.acknowledges(1, 10));
    BOOST_REQUIRE(waits.promote(2));
    BOOST_TEST((waits.leads(1) && waits.leads(2)));  // the old leader cannot know
    BOOST_TEST(!waits.acknowledges(1, 20));
    BOOST_TEST(!waits.acknowledges(2, 40));
    waits.network.join(NodeId{1}, NodeId{2});
    pass(waits, 3'000);
    // The older epoch is over; what only its leader held is handed back, and nothing of it was acknowledged.
    BOOST_TEST((!waits.leads(1) && waits.leads(2)));
    BOOST_TEST(waits.events_of(1).count("discarded") == 2u);
    BOOST_TEST((waits.applied(1, {1, 40}) && waits.applied(2, {1, 40})));

    Degrading splits;
    splits.network.cut(NodeId{1}, NodeId{2});
    pass(splits, 2'000);
    BOOST_REQUIRE(splits.promote(2, may_lose));
    BOOST_TEST(splits.acknowledges(1, 10));
    BOOST_TEST(splits.acknowledges(2, 40));  // two leaders acknowledge
    splits.network.join(NodeId{1}, NodeId{2});
    pass(splits, 3'000);
    BOOST_TEST((splits.applied(1, {1, 40}) && splits.applied(2, {1, 40})));  // one line is lost, although acknowledged
}

BOOST_AUTO_TEST_SUITE_END()
