// SPDX-License-Identifier: BSL-1.0
// Frames and messages: the bytes of every message are fixed, come back as they were, and no flipped bit goes unnoticed.

#include "support/frames.hpp"

#include <replicator/core/wire/append.hpp>
#include <replicator/core/wire/frame.hpp>
#include <replicator/core/wire/hello.hpp>
#include <replicator/core/wire/promise.hpp>
#include <replicator/core/wire/snapshot.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(frame)

using namespace replicator::core;

namespace {

constexpr Epoch epoch{7, NodeId{3}, 0x99};
constexpr LinkId link{0x0a0b0c0d};

template <class... Arguments>
support::Bytes head_of(const Arguments&... arguments) {
    std::array<std::byte, frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), arguments...);
    return {head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size)};
}

Append an_append(bool former_epoch, bool timed) {
    Append append{.previous = {former_epoch ? Epoch{6, NodeId{2}, 0x88} : epoch, Index{0x1122}},
                  .previous_chain = Chain{0xdeadbeef},
                  .commit = Index{0x1121},
                  .count = 5,
                  .timing = {}};
    if (timed) append.timing = Echo{Instant{0x334455}, 0x66};
    return append;
}

Ack an_ack(unsigned groups) {
    Ack ack{.received = Index{9},
            .durable = Index{8},
            .applied = Index{7},
            .credit = 0x1000,
            .echo = {},
            .refusal = {},
            .snapshot = {}};
    if ((groups & ack_flags::echo) != 0) ack.echo = Echo{Instant{0x334455}, 0x66};
    if ((groups & ack_flags::refusal) != 0)
        ack.refusal = Refusal{Error::log_full, {epoch, Index{4}}, {epoch, Index{3}}};
    if ((groups & ack_flags::snapshot) != 0) ack.snapshot = SnapshotOffset{SnapshotId{0x77}, 0x88};
    return ack;
}

Hello a_hello() {
    Hello hello;
    hello.version_min = 1, hello.version_max = 2, hello.group = GroupId{3};
    hello.cluster = ClusterId{4}, hello.history = HistoryId{5};
    hello.sender = NodeId{6}, hello.receiver = NodeId{7};
    hello.incarnation = Incarnation{8}, hello.run = Run{9}, hello.nonce = 10;
    hello.receiver_run = Run{11}, hello.receiver_nonce = 12;
    hello.schema = SchemaId{13}, hello.snapshot_format = 14, hello.policy = 15, hello.membership = 16;
    hello.entry_bytes_max = 17, hello.frame_bytes_max = 18, hello.piece_bytes_max = 19;
    hello.window_bytes = 20, hello.log_bytes = 21;
    hello.promised = {22, NodeId{23}, 24}, hello.epoch = {25, NodeId{26}, 27};
    hello.last = {{28, NodeId{29}, 30}, Index{31}}, hello.commit = {{32, NodeId{33}, 34}, Index{35}};
    hello.suspect_from = Index{36}, hello.forced = {{37, NodeId{38}, 39}, Index{40}};
    hello.link = LinkId{41}, hello.flags = hello_flags::donates, hello.refusal = Error::wrong_group;
    return hello;
}

SnapshotBegin a_begin() {
    SnapshotBegin begin;
    begin.id = SnapshotId{1}, begin.history = HistoryId{2}, begin.schema = SchemaId{3};
    begin.position = {epoch, Index{4}}, begin.chain = Chain{5}, begin.policy = 6, begin.common = Index{7};
    begin.lacks = {{8, NodeId{9}, 10}, Index{11}}, begin.tail_checksum = 12;
    return begin;
}

PromiseRequest a_request() {
    PromiseRequest request;
    request.cluster = ClusterId{1}, request.history = HistoryId{2}, request.group = GroupId{3};
    request.sender = NodeId{4}, request.receiver = NodeId{5}, request.flags = ballot_flags::binding;
    request.run = Run{6}, request.question = 7, request.epoch = {8, NodeId{9}, 10};
    request.membership = 11, request.policy = 12;
    return request;
}

PromiseReply a_reply() {
    PromiseReply reply;
    reply.cluster = ClusterId{1}, reply.group = GroupId{2};
    reply.sender = NodeId{3}, reply.receiver = NodeId{4}, reply.flags = ballot_flags::leads;
    reply.receiver_run = Run{5}, reply.question = 6, reply.incarnation = Incarnation{7};
    reply.promised = {9, NodeId{10}, 11}, reply.last = {{12, NodeId{13}, 14}, Index{15}};
    reply.commit = {{16, NodeId{17}, 18}, Index{19}}, reply.suspect_from = Index{20};
    return reply;
}

SnapshotPiece a_piece() {
    return {.id = SnapshotId{1}, .offset = 0x1234, .checksum = 0x5678, .whole_checksum = 0x9abc};
}

/// The head without its checksum, which stands in bytes 12 to 15 and is checked by itself.
std::string fields_of(const support::Bytes& head) {
    return support::hex(std::span(head).first(12)) + " " + support::hex(std::span(head).subspan(16));
}

std::vector<support::Bytes> one_of_each() {
    std::vector<support::Bytes> all{head_of(a_hello()),
                                    head_of(a_begin(), link, std::size_t{40}),
                                    head_of(a_piece(), link, std::size_t{0}),
                                    head_of(a_request()),
                                    head_of(a_reply()),
                                    head_of(HandOver{{epoch, Index{9}}}, link)};
    for (const bool former : {false, true}) {
        for (const bool timed : {false, true}) {
            all.push_back(head_of(an_append(former, timed), link, epoch, std::size_t{80}));
        }
    }
    for (unsigned groups = 0; groups <= ack_flags::all; ++groups) all.push_back(head_of(an_ack(groups), link));
    return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bytes_of_an_append_are_fixed) {
    BOOST_TEST(fields_of(head_of(an_append(false, false), link, epoch, std::size_t{0x50})) ==
               "0252020050000000"
               "0d0c0b0a "
               "2211000000000000"
               "2111000000000000"
               "efbeadde"
               "05000000");
    BOOST_TEST(fields_of(head_of(an_append(true, true), link, epoch, std::size_t{0})) ==
               "0252020300000000"
               "0d0c0b0a "
               "2211000000000000"
               "2111000000000000"
               "efbeadde"
               "05000000"
               "0600000000000000"
               "02000000"
               "88000000"
               "5544330000000000"
               "6600000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_an_ack_are_fixed) {
    BOOST_TEST(fields_of(head_of(an_ack(0), link)) ==
               "0252030000000000"
               "0d0c0b0a "
               "0900000000000000"
               "0800000000000000"
               "0700000000000000"
               "0010000000000000");
    BOOST_TEST(fields_of(head_of(an_ack(ack_flags::all), link)) ==
               "0252030700000000"
               "0d0c0b0a "
               "0900000000000000"
               "0800000000000000"
               "0700000000000000"
               "0010000000000000"
               "5544330000000000"
               "6600000000000000"
               "04"
               "00000000000000"
               "0700000000000000"
               "03000000"
               "99000000"
               "0400000000000000"
               "0700000000000000"
               "03000000"
               "99000000"
               "0300000000000000"
               "7700000000000000"
               "8800000000000000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_hello_are_fixed) {
    BOOST_TEST(fields_of(head_of(a_hello())) ==
               "0252010000000000"
               "00000000 "
               "0100"
               "0200"
               "03000000"
               "0400000000000000"
               "0500000000000000"
               "06000000"
               "07000000"
               "0800000000000000"
               "0900000000000000"
               "0a00000000000000"
               "0b00000000000000"
               "0c00000000000000"
               "0d00000000000000"
               "0e000000"
               "0f000000"
               "10000000"
               "11000000"
               "12000000"
               "13000000"
               "1400000000000000"
               "1500000000000000"
               "1600000000000000"
               "17000000"
               "18000000"
               "1900000000000000"
               "1a000000"
               "1b000000"
               "1c00000000000000"
               "1d000000"
               "1e000000"
               "1f00000000000000"
               "2000000000000000"
               "21000000"
               "22000000"
               "2300000000000000"
               "2400000000000000"
               "2500000000000000"
               "26000000"
               "27000000"
               "2800000000000000"
               "29000000"
               "0400"
               "0e"
               "00");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_snapshot_are_fixed) {
    BOOST_TEST(fields_of(head_of(a_begin(), link, std::size_t{0x28})) ==
               "0252040028000000"
               "0d0c0b0a "
               "0100000000000000"
               "0200000000000000"
               "0300000000000000"
               "0700000000000000"
               "03000000"
               "99000000"
               "0400000000000000"
               "05000000"
               "06000000"
               "0700000000000000"
               "0800000000000000"
               "09000000"
               "0a000000"
               "0b00000000000000"
               "0c000000"
               "00000000");
    BOOST_TEST(fields_of(head_of(a_piece(), link, std::size_t{0x10})) ==
               "0252050010000000"
               "0d0c0b0a "
               "0100000000000000"
               "3412000000000000"
               "78560000"
               "bc9a0000");
}

BOOST_AUTO_TEST_CASE(the_bytes_of_a_promotion_are_fixed) {
    BOOST_TEST(fields_of(head_of(a_request())) ==
               "0252060000000000"
               "00000000 "
               "0100000000000000"
               "0200000000000000"
               "03000000"
               "04000000"
               "05000000"
               "01000000"
               "0600000000000000"
               "0700000000000000"
               "0800000000000000"
               "09000000"
               "0a000000"
               "0b000000"
               "0c000000");
    BOOST_TEST(fields_of(head_of(a_reply())) ==
               "0252070000000000"
               "00000000 "
               "0100000000000000"
               "02000000"
               "03000000"
               "04000000"
               "08000000"
               "0500000000000000"
               "0600000000000000"
               "0700000000000000"
               "0900000000000000"
               "0a000000"
               "0b000000"
               "0c00000000000000"
               "0d000000"
               "0e000000"
               "0f00000000000000"
               "1000000000000000"
               "11000000"
               "12000000"
               "1300000000000000"
               "1400000000000000");
    BOOST_TEST(fields_of(head_of(HandOver{{epoch, Index{9}}}, link)) ==
               "0252080000000000"
               "0d0c0b0a "
               "0700000000000000"
               "03000000"
               "99000000"
               "0900000000000000");
}

BOOST_AUTO_TEST_CASE(the_checksum_covers_header_and_fields) {
    for (const auto& head : one_of_each()) {
        auto covered = support::Bytes(head.begin(), head.begin() + 12);
        covered.insert(covered.end(), head.begin() + 16, head.end());
        BOOST_TEST(load<std::uint32_t>(head.data() + 12) == checksum(covered));
    }
}

BOOST_AUTO_TEST_CASE(the_size_of_a_head_follows_from_its_first_four_bytes) {
    for (const auto& head : one_of_each()) {
        BOOST_TEST(head_bytes(head.data()) == head.size());
        BOOST_TEST(head.size() <= frame_head_bytes_max);
        BOOST_TEST(head_intact(head.data(), head.size()));
    }
    BOOST_TEST(head_of(a_hello()).size() == frame_head_bytes_max);
    BOOST_TEST(append_head_bytes(an_append(true, false), epoch) == 56u);
    BOOST_TEST(append_head_bytes(an_append(false, false), epoch) == 40u);
}

BOOST_AUTO_TEST_CASE(every_flipped_bit_is_noticed) {
    for (auto head : one_of_each()) {
        for (std::size_t bit = 0; bit < head.size() * 8; ++bit) {
            head[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            const std::size_t size = head_bytes(head.data());
            // Another size would be completed by the bytes that follow; here, nothing does.
            support::Bytes rest = head;
            rest.resize(frame_head_bytes_max);
            BOOST_REQUIRE((size == 0 || !head_intact(rest.data(), size)));
            head[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        }
    }
}

BOOST_AUTO_TEST_CASE(unknown_types_and_flags_have_no_size) {
    for (unsigned type = 0; type < 256; ++type) {
        for (unsigned flags = 0; flags < 256; ++flags) {
            const std::size_t bytes = field_bytes(static_cast<FrameType>(type), static_cast<std::uint8_t>(flags));
            // A hello can be read whatever blocks it brings, which stand in its tail.
            const bool known = type == 1 || (type == 2 && flags < 4) || (type == 3 && flags < 8) ||
                               (type >= 4 && type <= 8 && flags == 0);
            BOOST_REQUIRE((bytes != 0) == known);
        }
    }
    support::Bytes other_version = head_of(a_piece(), link, std::size_t{0});
    other_version[0] = std::byte{1};
    BOOST_TEST(head_bytes(other_version.data()) == 0u);
    support::Bytes other_type = head_of(a_piece(), link, std::size_t{0});
    other_type[2] = std::byte{9};
    BOOST_TEST(head_bytes(other_type.data()) == 0u);
}

BOOST_AUTO_TEST_CASE(a_hello_with_blocks_that_are_not_known_has_no_version_in_common) {
    support::Bytes head = head_of(Hello{});
    BOOST_TEST((read_hello(head.data()).version_min == 2u && read_hello(head.data()).version_max == 2u));
    for (unsigned flags = 1; flags < 256; ++flags) {
        seal_head(head.data(), {FrameType::hello, static_cast<std::uint8_t>(flags), 8, LinkId{}});
        BOOST_REQUIRE(head_intact(head.data(), head_bytes(head.data())));
        BOOST_REQUIRE(read_hello(head.data()).version_max == 0u);
    }
}

namespace {

/// The same bytes come from one copy and from each field by itself, and both read them back.
template <class Message>
bool has_one_layout(const Message& message) {
    std::array<std::byte, sizeof(Message)> copied;
    std::array<std::byte, sizeof(Message)> by_field;
    copied.fill(std::byte{0xaa});
    by_field.fill(std::byte{0x55});
    BOOST_TEST(static_cast<bool>(write_layout(copied.data(), message) == copied.data() + sizeof(Message)));
    write_by_field(by_field.data(), message);
    BOOST_TEST((copied == by_field));
    Message read_copied;
    Message read_by_field;
    BOOST_TEST(static_cast<bool>(read_layout(copied.data(), read_copied) == copied.data() + sizeof(Message)));
    replicator::read_by_field(copied.data(), read_by_field);
    std::array<std::byte, sizeof(Message)> again;
    write_layout(again.data(), read_by_field);
    BOOST_TEST((again == copied));
    write_layout(again.data(), read_copied);
    return again == copied;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_is_its_layout_and_machines_of_the_other_byte_order_write_the_same) {
    BOOST_TEST(has_one_layout(a_hello()));
    BOOST_TEST(has_one_layout(AppendFields{Index{1}, Index{2}, Chain{3}, 4}));
    BOOST_TEST(has_one_layout(AckFields{Index{1}, Index{2}, Index{3}, 4}));
    BOOST_TEST(has_one_layout(epoch));
    BOOST_TEST(has_one_layout(Echo{Instant{1}, 2}));
    BOOST_TEST(has_one_layout(Refusal{Error::diverged, {epoch, Index{4}}, {epoch, Index{3}}}));
    BOOST_TEST(has_one_layout(SnapshotOffset{SnapshotId{1}, 2}));
    BOOST_TEST(has_one_layout(a_begin()));
    BOOST_TEST(has_one_layout(a_piece()));
    BOOST_TEST(has_one_layout(a_request()));
    BOOST_TEST(has_one_layout(a_reply()));
    BOOST_TEST(has_one_layout(HandOver{{epoch, Index{9}}}));
    // What such a machine does with each field.
    static_assert(replicator::detail::reversed(std::uint8_t{0x12}) == 0x12u);
    static_assert(replicator::detail::reversed(std::uint16_t{0x1234}) == 0x3412u);
    static_assert(replicator::detail::reversed(std::uint32_t{0x12345678}) == 0x78563412u);
    static_assert(replicator::detail::reversed(std::uint64_t{0x0123456789abcdef}) == 0xefcdab8967452301u);
}

BOOST_AUTO_TEST_CASE(every_message_comes_back_as_it_was) {
    // What was read and is written again must be the same bytes, and all of them depend on the fields, see above.
    for (const auto& head : one_of_each()) {
        const FrameHeader header = load_header(head.data());
        const std::size_t tail = header.tail_bytes;
        switch (header.type) {
            case FrameType::hello: BOOST_TEST((head_of(read_hello(head.data())) == head)); break;
            case FrameType::append:
                BOOST_TEST((head_of(read_append(head.data(), header.flags, epoch), link, epoch, tail) == head));
                break;
            case FrameType::ack: BOOST_TEST((head_of(read_ack(head.data(), header.flags), link) == head)); break;
            case FrameType::snapshot_begin:
                BOOST_TEST((head_of(read_snapshot_begin(head.data()), link, tail) == head));
                break;
            case FrameType::snapshot_piece:
                BOOST_TEST((head_of(read_snapshot_piece(head.data()), link, tail) == head));
                break;
            case FrameType::promise_request: BOOST_TEST((head_of(read_promise_request(head.data())) == head)); break;
            case FrameType::promise_reply: BOOST_TEST((head_of(read_promise_reply(head.data())) == head)); break;
            case FrameType::hand_over: BOOST_TEST((head_of(read_hand_over(head.data()), link) == head)); break;
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
