// SPDX-License-Identifier: BSL-1.0
// Command lines of the programs around the server: their words, and numbers among them.
#pragma once

#include <charconv>
#include <cstddef>
#include <span>
#include <string_view>
#include <system_error>

namespace kv {

/// What stands behind the program's name.
[[nodiscard]] inline std::span<char* const> words_of(int count, char** arguments) {
    return std::span(arguments, static_cast<std::size_t>(count)).subspan(1);
}

/// Takes the whole text for a number. False, and the number is not to be used, when it is none or less than `least`.
template <class Number>
[[nodiscard]] bool take_number(Number& number, std::string_view text, Number least = {}) {
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    return error == std::errc{} && end == text.data() + text.size() && number >= least;
}

/// The same for a number that must not be 0.
template <class Number>
[[nodiscard]] bool take_count(Number& number, std::string_view text) {
    return take_number(number, text, Number{1});
}

}  // namespace kv
