// SPDX-License-Identifier: BSL-1.0
// A stream is cut into the same heads and tails however it arrives, and what is no head is noticed.

#include "support/frames.hpp"

#include <replicator/core/wire/append.hpp>
#include <replicator/core/wire/frame_reader.hpp>
#include <replicator/core/wire/snapshot.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(inbound)

using namespace replicator::core;
using Kind = FrameReader::Event::Kind;

namespace {

void put_piece(support::Bytes& to, std::size_t tail_bytes) {
    std::array<std::byte, frame_head_bytes_max> head{};
    const SnapshotPiece piece{.id = SnapshotId{1}, .offset = 2, .checksum = 3, .whole_checksum = 4};
    const std::size_t size = write_head(head.data(), piece, LinkId{5}, tail_bytes);
    to.insert(to.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size));
    for (std::size_t i = 0; i < tail_bytes; ++i) to.push_back(static_cast<std::byte>(i));
}

support::Bytes a_stream() {
    support::Bytes stream = support::hello_frame(Hello{});
    put_piece(stream, 21);
    const support::Bytes ack = support::ack_frame(Ack{}, LinkId{5});
    stream.insert(stream.end(), ack.begin(), ack.end());
    put_piece(stream, 0);
    put_piece(stream, 300);
    return stream;
}

/// Feeds a piece, and notes heads by their size and tails byte by byte.
void feed(FrameReader& inbound, std::span<const std::byte> piece, std::string& seen) {
    for (;;) {
        const auto event = inbound.next(piece);
        switch (event.kind) {
            case Kind::need_more: BOOST_REQUIRE(piece.empty()); return;
            case Kind::garbage: seen += " garbage"; return;
            case Kind::first_version: seen += " version 1"; return;
            case Kind::head: seen += " head" + std::to_string(event.bytes.size()) + ":"; break;
            case Kind::tail:
                BOOST_REQUIRE(!event.bytes.empty());
                seen += support::hex(event.bytes) + (event.tail_ends ? "." : "");
                break;
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(two_pieces_cut_anywhere_give_the_same) {
    const auto stream = a_stream();
    std::string whole;
    FrameReader at_once;
    feed(at_once, stream, whole);
    BOOST_TEST(whole.find("garbage") == std::string::npos);
    for (std::size_t split = 0; split <= stream.size(); ++split) {
        FrameReader inbound;
        std::string seen;
        feed(inbound, std::span(stream).first(split), seen);
        feed(inbound, std::span(stream).subspan(split), seen);
        BOOST_REQUIRE(seen == whole);
    }
}

BOOST_AUTO_TEST_CASE(pieces_of_every_size_give_the_same) {
    const auto stream = a_stream();
    std::string whole;
    FrameReader at_once;
    feed(at_once, stream, whole);
    for (std::size_t size = 1; size < stream.size(); ++size) {
        FrameReader inbound;
        std::string seen;
        for (std::size_t at = 0; at < stream.size(); at += size) {
            feed(inbound, std::span(stream).subspan(at, std::min(size, stream.size() - at)), seen);
        }
        BOOST_REQUIRE(seen == whole);
    }
}

BOOST_AUTO_TEST_CASE(a_head_with_any_bit_flipped_is_garbage_in_one_piece_and_in_many) {
    support::Bytes stream = support::ack_frame(Ack{}, LinkId{5});
    const std::size_t head = stream.size();
    stream.resize(frame_head_bytes_max + 8);
    for (std::size_t bit = 0; bit < head * 8; ++bit) {
        stream[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        FrameReader at_once;
        std::string seen;
        feed(at_once, stream, seen);
        BOOST_REQUIRE(seen == " garbage");
        FrameReader by_bytes;
        seen.clear();
        for (std::size_t i = 0; i < stream.size() && seen.empty(); ++i) {
            feed(by_bytes, std::span(stream).subspan(i, 1), seen);
        }
        BOOST_REQUIRE(seen == " garbage");
        stream[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    }
}

BOOST_AUTO_TEST_CASE(a_hello_of_version_1_is_told_from_garbage_however_it_arrives) {
    const support::Bytes hello = support::hello_of_version_1();
    BOOST_REQUIRE(hello.size() == 304u);
    for (const std::size_t size : {std::size_t{1}, std::size_t{3}, std::size_t{4}, hello.size()}) {
        FrameReader inbound;
        std::string seen;
        for (std::size_t at = 0; at < hello.size() && seen.empty(); at += size) {
            feed(inbound, std::span(hello).subspan(at, std::min(size, hello.size() - at)), seen);
        }
        BOOST_TEST(seen == " version 1");
    }
    // No other frame of it is, nor anything that comes while noise is hunted through.
    for (const std::size_t place : {1u, 2u, 3u}) {
        support::Bytes other = hello;
        other[place] ^= std::byte{2};
        FrameReader inbound;
        std::string seen;
        feed(inbound, other, seen);
        BOOST_TEST(seen == " garbage");
    }
    FrameReader inbound;
    inbound.hunt();
    std::string seen;
    feed(inbound, hello, seen);
    BOOST_TEST(seen.empty());
}

BOOST_AUTO_TEST_CASE(after_a_restart_the_rest_of_a_frame_is_forgotten) {
    support::Bytes stream;
    put_piece(stream, 40);
    const support::Bytes next = support::ack_frame(Ack{}, LinkId{5});
    for (const std::size_t part : {std::size_t{3}, std::size_t{20}, stream.size() - 1}) {
        FrameReader inbound;
        std::string seen;
        feed(inbound, std::span(stream).first(part), seen);
        inbound.restart();
        seen.clear();
        feed(inbound, next, seen);
        BOOST_TEST(seen == " head48:");
    }
}

BOOST_AUTO_TEST_SUITE_END()
