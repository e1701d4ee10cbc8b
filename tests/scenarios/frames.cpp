// SPDX-License-Identifier: BSL-1.0
// Cases of networks that damage, repeat, cut and delay. The numbers are those of the catalogue of failures.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

using namespace replicator;
using namespace support;
using core::FrameType;

BOOST_AUTO_TEST_SUITE(frame_scenarios)

namespace {

bool carries_entries(const Frame& frame) {
    return frame.type() == FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
}

/// A write's append, held back.
Frame held_back(Sync& group, std::uint64_t add) {
    std::optional<Frame> held;
    group.network.loses = [&held](const Frame& frame) {
        if (!carries_entries(frame)) return false;
        held = frame;
        return true;
    };
    group.write(add);
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(held);
    return *held;
}

}  // namespace

BOOST_AUTO_TEST_CASE(case_40_frames_that_come_again_much_later_change_nothing) {
    Sync group(2, false);
    std::vector<Frame> all;
    group.network.loses = [&all](const Frame& frame) { return all.push_back(frame), false; };
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
    group.network.settle();
    for (std::uint64_t i = 0; i < 10; ++i) {
        group.write(i);
        if (i == 5) group.network.cut(one, two), group.network.join(one, two);
        group.network.settle();
    }
    group.network.loses = nullptr;
    const Position last = group.at(2).last();
    const auto repeat = [&](const Frame& frame) {
        group.network.inject(frame);
        BOOST_REQUIRE(group.at(1).role() == Role::leader);
        BOOST_REQUIRE((group.at(2).last() == last));
        BOOST_REQUIRE((group.at(2).state() == sum_of(group.written)));
    };
    const std::uint64_t handshakes = group.at(1).status().counters.handshakes;
    for (const Frame& frame : all) repeat(frame);
    for (auto frame = all.rbegin(); frame != all.rend(); ++frame) repeat(*frame);
    group.network.run();
    BOOST_TEST(group.network.errors.empty());
    // Not even the link that stands was touched, and the next write needs no time to pass.
    BOOST_TEST(group.at(1).status().counters.handshakes == handshakes);
    const Ticket ticket = group.write(77);
    group.network.run();
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_CASE(case_41_any_flipped_bit_is_noticed_and_nothing_of_the_frame_is_taken) {
    Sync group(2);
    const Frame whole = held_back(group, 1);
    const Position last = group.at(2).last();
    for (std::size_t bit = 0; bit < whole.bytes.size() * 8; ++bit) {
        Frame damaged = whole;
        damaged.bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        // More bytes follow, so that a length that grew is not just waited for.
        damaged.bytes.resize(damaged.bytes.size() + core::frame_head_bytes_max);
        const std::size_t errors = group.network.errors.size();
        group.network.inject(damaged);
        BOOST_REQUIRE(group.network.errors.size() == errors + 1);
        BOOST_REQUIRE((group.at(2).last() == last));
    }
    BOOST_TEST(group.at(2).status().counters.frames_corrupt == whole.bytes.size() * 8);
    group.network.inject(whole);
    group.network.settle();
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(case_41_any_flipped_bit_of_a_snapshot_is_noticed) {
    // The first frame of each kind: the beginning, a piece, and the last one.
    for (const std::size_t kind : {0u, 1u, 2u}) {
        for (std::size_t bit = 0;; ++bit) {
            AsyncTexts group(2);
            group.network.cut(one, two);
            const std::vector<std::byte> command(200, std::byte{'y'});
            for (int i = 0; i < 21; ++i) BOOST_REQUIRE(group.at(1).write(command));
            std::optional<Frame> held;
            group.network.loses = [&held, kind](const Frame& frame) {
                if (frame.type() != (kind == 0 ? FrameType::snapshot_begin : FrameType::snapshot_piece)) return false;
                if (kind == 2 && core::load_header(frame.bytes.data()).tail_bytes != 0) return false;
                if (!held) held = frame;
                return held && frame.bytes == held->bytes;
            };
            group.network.join(one, two);
            group.network.run();
            BOOST_REQUIRE(held);
            if (bit == held->bytes.size() * 8) break;
            Frame damaged = *held;
            damaged.bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
            damaged.bytes.resize(damaged.bytes.size() + core::frame_head_bytes_max);
            group.network.inject(damaged);
            BOOST_REQUIRE(group.network.errors.size() == 1u);
            BOOST_REQUIRE(group.at(2).role() == Role::follower);
            BOOST_REQUIRE(group.at(2).status().installing == (kind != 0));
            BOOST_REQUIRE(group.at(2).state().bytes.empty());
            // A few of them are seen through to the end.
            if (bit % 97 != 0) continue;
            group.network.loses = nullptr;
            group.network.advance(milliseconds(700), milliseconds(10));
            BOOST_REQUIRE((group.at(2).state().bytes == group.at(1).state().bytes));
        }
    }
}

BOOST_AUTO_TEST_CASE(an_append_behind_another_chain_is_refused) {
    Sync group(2);
    const Frame sound = held_back(group, 1);
    const core::FrameHeader header = core::load_header(sound.bytes.data());
    for (const bool other_chain : {true, false}) {
        core::Append append = core::read_append(sound.bytes.data(), header.flags, group.at(1).last().epoch);
        Frame other = sound;
        if (other_chain) {
            append.previous_chain = Chain{value(append.previous_chain) + 1};
        } else {
            append.previous.index = append.previous.index + 5;
        }
        write_head(other.bytes.data(), append, header.link, group.at(1).last().epoch, header.tail_bytes);
        group.network.transcript();
        group.network.inject(other);
        group.network.collect();
        BOOST_REQUIRE(group.network.queue.size() == 1u);
        const Bytes& answer = group.network.queue.front().bytes;
        const core::Ack ack = core::read_ack(answer.data(), core::load_header(answer.data()).flags);
        BOOST_REQUIRE(ack.refusal);
        BOOST_TEST(ack.refusal->error == Error::discarded);
        BOOST_TEST(ack.received == Index{2});
        BOOST_TEST(group.at(2).last().index == Index{2});
        group.network.queue.clear();
    }
    group.network.inject(sound);
    group.network.settle();
    BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    BOOST_TEST(group.network.errors.empty());
}

BOOST_AUTO_TEST_CASE(an_append_holds_as_many_entries_as_it_says) {
    for (const std::uint32_t told : {1u, 0u, 2u, 0xffffffffu}) {
        for (const std::size_t bytes : {16u, 8u, 4u, 0u}) {  // of the one entry, which has 16
            Sync group(2);
            Frame frame = held_back(group, 1);
            const core::FrameHeader header = core::load_header(frame.bytes.data());
            core::Append append = core::read_append(frame.bytes.data(), header.flags, group.at(1).last().epoch);
            BOOST_REQUIRE((append.count == 1u && header.tail_bytes == 16u));
            append.count = told;
            frame.bytes.resize(frame.bytes.size() - header.tail_bytes + bytes);
            write_head(frame.bytes.data(), append, header.link, group.at(1).last().epoch, bytes);
            group.network.inject(frame);
            const bool right = (told == 1 && bytes == header.tail_bytes) || (told == 0 && bytes == 0);
            BOOST_TEST_CONTEXT(told << " entries in " << bytes << " bytes") {
                BOOST_TEST(group.network.errors.empty() == right);
            }
            // The connection would be closed, and a new one carries everything.
            group.network.cut(one, two);
            group.network.join(one, two);
            group.network.settle();
            BOOST_TEST((group.at(2).state() == sum_of(group.written)));
        }
    }
}

BOOST_AUTO_TEST_CASE(case_42_pieces_of_any_size_lead_to_the_same) {
    std::string transcripts[2];
    for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3}, std::size_t{7}, std::size_t{8},
                                    std::size_t{13}, std::size_t{64}, ~std::size_t{0}}) {
        Sync group(2, false);
        group.network.piece_bytes = piece;
        BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
        group.network.settle();
        for (std::uint64_t i = 0; i < 20; ++i) {
            group.write(i);
            if (i % 3 == 0) group.network.settle();
        }
        group.network.settle();
        BOOST_TEST((group.at(2).state() == sum_of(group.written)));
        transcripts[0] = group.network.transcript();
        if (transcripts[1].empty()) transcripts[1] = transcripts[0];
        BOOST_TEST(transcripts[0] == transcripts[1]);
    }
}

BOOST_AUTO_TEST_CASE(case_42_a_snapshot_in_pieces_of_any_size_is_the_same) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{5}, std::size_t{63}, std::size_t{65}}) {
        AsyncTexts group(2);
        group.network.cut(one, two);
        const std::vector<std::byte> command(150, std::byte{'y'});
        for (int i = 0; i < 40; ++i) BOOST_REQUIRE(group.at(1).write(command));
        group.network.piece_bytes = piece;
        group.network.join(one, two);
        group.network.settle();
        BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
        BOOST_TEST(group.at(1).status().peers()[0].snapshots == 1u);
    }
}

BOOST_AUTO_TEST_CASE(a_snapshot_that_is_not_of_this_group_is_refused_and_disturbs_nothing) {
    AsyncTexts group(2);
    const std::vector<std::byte> command(150, std::byte{'y'});
    BOOST_REQUIRE(group.at(1).write(command));
    group.network.settle();
    group.network.cut(one, two);
    for (int i = 0; i < 40; ++i) BOOST_REQUIRE(group.at(1).write(command));
    std::optional<Frame> held;
    group.network.loses = [&held](const Frame& frame) {
        if (frame.type() == FrameType::snapshot_begin) held = frame;
        return frame.type() == FrameType::snapshot_piece;
    };
    group.network.join(one, two);
    group.network.run();
    BOOST_REQUIRE(held);
    BOOST_REQUIRE(group.at(2).status().installing);
    const core::FrameHeader header = core::load_header(held->bytes.data());
    for (const int kind : {0, 1, 2, 3}) {
        Frame forged = *held;
        core::SnapshotBegin begin = core::read_snapshot_begin(held->bytes.data());
        const auto tail = std::span(forged.bytes).last(header.tail_bytes);
        begin.id = SnapshotId{value(begin.id) + 1};
        switch (kind) {
            case 0: begin.history = HistoryId{78}; break;
            case 1: begin.schema = SchemaId{value(begin.schema) + 1}; break;
            case 2: ++begin.policy; break;
            default: store(tail.data(), std::uint64_t{0});  // no epochs, and then too many bytes
        }
        begin.tail_checksum = checksum(tail);
        write_head(forged.bytes.data(), begin, header.link, header.tail_bytes);
        group.network.errors.clear();
        group.network.inject(forged);
        BOOST_REQUIRE(group.network.errors.size() == 1u);
        BOOST_TEST(group.network.errors[0] == to_string(kind < 3 ? Error::protocol : Error::corrupt));
        BOOST_TEST(group.at(2).status().installing);
        BOOST_TEST(group.at(2).status().history == HistoryId{77});
    }
    group.network.loses = nullptr;
    group.network.advance(milliseconds(1000), milliseconds(10));
    BOOST_TEST((group.at(2).last() == group.at(1).last()));
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
}

BOOST_AUTO_TEST_CASE(the_smallest_buffer_is_enough_for_everything) {
    AsyncTexts group(2, false);
    group.network.buffer_bytes = Node<ack::Async<>, Text>::transmit_bytes_min;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{1}));
    group.network.settle();
    const std::vector<std::byte> command(Small::command_bytes_max, std::byte{'y'});
    for (int i = 0; i < 9; ++i) BOOST_REQUIRE(group.at(1).write(command));
    group.network.settle();
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 0u);
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
    group.network.cut(one, two);
    for (int i = 0; i < 40; ++i) BOOST_REQUIRE(group.at(1).write(command));
    group.network.join(one, two);
    group.network.settle();
    BOOST_TEST(group.at(1).status().peers()[0].snapshots == 1u);
    BOOST_TEST((group.at(2).state().bytes == group.at(1).state().bytes));
}

BOOST_AUTO_TEST_CASE(case_42_entries_cut_at_every_byte_are_taken_whole) {
    for (std::size_t split = 1;; ++split) {
        Sync group(2);
        const Frame frame = held_back(group, split);
        if (split >= frame.bytes.size()) break;
        const auto bytes = std::span(frame.bytes);
        BOOST_REQUIRE(group.at(2).receive(one, bytes.first(split)));
        BOOST_REQUIRE(group.at(2).last().index == Index{2});
        BOOST_REQUIRE(group.at(2).receive(one, bytes.subspan(split)));
        BOOST_REQUIRE(group.at(2).last().index == Index{3});
    }
}

BOOST_AUTO_TEST_CASE(case_43_a_huge_length_is_refused) {
    Sync group(2);
    const Frame frame = held_back(group, 1);
    const core::FrameHeader header = core::load_header(frame.bytes.data());
    for (const std::uint32_t length : {0xffffffffu, 0x80000000u, 0xffffffd8u, 2048u - 39u}) {
        Frame huge = frame;
        core::seal_head(huge.bytes.data(), {header.type, header.flags, length, header.link});
        const std::size_t errors = group.network.errors.size();
        group.network.inject(huge);
        BOOST_TEST(group.network.errors.size() == errors + 1);
        BOOST_TEST(group.at(2).last().index == Index{2});
    }
    // An entry that says so of itself, in a frame that is sound.
    for (const std::uint32_t length : {0xffffffu, 0x1000u}) {
        Frame huge = frame;
        store(huge.bytes.data() + huge.bytes.size() - 16, length);
        const std::size_t errors = group.network.errors.size();
        group.network.inject(huge);
        BOOST_TEST(group.network.errors.size() == errors + 1);
        BOOST_TEST(group.at(2).last().index == Index{2});
    }
    Frame hello{two, one, hello_frame(core::Hello{})};
    core::seal_head(hello.bytes.data(), {FrameType::hello, 0, 8, LinkId{}});
    const std::size_t errors = group.network.errors.size();
    group.network.inject(hello);
    BOOST_TEST(group.network.errors.size() == errors + 1);
}

BOOST_AUTO_TEST_CASE(case_46_frames_of_an_older_link_are_dropped_when_a_newer_one_stands) {
    Sync group(2);
    const Frame old = held_back(group, 1);
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.settle();
    const Position last = group.at(2).last();
    const std::uint64_t stale = group.at(2).status().counters.frames_stale;
    group.network.inject(old);
    BOOST_TEST(group.at(2).status().counters.frames_stale == stale + 1);
    BOOST_TEST((group.at(2).last() == last));
    BOOST_TEST(group.network.errors.empty());
}

BOOST_AUTO_TEST_CASE(case_47_a_partition_in_one_direction_acknowledges_nothing_and_heals) {
    for (const bool to_follower : {true, false}) {
        Sync group(2);
        group.network.cut_one_way(to_follower ? one : two, to_follower ? two : one);
        const Ticket ticket = group.write(1);
        group.network.advance(milliseconds(2000), milliseconds(10));
        BOOST_TEST(!group.acknowledged(ticket));
        BOOST_TEST(!group.at(1).status().satisfiable);
        group.network.join(one, two, false);
        group.network.advance(milliseconds(1000), milliseconds(10));
        BOOST_TEST(group.acknowledged(ticket));
        BOOST_TEST((group.at(2).state() == sum_of(group.written)));
    }
}

BOOST_AUTO_TEST_CASE(case_50_half_an_entry_is_never_kept) {
    for (std::size_t part = 1;; ++part) {
        Sync group(2);
        const Frame frame = held_back(group, 42);
        if (part >= frame.bytes.size()) break;
        BOOST_REQUIRE(group.at(2).receive(one, std::span(frame.bytes).first(part)));
        group.network.cut(one, two);
        BOOST_REQUIRE(group.at(2).last().index == Index{2});
        BOOST_REQUIRE(group.at(2).state().count == 0u);
        group.network.join(one, two);
        group.network.settle();
        BOOST_REQUIRE((group.at(2).state() == sum_of(group.written)));
        BOOST_REQUIRE(group.network.errors.empty());
    }
}

BOOST_AUTO_TEST_CASE(a_node_that_is_not_in_the_list_is_not_listened_to) {
    Sync group(2);
    const Bytes hello = hello_frame(core::Hello{});
    BOOST_TEST(group.at(1).receive(NodeId{9}, hello).error() == Error::wrong_node);
    std::array<std::byte, 4096> buffer{};
    BOOST_TEST(group.at(1).transmit(NodeId{9}, buffer) == 0u);
    group.at(1).connected(NodeId{9});
    group.at(1).disconnected(NodeId{9});
    BOOST_TEST(group.at(1).role() == Role::leader);
}

BOOST_AUTO_TEST_CASE(random_bytes_never_do_more_than_break_the_connection) {
    Sync group(2);
    std::uint64_t state = 88172645463325252u;
    const auto random = [&state] { return state ^= state << 13, state ^= state >> 7, state ^= state << 17; };
    for (int round = 0; round < 3000; ++round) {
        Bytes bytes(random() % 300);
        for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
        // Half of them begin like a frame.
        if (bytes.size() > 4 && round % 2 == 0) {
            store(bytes.data(), std::uint16_t{core::frame_magic});
            bytes[2] = static_cast<std::byte>(random() % 6);
            bytes[3] = static_cast<std::byte>(random() % 4);
        }
        group.network.inject({two, one, bytes});
        group.network.inject({one, two, bytes});
    }
    BOOST_TEST(group.at(1).role() == Role::leader);
    BOOST_TEST(group.at(2).role() == Role::follower);
    group.network.cut(one, two);
    group.network.join(one, two);
    const Ticket ticket = group.write(5);
    group.network.settle();
    BOOST_TEST(group.acknowledged(ticket));
}

BOOST_AUTO_TEST_SUITE_END()
