// SPDX-License-Identifier: BSL-1.0
// The history of client operations: as lines of JSON, back again, and what is refused.

#include <replicator/sim/history/history.hpp>
#include <replicator/sim/random.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>
#include <string_view>

BOOST_AUTO_TEST_SUITE(history)

namespace sim = replicator::sim;

namespace {

using sim::Answer;
using sim::Operation;
using sim::OperationKind;
using sim::Value;

const std::string good_get =
    R"({"c":3,"op":"get","k":"x","call":10,"ret":12,"out":"a","ok":true,"unk":false,"node":1,"epoch":2,"idx":9,"stage":"applied"})";

/// The line with one piece of text replaced by another.
std::string with(std::string line, std::string_view before, std::string_view after) {
    const std::size_t place = line.find(before);
    BOOST_REQUIRE(place != std::string::npos);
    return line.replace(place, before.size(), after);
}

std::string error_of(const std::string& line) { return sim::from_json(line).error; }

Operation round_trip(const Operation& operation) {
    const sim::ParsedOperation parsed = sim::from_json(sim::to_json(operation));
    BOOST_TEST(parsed.error == "");
    return parsed.operation;
}

Value random_bytes(sim::Random& random) {
    if (random.below(5) == 0) return {};
    std::string bytes(random.below(20), '\0');
    for (char& byte : bytes)
        byte = static_cast<char>(random.below(2) == 0 ? random.below(256) : random.between(32, 126));
    return bytes;
}

/// Any operation that can be: nothing is set that its kind and answer do not have.
Operation random_operation(sim::Random& random) {
    Operation operation;
    operation.client = random.next() >> random.below(64);
    operation.kind = static_cast<OperationKind>(random.below(3));
    operation.answer = static_cast<Answer>(random.below(4));
    const bool is_cas = operation.kind == OperationKind::cas;
    const bool is_get = operation.kind == OperationKind::get;
    if (operation.answer == Answer::unequal && !is_cas) operation.answer = Answer::succeeded;
    operation.key = random_bytes(random).value_or("");
    if (!is_get) operation.value = random_bytes(random);
    if (is_cas) operation.expected = random_bytes(random);
    operation.called = random.next() >> 1;
    if (operation.answer != Answer::unknown) operation.returned = operation.called + random.below(1000);
    if (operation.answer == Answer::unequal || (is_get && operation.answer == Answer::succeeded)) {
        operation.output = random_bytes(random);
    }
    operation.node = replicator::NodeId{static_cast<std::uint32_t>(random.next())};
    operation.epoch = random.next();
    operation.index = replicator::Index{random.next()};
    operation.stage = static_cast<replicator::Stage>(random.below(3));
    return operation;
}

}  // namespace

BOOST_AUTO_TEST_CASE(lines_as_documented) {
    Operation operation;
    operation.client = 3;
    operation.key = "x";
    operation.called = 10;
    operation.returned = 12;
    operation.answer = Answer::succeeded;
    operation.output = "a";
    operation.node = replicator::NodeId{1};
    operation.epoch = 2;
    operation.index = replicator::Index{9};
    operation.stage = replicator::Stage::applied;
    BOOST_TEST(sim::to_json(operation) == good_get);

    operation.kind = OperationKind::put;
    operation.value = "b";
    BOOST_TEST(
        sim::to_json(operation) ==
        R"({"c":3,"op":"put","k":"x","v":"b","call":10,"ret":12,"ok":true,"unk":false,"node":1,"epoch":2,"idx":9,"stage":"applied"})");
    operation.answer = Answer::unknown;
    operation.value.reset();
    operation.stage = replicator::Stage::received;
    BOOST_TEST(
        sim::to_json(operation) ==
        R"({"c":3,"op":"put","k":"x","v":null,"call":10,"ok":false,"unk":true,"node":1,"epoch":2,"idx":9,"stage":"received"})");

    operation.kind = OperationKind::cas;
    operation.value = "c";
    operation.expected = "b";
    operation.answer = Answer::unequal;
    BOOST_TEST(
        sim::to_json(operation) ==
        R"({"c":3,"op":"cas","k":"x","v":"c","exp":"b","call":10,"ret":12,"out":"a","ok":false,"unk":false,"node":1,"epoch":2,"idx":9,"stage":"received"})");
    operation.answer = Answer::refused;
    operation.stage = replicator::Stage::durable;
    BOOST_TEST(
        sim::to_json(operation) ==
        R"({"c":3,"op":"cas","k":"x","v":"c","exp":"b","call":10,"ret":12,"ok":false,"unk":false,"node":1,"epoch":2,"idx":9,"stage":"durable"})");
}

BOOST_AUTO_TEST_CASE(every_byte_comes_back) {
    Operation operation;
    operation.kind = OperationKind::put;
    std::string all;
    for (unsigned byte = 0; byte < 256; ++byte) all += static_cast<char>(byte);
    operation.key = all;
    operation.value = all + all;
    BOOST_TEST((round_trip(operation) == operation));
    for (const char byte : all) {
        for (const std::string_view around : {"", "a", "\xc3", "\xe2\x82", "\xf0\x9f\x98"}) {
            operation.key = std::string(around) + byte;
            operation.value = byte + std::string(around);
            BOOST_REQUIRE((round_trip(operation) == operation));
        }
    }
}

BOOST_AUTO_TEST_CASE(text_stays_readable_and_the_rest_is_escaped) {
    const auto written = [](std::string_view bytes) {
        std::string line;
        sim::json::append_string(line, bytes);
        return line;
    };
    BOOST_TEST(written("plain / text") == "\"plain / text\"");
    BOOST_TEST(written("a\"b\\c\n\x7f") == R"("a\"b\\c\u000a\u007f")");
    for (const std::string_view text :
         {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80", "\xed\x9f\xbf", "\xf4\x8f\xbf\xbf"}) {
        BOOST_TEST(written(text) == "\"" + std::string(text) + "\"");
    }
    BOOST_TEST(written("\xc0\x80") == R"("\u00c0\u0080")");  // too long a form
    BOOST_TEST(written("\xe0\x9f\xbf") == R"("\u00e0\u009f\u00bf")");
    BOOST_TEST(written("\xf0\x8f\xbf\xbf") == R"("\u00f0\u008f\u00bf\u00bf")");
    BOOST_TEST(written("\xed\xa0\x80") == R"("\u00ed\u00a0\u0080")");  // half of a pair
    BOOST_TEST(written("\xf4\x90\x80\x80") == R"("\u00f4\u0090\u0080\u0080")");
    BOOST_TEST(written("\xe2\x82") == R"("\u00e2\u0082")");  // cut off
    BOOST_TEST(written("\xc3z\xff") == R"("\u00c3z\u00ff")");
}

BOOST_AUTO_TEST_CASE(random_operations_come_back) {
    sim::Random random(1);
    sim::History written;
    for (int i = 0; i < 2000; ++i) written.append(random_operation(random));
    std::stringstream lines;
    written.write_json_lines(lines);
    sim::History read;
    BOOST_TEST(read.read_json_lines(lines) == "");
    BOOST_TEST((read.operations() == written.operations()));
}

BOOST_AUTO_TEST_CASE(order_of_fields_and_spaces_do_not_matter) {
    const sim::ParsedOperation parsed = sim::from_json(
        " { \"stage\" : \"applied\", \"idx\":9,\t\"epoch\":2,\"node\":1,\"unk\":false,\"ok\":true,\"out\":\"\\u0061\","
        "\"ret\":12,\"call\":10,\"k\":\"x\",\"op\":\"get\",\"c\":3 } \r");
    BOOST_TEST(parsed.error == "");
    BOOST_TEST((parsed.operation == sim::from_json(good_get).operation));
    BOOST_TEST(sim::from_json(with(good_get, "\"x\"", R"("\"\\\/\b\f\n\r\t\u00fF")")).operation.key ==
               "\"\\/\b\f\n\r\t\xff");
}

BOOST_AUTO_TEST_CASE(what_is_not_of_this_format_is_refused_with_a_reason) {
    BOOST_TEST(error_of("") == "column 1: expected {");
    BOOST_TEST(error_of("[]") == "column 1: expected {");
    BOOST_TEST(error_of("{}") == "column 2: expected \"");
    BOOST_TEST(error_of(good_get + "x") == "column 123: something stands after the operation");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":3,")) == "column 8: expected \"");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":-3")) ==
               "column 6: expected a whole number that is not negative");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":03")) == "column 8: a number does not begin with 0");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":18446744073709551616")) ==
               "column 25: the number is above 2^64 - 1");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":18446744073709551615")) == "");
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":1e3")) == "column 7: expected }");
    BOOST_TEST(error_of(with(good_get, "\"node\":1", "\"node\":4294967296")) ==
               "column 95: a node's number is below 2^32");
    BOOST_TEST(error_of(with(good_get, "true", "True")).ends_with("expected true or false"));
    BOOST_TEST(error_of(with(good_get, "\"get\"", "\"del\"")).ends_with("the word \"del\" is not known here"));
    BOOST_TEST(error_of(with(good_get, "applied", "seen")).ends_with("the word \"seen\" is not known here"));
    BOOST_TEST(error_of(with(good_get, "\"k\"", "\"key\"")).ends_with("there is no field \"key\""));
    BOOST_TEST(error_of(with(good_get, "\"c\":3", "\"c\":3,\"c\":3")).ends_with("the field \"c\" comes twice"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", "\"x")).ends_with("expected }"));
    BOOST_TEST(error_of("{\"k\":\"x").ends_with("the string does not end"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", R"("\u0100")")).ends_with("so it is at most \\u00ff"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", R"("\u00g0")")).ends_with("\\u needs four hexadecimal digits"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", R"("\x41")")).ends_with("a backslash that begins no escape"));
    BOOST_TEST(error_of("{\"k\":\"\\").ends_with("a backslash that begins no escape"));
    BOOST_TEST(error_of("{\"k\":\"\\u00").ends_with("a backslash that begins no escape"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", "\"\xff\"")).ends_with("must be written as \\u00XX"));
    BOOST_TEST(error_of(with(good_get, "\"x\"", "\"\t\"")).ends_with("a control byte must be written as \\u00XX"));
}

BOOST_AUTO_TEST_CASE(fields_that_contradict_each_other_are_refused) {
    BOOST_TEST(error_of(with(good_get, "\"c\":3,", "")).ends_with("the field \"c\" is missing"));
    BOOST_TEST(error_of(with(good_get, ",\"stage\":\"applied\"", "")).ends_with("the field \"stage\" is missing"));
    BOOST_TEST(error_of(with(good_get, "\"out\":\"a\",", "")).ends_with("the field \"out\" is missing"));
    BOOST_TEST(error_of(with(good_get, "\"ret\":12,", "")).ends_with("the field \"ret\" is missing"));
    BOOST_TEST(error_of(with(good_get, "\"ret\":12", "\"ret\":9")).ends_with("\"ret\" is before \"call\""));
    BOOST_TEST(error_of(with(good_get, "\"k\":\"x\"", "\"k\":\"x\",\"v\":\"y\""))
                   .ends_with("the field \"v\" does not belong here"));
    BOOST_TEST(
        error_of(with(good_get, "\"unk\":false", "\"unk\":true")).ends_with("the field \"ret\" does not belong here"));
    BOOST_TEST(error_of(with(with(good_get, "\"unk\":false", "\"unk\":true"), "\"ret\":12,", ""))
                   .ends_with("\"ok\" and \"unk\" exclude each other"));
    BOOST_TEST(
        error_of(with(good_get, "\"ok\":true", "\"ok\":false")).ends_with("the field \"out\" does not belong here"));
    BOOST_TEST(error_of(with(good_get, "\"get\"", "\"put\"")).ends_with("the field \"v\" is missing"));
    BOOST_TEST(error_of(with(with(good_get, "\"get\"", "\"cas\""), "\"k\":\"x\"", "\"k\":\"x\",\"v\":null"))
                   .ends_with("the field \"exp\" is missing"));
}

BOOST_AUTO_TEST_CASE(a_cut_line_is_refused) {
    for (std::size_t length = 0; length < good_get.size(); ++length) {
        BOOST_REQUIRE(!sim::from_json(std::string_view(good_get).substr(0, length)));
    }
}

BOOST_AUTO_TEST_CASE(damaged_lines_never_break_the_reader) {
    sim::Random random(2);
    for (int i = 0; i < 20'000; ++i) {
        std::string line = sim::to_json(random_operation(random));
        for (std::uint64_t damage = random.between(1, 3); damage > 0; --damage) {
            line[random.below(line.size())] = static_cast<char>(random.below(256));
        }
        const sim::ParsedOperation parsed = sim::from_json(line);
        if (parsed) BOOST_REQUIRE((round_trip(parsed.operation) == parsed.operation));
    }
}

BOOST_AUTO_TEST_CASE(the_wrong_line_is_named_and_those_before_are_kept) {
    std::stringstream lines(good_get + "\n" + good_get + "\nnonsense\n" + good_get + "\n");
    sim::History read;
    BOOST_TEST(read.read_json_lines(lines) == "line 3, column 1: expected {");
    BOOST_TEST(read.operations().size() == 2u);
}

BOOST_AUTO_TEST_SUITE_END()
