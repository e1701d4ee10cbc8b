// SPDX-License-Identifier: BSL-1.0
// The parts of a pair alone: the log, the line, the pieces of a state.

#include "support/require_each.hpp"

#include <replicator/pair/parts/log.hpp>
#include <replicator/pair/parts/transfer.hpp>
#include <replicator/pair/parts/wire.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(pair_parts)

using namespace replicator::pair::detail;

template <class AnyLog>
bool put(AnyLog& log, std::size_t bytes, std::uint32_t applied) {
    std::byte* const room = log.room(bytes, applied);
    if (room == nullptr) return false;
    std::memset(room, static_cast<int>(log.last() & 0xff), bytes);
    log.seal(static_cast<std::uint16_t>(bytes));
    return true;
}

BOOST_AUTO_TEST_CASE(the_log_gives_up_only_what_is_applied) {
    Log<8, 64> log;
    for (int i = 0; i < 4; ++i) BOOST_TEST(put(log, 16, 0));
    BOOST_TEST(!put(log, 1, 0));
    BOOST_TEST(put(log, 8, 1));
    BOOST_TEST(!log.reaches(0));
    BOOST_TEST(log.reaches(1));
    BOOST_TEST(!log.reaches(6));
    BOOST_TEST(!put(log, 16, 1));
    BOOST_TEST(put(log, 64, log.last()));
    BOOST_TEST(!put(log, 65, log.last()));
}

BOOST_AUTO_TEST_CASE(entries_of_any_size_stand_where_they_were_written) {
    Log<8, 64> log;
    log.reset(0xfffffff0, 5);
    std::uint32_t state = 1;
    for (int i = 0; i < 5000; ++i) {
        state = state * 1664525 + 1013904223;
        const std::uint32_t kept = state >> 20 & 3;
        BOOST_REQUIRE(put(log, state >> 24 & 15, log.last() - kept) || kept != 0);
        if ((state >> 16 & 7) == 0 && log.last() != log.base()) log.cut(log.last() - 1);
        for (std::uint32_t index = log.base(); index != log.last();) {
            const std::uint32_t before = index++;
            for (const std::byte byte : log.bytes_at(index)) REPLICATOR_REQUIRE_EACH(byte == std::byte(before & 0xff));
            REPLICATOR_REQUIRE_EACH(log.chain_of(before, log.bytes_at(index).data(), log.size_at(index)) ==
                                    log.chain_at(index));
        }
    }
}

BOOST_AUTO_TEST_CASE(the_chain_tells_lines_apart) {
    Log<8, 64> one, other;
    const std::byte letters[] = {std::byte{'a'}, std::byte{'b'}, std::byte{'c'}};
    const auto add = [&](auto& log, std::size_t from, std::uint16_t bytes) {
        std::memcpy(log.room(bytes, 0), letters + from, bytes);
        log.seal(bytes);
    };
    add(one, 0, 1), add(one, 1, 2);
    add(other, 0, 2), add(other, 2, 1);
    BOOST_TEST(one.last_chain() != other.last_chain());
    BOOST_TEST(one.holds(2, one.last_chain()));
    BOOST_TEST(!one.holds(2, other.last_chain()));
}

BOOST_AUTO_TEST_CASE(a_line_carries_every_frame) {
    LineReader<600> reader;
    for (std::size_t size = 0; size < 600; ++size) {
        std::vector<std::byte> frame(size);
        for (std::size_t i = 0; i < size; ++i) frame[i] = std::byte((i * size) % (size % 3 == 0 ? 256 : 2));
        std::vector<std::byte> line(line_bytes(size));
        const std::size_t coded = code_for_line(line.data(), frame.data(), size);
        BOOST_REQUIRE(coded <= line.size());
        for (std::size_t i = 0; i < coded; ++i) {
            REPLICATOR_REQUIRE_EACH((line[i] == std::byte{0}) == (i + 1 == coded));
            REPLICATOR_REQUIRE_EACH(reader.take(std::to_integer<std::uint8_t>(line[i])) == (i + 1 == coded));
        }
        BOOST_REQUIRE(reader.frame().size() == size);
        BOOST_REQUIRE(size == 0 || std::memcmp(reader.frame().data(), frame.data(), size) == 0);
    }
}

BOOST_AUTO_TEST_CASE(a_frame_that_is_too_long_is_none) {
    LineReader<8> reader;
    for (int i = 0; i < 300; ++i) BOOST_TEST(!reader.take(7));
    BOOST_TEST(!reader.take(0));
    const std::uint8_t line[] = {2, 9, 0};
    BOOST_TEST(!reader.take(line[0]));
    BOOST_TEST(!reader.take(line[1]));
    BOOST_TEST(reader.take(line[2]));
    BOOST_TEST(reader.frame().size() == 1u);
}

struct State {
    std::uint32_t words[8] = {};
};

BOOST_AUTO_TEST_CASE(a_state_is_put_together_from_pieces_of_one_moment) {
    using Pieces = Transfer<State, 12>;
    Pieces leader, follower;
    State old_state, new_state, taken;
    for (std::uint32_t i = 0; i < 8; ++i) old_state.words[i] = i, new_state.words[i] = 100 + i;
    std::byte bytes[12];
    StatePosition position{5, 1};
    std::size_t size = leader.write(bytes, old_state, position);
    BOOST_TEST(!follower.take(std::span(bytes).first(size), 0, position, taken));
    BOOST_TEST(follower.offset() == 12u);
    BOOST_TEST(!follower.take(std::span(bytes).first(size), 0, position, taken));  // again
    BOOST_TEST(follower.offset() == 12u);
    // The copy is frozen: what the machine does meanwhile is not in it.
    leader.ask(12);
    position = {9, 2};
    size = leader.write(bytes, new_state, position);
    BOOST_TEST(position.index == 5u);
    // Another state comes first: what was there of the former one is worth nothing.
    BOOST_TEST(!follower.take(std::span(bytes).first(size), 12, {9, 2}, taken));
    BOOST_TEST(follower.offset() == 0u);
    leader.reset();
    for (std::uint32_t offset = 0; offset < sizeof(State); offset = follower.offset()) {
        position = {9, 2};
        leader.ask(offset);
        size = leader.write(bytes, new_state, position);
        if (follower.take(std::span(bytes).first(size), offset, position, taken)) break;
    }
    BOOST_TEST(std::memcmp(&taken, &new_state, sizeof taken) == 0);
}

BOOST_AUTO_TEST_SUITE_END()
