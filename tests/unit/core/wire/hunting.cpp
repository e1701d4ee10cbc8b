// SPDX-License-Identifier: BSL-1.0
// Where bytes may be damaged: a whole frame is found behind noise, within what looked like another one, and in what
// was kept of one that never came to its end.

#include "support/frames.hpp"

#include <replicator/core/wire/append.hpp>
#include <replicator/core/wire/frame_reader.hpp>
#include <replicator/core/wire/snapshot.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

BOOST_AUTO_TEST_SUITE(hunting)

namespace {

using namespace replicator;
using namespace replicator::core;
using Kind = FrameReader::Event::Kind;

support::Bytes operator+(support::Bytes a, const support::Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

const support::Bytes& an_ack() {
    static const support::Bytes ack = support::ack_frame(Ack{}, LinkId{5});
    return ack;
}
/// A frame with this tail.
support::Bytes a_piece(const support::Bytes& tail) {
    std::array<std::byte, frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), SnapshotPiece{}, LinkId{5}, tail.size());
    return support::Bytes(head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)) + tail;
}
/// Bytes that begin like frames, and are none.
support::Bytes noise() {
    support::Bytes bytes;
    for (const unsigned byte :
         {0x00u, 0x02u, 0x01u, 0x02u, 0x52u, 0x09u, 0x02u, 0x52u, 0x03u, 0x00u, 0x01u, 0x52u, 0xffu}) {
        bytes.push_back(std::byte(byte));
    }
    return bytes;
}

/// What is seen in a stream: heads by the first letter of their type, tails by their size.
struct Seen {
    explicit Seen(bool believes_pieces_) : believes_pieces(believes_pieces_) { inbound.hunt(); }

    void feed(std::span<const std::byte> piece) {
        for (;;) {
            const auto event = inbound.next(piece);
            switch (event.kind) {
                case Kind::need_more: BOOST_REQUIRE(piece.empty()); return;
                case Kind::first_version:
                case Kind::garbage: text += 'g'; break;
                case Kind::tail:
                    tail += event.bytes.size();
                    if (event.tail_ends) text += std::to_string(std::exchange(tail, 0));
                    break;
                case Kind::head: {
                    const bool is_piece = load_header(event.bytes.data()).type == FrameType::snapshot_piece;
                    text += is_piece ? 'c' : 'a';
                    if (!inbound.hunts()) break;
                    if (is_piece && !believes_pieces) {
                        inbound.pass_over();
                    } else {
                        inbound.found();
                    }
                    break;
                }
            }
        }
    }
    void feed(const support::Bytes& bytes, std::size_t piece_bytes) {
        for (std::size_t at = 0; at < bytes.size(); at += piece_bytes) {
            feed(std::span(bytes).subspan(at, std::min(piece_bytes, bytes.size() - at)));
        }
    }

    FrameReader inbound;
    bool believes_pieces;
    std::size_t tail = 0;
    std::string text;
};

std::string seen_in(const support::Bytes& bytes, std::size_t piece_bytes, bool believes_pieces = true) {
    Seen seen(believes_pieces);
    seen.feed(bytes, piece_bytes);
    return seen.text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_frame_is_found_behind_noise_however_it_arrives) {
    const support::Bytes stream = noise() + an_ack() + an_ack();
    const support::Bytes within = noise() + a_piece(support::Bytes(300)) + an_ack();
    for (std::size_t size = 1; size < within.size(); ++size) {
        BOOST_TEST(seen_in(stream, size) == "aa");
        BOOST_TEST(seen_in(within, size) == "c300a");
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_believed_is_looked_through_from_its_second_byte_on) {
    const support::Bytes stream = a_piece(noise() + an_ack()) + an_ack();
    for (std::size_t size = 1; size < stream.size(); ++size) {
        BOOST_TEST(seen_in(stream, size, true) == "c" + std::to_string(noise().size() + an_ack().size()) + "a");
        BOOST_TEST(seen_in(stream, size, false) == "caa");
    }
}

BOOST_AUTO_TEST_CASE(what_never_came_to_its_end_may_hold_whole_frames) {
    // The beginning of a hello, and then frames of which the hello would have been made.
    const support::Bytes hello = support::hello_frame(Hello{});
    for (std::size_t begun = 4; begun < 100; begun += 3) {
        const support::Bytes begin(hello.begin(), hello.begin() + static_cast<std::ptrdiff_t>(begun));
        const support::Bytes stream = begin + an_ack() + a_piece(support::Bytes(20)) + an_ack();
        Seen seen(true);
        seen.feed(stream, 7);
        BOOST_TEST(seen.text.empty());
        BOOST_TEST(seen.inbound.is_partial());
        seen.inbound.give_up();
        seen.feed({});
        BOOST_TEST(seen.text == "ac20a");
        BOOST_TEST(!seen.inbound.is_partial());
    }
}

BOOST_AUTO_TEST_CASE(what_is_kept_of_a_tail_is_the_tail_and_the_rest_follows) {
    // The tail of a frame that is found among kept bytes goes on in what comes next.
    const support::Bytes hello = support::hello_frame(Hello{});
    const support::Bytes begin(hello.begin(), hello.begin() + 20);
    const support::Bytes piece = a_piece(support::Bytes(100));
    Seen seen(true);
    seen.feed(begin + support::Bytes(piece.begin(), piece.begin() + 90), 1000);
    BOOST_TEST(seen.text.empty());
    seen.inbound.give_up();
    seen.feed({});
    BOOST_TEST(seen.text == "c");
    BOOST_TEST(seen.inbound.is_partial());
    seen.feed(support::Bytes(piece.begin() + 90, piece.end()) + an_ack(), 1000);
    BOOST_TEST(seen.text == "c100a");
}

BOOST_AUTO_TEST_CASE(the_rest_of_a_tail_that_does_not_come_is_given_up) {
    const support::Bytes piece = a_piece(support::Bytes(100));
    Seen seen(true);
    seen.feed(support::Bytes(piece.begin(), piece.end() - 10), 1000);
    BOOST_TEST(seen.inbound.is_partial());
    seen.inbound.give_up();
    BOOST_TEST((!seen.inbound.is_partial() && seen.inbound.hunts()));
    seen.feed(an_ack(), 1000);
    BOOST_TEST(seen.text == "ca");
}

BOOST_AUTO_TEST_CASE(noise_with_which_no_head_begins_is_no_part_of_a_frame) {
    Seen seen(true);
    seen.feed(support::Bytes(400), 400);
    BOOST_TEST(!seen.inbound.is_partial());
    seen.feed(an_ack(), 1000);
    BOOST_TEST(seen.text == "a");
}

BOOST_AUTO_TEST_CASE(noise_is_told_once_and_then_hunted_through) {
    for (const std::size_t size : {1u, 5u, 1000u}) {
        Seen seen(true);
        seen.inbound.restart();
        BOOST_TEST(!seen.inbound.hunts());
        seen.feed(an_ack() + noise() + an_ack(), size);
        BOOST_TEST(seen.text == "aga");
    }
    // Four bytes are enough to tell.
    Seen early(true);
    early.inbound.restart();
    early.feed(support::Bytes(4), 1);
    BOOST_TEST(early.text == "g");
    // After a restart all of that is forgotten.
    Seen seen(true);
    seen.feed(an_ack() + support::Bytes(an_ack().begin(), an_ack().begin() + 10), 1000);
    BOOST_TEST(seen.inbound.is_partial());
    seen.inbound.hunt();
    seen.inbound.restart();
    BOOST_TEST((!seen.inbound.is_partial() && !seen.inbound.hunts()));
    seen.feed(an_ack(), 1000);
    BOOST_TEST(seen.text == "aa");
}

BOOST_AUTO_TEST_SUITE_END()
