// SPDX-License-Identifier: BSL-1.0
// A value or the error that took its place; C++20 has no std::expected, and firmware has no exceptions.
#pragma once

#include "assert.hpp"
#include "error.hpp"

#include <type_traits>
#include <utility>

namespace replicator {

/// Holds a `Value` or an `Error`. `Value` is default-constructible, which keeps this type trivial where `Value` is.
/// Reading the value of an error is a programming error (REPLICATOR_ASSERT).
template <class Value>
class [[nodiscard]] Result {
    static_assert(std::is_default_constructible_v<Value>, "Result<Value>: Value must be default-constructible.");

public:
    constexpr Result(Value value) noexcept : value_(std::move(value)) {}
    constexpr Result(Error error) noexcept : error_(error) { REPLICATOR_ASSERT(error != Error::none); }

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return error_ == Error::none; }
    [[nodiscard]] constexpr Error error() const noexcept { return error_; }

    [[nodiscard]] constexpr const Value& operator*() const noexcept {
        REPLICATOR_ASSERT(error_ == Error::none);
        return value_;
    }
    [[nodiscard]] constexpr Value& operator*() noexcept {
        REPLICATOR_ASSERT(error_ == Error::none);
        return value_;
    }
    [[nodiscard]] constexpr const Value* operator->() const noexcept { return &**this; }

private:
    Value value_{};
    Error error_ = Error::none;
};

/// Success or an `Error`.
template <>
class [[nodiscard]] Result<void> {
public:
    constexpr Result() noexcept = default;
    constexpr Result(Error error) noexcept : error_(error) {}

    [[nodiscard]] constexpr explicit operator bool() const noexcept { return error_ == Error::none; }
    [[nodiscard]] constexpr Error error() const noexcept { return error_; }

private:
    Error error_ = Error::none;
};

}  // namespace replicator
