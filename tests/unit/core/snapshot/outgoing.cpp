// SPDX-License-Identifier: BSL-1.0
// The state on its way to a follower: what is sent when, what is sent again, and what an answer changes.

#include "support/cluster.hpp"
#include "support/parts.hpp"
#include "support/progress.hpp"

#include <replicator/core/snapshot/outgoing.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(snapshot_sender)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;

/// A state of five and a half pieces.
struct Pages {
    struct Command {
        std::uint64_t page;
    };
    static constexpr std::size_t bytes = 5 * 64 + 32;

    std::size_t apply(const Command&) { return 0; }
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
        const std::size_t left = bytes - static_cast<std::size_t>(offset);
        const std::size_t size = left < to.size() ? left : to.size();
        for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::byte>(offset / 64);
        return size;
    }
    bool load(std::span<const std::byte>) { return true; }
};

/// Writes down what an observer is told of states.
struct Progresses {
    std::vector<SnapshotProgress> seen;
    void on_snapshot(NodeId, const SnapshotProgress& progress) { seen.push_back(progress); }
};

using Parts = Composition<Pages, codec::Raw<Pages::Command>, log::Ring<4096>, ack::Async<>, support::Small, Progresses>;
using Limits = Parts::Limits;
constexpr std::uint64_t piece = Parts::snapshot_piece_bytes;
constexpr Duration moment{1};

/// A leader whose log begins behind entry 9, and a follower that needs the state.
struct Sending {
    Sending() {
        constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}});
        self.observer = &observer;
        self.history.adopt(HistoryId{5});
        self.now = Instant{1'000'000};
        support::log_of(self).reset(Index{9}, Chain{99});
        support::epochs_of(self).push({support::epoch_of(1), Index{1}, Chain{}});
        applier.install({}, self.log().begin());
        peer.id = NodeId{2};
        peer.link = LinkId{9};
        support::set_state(peer.progress, FollowerState::snapshot);
        sending().common = Index{4};
        sending().lacks = at(1, 6);
        sending().patience = Limits::retry_interval;
        sending().want(self.now);
    }

    SnapshotSend& sending() { return peer.progress.snapshot; }
    void pass(Duration time) { self.now = self.now + time; }
    [[nodiscard]] bool owes() { return peer.progress.takes_state(self.now) && sender.owes(peer.progress); }
    std::size_t transmit(std::size_t room = 2048) {
        return sender.transmit(self, applier, peer, std::span(buffer).first(room));
    }
    /// The beginning, which must be owed.
    SnapshotBegin begin() {
        BOOST_REQUIRE(owes());
        BOOST_REQUIRE(transmit() > 0u);
        BOOST_REQUIRE((load_header(buffer.data()).type == FrameType::snapshot_begin));
        return read_snapshot_begin(buffer.data());
    }
    /// The next piece, if one is owed.
    std::optional<SnapshotPiece> next_piece() {
        if (!owes()) return std::nullopt;
        const std::size_t size = transmit();
        BOOST_REQUIRE((load_header(buffer.data()).type == FrameType::snapshot_piece));
        tail_bytes = load_header(buffer.data()).tail_bytes;
        BOOST_TEST(size == frame_header_bytes + wire_bytes::snapshot_piece + tail_bytes);
        return read_snapshot_piece(buffer.data());
    }
    void answer(std::uint64_t offset, SnapshotId id) {
        Ack ack;
        ack.snapshot = SnapshotOffset{id, offset};
        sender.moved(self.now, peer.progress, ack);
    }
    void answer(std::uint64_t offset) { answer(offset, sending().id); }
    void tick() { sender.tick(self.now, std::span(&peer, 1)); }

    Progresses observer;
    Self<Parts> self;
    Applier<Parts> applier;
    OutgoingSnapshots<Parts> sender;
    Peer peer;
    std::size_t tail_bytes = 0;
    alignas(8) std::array<std::byte, 2048> buffer{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_beginning_says_what_the_state_is) {
    Sending sending;
    const SnapshotBegin begin = sending.begin();
    BOOST_TEST((begin.id != SnapshotId{} && begin.id == sending.sending().id));
    BOOST_TEST((begin.history == HistoryId{5}));
    BOOST_TEST((begin.position == at(1, 9)));
    BOOST_TEST(begin.chain == Chain{99});
    BOOST_TEST((begin.schema == Parts::Codec::schema));
    BOOST_TEST(begin.policy == sending.self.policy());
    BOOST_TEST(begin.common == Index{4});
    BOOST_TEST((begin.lacks == at(1, 6)));
    const FrameHeader header = load_header(sending.buffer.data());
    BOOST_TEST((header.link == LinkId{9}));
    const auto tail =
        std::span(sending.buffer).subspan(frame_header_bytes + wire_bytes::snapshot_begin, header.tail_bytes);
    BOOST_TEST(begin.tail_checksum == checksum(tail));
    BOOST_TEST((sending.sending().position == at(1, 9)));
    BOOST_TEST(sending.peer.progress.sent_last == Index{9});
    BOOST_REQUIRE(sending.observer.seen.size() == 1u);
    const SnapshotProgress& told = sending.observer.seen[0];
    BOOST_TEST((told.id == begin.id && told.index == Index{9} && told.bytes == 0u && told.attempt == 0u));
    BOOST_TEST(!told.complete);
    // Nothing more is said before it is answered.
    BOOST_TEST(!sending.owes());
}

BOOST_AUTO_TEST_CASE(pieces_follow_the_answer_and_the_last_one_vouches_for_all) {
    Sending sending;
    sending.begin();
    sending.answer(0);
    std::uint64_t offset = 0;
    std::uint32_t whole = 0;
    while (const auto sent = sending.next_piece()) {
        BOOST_TEST((sent->id == sending.sending().id));
        BOOST_TEST(sent->offset == offset);
        const auto bytes =
            std::span(sending.buffer).subspan(frame_header_bytes + wire_bytes::snapshot_piece, sending.tail_bytes);
        BOOST_TEST(sent->checksum == checksum(bytes));
        BOOST_TEST(sent->whole_checksum == (bytes.empty() ? whole : 0u));
        if (!bytes.empty()) whole = value(replicator::detail::fold(Chain{whole}, sent->checksum));
        offset += bytes.size();
        sending.answer(offset);
    }
    BOOST_TEST(offset == Pages::bytes);
    BOOST_TEST(sending.sending().end_sent);
}

BOOST_AUTO_TEST_CASE(so_many_pieces_are_on_the_way_as_the_window_has) {
    Sending sending;
    sending.begin();
    sending.answer(0);
    for (std::size_t i = 0; i < Limits::snapshot_pieces_in_flight_max; ++i) BOOST_TEST(bool(sending.next_piece()));
    BOOST_TEST(!sending.next_piece());
    sending.answer(piece);
    BOOST_TEST(bool(sending.next_piece()));
    BOOST_TEST(!sending.next_piece());
    // A line that carries less bounds them, too.
    Sending slow;
    slow.begin();
    slow.answer(0);
    for (std::uint64_t i = 1; i < 20; ++i) {
        slow.peer.progress.allowance.sent(i, 1000, Instant{});
        slow.peer.progress.allowance.acknowledged(i, Instant{100'000'000}, moment, 64);
    }
    BOOST_REQUIRE(slow.peer.progress.allowance.full_bytes() == 48u);
    BOOST_TEST(bool(slow.next_piece()));
    BOOST_TEST(!slow.next_piece());
}

BOOST_AUTO_TEST_CASE(a_buffer_without_room_for_a_whole_frame_gets_nothing) {
    Sending sending;
    const std::size_t begin = frame_header_bytes + wire_bytes::snapshot_begin + snapshot_tail_bytes_max<Limits>;
    BOOST_TEST(sending.transmit(begin - 1) == 0u);
    BOOST_TEST(sending.owes());
    BOOST_TEST(sending.transmit(begin) > 0u);
    sending.answer(0);
    const std::size_t sent = frame_header_bytes + wire_bytes::snapshot_piece + piece;
    BOOST_TEST(sending.transmit(sent - 1) == 0u);
    BOOST_TEST(sending.transmit(sent) == sent);
}

BOOST_AUTO_TEST_CASE(only_an_answer_to_this_beginning_moves_anything) {
    Sending sending;
    sending.begin();
    const auto begun = [&sending] { return sending.sending().begun; };
    sending.sender.moved(sending.self.now, sending.peer.progress, Ack{});
    BOOST_TEST(!begun());
    sending.answer(0, SnapshotId{1234});
    BOOST_TEST(!begun());
    sending.answer(1);  // more than anybody ever read
    BOOST_TEST(!begun());
    sending.sending().begin_owed = true;  // it is going to be asked again
    sending.answer(0);
    BOOST_TEST(!begun());
    sending.begin();
    sending.answer(0);
    BOOST_TEST(begun());
    BOOST_TEST(!sending.sending().end_sent);
    // From then on only what lies between what it had and what was sent.
    BOOST_REQUIRE(sending.next_piece());
    sending.answer(piece);
    BOOST_REQUIRE(sending.next_piece());
    for (const std::uint64_t offset : {std::uint64_t{0}, 2 * piece + 1}) {
        sending.answer(offset);
        BOOST_TEST(sending.sending().acknowledged == piece);
    }
    sending.answer(2 * piece);
    BOOST_TEST(sending.sending().acknowledged == 2 * piece);
}

BOOST_AUTO_TEST_CASE(a_transfer_that_was_interrupted_goes_on_where_the_follower_is) {
    Sending sending;
    const SnapshotId id = sending.begin().id;
    sending.answer(0);
    for (std::uint64_t i = 1; i <= 3; ++i) {
        BOOST_REQUIRE(sending.next_piece());
        sending.answer(i * piece);
    }
    // A new link: the same state begins again, and the follower has one piece more than it could say.
    BOOST_REQUIRE(sending.next_piece());
    sending.sending().want(sending.self.now);
    BOOST_TEST(!sending.sending().begun);
    BOOST_TEST((sending.begin().id == id));
    BOOST_TEST(sending.sending().begun_count == 1u);
    BOOST_TEST(sending.sending().offset == 3 * piece);
    BOOST_TEST(!sending.owes());
    sending.answer(4 * piece);
    const auto next = sending.next_piece();
    BOOST_REQUIRE(next);
    BOOST_TEST(next->offset == 4 * piece);
    BOOST_TEST(sending.observer.seen.size() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_not_answered_in_time_begins_again) {
    Sending sending;
    sending.begin();
    sending.pass({Limits::retry_interval.microseconds - 1});
    sending.tick();
    BOOST_TEST(!sending.owes());
    sending.pass(moment);
    sending.tick();
    BOOST_TEST(sending.owes());
    sending.begin();
    // The time counts anew from there.
    sending.pass({Limits::retry_interval.microseconds - 1});
    sending.tick();
    BOOST_TEST(!sending.owes());
    sending.answer(0);
    // A piece may take as much longer than the beginning as it is larger, of which the follower took nearly 200 ms.
    const Duration patience = sending.sending().patience;
    BOOST_TEST(patience.microseconds == (2 * Limits::retry_interval.microseconds - 1 + 2'000) / 2);
    // While nothing is on the way, nothing is late.
    sending.pass(milliseconds(5000));
    sending.tick();
    BOOST_TEST(!sending.sending().begin_owed);
    BOOST_REQUIRE(sending.next_piece());
    sending.pass({patience.microseconds - 1});
    sending.tick();
    BOOST_TEST(!sending.sending().begin_owed);
    sending.pass(moment);
    sending.tick();
    BOOST_TEST(sending.sending().begin_owed);
    // Who needs no state any more is left alone.
    Sending other;
    other.begin();
    support::set_state(other.peer.progress, FollowerState::down);
    other.pass(milliseconds(1000));
    other.tick();
    BOOST_TEST(!other.sending().begin_owed);
}

BOOST_AUTO_TEST_CASE(the_end_is_waited_for_like_a_piece) {
    Sending sending;
    sending.begin();
    sending.answer(0);
    while (const auto sent = sending.next_piece()) {
        if (sending.tail_bytes > 0) sending.answer(sent->offset + sending.tail_bytes);
    }
    BOOST_TEST(sending.sending().offset == sending.sending().acknowledged);
    sending.pass(sending.sending().patience);
    sending.tick();
    BOOST_TEST(sending.sending().begin_owed);
}

BOOST_AUTO_TEST_CASE(a_piece_is_given_no_longer_than_a_frame_may_take) {
    for (const std::uint64_t took : {0u, 300u, 60'000u}) {
        Sending sending;
        sending.begin();
        sending.pass(milliseconds(took));
        sending.answer(0);
        const Duration expected = took == 0     ? Limits::retry_interval
                                  : took == 300 ? Duration{(300'000 + 2'000) / 2}
                                                : frame_timeout<Limits>;
        BOOST_TEST(sending.sending().patience.microseconds == expected.microseconds);
    }
}

BOOST_AUTO_TEST_CASE(the_answer_to_a_beginning_shows_how_long_the_way_is_where_nothing_else_was_on_it) {
    for (const bool pieces_before : {false, true}) {
        Sending sending;
        sending.begin();
        if (pieces_before) {
            sending.answer(0);
            BOOST_REQUIRE(sending.next_piece());
            sending.pass(moment);
            sending.peer.progress.allowance.lost(piece);
            sending.sending().begin_owed = true;
            sending.begin();
        }
        sending.pass(milliseconds(100));
        sending.answer(0);
        BOOST_REQUIRE(sending.next_piece());
        BOOST_REQUIRE(sending.next_piece());
        // Longer than a piece is granted, unless it is known that the way alone takes 100 ms.
        sending.pass(milliseconds(300));
        sending.answer(2 * piece);
        BOOST_TEST(sending.peer.progress.allowance.bytes() == (pieces_before ? 512u : 1024u));
    }
}

BOOST_AUTO_TEST_CASE(no_state_has_the_number_that_means_none) {
    for (std::uint64_t run = 1; run < 9; ++run) {
        Sending sending;
        sending.self.run = Run{run};
        BOOST_TEST(value(sending.begin().id) % 2 == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_state_that_nobody_reads_is_given_up_and_another_one_takes_its_place) {
    Sending sending;
    const SnapshotId first = sending.begin().id;
    sending.answer(0);
    BOOST_REQUIRE(sending.next_piece());
    sending.pass({Limits::snapshot_keep_interval.microseconds - 1});
    sending.answer(piece);
    sending.tick();
    BOOST_TEST(bool(sending.next_piece()));  // that was a sign of life
    sending.answer(2 * piece);
    sending.pass({Limits::snapshot_keep_interval.microseconds - 1});
    sending.tick();
    BOOST_TEST(!sending.sending().begin_owed);
    sending.pass(moment);
    sending.tick();
    BOOST_TEST((sending.begin().id != first));
    BOOST_TEST(sending.sending().begun_count == 2u);
    BOOST_TEST((sending.sending().offset == 0u && sending.sending().acknowledged == 0u));
}

BOOST_AUTO_TEST_CASE(a_state_that_the_log_has_left_behind_is_taken_anew) {
    Sending sending;
    const SnapshotBegin first = sending.begin();
    support::log_of(sending.self).reset(Index{12}, Chain{});
    sending.applier.install({}, sending.self.log().begin());
    sending.sending().want(sending.self.now);
    const SnapshotBegin second = sending.begin();
    BOOST_TEST((second.id != first.id));
    BOOST_TEST((second.position == at(1, 12)));
    // Where the log just reaches back to it, it is good enough.
    sending.sending().want(sending.self.now);
    BOOST_TEST((sending.begin().id == second.id));
}

BOOST_AUTO_TEST_CASE(a_state_of_a_line_that_the_node_has_left_is_taken_anew) {
    struct Left {
        const char* what;
        Index base;
        Chain chain;
    };
    for (const Left& left : {Left{"its log begins anew at that index, on another line", Index{9}, Chain{98}},
                             Left{"its log ends before that index", Index{7}, Chain{97}}}) {
        Sending sending;
        const SnapshotBegin first = sending.begin();
        support::log_of(sending.self).reset(left.base, left.chain);
        sending.applier.install({}, sending.self.log().begin());
        sending.sending().want(sending.self.now);
        const SnapshotBegin second = sending.begin();
        BOOST_TEST((second.id != first.id), left.what);
        BOOST_TEST((second.position.index == left.base && second.chain == left.chain), left.what);
    }
}

// A blank node was fetched from, and then followed its first leader.
BOOST_AUTO_TEST_CASE(a_state_from_before_the_first_history_is_taken_anew) {
    Sending sending;
    support::log_of(sending.self).reset(Index{}, Chain{});
    sending.applier.restart_at(sending.self.log().begin());
    const SnapshotBegin first = sending.begin();
    sending.self.history.adopt(HistoryId{6});
    sending.applier.restart_at(sending.self.log().begin());
    sending.sending().want(sending.self.now);
    const SnapshotBegin second = sending.begin();
    BOOST_TEST((second.id != first.id));
    BOOST_TEST((second.chain == first_chain(HistoryId{6})));
}

BOOST_AUTO_TEST_CASE(a_state_that_came_too_late_is_followed_by_a_rest_that_doubles) {
    Sending sending;
    for (std::uint64_t attempt = 0; attempt < 9; ++attempt) {
        sending.begin();
        sending.sender.finished(sending.self, sending.peer, false);
        BOOST_TEST(sending.sending().in_vain == attempt + 1);
        BOOST_TEST(sending.observer.seen.back().complete);
        const std::uint64_t doublings = attempt < 6 ? attempt : 6;
        sending.pass({(Limits::snapshot_backoff.microseconds << doublings) - 1});
        BOOST_TEST(!sending.owes());
        sending.pass(moment);
        BOOST_TEST(sending.owes());
    }
    sending.begin();
    sending.sender.finished(sending.self, sending.peer, true);
    BOOST_TEST(sending.sending().in_vain == 0u);
    BOOST_TEST((sending.sending().id == SnapshotId{}));
    BOOST_TEST(sending.owes());
}

BOOST_AUTO_TEST_SUITE_END()
