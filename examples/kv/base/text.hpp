// SPDX-License-Identifier: BSL-1.0
// Text made of parts, and numbers as text.
#pragma once

#include <array>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kv {

inline void append_part(std::string& text, std::string_view part) { text += part; }
template <std::integral Number>
void append_part(std::string& text, Number number) {
    std::array<char, 24> digits;
    text.append(digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), number).ptr);
}

/// All parts one after the other, integers in decimal.
template <class... Parts>
[[nodiscard]] std::string joined(const Parts&... parts) {
    std::string text;
    (append_part(text, parts), ...);
    return text;
}

/// Sixteen hexadecimal digits.
[[nodiscard]] inline std::string to_hex(std::uint64_t number) {
    std::string text(16, '0');
    for (std::size_t i = text.size(); i-- > 0; number >>= 4) text[i] = "0123456789abcdef"[number & 15];
    return text;
}

}  // namespace kv
