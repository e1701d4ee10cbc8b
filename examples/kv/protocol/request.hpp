// SPDX-License-Identifier: BSL-1.0
// RequestReader: bytes of a client in any pieces become requests, and what is no request becomes one sentence.
#pragma once

#include "../base/limits.hpp"
#include "../base/text.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kv {

/// Reads both forms of the Redis protocol: arrays of binary strings, and lines of text. Never holds much
/// more than `request_bytes_max` bytes: a larger request is read to its end without being kept, and `refused`, and the
/// next one is read as usual. After `broken` the connection is of no use any more.
class RequestReader {
public:
    enum class Step : std::uint8_t { incomplete, request, refused, broken };

    /// Where the next bytes go; never empty after `next` said `incomplete`.
    [[nodiscard]] std::span<char> room() {
        if (begin_ == end_) begin_ = end_ = 0;
        if (begin_ == 0 && end_ == 0 && buffer_.size() > small_bytes) {
            buffer_.resize(small_bytes);
            buffer_.shrink_to_fit();
        }
        if (begin_ > 0 && buffer_.size() - end_ < small_bytes / 2) {
            std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
            end_ -= begin_;
            begin_ = 0;
        }
        if (end_ == buffer_.size()) buffer_.resize(std::clamp(2 * end_, small_bytes, buffer_bytes_max));
        return std::span(buffer_).subspan(end_);
    }
    void received(std::size_t bytes) noexcept { end_ += bytes; }

    /// Goes on to the next request. Its words are good until the next call of `next` or `room`.
    [[nodiscard]] Step next() {
        if (finished_) begin_ += at_, reset();
        while (begin_ + at_ < end_ && !finished_) {
            const Step step = words_left_ > 0 ? read_words() : read_first_line();
            if (too_large_) let_go();
            if (step != Step::request) return step;
        }
        if (!finished_) return Step::incomplete;
        if (too_large_) return Step::refused;
        return collect(), Step::request;
    }

    [[nodiscard]] std::span<const std::string_view> words() const noexcept { return words_; }
    /// Why it is broken or refused.
    [[nodiscard]] std::string_view complaint() const noexcept { return complaint_; }

private:
    struct Piece {
        std::size_t offset;
        std::size_t length;
    };

    static constexpr std::size_t small_bytes = 64 * 1024;
    static constexpr std::size_t number_bytes_max = 32;
    /// A length beyond it is taken for garbage, as Redis does.
    static constexpr std::int64_t word_bytes_skipped_max = 512 * 1024 * 1024;
    /// For so many words memory is kept from one request to the next.
    static constexpr std::size_t words_kept = 1024;
    /// Room for the largest request, and for a line behind it that shows that it is too large.
    static constexpr std::size_t buffer_bytes_max = request_bytes_max + 2 * number_bytes_max;

    [[nodiscard]] const char* data() const noexcept { return buffer_.data() + begin_; }
    [[nodiscard]] std::size_t size() const noexcept { return end_ - begin_; }

    void reset() noexcept {
        at_ = scanned_ = 0;
        words_left_ = 0;
        length_.reset();
        pieces_.clear();
        if (pieces_.capacity() > words_kept) {
            pieces_.shrink_to_fit();
            words_.clear();
            words_.shrink_to_fit();
        }
        finished_ = too_large_ = false;
    }

    /// Of a request that is too large nothing is kept, so that there is always room for what comes next.
    void let_go() noexcept {
        begin_ += at_;
        at_ = scanned_ = 0;
        pieces_.clear();
    }

    void refuse(std::string_view complaint) {
        too_large_ = true;
        complaint_ = complaint;
    }

    void collect() {
        words_.clear();
        for (const Piece& piece : pieces_) words_.emplace_back(data() + piece.offset, piece.length);
    }

    Step broken(std::string_view complaint) {
        complaint_ = joined("Protocol error: ", complaint);
        return Step::broken;
    }

    /// The line that begins at `at_`, without its end; nothing while it is not whole.
    [[nodiscard]] std::optional<std::string_view> line() noexcept {
        scanned_ = std::max(scanned_, at_);
        const void* const found = std::memchr(data() + scanned_, '\n', size() - scanned_);
        if (found == nullptr) return scanned_ = size(), std::nullopt;
        const auto stop = static_cast<std::size_t>(static_cast<const char*>(found) - data());
        const std::string_view whole(data() + at_, stop - at_);
        after_line_ = stop + 1;
        return whole.ends_with('\r') ? whole.substr(0, whole.size() - 1) : whole;
    }

    [[nodiscard]] static std::optional<std::int64_t> number(std::string_view text) noexcept {
        std::int64_t result = 0;
        const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), result);
        if (error != std::errc{} || stop != text.data() + text.size()) return std::nullopt;
        return result;
    }

    // The functions that read return `request` when they came further, finished or not.

    Step read_first_line() {
        if (data()[at_] != '*') return read_text();
        const auto found = line();
        if ((found ? found->size() : size() - at_) > number_bytes_max) return broken("too big mbulk count string");
        if (!found) return Step::incomplete;
        const auto count = number(found->substr(1));
        if (!count || *count > INT32_MAX) return broken("invalid multibulk length");
        if (*count <= 0) {
            begin_ += after_line_;
            reset();
        } else {
            at_ = after_line_;
            words_left_ = static_cast<std::size_t>(*count);
            if (words_left_ > words_max) refuse(joined("a request may have at most ", words_max, " words"));
        }
        return Step::request;
    }

    Step read_words() {
        while (words_left_ > 0) {
            if (!length_) {
                if (const Step step = read_length(); step != Step::request) return step;
            }
            if (too_large_ && !skip()) return Step::incomplete;
            if (size() - at_ < *length_ + 2) return Step::incomplete;
            if (data()[at_ + *length_] != '\r' || data()[at_ + *length_ + 1] != '\n') {
                return broken("expected the end of a line after a bulk string");
            }
            if (!too_large_) pieces_.push_back({at_, *length_});
            at_ += *length_ + 2;
            length_.reset();
            --words_left_;
        }
        finished_ = true;
        return Step::request;
    }

    /// Passes over what is there of a word that is not kept; false while that is not all of it.
    [[nodiscard]] bool skip() noexcept {
        const std::size_t bytes = std::min(*length_, size() - at_);
        at_ += bytes;
        *length_ -= bytes;
        return *length_ == 0;
    }

    Step read_length() {
        if (at_ >= size()) return Step::incomplete;
        if (const char first = data()[at_]; first != '$') {
            return broken(
                joined("expected '$', got '", std::string(1, first > ' ' && first <= '~' ? first : '?'), "'"));
        }
        const auto found = line();
        if ((found ? found->size() : size() - at_) > number_bytes_max) return broken("too big bulk count string");
        if (!found) return Step::incomplete;
        const auto length = number(found->substr(1));
        if (!length || *length < 0 || *length > word_bytes_skipped_max) return broken("invalid bulk length");
        at_ = after_line_;
        length_ = static_cast<std::size_t>(*length);
        const bool fits = at_ + *length_ + 2 + (words_left_ - 1) * 6 <= request_bytes_max;
        if (!fits && !too_large_) refuse(joined("a request may have at most ", request_bytes_max, " bytes"));
        return Step::request;
    }

    /// A line of words, which may be quoted. Words are unquoted where they stand, because that only makes them shorter.
    Step read_text() {
        const auto found = line();
        if ((found ? found->size() : size() - at_) > inline_bytes_max) return broken("too big inline request");
        if (!found) return Step::incomplete;
        const std::size_t stop = at_ + found->size();
        for (std::size_t from = at_;;) {
            while (from < stop && is_space(data()[from])) ++from;
            if (from == stop) break;
            if (!take_text_word(from, stop)) return broken("unbalanced quotes in request");
        }
        at_ = after_line_;
        if (pieces_.empty()) {
            begin_ += at_;
            reset();
        } else {
            finished_ = true;
        }
        return Step::request;
    }

    [[nodiscard]] static bool is_space(char letter) noexcept {
        return letter == ' ' || (letter >= '\t' && letter <= '\r') || letter == '\0';
    }

    [[nodiscard]] bool take_text_word(std::size_t& from, std::size_t stop) {
        char* const text = buffer_.data() + begin_;
        std::size_t to = from;
        const std::size_t first = from;
        char quote = '\0';
        for (; from < stop && (quote != '\0' || !is_space(text[from])); ++from) {
            const char letter = text[from];
            if (quote == '\0') {
                if (letter == '"' || letter == '\'') {
                    quote = letter;
                } else {
                    text[to++] = letter;
                }
            } else if (letter == quote) {
                if (from + 1 < stop && !is_space(text[from + 1])) return false;
                quote = '\0';
            } else if (letter == '\\' && from + 1 < stop) {
                text[to++] = unescape(text, from, stop, quote);
            } else {
                text[to++] = letter;
            }
        }
        if (quote != '\0') return false;
        pieces_.push_back({first, to - first});
        return true;
    }

    /// What the backslash at `from` and the letters after it stand for; `from` is left on the last of them.
    [[nodiscard]] static char unescape(const char* text, std::size_t& from, std::size_t stop, char quote) noexcept {
        const char next = text[from + 1];
        if (quote == '\'') return next == '\'' ? text[++from] : '\\';
        unsigned value = 0;
        if (next == 'x' && from + 3 < stop) {
            const auto [end, error] = std::from_chars(text + from + 2, text + from + 4, value, 16);
            if (error == std::errc{} && end == text + from + 4) return from += 3, static_cast<char>(value);
        }
        ++from;
        switch (next) {
            case 'n': return '\n';
            case 'r': return '\r';
            case 't': return '\t';
            case 'b': return '\b';
            case 'a': return '\a';
            default: return next;
        }
    }

    std::vector<char> buffer_;
    std::size_t begin_ = 0;  // of the request that is being read
    std::size_t end_ = 0;

    // How far that request has come; all counted from its beginning.
    std::size_t at_ = 0;
    std::size_t scanned_ = 0;     // up to here there is no end of a line
    std::size_t after_line_ = 0;  // set by `line`
    std::size_t words_left_ = 0;
    std::optional<std::size_t> length_;  // of the word that is being read
    std::vector<Piece> pieces_;
    bool finished_ = false;
    bool too_large_ = false;  // it is read to its end, and not kept

    std::vector<std::string_view> words_;
    std::string complaint_;
};

}  // namespace kv
