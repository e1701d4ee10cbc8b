// SPDX-License-Identifier: BSL-1.0
// ReplyWriter: answers in the Redis protocol, version 2 or 3, appended to a buffer.
#pragma once

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <system_error>

namespace kv {

class ReplyWriter {
public:
    ReplyWriter(std::string& out, int protocol) noexcept : out_(out), protocol_(protocol) {}

    void status(std::string_view text) { line('+', text); }
    void ok() { out_ += "+OK\r\n"; }
    /// `text` begins with Redis's word for the kind of error. What a client sent may be in it.
    void error(std::string_view text) {
        out_ += '-';
        for (const char letter : text.substr(0, error_bytes_max)) {
            out_ += static_cast<unsigned char>(letter) < ' ' || letter == '\x7f' ? ' ' : letter;
        }
        out_ += "\r\n";
    }
    void integer(std::int64_t number) { head(':', number); }
    void bulk(std::string_view bytes) {
        head('$', static_cast<std::int64_t>(bytes.size()));
        out_ += bytes;
        out_ += "\r\n";
    }
    /// Text for people, which clients of version 3 are told not to show as a list of escapes.
    void text(std::string_view bytes) {
        if (protocol_ < 3) return bulk(bytes);
        head('=', static_cast<std::int64_t>(bytes.size() + 4));
        out_ += "txt:";
        out_ += bytes;
        out_ += "\r\n";
    }
    void null() { out_ += protocol_ < 3 ? "$-1\r\n" : "_\r\n"; }
    void array(std::size_t count) { head('*', static_cast<std::int64_t>(count)); }
    /// `count` pairs follow.
    void map(std::size_t count) {
        head(protocol_ < 3 ? '*' : '%', static_cast<std::int64_t>(protocol_ < 3 ? 2 * count : count));
    }

    /// A whole reply that was made elsewhere.
    void raw(std::string_view reply) { out_ += reply; }

    [[nodiscard]] int protocol() const noexcept { return protocol_; }

private:
    static constexpr std::size_t error_bytes_max = 256;

    void line(char kind, std::string_view text) {
        out_ += kind;
        out_ += text;
        out_ += "\r\n";
    }
    void head(char kind, std::int64_t number) {
        std::array<char, 24> digits;
        const auto result = std::to_chars(digits.data(), digits.data() + digits.size(), number);
        line(kind, {digits.data(), static_cast<std::size_t>(result.ptr - digits.data())});
    }

    std::string& out_;
    int protocol_;
};

}  // namespace kv
