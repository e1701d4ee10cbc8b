// SPDX-License-Identifier: BSL-1.0
// What two logs show of each other: whether an append fits, whether what is committed may be replaced, and whether a
// node went back in time.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/follow/divergence.hpp>
#include <replicator/core/peer/past.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

BOOST_AUTO_TEST_SUITE(divergence)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using Parts = support::PartsOf<>;

}  // namespace

BOOST_AUTO_TEST_CASE(an_append_fits_behind_the_same_entry_only) {
    support::OneNode<Parts> node;
    node.open_epoch(1);
    node.write(4);
    const Chain chain = chain_at(node.self.log(), Index{3});
    const auto fits = [&node, chain](Position previous, bool same_chain = true) {
        Append append;
        append.previous = previous;
        append.previous_chain = Chain{value(chain) + (same_chain ? 0 : 1)};
        return mismatch_at(node.self, append) == Error::none;
    };
    BOOST_TEST(fits(at(1, 3)));
    BOOST_TEST(!fits(at(1, 3), false));
    BOOST_TEST(!fits(at(2, 3)));
    BOOST_TEST(!fits(at(1, 4)));
    BOOST_TEST(!fits(at(1, 6)));
    // Where one side has forgotten the epoch, the chain decides alone.
    BOOST_TEST(fits({Epoch{}, Index{3}}));
    BOOST_TEST(!fits({Epoch{}, Index{3}}, false));
    support::epochs_of(node.self).begin({}, {}, {});
    BOOST_TEST(fits(at(1, 3)));
    BOOST_TEST(fits(at(2, 3)));
    BOOST_TEST(!fits(at(1, 3), false));
    // Nothing fits below the base.
    node.drop_through(5);
    BOOST_TEST(!fits({Epoch{}, Index{3}}));
}

BOOST_AUTO_TEST_CASE(what_is_committed_may_be_replaced_from_a_forced_epoch_that_is_newer) {
    support::OneNode<Parts> node;
    support::epochs_of(node.self).push({epoch_of(2), Index{1}});
    node.self.commit = Index{7};
    const auto may = [&node](Position forced, std::uint64_t common) {
        return may_be_replaced(node.self, forced, Index{common});
    };
    BOOST_TEST(!may({}, 5));
    BOOST_TEST(may(at(3, 6), 5));  // the logs part before it begins
    BOOST_TEST(may(at(3, 6), 6));  // or it begins within what is committed, and `common` is only a bound
    BOOST_TEST(may(at(3, 7), 9));
    BOOST_TEST(!may(at(3, 8), 8));  // both share its beginning
    BOOST_TEST(!may(at(3, 8), 9));
    BOOST_TEST(may(at(3, 10), 9));
    BOOST_TEST(!may(at(2, 6), 5));  // no newer than what is committed
    BOOST_TEST(!may(at(1, 6), 5));
}

namespace {

/// What node 1 knows of node 2, which once promised epoch 3 and held entries.
struct Known : support::OneNode<Parts> {
    Known() {
        open_epoch(1);
        write(4);
        peer.id = NodeId{2};
        peer.promised_with_entries = epoch_of(3);
        peer.progress.incarnation = theirs.incarnation = Incarnation{22};
        theirs.promised = epoch_of(4);
        theirs.last = at(1, 5);
    }
    bool went_back() { return Past<Parts>::shows(self, peer, theirs); }

    Peer peer;
    Hello theirs;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_that_held_entries_and_is_blank_went_back_unless_it_promised_more_since) {
    Known node;
    BOOST_TEST(!node.went_back());
    node.theirs.last = {};
    BOOST_TEST(!node.went_back());
    node.theirs.promised = epoch_of(3);
    BOOST_TEST(node.went_back());
    node.theirs.promised = epoch_of(2);
    BOOST_TEST(node.went_back());
    node.theirs.suspect_from = Index{1};  // a state comes in the place of what it held
    BOOST_TEST(!node.went_back());
    node.theirs.suspect_from = {};
    node.theirs.last = at(1, 1);
    BOOST_TEST(!node.went_back());
    node.theirs.last = {};
    node.theirs.promised = {};
    node.peer.promised_with_entries = {};
    BOOST_TEST(!node.went_back());
}

BOOST_AUTO_TEST_CASE(a_leader_that_holds_less_of_its_epoch_than_its_follower_went_back) {
    Known node;
    node.theirs.flags = hello_flags::leads;
    node.theirs.epoch = epoch_of(1);
    node.theirs.last = at(1, 4);
    BOOST_TEST(node.went_back());
    node.theirs.last = at(1, 5);
    BOOST_TEST(!node.went_back());
    node.theirs.last = at(1, 4);
    node.theirs.epoch = epoch_of(2);
    BOOST_TEST(!node.went_back());
    node.theirs.epoch = epoch_of(1);
    node.theirs.flags = 0;
    BOOST_TEST(!node.went_back());
}

BOOST_AUTO_TEST_CASE(a_follower_that_lacks_what_it_vouched_for_went_back) {
    Known node;
    node.self.role = Role::leader;
    node.peer.progress.received = Index{4};
    node.theirs.last = at(1, 4);
    BOOST_TEST(!node.went_back());
    node.theirs.last = at(1, 3);
    BOOST_TEST(node.went_back());
    // What it vouched for on a link before counts, too.
    node.peer.progress.received = {};
    node.peer.progress.vouched = Index{4};
    BOOST_TEST(node.went_back());
    // A longer log of another line does not have it, and one of an epoch that is forgotten there may have it.
    node.theirs.last = {epoch_of(0), Index{9}};
    BOOST_TEST(node.went_back());
    node.theirs.last = {Epoch{}, Index{4}};
    BOOST_TEST(!node.went_back());
    node.theirs.last = at(1, 3);
    node.theirs.suspect_from = Index{4};  // it says so itself
    BOOST_TEST(!node.went_back());
    node.theirs.suspect_from = {};
    node.theirs.incarnation = Incarnation{23};
    BOOST_TEST(!node.went_back());
    node.theirs.incarnation = Incarnation{22};
    node.self.role = Role::follower;
    BOOST_TEST(!node.went_back());
}

BOOST_AUTO_TEST_SUITE_END()
