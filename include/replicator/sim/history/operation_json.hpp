// SPDX-License-Identifier: BSL-1.0
// An operation as one line of JSON, and back.
//
//   {"c":client,"op":"put|get|cas","k":key,"v":value,"exp":expected,"call":time,"ret":time,"out":value,
//    "ok":bool,"unk":bool,"node":id,"epoch":e,"idx":i,"stage":"received|durable|applied"}
//
// A field that says nothing is left out: "v" of a get, "exp" of anything but a cas, "ret" of an operation whose outcome
// is unknown, "out" where nothing was seen. A null in "v", "exp" or "out" means that the key is not there. A string is
// bytes: a byte that is not part of valid UTF-8 is written as \u00XX, and \u00XX is read back as that one byte.
#pragma once

#include "operation.hpp"

#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace replicator::sim {

namespace json {

/// How many bytes the valid UTF-8 character at `at` takes; 0 when there is none. Follows table 3-7 of Unicode 15.
[[nodiscard]] inline std::size_t character_bytes(std::string_view text, std::size_t at) noexcept {
    const auto byte = [text](std::size_t i) { return static_cast<unsigned char>(i < text.size() ? text[i] : '\0'); };
    const unsigned first = byte(at);
    const unsigned second = byte(at + 1);
    if (first < 0x80) return at < text.size() ? 1 : 0;
    const auto follows = [&byte](std::size_t i) { return (byte(i) & 0xc0u) == 0x80u; };
    if (first < 0xc2 || first > 0xf4 || !follows(at + 1)) return 0;
    if (first < 0xe0) return 2;
    if ((first == 0xe0 && second < 0xa0) || (first == 0xed && second > 0x9f) || !follows(at + 2)) return 0;
    if (first < 0xf0) return 3;
    if ((first == 0xf0 && second < 0x90) || (first == 0xf4 && second > 0x8f) || !follows(at + 3)) return 0;
    return 4;
}

/// Appends `bytes` as a JSON string, with its quotes.
inline void append_string(std::string& line, std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    line += '"';
    for (std::size_t at = 0; at < bytes.size();) {
        const auto byte = static_cast<unsigned char>(bytes[at]);
        const std::size_t length = character_bytes(bytes, at);
        if (byte == '"' || byte == '\\') {
            line += '\\';
            line += bytes[at];
        } else if (length == 0 || byte < 0x20 || byte == 0x7f) {
            line += "\\u00";
            line += digits[byte >> 4];
            line += digits[byte & 15u];
        } else {
            line.append(bytes, at, length);
            at += length;
            continue;
        }
        ++at;
    }
    line += '"';
}

inline void append_value(std::string& line, const Value& bytes) {
    if (bytes) return append_string(line, *bytes);
    line += "null";
}

/// Reads one line from left to right. The first error is kept, and after it nothing is read any more.
class Reader {
public:
    explicit Reader(std::string_view line) : line_(line) {}

    [[nodiscard]] bool failed() const noexcept { return !error_.empty(); }
    [[nodiscard]] const std::string& error() const noexcept { return error_; }
    void fail(const std::string& why) {
        if (error_.empty()) error_ = "column " + std::to_string(at_ + 1) + ": " + why;
    }

    [[nodiscard]] bool take(char wanted) {
        skip_spaces();
        if (failed() || at_ == line_.size() || line_[at_] != wanted) return false;
        ++at_;
        return true;
    }
    void need(char wanted) {
        if (!take(wanted)) fail(std::string("expected ") + wanted);
    }
    void need_end() {
        skip_spaces();
        if (at_ != line_.size()) fail("something stands after the operation");
    }

    void read(std::uint64_t& number) {
        skip_spaces();
        const std::size_t start = at_;
        number = 0;
        for (; at_ < line_.size() && line_[at_] >= '0' && line_[at_] <= '9'; ++at_) {
            const auto digit = static_cast<std::uint64_t>(line_[at_] - '0');
            if (number > (~std::uint64_t{0} - digit) / 10) return fail("the number is above 2^64 - 1");
            number = number * 10 + digit;
        }
        if (at_ == start) fail("expected a whole number that is not negative");
        if (at_ - start > 1 && line_[start] == '0') fail("a number does not begin with 0");
    }
    void read(bool& truth) {
        truth = take_word("true");
        if (!truth && !take_word("false")) fail("expected true or false");
    }
    void read(Value& bytes) {
        bytes.reset();
        if (!take_word("null")) read(bytes.emplace());
    }
    void read(std::string& bytes) {
        bytes.clear();
        need('"');
        while (!failed()) {
            if (at_ == line_.size()) return fail("the string does not end");
            const char next = line_[at_];
            if (next == '"') return static_cast<void>(++at_);
            if (next == '\\') {
                read_escape(bytes);
                continue;
            }
            const std::size_t length = character_bytes(line_, at_);
            if (length == 0) return fail("a byte that is not UTF-8 must be written as \\u00XX");
            if (static_cast<unsigned char>(next) < 0x20) return fail("a control byte must be written as \\u00XX");
            bytes.append(line_, at_, length);
            at_ += length;
        }
    }

private:
    void skip_spaces() {
        while (at_ < line_.size() && (line_[at_] == ' ' || line_[at_] == '\t' || line_[at_] == '\r')) ++at_;
    }
    [[nodiscard]] bool take_word(std::string_view word) {
        skip_spaces();
        if (failed() || line_.substr(at_, word.size()) != word) return false;
        at_ += word.size();
        return true;
    }
    void read_escape(std::string& bytes) {
        static constexpr std::string_view names = "\"\\/bfnrt";
        static constexpr std::string_view meanings = "\"\\/\b\f\n\r\t";
        const char name = at_ + 1 < line_.size() ? line_[at_ + 1] : '\0';
        if (const std::size_t place = names.find(name); place != std::string_view::npos) {
            bytes += meanings[place];
            at_ += 2;
            return;
        }
        if (name != 'u' || line_.size() - at_ < 6) return fail("a backslash that begins no escape");
        unsigned code = 0;
        for (const char digit : line_.substr(at_ + 2, 4)) {
            code *= 16;
            if (digit >= '0' && digit <= '9')
                code += static_cast<unsigned>(digit - '0');
            else if (digit >= 'a' && digit <= 'f')
                code += static_cast<unsigned>(digit - 'a') + 10;
            else if (digit >= 'A' && digit <= 'F')
                code += static_cast<unsigned>(digit - 'A') + 10;
            else
                return fail("\\u needs four hexadecimal digits");
        }
        if (code > 0xff) return fail("\\u stands for one byte, so it is at most \\u00ff");
        bytes += static_cast<char>(code);
        at_ += 6;
    }

    std::string_view line_;
    std::size_t at_ = 0;
    std::string error_;
};

}  // namespace json

/// The operation as one line, without the end of the line.
[[nodiscard]] inline std::string to_json(const Operation& operation) {
    const bool is_cas = operation.kind == OperationKind::cas;
    const bool is_get = operation.kind == OperationKind::get;
    const bool succeeded = operation.answer == Answer::succeeded;
    std::string line =
        "{\"c\":" + std::to_string(operation.client) + ",\"op\":\"" + to_string(operation.kind) + "\",\"k\":";
    json::append_string(line, operation.key);
    if (!is_get) json::append_value(line += ",\"v\":", operation.value);
    if (is_cas) json::append_value(line += ",\"exp\":", operation.expected);
    line += ",\"call\":" + std::to_string(operation.called);
    if (operation.answer != Answer::unknown) line += ",\"ret\":" + std::to_string(operation.returned);
    if ((is_get && succeeded) || operation.answer == Answer::unequal) {
        json::append_value(line += ",\"out\":", operation.output);
    }
    line += std::string(",\"ok\":") + (succeeded ? "true" : "false");
    line += std::string(",\"unk\":") + (operation.answer == Answer::unknown ? "true" : "false");
    line += ",\"node\":" + std::to_string(value(operation.node)) + ",\"epoch\":" + std::to_string(operation.epoch);
    line += ",\"idx\":" + std::to_string(operation.index.value) + ",\"stage\":\"" + to_string(operation.stage) + "\"}";
    return line;
}

/// An operation, or why there is none.
struct ParsedOperation {
    Operation operation;
    std::string error;

    [[nodiscard]] explicit operator bool() const noexcept { return error.empty(); }
};

namespace json {

/// The fields of a line while it is read, in any order, each at most once.
class OperationFields {
public:
    explicit OperationFields(Reader& reader) : reader_(reader) {}

    void read_one() {
        std::string name;
        reader_.read(name);
        reader_.need(':');
        std::size_t field = 0;
        while (field < names.size() && names[field] != name) ++field;
        if (reader_.failed()) return;
        if (field == names.size()) return reader_.fail("there is no field \"" + name + "\"");
        if (seen_[field]) return reader_.fail("the field \"" + name + "\" comes twice");
        seen_[field] = true;
        read(field);
    }

    /// Which fields there must be follows from what kind of operation it is and how it went.
    [[nodiscard]] Operation finish() {
        for (const Field field : {client, kind, key, call, ok, unk, node, epoch, index, stage}) demand(field, true);
        const bool is_get = operation_.kind == OperationKind::get;
        const bool is_cas = operation_.kind == OperationKind::cas;
        demand(value, !is_get);
        demand(expected, is_cas);
        demand(ret, !unknown_);
        if (ok_ && unknown_) reader_.fail("\"ok\" and \"unk\" exclude each other");
        if (!unknown_ && operation_.returned < operation_.called) reader_.fail("\"ret\" is before \"call\"");
        const bool unequal = is_cas && !ok_ && !unknown_ && seen_[output];
        demand(output, (is_get && ok_) || unequal);
        operation_.answer = ok_        ? Answer::succeeded
                            : unknown_ ? Answer::unknown
                            : unequal  ? Answer::unequal
                                       : Answer::refused;
        return std::move(operation_);
    }

private:
    enum Field : std::size_t {
        client,
        kind,
        key,
        value,
        expected,
        call,
        ret,
        output,
        ok,
        unk,
        node,
        epoch,
        index,
        stage,
        count
    };
    static constexpr std::array<std::string_view, count> names{"c",   "op", "k",   "v",    "exp",   "call", "ret",
                                                               "out", "ok", "unk", "node", "epoch", "idx",  "stage"};

    void demand(Field field, bool wanted) {
        if (seen_[field] == wanted) return;
        const std::string name = "\"" + std::string(names[field]) + "\"";
        reader_.fail(wanted ? "the field " + name + " is missing" : "the field " + name + " does not belong here");
    }

    /// One of some words, by its place among them.
    template <class Enum, std::size_t Count>
    void read_word(Enum& chosen, const Enum (&choices)[Count]) {
        std::string word;
        reader_.read(word);
        for (const Enum choice : choices) {
            if (word == to_string(choice)) return static_cast<void>(chosen = choice);
        }
        reader_.fail("the word \"" + word + "\" is not known here");
    }

    void read(std::size_t field) {
        std::uint64_t number = 0;
        switch (field) {
            case client: return reader_.read(operation_.client);
            case kind: return read_word(operation_.kind, {OperationKind::put, OperationKind::get, OperationKind::cas});
            case key: return reader_.read(operation_.key);
            case value: return reader_.read(operation_.value);
            case expected: return reader_.read(operation_.expected);
            case call: return reader_.read(operation_.called);
            case ret: return reader_.read(operation_.returned);
            case output: return reader_.read(operation_.output);
            case ok: return reader_.read(ok_);
            case unk: return reader_.read(unknown_);
            case node:
                reader_.read(number);
                if (number > ~std::uint32_t{0}) reader_.fail("a node's number is below 2^32");
                operation_.node = NodeId{static_cast<std::uint32_t>(number)};
                return;
            case epoch: return reader_.read(operation_.epoch);
            case index: return reader_.read(operation_.index.value);
            default: return read_word(operation_.stage, {Stage::received, Stage::durable, Stage::applied});
        }
    }

    Reader& reader_;
    Operation operation_;
    std::array<bool, count> seen_{};
    bool ok_ = false;
    bool unknown_ = false;
};

}  // namespace json

/// Reads one line as `to_json` writes it. Fields may come in any order; anything else that differs is an error.
[[nodiscard]] inline ParsedOperation from_json(std::string_view line) {
    json::Reader reader(line);
    json::OperationFields fields(reader);
    reader.need('{');
    do fields.read_one();
    while (reader.take(','));
    reader.need('}');
    reader.need_end();
    ParsedOperation parsed;
    parsed.operation = fields.finish();
    parsed.error = reader.error();
    return parsed;
}

}  // namespace replicator::sim
