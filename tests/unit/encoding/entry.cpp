// SPDX-License-Identifier: BSL-1.0
// The entry: its bytes are fixed, and its chain notices whatever was changed, exchanged or left out.

#include "support/frames.hpp"

#include <replicator/encoding/entry.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

using namespace replicator;
using Stop = VerifiedEntries::Stop;

BOOST_AUTO_TEST_SUITE(entry)

namespace {

constexpr Chain start{0x12345678};

/// Appends an entry, over bytes that were not zero before.
Chain put(std::vector<std::byte>& to, std::string_view body, Chain previous, EntryType type = EntryType::command,
          std::uint32_t flags = 0) {
    const std::size_t at = to.size();
    to.resize(at + entry_bytes(body.size()), std::byte{0xee});
    std::memcpy(to.data() + at + entry_header_bytes, body.data(), body.size());
    return seal_entry(to.data() + at, type, flags, body.size(), previous);
}

std::vector<std::byte> three() {
    std::vector<std::byte> bytes;
    put(bytes, "third", put(bytes, "second", put(bytes, "first", start)));
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(its_bytes_are_fixed) {
    std::vector<std::byte> bytes;
    const Chain chain = put(bytes, "abc", start, EntryType::seat, entry_flags::skippable);
    BOOST_TEST(support::hex(bytes) ==
               "03000013"
               "d988a4a3"
               "6162630000000000");
    BOOST_TEST(load_entry_header(bytes.data()).chain == chain);
    bytes.clear();
    put(bytes, "", Chain{0});
    BOOST_TEST(support::hex(bytes) ==
               "00000000"
               "b812cb65");
    BOOST_TEST(value(first_chain(HistoryId{0x0123456789abcdef})) == 0xb9afb647u);
}

BOOST_AUTO_TEST_CASE(the_padding_is_zero_and_covered) {
    for (std::size_t length = 0; length <= 24; ++length) {
        std::vector<std::byte> bytes;
        put(bytes, std::string_view("abcdefghijklmnopqrstuvwxyz").substr(0, length), start);
        BOOST_TEST(bytes.size() % 8 == 0u);
        BOOST_TEST(bytes.size() == entry_bytes(length));
        for (std::size_t i = entry_header_bytes + length; i < bytes.size(); ++i) {
            BOOST_TEST(std::to_integer<int>(bytes[i]) == 0);
            bytes[i] = std::byte{1};
            BOOST_TEST(!verify_entry(bytes.data(), start));
            bytes[i] = std::byte{0};
        }
        BOOST_TEST(verify_entry(bytes.data(), start));
    }
}

BOOST_AUTO_TEST_CASE(the_header_says_what_was_put_in) {
    std::vector<std::byte> bytes;
    put(bytes, "12345", start, EntryType::admit, entry_flags::skippable | entry_flags::extended);
    const EntryHeader header = load_entry_header(bytes.data());
    BOOST_TEST(header.length() == 5u);
    BOOST_TEST((header.type() == EntryType::admit));
    BOOST_TEST(header.flags() == (entry_flags::skippable | entry_flags::extended));
    BOOST_TEST(header.bytes() == 16u);
    BOOST_TEST(entry_body(bytes.data()).size() == 5u);
}

BOOST_AUTO_TEST_CASE(whole_and_correct_entries_are_verified_at_once) {
    const auto bytes = three();
    const auto run = verify_entries(bytes, start, 1024);
    BOOST_TEST(run.count == 3u);
    BOOST_TEST(run.bytes == bytes.size());
    BOOST_TEST((run.stop == Stop::end));
    BOOST_TEST(run.chain == load_entry_header(bytes.data() + 32).chain);
    BOOST_TEST((verify_entries({}, start, 1024).stop == Stop::end));
}

BOOST_AUTO_TEST_CASE(any_bit_that_is_flipped_is_noticed) {
    auto bytes = three();
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
        const auto run = verify_entries(bytes, start, 1024);
        BOOST_REQUIRE(run.count < 3);
        BOOST_REQUIRE((run.stop != Stop::end));
        bytes[bit / 8] ^= static_cast<std::byte>(1u << bit % 8);
    }
}

BOOST_AUTO_TEST_CASE(exchanged_repeated_and_missing_entries_are_noticed) {
    std::vector<std::byte> a;
    const Chain after_a = put(a, "aaaa", start);
    std::vector<std::byte> b;
    put(b, "bbbb", after_a);
    const auto join = [](const auto& x, const auto& y) {
        auto both = x;
        both.insert(both.end(), y.begin(), y.end());
        return both;
    };
    BOOST_TEST(verify_entries(join(a, b), start, 64).count == 2u);
    BOOST_TEST(verify_entries(join(b, a), start, 64).count == 0u);
    BOOST_TEST(verify_entries(join(a, a), start, 64).count == 1u);
    BOOST_TEST(verify_entries(b, start, 64).count == 0u);
    BOOST_TEST(verify_entries(join(a, b), Chain{1}, 64).count == 0u);
    // The same bodies in the other order end in another chain.
    std::vector<std::byte> c;
    const Chain other = put(c, "aaaa", put(c, "bbbb", start));
    BOOST_TEST(other != load_entry_header(b.data()).chain);
}

BOOST_AUTO_TEST_CASE(an_entry_that_is_cut_off_anywhere_is_incomplete) {
    const auto bytes = three();
    for (std::size_t size = 0; size < bytes.size(); ++size) {
        const auto run = verify_entries(std::span(bytes).first(size), start, 1024);
        const bool between = size == 0 || size == 16 || size == 32;
        BOOST_TEST((run.stop == (between ? Stop::end : Stop::incomplete)));
        BOOST_TEST(run.count == size / 16);
        BOOST_TEST(run.bytes == size / 16 * 16);
    }
}

BOOST_AUTO_TEST_CASE(it_stops_before_what_is_not_a_plain_command) {
    for (const EntryType type : {EntryType::seat, EntryType::epoch_start, EntryType::admit}) {
        std::vector<std::byte> bytes;
        put(bytes, "after", put(bytes, "special", put(bytes, "plain", start), type));
        const auto run = verify_entries(bytes, start, 1024);
        BOOST_TEST(run.count == 1u);
        BOOST_TEST((run.stop == Stop::special));
    }
    std::vector<std::byte> flagged;
    put(flagged, "x", start, EntryType::command, entry_flags::extended);
    BOOST_TEST((verify_entries(flagged, start, 1024).stop == Stop::special));
}

BOOST_AUTO_TEST_CASE(it_believes_no_length_above_the_bound) {
    std::vector<std::byte> bytes;
    put(bytes, "0123456789012345", start);  // 24 bytes
    BOOST_TEST(verify_entries(bytes, start, 24).count == 1u);
    BOOST_TEST((verify_entries(bytes, start, 16).stop == Stop::corrupt));
    store(bytes.data(), std::uint32_t{0xffffff});
    BOOST_TEST((verify_entries(bytes, start, 1024).stop == Stop::corrupt));
}

BOOST_AUTO_TEST_CASE(an_extended_entry_has_its_command_behind_the_fields) {
    std::vector<std::byte> body(16);
    store(body.data(), std::uint32_t{16});
    const std::string_view plain = "command";
    for (const char letter : plain) body.push_back(static_cast<std::byte>(letter));
    const auto command = [&body](std::uint32_t size, std::uint32_t flags) {
        store(body.data(), size);
        std::vector<std::byte> bytes;
        put(bytes, {reinterpret_cast<const char*>(body.data()), body.size()}, start, EntryType::command, flags);
        return entry_command(bytes.data()).size();
    };
    BOOST_TEST(command(16, entry_flags::extended) == plain.size());
    BOOST_TEST(command(16, 0) == body.size());
    for (const std::uint32_t wrong : {0u, 4u, 7u, 9u, 24u, 0xfffffff8u}) {
        BOOST_TEST(command(wrong, entry_flags::extended) == 0u);
    }
    std::vector<std::byte> tiny;
    put(tiny, "1234", start, EntryType::command, entry_flags::extended);
    BOOST_TEST(entry_command(tiny.data()).empty());
}

BOOST_AUTO_TEST_CASE(histories_do_not_begin_alike) {
    BOOST_TEST(first_chain(HistoryId{1}) != first_chain(HistoryId{2}));
    BOOST_TEST(first_chain(HistoryId{1}) != first_chain(HistoryId{std::uint64_t{1} << 32}));
}

BOOST_AUTO_TEST_CASE(what_is_understood_is_of_a_type_that_somebody_writes_or_may_be_passed_over) {
    for (std::uint32_t type = 0; type < 16; ++type) {
        const bool known = type == 0 || type == 2 || type == 3 || type == 6;
        for (std::uint32_t flags = 0; flags < 16; ++flags) {
            const bool passable = (flags & entry_flags::skippable) != 0;
            const bool refused = (flags & (entry_flags::compressed | entry_flags::reserved)) != 0;
            const EntryHeader header{type << 24 | flags << 28, Chain{}};
            BOOST_REQUIRE(is_understood(header) == ((known || passable) && !refused));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
