// SPDX-License-Identifier: BSL-1.0
// The small parts of AsioTcp, one by one: when to call again, what goes out, and who is calling.

#include <boost/test/unit_test.hpp>

#include <replicator/asio/tcp/peer.hpp>
#include <replicator/asio/tcp/preamble.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>

namespace {

using namespace replicator;
using namespace replicator::transport;

}  // namespace

BOOST_AUTO_TEST_SUITE(asio_tcp_parts)

BOOST_AUTO_TEST_CASE(jitter_takes_off_up_to_half) {
    TcpJitter jitter(3);
    std::uint64_t least = ~std::uint64_t{};
    std::uint64_t most = 0;
    for (int i = 0; i < 1000; ++i) {
        const Duration wait = jitter.shorten(milliseconds(100));
        least = std::min(least, wait.microseconds);
        most = std::max(most, wait.microseconds);
    }
    BOOST_TEST(least >= 50000u);
    BOOST_TEST(least < 52000u);
    BOOST_TEST(most <= 100000u);
    BOOST_TEST(most > 98000u);
    BOOST_TEST(jitter.shorten({}).microseconds == 0u);
}

BOOST_AUTO_TEST_CASE(waits_double_up_to_the_longest_and_begin_anew_after_a_good_connection) {
    TcpJitter jitter(1);
    TcpBackoff backoff(milliseconds(10), milliseconds(100));
    BOOST_TEST(backoff.is_due({}));
    const Instant now{5'000'000};
    for (const std::uint64_t wait : {10u, 20u, 40u, 80u, 100u, 100u}) {
        backoff.failed(now, milliseconds(99), jitter);
        BOOST_TEST(!backoff.is_due(now + Duration{wait * 500 - 1}));
        BOOST_TEST(backoff.is_due(now + milliseconds(wait)));
    }
    backoff.failed(now, milliseconds(100), jitter);
    BOOST_TEST(backoff.is_due(now + milliseconds(10)));
}

BOOST_AUTO_TEST_CASE(output_is_filled_and_emptied) {
    TcpOutput output(16);
    BOOST_TEST(output.is_empty());
    BOOST_TEST(output.room().size() == 16u);
    std::memset(output.room().data(), 7, 10);
    output.filled(10);
    BOOST_TEST(output.room().size() == 6u);
    output.sent(4);
    BOOST_TEST(output.unsent().size() == 6u);
    BOOST_TEST((output.unsent()[0] == std::byte{7}));
    output.sent(6);
    BOOST_TEST(output.is_empty());
    BOOST_TEST(output.room().size() == 16u);
}

BOOST_AUTO_TEST_CASE(a_preamble_survives_and_no_bit_of_it_is_unchecked) {
    TcpPreambleBytes bytes{};
    encode_preamble({NodeId{7}, NodeId{0x01020304}}, bytes);
    const auto decoded = decode_preamble(bytes);
    BOOST_TEST_REQUIRE(decoded.has_value());
    BOOST_TEST(value(decoded->from) == 7u);
    BOOST_TEST(value(decoded->to) == 0x01020304u);
    BOOST_TEST((bytes[0] == std::byte{'r'}));
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        TcpPreambleBytes damaged = bytes;
        damaged[bit / 8] ^= std::byte{1} << (bit % 8);
        BOOST_TEST(!decode_preamble(damaged).has_value());
    }
}

BOOST_AUTO_TEST_SUITE_END()
