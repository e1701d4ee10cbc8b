// SPDX-License-Identifier: BSL-1.0
// Commands that are sent field by field: every type comes back, other bytes are refused, and the schema tells types
// apart.

#include "support/cluster.hpp"

#include <replicator/codec/fields.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <initializer_list>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <variant>
#include <vector>

BOOST_AUTO_TEST_SUITE(codec_fields)

using namespace replicator;

namespace {

enum class Colour : std::uint8_t { red = 1, green = 2 };

struct Everything {
    std::int8_t small = 0;
    std::uint64_t large = 0;
    bool flag = false;
    Colour colour{};
    float single = 0;
    double precise = 0;
    std::string text;
    std::vector<std::uint16_t> numbers;
    std::vector<bool> flags;
    std::deque<std::string> lines;
    std::array<std::int32_t, 3> triple{};
    std::pair<std::uint8_t, std::string> pair;
    std::tuple<bool, std::int64_t> tuple;
    std::optional<std::string> maybe;
    std::variant<std::monostate, std::uint32_t, std::string> either;

    static constexpr auto fields(auto& all) {
        return std::tie(all.small, all.large, all.flag, all.colour, all.single, all.precise, all.text, all.numbers,
                        all.flags, all.lines, all.triple, all.pair, all.tuple, all.maybe, all.either);
    }
    friend bool operator==(const Everything&, const Everything&) = default;
};

Everything some() {
    return {-5,
            std::numeric_limits<std::uint64_t>::max() - 1,
            true,
            Colour::green,
            1.5f,
            -2.25,
            "text",
            {1, 2, 65535},
            {true, false, true},
            {"", "line"},
            {-1, 0, 7},
            {9, "nine"},
            {true, -9},
            "there",
            "either"};
}

template <class Command>
std::vector<std::byte> encoded(const Command& command) {
    std::vector<std::byte> bytes(codec::Fields<Command>::size(command));
    codec::Fields<Command>::encode(command, bytes);
    return bytes;
}

template <class Command>
bool decodes(std::span<const std::byte> bytes) {
    bool used = false;
    const bool decoded = codec::Fields<Command>::decode(bytes, [&](const Command&) { used = true; });
    BOOST_TEST(used == decoded);
    return decoded;
}

template <class Command>
std::vector<unsigned> numbers(const Command& command) {
    std::vector<unsigned> all;
    for (const std::byte byte : encoded(command)) all.push_back(std::to_integer<unsigned>(byte));
    return all;
}

struct Point {
    std::uint16_t x = 0;
    std::optional<std::int32_t> y;
    static constexpr auto fields(auto& point) { return std::tie(point.x, point.y); }
};
struct Label {
    std::string_view text;
    static constexpr auto fields(auto& label) { return std::tie(label.text); }
};
using Pages = std::vector<std::array<std::uint64_t, 64>>;
using Drawing = std::variant<Point, Label>;

struct Sheet {
    using Command = Drawing;
    using Codec = codec::Fields<Command>;

    std::array<char, 16> last{};
    std::uint32_t points = 0;

    std::uint32_t apply(const Command& command) {
        if (const auto* label = std::get_if<Label>(&command)) {
            label->text.copy(last.data(), last.size() - 1);
        } else {
            points += std::get<Point>(command).x;
        }
        return points;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_type_comes_back) {
    const Everything all = some();
    bool same = false;
    BOOST_TEST(codec::Fields<Everything>::decode(encoded(all), [&](const Everything& other) { same = other == all; }));
    BOOST_TEST(same);
}

BOOST_AUTO_TEST_CASE(bytes_that_are_cut_or_followed_by_others_are_refused) {
    std::vector<std::byte> bytes = encoded(some());
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        BOOST_TEST(!decodes<Everything>(std::span(bytes).first(size)), "of " << size << " bytes");
    }
    bytes.push_back(std::byte{0});
    BOOST_TEST(!decodes<Everything>(bytes));
}

BOOST_AUTO_TEST_CASE(the_bytes_are_little_endian_with_lengths_in_front) {
    BOOST_TEST(numbers(Drawing{Point{0x0102, -2}}) == (std::vector<unsigned>{0, 2, 1, 1, 0xfe, 0xff, 0xff, 0xff}));
    BOOST_TEST(numbers(Drawing{Label{"ab"}}) == (std::vector<unsigned>{1, 2, 0, 0, 0, 'a', 'b'}));
    BOOST_TEST(numbers(std::vector<double>{1.0}) == (std::vector<unsigned>{1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f}));
}

BOOST_AUTO_TEST_CASE(values_that_no_command_has_are_refused) {
    const auto bytes = [](std::initializer_list<unsigned> numbers) {
        std::vector<std::byte> all;
        for (const unsigned number : numbers) all.push_back(static_cast<std::byte>(number));
        return all;
    };
    BOOST_TEST(decodes<bool>(bytes({1})));
    BOOST_TEST(!decodes<bool>(bytes({2})));
    BOOST_TEST(decodes<std::optional<std::uint8_t>>(bytes({0})));
    BOOST_TEST(!decodes<std::optional<std::uint8_t>>(bytes({2, 0})));
    BOOST_TEST(!decodes<Drawing>(bytes({2, 0, 0, 0, 0})));
    // Lengths that lie take no memory: each would be more than this machine has.
    BOOST_TEST(!decodes<std::string>(bytes({0xff, 0xff, 0xff, 0xff, 'a'})));
    BOOST_TEST(!decodes<Pages>(bytes({0xff, 0xff, 0xff, 0xff, 'a'})));
    BOOST_TEST(!decodes<std::vector<std::string>>(bytes({0xff, 0xff, 0xff, 0xff, 1, 0, 0, 0, 'a'})));
    BOOST_TEST(!decodes<Label>(bytes({0xff, 0xff, 0xff, 0xff, 'a'})));
}

BOOST_AUTO_TEST_CASE(the_schema_tells_other_bytes_apart) {
    const std::vector<SchemaId> schemas = {
        codec::Fields<std::uint32_t>::schema,
        codec::Fields<std::int32_t>::schema,
        codec::Fields<std::uint64_t>::schema,
        codec::Fields<float>::schema,
        codec::Fields<bool>::schema,
        codec::Fields<std::uint8_t>::schema,
        codec::Fields<std::string>::schema,
        codec::Fields<std::vector<std::uint16_t>>::schema,
        codec::Fields<std::array<std::uint16_t, 2>>::schema,
        codec::Fields<std::array<std::uint16_t, 3>>::schema,
        codec::Fields<std::optional<std::uint16_t>>::schema,
        codec::Fields<std::variant<std::uint16_t, bool>>::schema,
        codec::Fields<std::variant<bool, std::uint16_t>>::schema,
        codec::Fields<std::pair<bool, std::uint16_t>>::schema,
        codec::Fields<std::pair<std::uint16_t, bool>>::schema,
        codec::Fields<std::tuple<bool, std::uint16_t, bool>>::schema,
        codec::Fields<Point>::schema,
        codec::Fields<Point, 2>::schema,
    };
    for (std::size_t a = 0; a < schemas.size(); ++a) {
        for (std::size_t b = 0; b < a; ++b) BOOST_TEST(value(schemas[a]) != value(schemas[b]), a << " and " << b);
    }
    // The same bytes are one schema, whether a program refers to them or keeps them.
    BOOST_TEST(value(codec::Fields<std::string>::schema) == value(codec::Fields<std::string_view>::schema));
}

BOOST_AUTO_TEST_CASE(a_bound_is_stated_where_every_field_has_one) {
    static_assert(codec::Fields<Point>::size_max == 7);
    static_assert(codec::Fields<std::variant<std::uint64_t, bool>>::size_max == 9);
    static_assert(command_bytes_max<codec::Fields<Everything>>(1234) == 1234);
    static_assert(command_bytes_max<codec::Fields<std::optional<std::string>>>(1234) == 1234);
    BOOST_TEST(encoded(Point{1, 2}).size() == 7u);
}

BOOST_AUTO_TEST_CASE(a_group_applies_commands_of_several_types) {
    support::Cluster<support::Node<ack::Sync<>, Sheet>> group(2);
    BOOST_REQUIRE(group.at(1).write(Point{3, {}}));
    BOOST_REQUIRE(group.at(1).write(Label{"corner"}));
    BOOST_REQUIRE(group.at(1).write(Point{4, 5}));
    group.network.settle();
    BOOST_TEST(group.at(2).state().points == 7u);
    BOOST_TEST(std::string_view(group.at(2).state().last.data()) == "corner");
}

BOOST_AUTO_TEST_SUITE_END()
