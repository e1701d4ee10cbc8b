// SPDX-License-Identifier: BSL-1.0
// The state machine of the key-value server: its answers, its digest, and its snapshots while it goes on.

#include "kv/table/table.hpp"

#include <boost/test/unit_test.hpp>
#include <replicator/concepts/codec.hpp>
#include <replicator/concepts/state_machine.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <map>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kv::Command;
using kv::Operation;
using kv::Reply;
using kv::Table;
using Kind = kv::Reply::Kind;

static_assert(replicator::StateMachine<Table>);
static_assert(replicator::Freezable<Table>);
static_assert(replicator::Codec<kv::CommandCodec, Command>);

Reply apply(Table& table, Operation operation, std::initializer_list<std::string_view> words, std::int64_t number = 0) {
    return table.apply({operation, number, std::span(words.begin(), words.size())});
}

std::string value(const Table& table, std::string_view key) {
    const std::string* const found = table.find(key);
    return found == nullptr ? "(none)" : *found;
}

/// Everything that `save` gives, in pieces of at most `piece_bytes`.
template <class Saved>
std::vector<std::vector<std::byte>> pieces(const Saved& saved, std::size_t piece_bytes) {
    std::vector<std::vector<std::byte>> all;
    std::uint64_t offset = 0;
    for (;;) {
        std::vector<std::byte> piece(piece_bytes);
        piece.resize(saved.save(offset, piece));
        if (piece.empty()) return all;
        offset += piece.size();
        all.push_back(std::move(piece));
    }
}

bool load(Table& table, const std::vector<std::vector<std::byte>>& all) {
    return std::all_of(all.begin(), all.end(), [&](const auto& piece) { return table.load(piece); });
}

Table filled(std::size_t entries) {
    Table table;
    for (std::size_t i = 0; i < entries; ++i) {
        apply(table, Operation::set, {"key:" + std::to_string(i * 7919 % 100003), std::string(i % 50, 'v')});
    }
    return table;
}

std::string random_text(std::mt19937_64& random, std::size_t bytes_max) {
    std::string text(random() % (bytes_max + 1), '\0');
    for (char& letter : text) letter = static_cast<char>(random());
    return text;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_table)

BOOST_AUTO_TEST_CASE(writes_answer_as_redis_does) {
    Table table;
    BOOST_TEST((apply(table, Operation::set, {"a", "1"}) == Reply{}));
    BOOST_TEST((apply(table, Operation::add, {"a"}, 41) == Reply{Kind::done, 42}));
    BOOST_TEST(value(table, "a") == "42");
    BOOST_TEST((apply(table, Operation::add, {"new"}, -3) == Reply{Kind::done, -3}));
    BOOST_TEST((apply(table, Operation::append, {"text", "ab"}) == Reply{Kind::done, 2}));
    BOOST_TEST((apply(table, Operation::append, {"text", "cd"}) == Reply{Kind::done, 4}));
    BOOST_TEST((apply(table, Operation::add, {"text"}, 1) == Reply{Kind::not_integer}));
    BOOST_TEST((apply(table, Operation::set_if_absent, {"text", "x"}) == Reply{Kind::unchanged}));
    BOOST_TEST((apply(table, Operation::set_if_present, {"none", "x"}) == Reply{Kind::unchanged}));
    BOOST_TEST((apply(table, Operation::set_if_absent, {"none", "x"}) == Reply{}));
    BOOST_TEST((apply(table, Operation::set_if_present, {"none", "y"}) == Reply{}));
    BOOST_TEST((apply(table, Operation::remove, {"none", "none", "text", "never"}) == Reply{Kind::done, 2}));
    BOOST_TEST((apply(table, Operation::set_many, {"p", "1", "q", "2", "p", "3"}) == Reply{}));
    BOOST_TEST(value(table, "p") == "3");
    BOOST_TEST(table.size() == 4u);
    BOOST_TEST((apply(table, Operation::clear, {}) == Reply{}));
    BOOST_TEST(table.size() == 0u);
    BOOST_TEST(table.digest() == Table{}.digest());
    BOOST_TEST(table.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(numbers_have_bounds_and_one_form) {
    Table table;
    apply(table, Operation::set, {"n", "9223372036854775807"});
    BOOST_TEST((apply(table, Operation::add, {"n"}, 1) == Reply{Kind::overflow}));
    BOOST_TEST(value(table, "n") == "9223372036854775807");
    BOOST_TEST((apply(table, Operation::add, {"n"}, -1) == Reply{Kind::done, INT64_MAX - 1}));
    apply(table, Operation::set, {"n", "-9223372036854775808"});
    BOOST_TEST((apply(table, Operation::add, {"n"}, -1) == Reply{Kind::overflow}));
    for (const std::string_view text : {"", " 1", "1 ", "01", "-0", "+1", "-", "1x", "9223372036854775808"}) {
        apply(table, Operation::set, {"n", text});
        BOOST_TEST((apply(table, Operation::add, {"n"}, 1) == Reply{Kind::not_integer}), text);
    }
}

BOOST_AUTO_TEST_CASE(a_value_cannot_be_appended_to_without_end) {
    Table table;
    const std::string half(kv::value_bytes_max / 2, 'h');
    apply(table, Operation::append, {"a", half});
    BOOST_TEST((apply(table, Operation::append, {"a", half}).kind == Kind::done));
    const std::uint64_t digest = table.digest();
    BOOST_TEST((apply(table, Operation::append, {"a", "!"}) == Reply{Kind::too_long}));
    BOOST_TEST(table.digest() == digest);
}

BOOST_AUTO_TEST_CASE(it_equals_a_plain_map_after_any_writes) {
    std::mt19937_64 random(1);
    Table table;
    std::map<std::string, std::string> plain;
    std::vector<std::pair<kv::FrozenTable, std::vector<std::vector<std::byte>>>> frozen;
    for (int i = 0; i < 20000; ++i) {
        const std::string key = std::to_string(random() % 500);
        if (random() % 3 == 0) {
            const bool had = plain.erase(key) > 0;
            BOOST_REQUIRE(apply(table, Operation::remove, {key}).number == (had ? 1 : 0));
        } else {
            const std::string text = random_text(random, 40);
            apply(table, Operation::set, {key, text});
            plain[key] = text;
        }
        if (i % 1000 == 0) {
            BOOST_REQUIRE(table.valid());
            kv::FrozenTable now = table.freeze();
            frozen.emplace_back(now, pieces(now, 1000));
        }
    }
    BOOST_TEST(table.size() == plain.size());
    for (const auto& [key, text] : plain) BOOST_REQUIRE(value(table, key) == text);
    // What was frozen has not moved.
    for (const auto& [state, before] : frozen) BOOST_TEST((pieces(state, 1000) == before));
}

BOOST_AUTO_TEST_CASE(the_digest_depends_on_the_contents_and_not_on_the_history) {
    Table forth;
    Table back;
    for (int i = 0; i < 1000; ++i) apply(forth, Operation::set, {std::to_string(i), "v"});
    for (int i = 1500; i-- > 0;) apply(back, Operation::set, {std::to_string(i), "old"});
    for (int i = 0; i < 1500; ++i) {
        if (i < 1000) {
            apply(back, Operation::set, {std::to_string(i), "v"});
        } else {
            apply(back, Operation::remove, {std::to_string(i)});
        }
    }
    BOOST_TEST(forth.digest() == back.digest());
    BOOST_TEST(forth.bytes() == back.bytes());
    BOOST_TEST((pieces(forth.freeze(), 777) == pieces(back.freeze(), 777)));
    apply(back, Operation::set, {"5", "w"});
    BOOST_TEST(forth.digest() != back.digest());

    // Neither does a border between key and value go unnoticed, nor two values that changed places.
    BOOST_TEST(kv::hash_of("ab", "c") != kv::hash_of("a", "bc"));
    BOOST_TEST(kv::hash_of("a", "b") + kv::hash_of("c", "d") != kv::hash_of("a", "d") + kv::hash_of("c", "b"));
    BOOST_TEST(kv::hash_of("", std::string(1, '\0')) != kv::hash_of("", ""));
}

BOOST_AUTO_TEST_CASE(a_snapshot_loads_whatever_the_size_of_its_pieces) {
    Table table = filled(500);
    apply(table, Operation::set, {"", std::string("\0\r\n\xff", 4)});
    apply(table, Operation::set, {std::string("\xff\0", 2), ""});
    apply(table, Operation::set, {"large", std::string(kv::value_bytes_max, 'L')});
    for (const std::size_t piece_bytes : {1u, 7u, 8u, 9u, 1000u, 32768u, 1000000u}) {
        Table copy;
        BOOST_TEST(load(copy, pieces(table.freeze(), piece_bytes)));
        BOOST_TEST(copy.digest() == table.digest());
        BOOST_TEST(copy.size() == table.size());
        BOOST_TEST(copy.bytes() == table.bytes());
        BOOST_TEST(copy.valid());
    }
}

BOOST_AUTO_TEST_CASE(a_piece_can_be_asked_for_again_while_the_table_goes_on) {
    Table table = filled(2000);
    const kv::FrozenTable frozen = table.freeze();
    const std::uint64_t digest = table.digest();
    const auto all = pieces(frozen, 512);
    std::uint64_t offset = 0;
    Table copy;
    for (std::size_t i = 0; i < all.size(); ++i) {
        apply(table, Operation::set, {"key:" + std::to_string(i), "changed"});
        apply(table, Operation::remove, {"key:" + std::to_string(i + 50)});
        std::vector<std::byte> again(512);
        again.resize(frozen.save(offset, again));
        BOOST_REQUIRE((again == all[i]));
        BOOST_REQUIRE(copy.load(again));
        offset += again.size();
    }
    BOOST_TEST(offset == frozen.bytes());
    BOOST_TEST(copy.digest() == digest);
    BOOST_TEST(table.digest() != digest);
    BOOST_TEST(table.valid());
}

BOOST_AUTO_TEST_CASE(a_loaded_table_goes_on_like_its_original) {
    Table table = filled(300);
    Table copy;
    BOOST_REQUIRE(load(copy, pieces(table.freeze(), 100)));
    Table moved = std::move(copy);
    for (Table* each : {&table, &moved}) {
        apply(*each, Operation::append, {"key:0", "more"});
        apply(*each, Operation::remove, {"key:7919"});
    }
    BOOST_TEST(moved.digest() == table.digest());
}

BOOST_AUTO_TEST_CASE(bytes_that_are_no_snapshot_are_refused) {
    const auto loads = [](std::string_view bytes) {
        Table table;
        return table.load(std::as_bytes(std::span(bytes)));
    };
    using namespace std::string_view_literals;
    BOOST_TEST(loads("\1\0\0\0\1\0\0\0av\1\0\0\0\1\0\0\0bv"sv));
    BOOST_TEST(!loads("\1\0\0\0\1\0\0\0bv\1\0\0\0\1\0\0\0av"sv));  // out of order
    BOOST_TEST(!loads("\1\0\0\0\1\0\0\0av\1\0\0\0\1\0\0\0av"sv));  // twice
    BOOST_TEST(!loads("\xff\xff\xff\xff\1\0\0\0av"sv));            // a key that cannot be
    BOOST_TEST(
        !loads("\1\0\0\0\xff\xff\xff\xff"
               "av"sv));  // a value that cannot be
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kv_command)

namespace {

std::vector<std::byte> encoded(const Command& command) {
    std::vector<std::byte> bytes(kv::CommandCodec::size(command), std::byte{0xaa});
    kv::CommandCodec::encode(command, bytes);
    return bytes;
}

bool decodes(std::span<const std::byte> bytes) {
    return kv::CommandCodec::decode(bytes, [](const Command&) {});
}

}  // namespace

BOOST_AUTO_TEST_CASE(commands_come_back_as_they_were) {
    using namespace std::string_view_literals;
    const std::vector<std::string_view> many(20000, "k"sv);
    const std::array<std::string_view, 2> two{"\0key\r\n"sv, ""sv};
    for (const Command& command :
         {Command{Operation::set, 0, two}, Command{Operation::add, -1, std::span(two).first(1)},
          Command{Operation::remove, 0, many}, Command{Operation::set_many, 0, many},
          Command{Operation::clear, 0, {}}}) {
        const auto bytes = encoded(command);
        int uses = 0;
        BOOST_TEST(kv::CommandCodec::decode(bytes, [&](const Command& again) {
            ++uses;
            BOOST_TEST((again.operation == command.operation && again.number == command.number));
            BOOST_TEST(std::equal(again.words.begin(), again.words.end(), command.words.begin(), command.words.end()));
            const auto* const word = again.words.empty() ? nullptr : again.words[0].data();
            // No copy: the words lie in the bytes.
            BOOST_TEST((word == nullptr || (static_cast<const void*>(word) > bytes.data())));
        }));
        BOOST_TEST(uses == 1);
        // One byte less or more is something else.
        BOOST_TEST(!decodes(std::span(bytes).first(bytes.size() - 1)));
        auto longer = bytes;
        longer.push_back({});
        BOOST_TEST(!decodes(longer));
    }
}

BOOST_AUTO_TEST_CASE(no_bytes_do_harm) {
    std::mt19937_64 random(2);
    const std::array<std::string_view, 2> two{"key", "value"};
    const auto good = encoded({Operation::set, 0, two});
    Table table;
    for (int i = 0; i < 100000; ++i) {
        auto bytes = good;
        for (std::uint64_t changes = random() % 4; changes-- > 0;) {
            bytes[random() % bytes.size()] = static_cast<std::byte>(random());
        }
        bytes.resize(random() % (bytes.size() + 1));
        static_cast<void>(kv::CommandCodec::decode(bytes, [&](const Command& command) { table.apply(command); }));
    }
    BOOST_TEST(table.valid());
}

BOOST_AUTO_TEST_SUITE_END()
