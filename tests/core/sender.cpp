// SPDX-License-Identifier: BSL-1.0
// What a leader sends one follower, and when: probes, entries, heartbeats, and how often anything is said again.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/sender.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

BOOST_AUTO_TEST_SUITE(sender)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using support::write_bytes;
using Parts = support::PartsOf<>;
using Limits = Parts::Limits;

constexpr Duration moment{1};
constexpr Duration just_before(Duration time) { return {time.microseconds - 1}; }

/// A leader with entries 1 (its epoch) to 5, and one follower that it has a link to.
template <class Parts_>
struct LeaderOf : support::OneNode<Parts_> {
    using Node = support::OneNode<Parts_>;
    using Node::applier, Node::local, Node::open_epoch, Node::write;

    LeaderOf() {
        open_epoch(1);
        write(4);
        local.role = Role::leader;
        local.roster.admit(NodeId{2}, Incarnation{22});
        local.commit = Index{3};
        peer.id = NodeId{2};
        peer.link = LinkId{9};
    }

    Progress& follower() { return peer.progress; }

    /// A link begins, on which the follower says that its log ends here.
    void begin(Position last, Position commit = {}) {
        Hello hello;
        hello.incarnation = Incarnation{22};
        hello.last = last;
        hello.commit = commit;
        sender.begin(local, peer, hello);
    }
    /// The same, and it agrees.
    void begin_streaming(std::uint64_t index = 5) {
        begin(at(1, index));
        BOOST_REQUIRE(append());
        ack(index);
        BOOST_REQUIRE((follower().state == FollowerState::catching_up));
    }

    Ack an_ack(std::uint64_t received) const {
        Ack ack;
        ack.received = Index{received};
        ack.credit = Parts_::window_bytes;
        return ack;
    }
    void take(const Ack& ack) {
        BOOST_REQUIRE((Leader<Parts_>::take_ack(follower(), ack) == Error::none));
        sender.take_ack(local, peer, ack);
    }
    void ack(std::uint64_t received) { take(an_ack(received)); }
    void refuse(std::uint64_t received, Error error, Position hint, Position commit = {}) {
        Ack ack = an_ack(received);
        ack.refusal = Refusal{error, hint, commit};
        take(ack);
    }
    void tick(Duration time) {
        local.now = local.now + time;
        sender.tick(local, peer);
    }

    /// The frame that is sent now, if any.
    std::size_t transmit(std::size_t room = 2048) {
        buffer.fill(std::byte{0xee});
        const bool owed = sender.owes(local, peer);
        const std::size_t size = sender.transmit(local, applier, round, peer, std::span(buffer).first(room));
        BOOST_TEST((owed || size == 0));
        return size;
    }
    std::optional<Append> append(std::size_t room = 2048) {
        const std::size_t size = transmit(room);
        if (size == 0) return std::nullopt;
        const FrameHeader header = load_header(buffer.data());
        BOOST_REQUIRE((header.type == FrameType::append));
        BOOST_TEST((header.link == peer.link));
        const Append append = read_append(buffer.data(), header.flags, local.epoch);
        BOOST_TEST(size == append_head_bytes(append, local.epoch) + header.tail_bytes);
        return append;
    }
    /// How many entries are sent now.
    std::uint32_t entries(std::size_t room = 2048) {
        const auto sent = append(room);
        return sent ? sent->count : 0;
    }

    Sender<Parts_> sender;
    Peer peer;
    std::uint64_t round = 0;
    alignas(8) std::array<std::byte, 2048> buffer{};
};
using Leading = LeaderOf<Parts>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_link_begins_with_a_question_at_the_newest_entry_that_both_may_share) {
    Leading leading;
    leading.begin(at(1, 4));
    BOOST_TEST((leading.follower().state == FollowerState::probing));
    const auto probe = leading.append();
    BOOST_REQUIRE(probe);
    BOOST_TEST((probe->previous == at(1, 4)));
    BOOST_TEST(probe->previous_chain == chain_at(leading.local.log, Index{4}));
    BOOST_TEST(probe->count == 0u);
    BOOST_TEST(probe->commit == Index{3});
    BOOST_REQUIRE(probe->timing);
    BOOST_TEST((probe->timing->sent == leading.local.now));
    BOOST_TEST(!leading.append());  // once
    leading.ack(3);                 // not that far
    BOOST_TEST((leading.follower().state == FollowerState::probing));
    leading.ack(4);
    BOOST_TEST((leading.follower().state == FollowerState::catching_up));
    BOOST_TEST(leading.entries() == 1u);
}

BOOST_AUTO_TEST_CASE(an_ack_that_came_before_the_question_is_no_answer) {
    Leading leading;
    leading.begin({});
    leading.ack(0);
    BOOST_TEST((leading.follower().state == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(0);
    BOOST_TEST((leading.follower().state == FollowerState::catching_up));
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
    leading.sender.begin(leading.local, leading.peer, other);
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
    BOOST_TEST((heartbeat->timing->sent == leading.local.now));
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
    BOOST_TEST((leading.follower().state == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(5);
    BOOST_TEST((leading.follower().state == FollowerState::catching_up));
    // Who is not linked is said nothing.
    leading.follower().state = FollowerState::down;
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
        leading.ack(leading.local.log.last().value);
        return frame->timing.has_value();
    };
    BOOST_TEST(!timed());  // the question was
    leading.local.now = leading.local.now + just_before(Limits::heartbeat_interval);
    BOOST_TEST(!timed());
    leading.local.now = leading.local.now + moment;
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
    BOOST_TEST((frame->timing->sent == leading.local.now));
}

BOOST_AUTO_TEST_CASE(a_commit_index_is_news_only_after_a_tick) {
    Leading leading;
    leading.begin_streaming();
    leading.local.commit = Index{4};
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
    applied.local.commit = Index{4};
    BOOST_TEST(bool(applied.append()));
    BOOST_TEST(!applied.append());
    // Nobody who is asked a question is told.
    Leading probing;
    probing.begin(at(1, 5));
    BOOST_REQUIRE(probing.append());
    probing.local.commit = Index{4};
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
    for (int i = 0; i < 3; ++i) wide.follower().allowance.sent(100 + i, 1024, wide.local.now),
        wide.follower().allowance.acknowledged(100 + i, wide.local.now, milliseconds(250), 1u << 20);
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
    BOOST_TEST(leading.follower().previous_chain == chain_at(leading.local.log, Index{8}));
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

BOOST_AUTO_TEST_CASE(what_is_missing_is_sent_again_once_in_a_retry_interval) {
    Leading leading;
    leading.begin_streaming();
    leading.write(2);
    BOOST_TEST(leading.entries() == 2u);
    const auto missing = [&leading] { leading.refuse(5, Error::discarded, at(1, 5), at(1, 3)); };
    missing();
    BOOST_TEST((leading.follower().previous == at(1, 5)));
    BOOST_TEST(leading.entries() == 2u);
    leading.local.now = leading.local.now + just_before(Limits::retry_interval);
    missing();
    BOOST_TEST(leading.entries() == 0u);
    leading.local.now = leading.local.now + moment;
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

BOOST_AUTO_TEST_CASE(a_follower_that_committed_what_it_was_never_asked_about_is_asked_again) {
    for (const Error error : {Error::discarded, Error::diverged}) {
        Leading leading;
        leading.begin_streaming(4);
        BOOST_TEST(leading.entries() == 1u);
        // What it committed may be what it has verified, and then this is only a gap.
        const std::uint64_t commit = error == Error::diverged ? 4 : 5;
        leading.refuse(4, error, at(1, 4), at(1, commit));
        BOOST_TEST((leading.follower().state == FollowerState::probing));
    }
    Leading leading;
    leading.begin_streaming(4);
    BOOST_TEST(leading.entries() == 1u);
    leading.refuse(4, Error::discarded, at(1, 4), at(1, 4));
    BOOST_TEST((leading.follower().state == FollowerState::catching_up));
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
    BOOST_TEST((leading.follower().state == FollowerState::snapshot));
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
    BOOST_TEST((follower.state == FollowerState::snapshot));
    BOOST_TEST(follower.snapshot.common == Index{5});
    BOOST_TEST((follower.snapshot.lacks == Position{}));
    BOOST_TEST(follower.sent_last == Index{8});
    BOOST_TEST(!follower.probe_owed);
    BOOST_TEST(follower.in_flight.empty());
    BOOST_TEST((follower.sent_at == leading.local.now));
    // While pieces are under way no heartbeat goes, for an append would end the transfer.
    leading.tick(Limits::heartbeat_interval);
    BOOST_TEST(!leading.transmit());
    // While it rests, heartbeats go, and claim nothing.
    follower.snapshot.not_before = leading.local.now + milliseconds(500);
    leading.tick(Limits::heartbeat_interval);
    const auto heartbeat = leading.append();
    BOOST_REQUIRE(heartbeat);
    BOOST_TEST((heartbeat->previous == Position{}));
    BOOST_TEST(heartbeat->previous_chain == Chain{});
    BOOST_TEST(heartbeat->count == 0u);
    leading.tick(moment);
    BOOST_TEST(!leading.append());
}

BOOST_AUTO_TEST_CASE(a_log_that_just_reaches_needs_no_state) {
    Leading leading;
    leading.write(3);
    leading.drop_through(8);
    leading.write(2);
    leading.begin(at(1, 8));
    BOOST_TEST((leading.follower().state == FollowerState::probing));
    BOOST_REQUIRE(leading.append());
    leading.ack(8);
    BOOST_TEST(leading.entries() == 2u);
    leading.begin(at(1, 7));
    BOOST_TEST((leading.follower().state == FollowerState::snapshot));
}

BOOST_AUTO_TEST_SUITE_END()
