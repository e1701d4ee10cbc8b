// SPDX-License-Identifier: BSL-1.0
// Makes replicator::Error a std::error_code, which is how completion handlers are told.
#pragma once

#include "../error.hpp"

#include <string>
#include <system_error>

namespace replicator {

namespace detail {

class ErrorCategory final : public std::error_category {
public:
    [[nodiscard]] const char* name() const noexcept override { return "replicator"; }
    [[nodiscard]] std::string message(int number) const override { return to_string(static_cast<Error>(number)); }
};

}  // namespace detail

/// The category of every `std::error_code` that was made from an `Error`.
[[nodiscard]] inline const std::error_category& error_category() noexcept {
    static const detail::ErrorCategory category;
    return category;
}

/// `Error::none` gives an error code that is false.
[[nodiscard]] inline std::error_code make_error_code(Error error) noexcept {
    return {static_cast<int>(error), error_category()};
}

}  // namespace replicator

template <>
struct std::is_error_code_enum<replicator::Error> : std::true_type {};
