// SPDX-License-Identifier: BSL-1.0
// What a leader sends a follower that misses something: the entries again, another question, or a state.

#include "support/cluster.hpp"
#include "support/one_leader.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>

BOOST_AUTO_TEST_SUITE(gaps)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::one_leader::just_before;
using support::one_leader::Leading;
using support::one_leader::Limits;
using support::one_leader::moment;

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_missing_is_sent_again_once_in_a_retry_interval) {
    Leading leading;
    leading.begin_streaming();
    leading.write(2);
    BOOST_TEST(leading.entries() == 2u);
    const auto missing = [&leading] { leading.refuse(5, Error::discarded, at(1, 5), at(1, 3)); };
    missing();
    BOOST_TEST((leading.follower().previous == at(1, 5)));
    BOOST_TEST(leading.entries() == 2u);
    leading.self.now = leading.self.now + just_before(Limits::retry_interval);
    missing();
    BOOST_TEST(leading.entries() == 0u);
    leading.self.now = leading.self.now + moment;
    missing();
    BOOST_TEST(leading.entries() == 2u);
    // Another gap is another matter.
    leading.ack(6);
    leading.refuse(6, Error::discarded, at(1, 6), at(1, 3));
    BOOST_TEST((leading.follower().previous == at(1, 6)));
    BOOST_TEST(leading.entries() == 1u);
    // And where nothing is missing, nothing goes back.
    leading.ack(7);
    leading.refuse(7, Error::log_full, at(1, 7), at(1, 3));
    BOOST_TEST(leading.entries() == 0u);
}

BOOST_AUTO_TEST_CASE(a_follower_that_gave_up_what_it_had_verified_gets_it_again) {
    Leading leading;
    leading.begin_streaming();
    leading.follower().durable = leading.follower().applied = leading.follower().vouched = Index{5};
    leading.write(2);
    BOOST_TEST(leading.entries() == 2u);
    // A refusal that comes late says less, too, so at first what comes after all that was verified is sent again.
    const auto holds_less = [&leading] { leading.refuse(2, Error::discarded, at(1, 2)); };
    holds_less();
    BOOST_TEST((leading.follower().previous == at(1, 5)));
    BOOST_TEST(leading.follower().received == Index{5});
    BOOST_TEST(leading.entries() == 2u);
    leading.self.now = leading.self.now + Limits::retry_interval;
    holds_less();
    BOOST_TEST((leading.follower().previous == at(1, 2)));
    BOOST_TEST(leading.follower().received == Index{2});
    BOOST_TEST(leading.follower().durable == Index{2});
    BOOST_TEST(leading.follower().applied == Index{2});
    BOOST_TEST(leading.follower().vouched == Index{2});
    BOOST_TEST(leading.entries() == 5u);
    leading.ack(7);
    BOOST_TEST(leading.follower().received == Index{7});
}

BOOST_AUTO_TEST_CASE(the_same_where_nothing_else_is_to_be_sent) {
    Leading leading;
    leading.begin_streaming();
    for (int refusals = 0; refusals < 2; ++refusals) {
        leading.refuse(2, Error::discarded, at(1, 2));
        leading.self.now = leading.self.now + Limits::retry_interval;
    }
    BOOST_TEST(leading.entries() == 3u);
}

BOOST_AUTO_TEST_CASE(what_a_state_replaced_does_not_count_as_held) {
    for (const std::uint64_t holds : {2u, 3u}) {
        Leading leading;
        leading.begin_streaming();
        leading.follower().vouched = Index{5};
        leading.refuse(5, Error::diverged, at(1, 4), at(1, 9));
        BOOST_REQUIRE((leading.follower().state() == FollowerState::snapshot));
        leading.follower().snapshot.begun = true;
        leading.follower().snapshot.position = at(1, 2);
        leading.ack(holds);
        BOOST_TEST((leading.follower().state() == FollowerState::catching_up));
        BOOST_TEST((leading.follower().previous == at(1, 2)));
        BOOST_TEST(leading.follower().received == Index{holds});
        BOOST_TEST(leading.follower().vouched == Index{holds});
    }
}

BOOST_AUTO_TEST_CASE(a_follower_without_room_is_not_taken_for_one_that_gave_up) {
    Leading leading;
    leading.begin_streaming();
    leading.write(1);
    for (int refusals = 0; refusals < 3; ++refusals) {
        BOOST_TEST(leading.entries() == 1u);
        leading.refuse(5, Error::log_full, at(1, 2));
        leading.self.now = leading.self.now + Limits::retry_interval;
    }
    BOOST_TEST(leading.follower().received == Index{5});
}

BOOST_AUTO_TEST_CASE(a_follower_that_committed_what_it_was_never_asked_about_is_asked_again) {
    for (const Error error : {Error::discarded, Error::diverged}) {
        Leading leading;
        leading.begin_streaming(4);
        BOOST_TEST(leading.entries() == 1u);
        // What it committed may be what it has verified, and then this is only a gap.
        const std::uint64_t commit = error == Error::diverged ? 4 : 5;
        leading.refuse(4, error, at(1, 4), at(1, commit));
        BOOST_TEST((leading.follower().state() == FollowerState::probing));
    }
    Leading leading;
    leading.begin_streaming(4);
    BOOST_TEST(leading.entries() == 1u);
    leading.refuse(4, Error::discarded, at(1, 4), at(1, 4));
    BOOST_TEST((leading.follower().state() == FollowerState::catching_up));
}

BOOST_AUTO_TEST_CASE(a_refusal_moves_the_question_down_to_its_hint) {
    Leading leading;
    leading.begin(at(1, 5));
    BOOST_REQUIRE(leading.append());
    leading.refuse(0, Error::discarded, at(1, 2));
    const auto probe = leading.append();
    BOOST_REQUIRE(probe);
    BOOST_TEST((probe->previous == at(1, 2)));
    // But not below what the follower committed, where this log has that, too.
    leading.refuse(0, Error::discarded, at(1, 1), at(1, 3));
    BOOST_TEST((leading.follower().previous == at(1, 3)));
    // Unless it says that just this differs: then only a state helps, and says which commit it takes the place of.
    leading.refuse(0, Error::diverged, at(1, 1), at(1, 3));
    BOOST_TEST((leading.follower().state() == FollowerState::snapshot));
    BOOST_TEST((leading.follower().snapshot.lacks == at(1, 3)));
    BOOST_TEST(leading.follower().snapshot.common == Index{1});
}

BOOST_AUTO_TEST_CASE(a_hint_of_a_forgotten_epoch_bounds_only_by_its_index) {
    Leading leading;
    leading.begin({Epoch{}, Index{4}});
    BOOST_TEST((leading.follower().previous == at(1, 4)));
    leading.begin({Epoch{}, Index{9}});
    BOOST_TEST((leading.follower().previous == at(1, 5)));
}

BOOST_AUTO_TEST_CASE(who_needs_a_state_is_sent_nothing_that_claims_anything) {
    Leading leading;
    leading.begin_streaming();
    leading.write(3);
    leading.drop_through(8);
    // It was sent entries up to 5, and the log now begins behind entry 8.
    const std::size_t size = leading.transmit();
    BOOST_REQUIRE(size > 0u);
    BOOST_TEST((load_header(leading.buffer.data()).type == FrameType::snapshot_begin));
    Progress& follower = leading.follower();
    BOOST_TEST((follower.state() == FollowerState::snapshot));
    BOOST_TEST(follower.snapshot.common == Index{5});
    BOOST_TEST((follower.snapshot.lacks == Position{}));
    BOOST_TEST(follower.sent_last == Index{8});
    BOOST_TEST(!follower.probe_owed);
    BOOST_TEST(follower.in_flight.empty());
    BOOST_TEST((follower.sent_at == leading.self.now));
    // While pieces are under way no heartbeat goes, for an append would end the transfer.
    leading.tick(Limits::heartbeat_interval);
    BOOST_TEST(!leading.transmit());
    // While it rests, heartbeats go, and claim nothing.
    follower.snapshot.not_before = leading.self.now + milliseconds(500);
    leading.tick(Limits::heartbeat_interval);
    const auto heartbeat = leading.append();
    BOOST_REQUIRE(heartbeat);
    BOOST_TEST((heartbeat->previous == Position{}));
    BOOST_TEST(heartbeat->previous_chain == Chain{});
    BOOST_TEST(heartbeat->count == 0u);
    leading.tick(moment);
    BOOST_TEST(!leading.append());
}

BOOST_AUTO_TEST_CASE(a_log_that_dropped_just_the_next_entry_needs_a_state) {
    Leading leading;
    leading.begin_streaming();
    leading.write(1);
    leading.drop_through(6);
    BOOST_REQUIRE(leading.transmit() > 0u);
    BOOST_TEST((leading.follower().state() == FollowerState::snapshot));
}

BOOST_AUTO_TEST_CASE(a_log_that_just_reaches_needs_no_state) {
    Leading leading;
    leading.write(3);
    leading.drop_through(8);
    leading.write(2);
    leading.begin(at(1, 8));
    BOOST_TEST((leading.follower().state() == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(8);
    BOOST_TEST(leading.entries() == 2u);
    leading.begin(at(1, 7));
    BOOST_TEST((leading.follower().state() == FollowerState::snapshot));
}

BOOST_AUTO_TEST_SUITE_END()
