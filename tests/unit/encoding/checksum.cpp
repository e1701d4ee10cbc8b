// SPDX-License-Identifier: BSL-1.0
// CRC-32C: known answers, and all ways to compute it agree.

#include <replicator/encoding/checksum.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <string_view>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(checksum_)

namespace {

std::uint32_t of(std::string_view text) { return checksum(std::as_bytes(std::span(text.data(), text.size()))); }

/// One bit at a time, straight from the definition of the reflected polynomial.
std::uint32_t by_definition(std::span<const std::byte> bytes) {
    std::uint32_t crc = 0xffffffffu;
    for (const std::byte byte : bytes) {
        crc ^= std::to_integer<std::uint32_t>(byte);
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1) != 0 ? (crc >> 1) ^ 0x82f63b78u : crc >> 1;
    }
    return ~crc;
}

std::vector<std::byte> noise(std::size_t size, std::uint64_t seed) {
    std::mt19937_64 random(seed);
    std::vector<std::byte> bytes(size);
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(random());
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(known_answers) {
    BOOST_TEST(of("") == 0u);
    BOOST_TEST(of("123456789") == 0xe3069283u);
    // From RFC 3720, section B.4.
    std::array<std::byte, 32> bytes{};
    BOOST_TEST(checksum(bytes) == 0x8a9136aau);
    bytes.fill(std::byte{0xff});
    BOOST_TEST(checksum(bytes) == 0x62a8ab43u);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i);
    BOOST_TEST(checksum(bytes) == 0x46dd794eu);
    for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(31 - i);
    BOOST_TEST(checksum(bytes) == 0x113fdb5cu);
}

BOOST_AUTO_TEST_CASE(every_length_and_alignment_is_what_the_definition_says) {
    const auto bytes = noise(80, 1);
    for (std::size_t start = 0; start < 9; ++start) {
        for (std::size_t size = 0; size + start <= bytes.size(); ++size) {
            const auto part = std::span(bytes).subspan(start, size);
            BOOST_REQUIRE(checksum(part) == by_definition(part));
        }
    }
}

BOOST_AUTO_TEST_CASE(pieces_give_what_the_whole_gives) {
    const auto bytes = noise(100, 2);
    const std::uint32_t whole = checksum(bytes);
    for (std::size_t split = 0; split <= bytes.size(); ++split) {
        const auto all = std::span<const std::byte>(bytes);
        BOOST_REQUIRE(checksum(all.subspan(split), checksum(all.first(split))) == whole);
    }
}

BOOST_AUTO_TEST_CASE(the_processor_and_the_table_agree) {
    std::mt19937_64 random(3);
    for (int i = 0; i < 2000; ++i) {
        const auto state = static_cast<std::uint32_t>(random());
        const std::uint64_t bytes = random();
        const auto feed = [=](auto crc) {
            return std::array{crc.feed8(state, bytes), crc.feed4(state, static_cast<std::uint32_t>(bytes)),
                              crc.feed1(state, static_cast<std::uint8_t>(bytes))};
        };
        const auto by_table = feed(TableCrc{});
        BOOST_REQUIRE(with_crc([&](auto crc) { return feed(crc); }) == by_table);
        // Eight bytes at once are four and four, and these are single ones.
        const auto low = static_cast<std::uint32_t>(bytes);
        BOOST_REQUIRE(TableCrc::feed4(TableCrc::feed4(state, low), static_cast<std::uint32_t>(bytes >> 32)) ==
                      by_table[0]);
        std::uint32_t one_by_one = state;
        for (unsigned k = 0; k < 4; ++k)
            one_by_one = TableCrc::feed1(one_by_one, static_cast<std::uint8_t>(low >> 8 * k));
        BOOST_REQUIRE(one_by_one == by_table[1]);
    }
}

BOOST_AUTO_TEST_SUITE_END()
