// SPDX-License-Identifier: BSL-1.0
// Integers in byte buffers are little-endian everywhere, and positions and times calculate as they should.

#include "support/frames.hpp"

#include <replicator/encoding/bytes.hpp>
#include <replicator/result.hpp>
#include <replicator/types.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(bytes)

BOOST_AUTO_TEST_CASE(what_is_written_is_little_endian_and_read_again) {
    std::array<std::byte, 64> buffer{};
    ByteWriter writer(buffer.data());
    writer.put(std::uint8_t{0x01})
        .put(std::uint16_t{0x0203})
        .put(std::uint32_t{0x04050607})
        .put(std::uint64_t{0x08090a0b0c0d0e0f})
        .put(NodeId{0x10111213})
        .put(Position{{0x1415161718191a1b, NodeId{0x1c1d1e1f}, 0x20212223}, Index{0x2425262728292a2b}});
    BOOST_TEST(writer.position() - buffer.data() == 43);
    BOOST_TEST(support::hex(std::span(buffer).first(43)) ==
               "01"
               "0302"
               "07060504"
               "0f0e0d0c0b0a0908"
               "13121110"
               "1b1a191817161514"
               "1f1e1d1c"
               "23222120"
               "2b2a292827262524");
    std::uint8_t a = 0;
    std::uint16_t b = 0;
    std::uint32_t c = 0;
    std::uint64_t d = 0;
    NodeId node{};
    Position position;
    ByteReader reader(buffer.data());
    reader.get(a).get(b).get(c).get(d).get(node).get(position);
    BOOST_TEST(reader.position() - buffer.data() == 43);
    BOOST_TEST(a == 0x01u);
    BOOST_TEST(b == 0x0203u);
    BOOST_TEST(c == 0x04050607u);
    BOOST_TEST(d == 0x08090a0b0c0d0e0fu);
    BOOST_TEST(node == NodeId{0x10111213});
    BOOST_TEST(position.epoch.tag == 0x20212223u);
    BOOST_TEST(position.index == Index{0x2425262728292a2b});
}

BOOST_AUTO_TEST_CASE(sizes_are_rounded_up_to_eight) {
    for (std::size_t i = 0; i < 64; ++i) {
        BOOST_TEST(align_up(i) % 8 == 0u);
        BOOST_TEST(align_up(i) >= i);
        BOOST_TEST(align_up(i) < i + 8);
    }
}

BOOST_AUTO_TEST_CASE(epochs_are_ordered_by_counter_then_node_then_tag) {
    BOOST_TEST((Epoch{1, NodeId{9}, 9} < Epoch{2, NodeId{1}, 1}));
    BOOST_TEST((Epoch{1, NodeId{1}, 9} < Epoch{1, NodeId{2}, 1}));
    BOOST_TEST((Epoch{1, NodeId{1}, 1} < Epoch{1, NodeId{1}, 2}));
    BOOST_TEST((Position{{1, {}, 0}, Index{9}} < Position{{2, {}, 0}, Index{1}}));
}

BOOST_AUTO_TEST_CASE(a_clock_that_stumbles_does_not_wrap) {
    BOOST_TEST((Instant{5} - Instant{9}).microseconds == 0u);
    BOOST_TEST((Instant{9} - Instant{5}).microseconds == 4u);
    BOOST_TEST((Instant{5} + milliseconds(2)).microseconds == 2005u);
}

BOOST_AUTO_TEST_CASE(a_result_is_a_value_or_an_error) {
    const Result<int> value = 3;
    const Result<int> error = Error::busy;
    BOOST_TEST(bool(value));
    BOOST_TEST(*value == 3);
    BOOST_TEST(!error);
    BOOST_TEST(error.error() == Error::busy);
    BOOST_TEST(bool(Result<void>{}));
    BOOST_TEST(!Result<void>{Error::faulted});
}

BOOST_AUTO_TEST_SUITE_END()
