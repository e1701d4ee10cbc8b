// SPDX-License-Identifier: BSL-1.0
// The built-in codecs, which of them is chosen, and what becomes of a command that nobody can decode.

#include "support/cluster.hpp"

#include <replicator/codec/bytes.hpp>
#include <replicator/codec/raw.hpp>
#include <replicator/codec/select.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

using namespace replicator;

namespace {

struct Point {
    std::int32_t x;
    std::uint16_t y;
    std::uint16_t z;
};
struct Speed {
    float value;
};
struct Versioned {
    static constexpr std::uint32_t schema_version = 7;
    std::int32_t x;
};
struct alignas(16) Wide {
    std::uint64_t a;
    std::uint64_t b;
};

struct Named {
    std::string name;
};

}  // namespace

template <>
inline constexpr bool replicator::raw_is_safe<Speed> = true;

/// A codec of the user's, which bears no odd lengths.
template <>
struct replicator::CommandCodec<Named> {
    static constexpr SchemaId schema{5};
    static std::size_t size(const Named& command) { return command.name.size(); }
    static void encode(const Named& command, std::span<std::byte> to) {
        for (std::size_t i = 0; i < to.size(); ++i) to[i] = static_cast<std::byte>(command.name[i]);
    }
    template <class Use>
    static bool decode(std::span<const std::byte> from, Use&& use) {
        if (from.size() % 2 != 0) return false;
        Named command;
        for (const std::byte byte : from) command.name.push_back(static_cast<char>(byte));
        use(command);
        return true;
    }
};

BOOST_AUTO_TEST_SUITE(builtin_codecs)

namespace {

template <class Command>
bool comes_back(const Command& command) {
    using RawCodec = codec::Raw<Command>;
    alignas(16) std::array<std::byte, 64> bytes{};
    bytes.fill(std::byte{0xcd});
    const std::size_t size = RawCodec::size(command);
    RawCodec::encode(command, std::span(bytes).first(size));
    bool equal = false;
    const bool decoded = RawCodec::decode(std::span<const std::byte>(bytes).first(size), [&](const Command& got) {
        equal = std::memcmp(&got, &command, sizeof command) == 0;
    });
    // CO-2: exactly so many bytes were written.
    return decoded && equal && bytes[size] == std::byte{0xcd};
}

struct OfNamed {
    using Command = Named;
    std::string all;
    std::size_t apply(const Named& command) { return (all += command.name).size(); }
    std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
        std::size_t size = 0;
        for (; size < to.size() && offset + size < all.size(); ++size) {
            to[size] = static_cast<std::byte>(all[static_cast<std::size_t>(offset) + size]);
        }
        return size;
    }
    bool load(std::span<const std::byte> piece) {
        for (const std::byte byte : piece) all.push_back(static_cast<char>(byte));
        return true;
    }
};
struct OwnCodec : codec::Bytes<9> {};
struct WithOwn {
    using Command = std::span<const std::byte>;
    using Codec = OwnCodec;
};
struct WithBytes {
    using Command = std::span<const std::byte>;
};
struct WithPoint {
    using Command = Point;
};

static_assert(std::is_same_v<codec::Select<WithOwn>, OwnCodec>);
static_assert(std::is_same_v<codec::Select<WithBytes>, codec::Bytes<>>);
static_assert(std::is_same_v<codec::Select<WithPoint>, codec::Raw<Point>>);
static_assert(std::is_same_v<codec::Select<OfNamed>, CommandCodec<Named>>);
static_assert(Codec<codec::Raw<Point>, Point> && Codec<codec::Bytes<>, std::span<const std::byte>> &&
              Codec<CommandCodec<Named>, Named>);
static_assert(command_bytes_max<codec::Raw<Point>>(1000) == sizeof(Point));
static_assert(command_bytes_max<codec::Bytes<>>(1000) == 1000);

}  // namespace

BOOST_AUTO_TEST_CASE(raw_commands_come_back) {
    BOOST_TEST(comes_back(Point{-1, 2, 3}));
    BOOST_TEST(comes_back(Speed{1.5F}));
    BOOST_TEST(comes_back(Wide{1, 2}));
    BOOST_TEST(comes_back(std::uint8_t{7}));
    BOOST_TEST(comes_back(std::array<std::uint32_t, 5>{1, 2, 3, 4, 5}));
}

BOOST_AUTO_TEST_CASE(raw_takes_nothing_of_another_size) {
    alignas(8) std::array<std::byte, 64> bytes{};
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        bool used = false;
        const bool decoded = codec::Raw<Point>::decode(std::span<const std::byte>(bytes).first(size),
                                                       [&used](const Point&) { used = true; });
        BOOST_TEST(decoded == (size == sizeof(Point)));
        BOOST_TEST(used == decoded);
    }
}

BOOST_AUTO_TEST_CASE(a_wide_command_is_decoded_from_bytes_that_are_aligned_to_eight_only) {
    alignas(16) std::array<std::byte, 32> bytes{};
    codec::Raw<Wide>::encode(Wide{3, 4}, std::span(bytes).subspan(8, sizeof(Wide)));
    BOOST_TEST(
        codec::Raw<Wide>::decode(std::span<const std::byte>(bytes).subspan(8, sizeof(Wide)), [](const Wide& got) {
            BOOST_TEST(reinterpret_cast<std::uintptr_t>(&got) % 16 == 0u);
            BOOST_TEST(got.a == 3u);
            BOOST_TEST(got.b == 4u);
        }));
}

BOOST_AUTO_TEST_CASE(schemas_tell_commands_apart) {
    BOOST_TEST((codec::Raw<Point>::schema != codec::Raw<Speed>::schema));
    BOOST_TEST((codec::Raw<Speed>::schema != codec::Raw<Versioned>::schema));                     // of equal size
    BOOST_TEST((codec::Raw<Speed>::schema != codec::Raw<std::array<std::uint16_t, 2>>::schema));  // by alignment
    BOOST_TEST((codec::Bytes<1>::schema != codec::Bytes<2>::schema));
    // 7 | size 4 | alignment 4 | little-endian: fixed, because programs of different times compare it.
    const bool little_endian = std::endian::native == std::endian::little;
    BOOST_TEST(value(codec::Raw<Versioned>::schema) == 0x0000000700000408u + (little_endian ? 1u : 0u));
}

BOOST_AUTO_TEST_CASE(bytes_are_what_they_are) {
    const std::array<std::byte, 5> command{std::byte{1}, std::byte{2}, std::byte{3}, std::byte{4}, std::byte{5}};
    std::array<std::byte, 5> to{};
    BOOST_TEST(codec::Bytes<>::size(command) == 5u);
    codec::Bytes<>::encode(command, to);
    BOOST_TEST((to == command));
    codec::Bytes<>::encode({}, {});
    BOOST_TEST(codec::Bytes<>::decode(to, [&](std::span<const std::byte> got) { BOOST_TEST(got.size() == 5u); }));
}

BOOST_AUTO_TEST_CASE(a_command_that_nobody_can_decode_stops_every_node_and_is_not_acknowledged) {
    // Its length is odd, and this codec refuses that, after it has encoded it.
    support::Cluster<support::Node<ack::Sync<>, OfNamed>> group(2);
    const auto good = group.at(1).write({"ab"});
    BOOST_REQUIRE(good);
    group.network.settle();
    const auto bad = group.at(1).write({"abc"});
    BOOST_REQUIRE(bad);
    const auto after = group.at(1).write({"cd"});
    BOOST_REQUIRE(after);
    group.network.settle();
    BOOST_TEST(group.at(1).role() == Role::faulted);
    BOOST_TEST(group.at(1).status().fault == Error::undecodable);
    BOOST_TEST((group.at(1).outcome(*good).state == WriteState::acknowledged));
    BOOST_TEST((group.at(1).outcome(*bad).state != WriteState::acknowledged));
    BOOST_TEST((group.at(1).outcome(*after).state != WriteState::acknowledged));
    BOOST_TEST(group.at(1).write({"ef"}).error() == Error::faulted);
    BOOST_TEST(group.at(1).state().all == "ab");
    BOOST_TEST(group.at(1).bootstrap(HistoryId{3}).error() == Error::faulted);
    // A faulted node says nothing any more, and refuses whatever comes.
    group.network.advance(milliseconds(600), milliseconds(10));
    BOOST_TEST(group.at(2).leader() == NodeId{});
    BOOST_TEST(group.at(2).state().all == "ab");
}

BOOST_AUTO_TEST_SUITE_END()
