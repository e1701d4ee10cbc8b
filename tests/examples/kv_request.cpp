// SPDX-License-Identifier: BSL-1.0
// The reader of requests: every form, split at every byte, garbage, and what is too large.

#include "kv/base/limits.hpp"
#include "kv/protocol/reply.hpp"
#include "kv/protocol/request.hpp"
#include "support/require_each.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstring>
#include <random>
#include <string>
#include <string_view>
#include <vector>

namespace {

using kv::RequestReader;
using Step = RequestReader::Step;
using Requests = std::vector<std::vector<std::string>>;
using namespace std::string_view_literals;

/// All requests in `text`, given in pieces of `piece_bytes`, and at the end why it is broken, if it is. One that is
/// refused is there as its complaint.
struct Parsed {
    Requests requests;
    std::string complaint;
};

Parsed parse(std::string_view text, std::size_t piece_bytes) {
    RequestReader reader;
    Parsed parsed;
    while (!text.empty()) {
        const auto room = reader.room();
        // Millions of times: counting each as a check would take most of the time.
        if (room.empty() || room.size() > kv::request_bytes_max + 64)
            BOOST_FAIL("room for " << room.size() << " bytes");
        const std::size_t bytes = std::min({piece_bytes, room.size(), text.size()});
        std::memcpy(room.data(), text.data(), bytes);
        text.remove_prefix(bytes);
        reader.received(bytes);
        for (;;) {
            const Step step = reader.next();
            if (step == Step::incomplete) break;
            if (step == Step::broken) return parsed.complaint = reader.complaint(), parsed;
            if (step == Step::refused) {
                parsed.requests.push_back({std::string(reader.complaint())});
                continue;
            }
            parsed.requests.emplace_back(reader.words().begin(), reader.words().end());
        }
    }
    return parsed;
}

std::string bulk(std::string_view text) {
    return "$" + std::to_string(text.size()) + "\r\n" + std::string(text) + "\r\n";
}

}  // namespace

BOOST_AUTO_TEST_SUITE(kv_request)

BOOST_AUTO_TEST_CASE(both_forms_are_read_however_they_are_split) {
    const std::string text = "*1\r\n$4\r\nPING\r\n" + std::string("\r\n  \nPING\r\n") + "*0\r\n*-1\r\n" + "*3\r\n" +
                             bulk("SET") + bulk("\0k\r\n"sv) + bulk("") + "  set  a\tb\n" +
                             R"(echo "x y\x41\n" 'it\'s' "")" + "\r\n";
    const Requests expected{
        {"PING"}, {"PING"}, {"SET", std::string("\0k\r\n"sv), ""}, {"set", "a", "b"}, {"echo", "x yA\n", "it's", ""}};
    for (std::size_t piece_bytes = 1; piece_bytes <= text.size(); ++piece_bytes) {
        const Parsed parsed = parse(text, piece_bytes);
        BOOST_REQUIRE(parsed.complaint == "");
        BOOST_REQUIRE((parsed.requests == expected));
    }
}

BOOST_AUTO_TEST_CASE(garbage_is_named) {
    const auto complaint = [](std::string_view text) {
        const std::string whole = parse(text, text.size()).complaint;
        BOOST_TEST(whole == parse(text, 1).complaint);
        return whole;
    };
    BOOST_TEST(complaint("*x\r\n") == "Protocol error: invalid multibulk length");
    BOOST_TEST(complaint("*2147483648\r\n") == "Protocol error: invalid multibulk length");
    BOOST_TEST(complaint("*99999999999999999999\r\n") == "Protocol error: invalid multibulk length");
    BOOST_TEST(complaint("*" + std::string(100, '1')) == "Protocol error: too big mbulk count string");
    BOOST_TEST(complaint("*1\r\n:5\r\n") == "Protocol error: expected '$', got ':'");
    BOOST_TEST(complaint("*1\r\n\r\n") == "Protocol error: expected '$', got '?'");
    BOOST_TEST(complaint("*1\r\n$-1\r\n") == "Protocol error: invalid bulk length");
    BOOST_TEST(complaint("*1\r\n$\r\n") == "Protocol error: invalid bulk length");
    BOOST_TEST(complaint("*1\r\n$1\r\nxyz") == "Protocol error: expected the end of a line after a bulk string");
    BOOST_TEST(complaint("echo \"x\r\n") == "Protocol error: unbalanced quotes in request");
    BOOST_TEST(complaint("echo \"x\"y\r\n") == "Protocol error: unbalanced quotes in request");
    BOOST_TEST(complaint(std::string(kv::inline_bytes_max + 1, 'x')) == "Protocol error: too big inline request");
    BOOST_TEST(complaint("*2\r\n$4\r\nECHO\r\n$9223372036854775807\r\n") == "Protocol error: invalid bulk length");
    BOOST_TEST(complaint("*2\r\n$4\r\nECHO\r\n$536870913\r\n") == "Protocol error: invalid bulk length");
    // Also in what is too large.
    BOOST_TEST(complaint("*2\r\n$300000\r\n" + std::string(300000, 'x') + "xy") ==
               "Protocol error: expected the end of a line after a bulk string");
}

BOOST_AUTO_TEST_CASE(what_is_too_large_is_refused_and_the_next_request_is_read) {
    const std::string bytes = "a request may have at most 262144 bytes";
    const std::string words = "a request may have at most 1048576 words";
    const auto of_words = [](std::size_t count, std::string_view word) {
        std::string text = "*" + std::to_string(count) + "\r\n";
        for (std::size_t i = 0; i < count; ++i) text += bulk(word);
        return text;
    };
    const std::string huge = "*3\r\n" + bulk("ECHO") + bulk(std::string(3000000, 'x')) + bulk("\r\n");
    const std::string then_words = huge + "PING\r\n" + of_words(25000, "key-123");
    const std::string words_first = of_words(1048577, "") + huge + of_words(2, "PING");
    for (const std::size_t piece_bytes : {777u, 65536u, 10000000u}) {
        const Parsed parsed = parse(then_words, piece_bytes);
        BOOST_TEST((parsed.requests == Requests{{bytes}, {"PING"}, {bytes}}));
        const Parsed more = parse(words_first, piece_bytes);
        BOOST_TEST((more.requests == Requests{{words}, {bytes}, {"PING", "PING"}}));
        BOOST_TEST(parsed.complaint + more.complaint == "");
    }
    const std::string short_words = of_words(50000, "k") + "PING\r\n";
    for (std::size_t piece_bytes = 1; piece_bytes < 40; ++piece_bytes) {
        BOOST_REQUIRE((parse(short_words, piece_bytes).requests == Requests{{bytes}, {"PING"}}));
    }
    BOOST_TEST(parse(of_words(20000, "key-12"), 5000).requests.at(0).size() == 20000u);
}

BOOST_AUTO_TEST_CASE(the_largest_request_fits_and_one_byte_more_does_not) {
    const std::string head = "*2\r\n" + bulk("ECHO") + "$262120\r\n";
    const std::size_t room = kv::request_bytes_max - head.size() - 2;
    const auto request = [](std::size_t bytes) { return "*2\r\n" + bulk("ECHO") + bulk(std::string(bytes, 'x')); };
    for (const std::size_t piece_bytes : {1000u, 16384u, 1000000u}) {
        Parsed parsed = parse(request(room) + "PING\r\n" + request(room), piece_bytes);
        BOOST_TEST(parsed.complaint == "");
        BOOST_REQUIRE(parsed.requests.size() == 3u);
        BOOST_TEST(parsed.requests[2][1].size() == room);
        BOOST_TEST(
            (parse(request(room + 1), piece_bytes).requests == Requests{{"a request may have at most 262144 bytes"}}));
    }
    std::string many = "*1024\r\n";
    for (int i = 0; i < 1024; ++i) many += bulk("");
    BOOST_TEST(parse(many, 777).requests.at(0).size() == 1024u);
}

BOOST_AUTO_TEST_CASE(a_request_of_many_words_can_fill_the_buffer_to_the_last_byte) {
    std::string text = "*1024\r\n" + bulk(std::string(250000, 'x'));
    for (int i = 1; i < 1024; ++i)
        text += bulk(text.size() < kv::request_bytes_max - 6u * (1024u - unsigned(i)) ? "1" : "");
    for (const std::size_t piece_bytes : {100u, 4096u, 1000000u}) {
        const Parsed parsed = parse(text, piece_bytes);
        BOOST_TEST((parsed.requests.size() == 1 || parsed.complaint != ""));
    }
}

BOOST_AUTO_TEST_CASE(no_bytes_do_harm) {
    std::mt19937_64 random(3);
    const std::string_view pieces[] = {
        "*"sv,  "$"sv, "\r\n"sv, "1"sv, "2"sv,  "4"sv,    "GET"sv, "PING\r\n"sv,
        "\""sv, "'"sv, "\\x"sv,  " "sv, "\0"sv, "\xff"sv, "-"sv,   "*2\r\n$3\r\nGET\r\n"sv};
    for (int i = 0; i < 20000; ++i) {
        std::string text;
        for (std::uint64_t count = random() % 30; count > 0; --count) text += pieces[random() % std::size(pieces)];
        const Parsed whole = parse(text, 1000);
        const Parsed split = parse(text, 1 + random() % 3);
        BOOST_REQUIRE((whole.requests == split.requests));
        BOOST_REQUIRE(whole.complaint == split.complaint);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(kv_reply)

BOOST_AUTO_TEST_CASE(replies_look_as_redis_has_them) {
    std::string out;
    kv::ReplyWriter two(out, 2);
    two.ok();
    two.status("PONG");
    two.error("ERR unknown command 'x\r\ny'");
    two.integer(-5);
    two.bulk("a\r\nb"sv);
    two.null();
    two.array(2);
    two.map(2);
    two.text("t");
    BOOST_TEST(out ==
               "+OK\r\n+PONG\r\n-ERR unknown command 'x  y'\r\n:-5\r\n$4\r\na\r\nb\r\n$-1\r\n*2\r\n*4\r\n$1\r\nt\r\n");
    out.clear();
    kv::ReplyWriter three(out, 3);
    three.null();
    three.map(2);
    three.text("t");
    BOOST_TEST(out == "_\r\n%2\r\n=5\r\ntxt:t\r\n");
}

BOOST_AUTO_TEST_SUITE_END()
