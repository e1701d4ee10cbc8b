// SPDX-License-Identifier: BSL-1.0
// Cases of takeovers that are disturbed: by a leader that was only asleep, by candidates that die, by followers that
// are ahead. The numbers are those of the catalogue of failures, see README.md.

#include "support/cluster.hpp"

#include <replicator/authority/lease.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(takeover_scenarios)

namespace {

struct Leased : Small {
    using Authority = authority::Lease;
};

using LeasedMajority = Cluster<Node<ack::Majority<>, Sum, log::Ring<4096>, Leased>>;

/// Five nodes, of which the leader has just died, and node 2 lacks the last writes.
struct Bereaved : Majority {
    Bereaved() : Majority(5) {
        write(1);
        network.settle();
        network.cut(one, two);
        for (std::uint64_t i = 2; i <= 6; ++i) BOOST_TEST(!acknowledged(write(i)));
        network.settle();
        BOOST_REQUIRE(at(1).acknowledged() == at(1).last().index);
        stop(1);
        pass(*this, 600);
    }

    /// Node 2 asks to lead, and so many frames go by. Whether it leads then.
    [[nodiscard]] bool promote_for(std::size_t frames) {
        BOOST_REQUIRE(frames < 1000u);
        BOOST_REQUIRE(at(2).promote());
        if (!network.run_some(frames)) pass(*this, 10);
        return at(2).role() == Role::leader;
    }

    /// The highest epoch that one of these three has promised.
    [[nodiscard]] Epoch promised() {
        return std::max({at(3).status().promised, at(4).status().promised, at(5).status().promised});
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(case_22_a_leader_that_slept_through_its_replacement_acknowledges_nothing_new) {
    Majority group(3);
    group.write(1);
    group.network.settle();
    // The others hold a write, and say so to a process that is stopped.
    const Ticket held = group.write(2);
    group.network.collect();
    group.network.pause(one);
    pass(group, 600);
    promote(group, 2);
    const Ticket won = write_at(group, 2, 9);
    pass(group, 200);
    BOOST_TEST((group.at(2).outcome(won).state == WriteState::acknowledged));

    group.network.resume(one);
    BOOST_TEST(group.at(1).role() == Role::leader);
    const Ticket late = write_at(group, 1, 1000);
    group.network.settle();
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(!group.at(1).confirmed());
    BOOST_TEST((group.at(1).outcome(late).state == WriteState::unknown));
    BOOST_TEST(group.at(1).write({1}).error() == Error::not_leader);
    // What was acknowledged to it before it fell asleep is true still.
    BOOST_TEST((group.at(1).outcome(held).state == WriteState::acknowledged));
    pass(group, 500);
    expect_all_equal(group);
    BOOST_TEST(bool(group.at(2).read(held.position)));
    BOOST_TEST(group.at(1).read(late.position).error() == Error::discarded);
    BOOST_TEST((group.at(1).state() == sum_of(std::vector<std::uint64_t>{1, 2, 9})));
}

BOOST_AUTO_TEST_CASE(case_27_wherever_a_candidate_dies_the_next_one_loses_nothing) {
    bool led = false;
    for (std::size_t frames = 0; !led; ++frames) {
        BOOST_TEST_CONTEXT("after " << frames << " frames") {
            Bereaved group;
            led = group.promote_for(frames);
            const Epoch promised = group.promised();
            group.stop(2);
            group.network.queue.clear();
            pass(group, 600);
            promote(group, 3);
            BOOST_TEST((promised < group.at(3).last().epoch));
            group.start(1);
            group.start(2);
            pass(group, 1000);
            expect_all_equal(group);
            BOOST_TEST((group.at(3).state() == sum_of(group.written)));
        }
    }
}

BOOST_AUTO_TEST_CASE(case_27_a_promotion_that_is_cut_short_anywhere_can_be_begun_again) {
    bool led = false;
    for (std::size_t frames = 0; !led; ++frames) {
        BOOST_TEST_CONTEXT("after " << frames << " frames") {
            Bereaved group;
            led = group.promote_for(frames);
            isolate(group, 2);
            group.network.queue.clear();
            pass(group, 3500);
            if (!led) BOOST_TEST(group.at(2).promotion().error == Error::nodes_missing);
            const Epoch promised = group.promised();
            join_all(group);
            pass(group, 500);
            if (!led) {
                promote(group, 2);
                BOOST_TEST((promised < group.at(2).last().epoch));
            }
            pass(group, 500);
            BOOST_TEST(group.at(2).confirmed());
            for (const std::size_t node : {2u, 3u, 4u, 5u}) {
                BOOST_TEST((group.at(node).state() == sum_of(group.written)));
                BOOST_TEST(group.at(node).leader() == two);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(case_34_a_follower_without_the_seat_may_be_ahead_and_what_it_holds_is_kept) {
    SemiSync group(3);
    group.write(1);
    group.network.settle();
    const std::size_t holder = value(seat_of(group));
    const std::size_t other = 5 - holder;
    group.network.cut(one, SemiSync::id(holder), false);
    const Ticket pending = group.write(2);
    group.network.run();
    BOOST_TEST(!group.acknowledged(pending));
    BOOST_TEST((group.at(holder).last() < group.at(other).last()));
    group.stop(1);
    pass(group, 600);
    promote(group, holder);
    BOOST_TEST(!group.at(holder).promotion().forced);
    pass(group, 200);
    BOOST_TEST((group.at(holder).state() == sum_of(group.written)));
    BOOST_TEST((group.at(other).state() == sum_of(group.written)));
    BOOST_TEST(bool(group.at(holder).read(pending.position)));
}

BOOST_AUTO_TEST_CASE(case_38_a_deposed_leader_shows_its_state_and_does_not_vouch_for_it) {
    LeasedMajority group(3, false);
    const Instant over = group.network.now() + milliseconds(400);
    group.at(1).authority().grant(1, over);
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{5}));
    group.network.settle();
    const Ticket before = write_at(group, 1, 1);
    group.network.settle();
    BOOST_TEST(group.at(1).confirmed());
    isolate(group, 1);
    pass(group, 350);
    BOOST_TEST(group.at(1).confirmed());  // nobody else can lead yet
    BOOST_TEST(group.at(2).promote().error() == Error::lease_over);
    pass(group, 100);
    BOOST_TEST(!group.at(1).confirmed());
    group.at(2).authority().grant(2, group.network.now() + milliseconds(60'000));
    promote(group, 2);
    const Ticket after = write_at(group, 2, 5);
    pass(group, 100);
    BOOST_TEST(group.at(2).confirmed());

    BOOST_TEST(group.at(1).role() == Role::leader);  // as far as it knows
    BOOST_TEST(!group.at(1).confirmed());
    BOOST_TEST(group.at(1).state().total == 1u);
    BOOST_TEST(bool(group.at(1).read(before.position)));
    BOOST_TEST(group.at(1).read(after.position).error() == Error::not_yet);
    join_all(group);
    pass(group, 500);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(!group.at(1).confirmed());
    BOOST_TEST(bool(group.at(1).read(after.position)));
}

BOOST_AUTO_TEST_SUITE_END()
