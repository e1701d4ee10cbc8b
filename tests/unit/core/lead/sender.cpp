// SPDX-License-Identifier: BSL-1.0
// What a leader sends a follower whose log fits, and when: questions, entries, heartbeats, and how often.

#include "support/cluster.hpp"
#include "support/one_leader.hpp"
#include "support/progress.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

BOOST_AUTO_TEST_SUITE(sender)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::write_bytes;
using support::one_leader::just_before;
using support::one_leader::LeaderOf;
using support::one_leader::Leading;
using support::one_leader::Limits;
using support::one_leader::moment;
using support::one_leader::Parts;

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_begins_with_a_question_at_the_newest_entry_that_both_may_share) {
    Leading leading;
    leading.begin(at(1, 4));
    BOOST_TEST((leading.follower().state() == FollowerState::probing));
    const auto probe = leading.append();
    BOOST_REQUIRE(probe);
    BOOST_TEST((probe->previous == at(1, 4)));
    BOOST_TEST(probe->previous_chain == chain_at(leading.self.log(), Index{4}));
    BOOST_TEST(probe->count == 0u);
    BOOST_TEST(probe->commit == Index{3});
    BOOST_REQUIRE(probe->timing);
    BOOST_TEST((probe->timing->sent == leading.self.now));
    BOOST_TEST(!leading.append());  // once
    leading.ack(3);                 // not that far
    BOOST_TEST((leading.follower().state() == FollowerState::probing));
    leading.ack(4);
    BOOST_TEST((leading.follower().state() == FollowerState::catching_up));
    BOOST_TEST(leading.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(an_ack_that_came_before_the_question_is_no_answer) {
    Leading leading;
    leading.begin({});
    leading.ack(0);
    BOOST_TEST((leading.follower().state() == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(0);
    BOOST_TEST((leading.follower().state() == FollowerState::catching_up));
    BOOST_TEST(leading.entries() == 5u);
}

BOOST_AUTO_TEST_CASE(a_new_link_forgets_all_but_what_outlives_it) {
    Leading leading;
    leading.begin_streaming();
    Progress& follower = leading.follower();
    BOOST_TEST(follower.counts);
    BOOST_TEST(follower.credit == std::uint64_t{Parts::window_bytes});
    follower.lost_seat = true;
    follower.seat_lost_at = Instant{77};
    follower.snapshot.begun_count = 3;
    follower.stuck = true;
    follower.round = 4;
    leading.begin(at(1, 2));
    BOOST_TEST(follower.lost_seat);
    BOOST_TEST((follower.seat_lost_at == Instant{77}));
    BOOST_TEST(follower.snapshot.begun_count == 3u);
    BOOST_TEST(follower.vouched == Index{5});
    BOOST_TEST((follower.began_with == at(1, 2)));
    BOOST_TEST((!follower.stuck && follower.round == 0u && follower.received == Index{}));
    // Another incarnation has vouched for nothing, and does not count yet.
    Hello other;
    other.incarnation = Incarnation{23};
    leading.sender.begin(leading.self, leading.peer, other);
    BOOST_TEST(follower.vouched == Index{});
    BOOST_TEST((follower.incarnation == Incarnation{23}));
    BOOST_TEST(!follower.counts);
}

BOOST_AUTO_TEST_CASE(in_silence_a_heartbeat_goes_once_in_each_interval) {
    Leading leading;
    leading.begin_streaming();
    leading.tick(moment);
    BOOST_TEST(!leading.append());
    leading.tick(just_before(Limits::heartbeat_interval));
    const auto heartbeat = leading.append();
    BOOST_REQUIRE(heartbeat);
    BOOST_TEST((heartbeat->previous == at(1, 5)));
    BOOST_TEST(heartbeat->count == 0u);
    BOOST_REQUIRE(heartbeat->timing);
    BOOST_TEST((heartbeat->timing->sent == leading.self.now));
    BOOST_TEST(!leading.append());
    leading.tick(just_before(Limits::heartbeat_interval));
    BOOST_TEST(!leading.append());
    leading.tick(moment);
    BOOST_TEST(bool(leading.append()));
    // Whatever is sent puts it off.
    leading.tick(just_before(Limits::heartbeat_interval));
    leading.write(1);
    BOOST_TEST(leading.entries() == 1u);
    leading.tick(moment);
    BOOST_TEST(!leading.append());
}

BOOST_AUTO_TEST_CASE(a_question_without_an_answer_is_put_again_with_the_heartbeat) {
    Leading leading;
    leading.begin(at(1, 5));
    BOOST_REQUIRE(leading.append());
    leading.tick(just_before(Limits::heartbeat_interval));
    BOOST_TEST(!leading.follower().probe_owed);
    leading.tick(moment);
    BOOST_TEST(leading.follower().probe_owed);
    leading.ack(5);  // of the first one, but who knows
    BOOST_TEST((leading.follower().state() == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(5);
    BOOST_TEST((leading.follower().state() == FollowerState::catching_up));
    // Who is not linked is said nothing.
    support::set_state(leading.follower(), FollowerState::down);
    leading.tick(milliseconds(1000));
    BOOST_TEST(!leading.append());
    BOOST_TEST(!leading.follower().heartbeat_owed);
}

BOOST_AUTO_TEST_CASE(the_time_goes_with_one_frame_in_each_interval_and_with_each_new_round) {
    Leading leading;
    leading.begin_streaming();
    const auto timed = [&leading] {
        leading.write(1);
        const auto frame = leading.append();
        BOOST_REQUIRE(frame);
        leading.ack(leading.self.log().last().value);
        return frame->timing.has_value();
    };
    BOOST_TEST(!timed());  // the question was
    leading.self.now = leading.self.now + just_before(Limits::heartbeat_interval);
    BOOST_TEST(!timed());
    leading.self.now = leading.self.now + moment;
    BOOST_TEST(timed());
    BOOST_TEST(!timed());
    leading.round = 1;
    BOOST_TEST(timed());
    BOOST_TEST(!timed());
    // And it says which round it is.
    leading.round = 2;
    leading.write(1);
    const auto frame = leading.append();
    BOOST_REQUIRE((frame && frame->timing));
    BOOST_TEST(frame->timing->round == 2u);
    BOOST_TEST((frame->timing->sent == leading.self.now));
}

BOOST_AUTO_TEST_CASE(a_commit_index_is_news_only_after_a_tick) {
    Leading leading;
    leading.begin_streaming();
    leading.self.commit = Index{4};
    BOOST_TEST(!leading.append());
    leading.tick(moment);
    const auto note = leading.append();
    BOOST_REQUIRE(note);
    BOOST_TEST(note->commit == Index{4});
    BOOST_TEST(note->count == 0u);
    leading.tick(moment);
    BOOST_TEST(!leading.append());
    // Who waits for the follower to apply it does not wait for a tick.
    LeaderOf<support::PartsOf<ack::Sync<Stage::applied>>> applied;
    applied.begin_streaming();
    applied.self.commit = Index{4};
    BOOST_TEST(bool(applied.append()));
    BOOST_TEST(!applied.append());
    // Nobody who is asked a question is told.
    Leading probing;
    probing.begin(at(1, 5));
    BOOST_REQUIRE(probing.append());
    probing.self.commit = Index{4};
    probing.tick(moment);
    BOOST_TEST(!probing.append());
}

BOOST_AUTO_TEST_CASE(entries_wait_for_company_while_others_are_on_the_way) {
    constexpr std::size_t enough = (Parts::window_bytes / 4 + write_bytes - 1) / write_bytes;
    Leading leading;
    leading.begin_streaming();
    leading.write(1);
    BOOST_TEST(leading.entries() == 1u);
    leading.write(enough - 1);
    BOOST_TEST(leading.entries() == 0u);
    leading.write(1);
    BOOST_TEST(leading.entries() == enough);
    leading.write(1);
    BOOST_TEST(leading.entries() == 0u);
    leading.tick(moment);
    BOOST_TEST(leading.entries() == 1u);
    // That tick is used up: what comes next waits again.
    leading.write(1);
    BOOST_TEST(leading.entries() == 0u);
}

BOOST_AUTO_TEST_CASE(no_more_is_on_the_way_than_the_line_the_window_and_the_follower_have_room_for) {
    Leading leading;
    leading.begin_streaming();
    leading.write(100);
    // Half of what a new line is trusted with, and then no more than three quarters.
    BOOST_TEST(leading.entries() == 512 / write_bytes);
    leading.tick(moment);
    BOOST_TEST(leading.entries() == 512 / write_bytes);
    leading.tick(moment);
    BOOST_TEST(leading.entries() == 0u);
    // A follower that has less room than the window is sent no more.
    Ack ack = leading.an_ack(5 + 512 / write_bytes);
    ack.credit = 512;
    leading.take(ack);
    leading.tick(moment);
    BOOST_TEST(leading.follower().in_flight.bytes() == 512u);
    BOOST_TEST(leading.entries() == 0u);
    ack.credit = 513;
    leading.take(ack);
    BOOST_TEST(leading.entries() > 0u);
    // However much room that and the line have, the window bounds it.
    Leading wide;
    wide.begin_streaming();
    wide.write(200);
    for (std::uint64_t end = 100; end < 103; ++end) {
        wide.follower().allowance.sent(end, 1024, wide.self.now);
        wide.follower().allowance.acknowledged(end, wide.self.now, milliseconds(250), 1u << 20);
    }
    std::size_t sent = 0;
    for (;; wide.tick(moment)) {
        const std::size_t more = wide.entries();
        if (more == 0) break;
        sent += more;
    }
    BOOST_TEST(sent == Parts::window_bytes / write_bytes);
}

BOOST_AUTO_TEST_CASE(a_frame_holds_as_many_whole_entries_as_the_buffer) {
    constexpr std::size_t head = frame_header_bytes + 24;
    Leading leading;
    leading.begin_streaming();
    leading.write(10);
    BOOST_TEST(leading.transmit(head + write_bytes - 1) == 0u);
    BOOST_TEST(leading.transmit(head - 1) == 0u);
    BOOST_TEST(leading.entries(head + 3 * write_bytes + write_bytes - 1) == 3u);
    const auto next = [&] { return leading.follower().previous; };
    BOOST_TEST((next() == at(1, 8)));
    BOOST_TEST(leading.follower().previous_chain == chain_at(leading.self.log(), Index{8}));
    // A heartbeat is owed even where no entry fits.
    leading.tick(Limits::heartbeat_interval);
    const auto heartbeat = leading.append(head + 16 + write_bytes - 1);
    BOOST_REQUIRE(heartbeat);
    BOOST_TEST(heartbeat->count == 0u);
    BOOST_TEST((heartbeat->previous == at(1, 8)));
}

BOOST_AUTO_TEST_CASE(an_entry_that_the_line_does_not_carry_in_time_goes_alone) {
    for (const bool large : {false, true}) {
        Leading leading;
        leading.begin_streaming();
        // The line has become so slow that a frame may have 32 bytes.
        for (std::uint64_t i = 0; i < 6; ++i) {
            leading.follower().allowance.sent(100 + i, 1024, Instant{});
            leading.follower().allowance.acknowledged(100 + i, Instant{100'000'000}, milliseconds(1), 1024);
        }
        BOOST_REQUIRE(leading.follower().allowance.frame_bytes() == 32u);
        constexpr std::array<std::byte, 120> command{};
        if (large) leading.put(EntryType::command, command);
        leading.write(3);
        BOOST_TEST(leading.entries() == (large ? 1u : 2u));
    }
}

BOOST_AUTO_TEST_SUITE_END()
