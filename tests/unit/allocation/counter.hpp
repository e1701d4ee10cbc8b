// SPDX-License-Identifier: BSL-1.0
// Counts what this program asks the heap for, see counter.cpp.
#pragma once

#include <cstddef>

namespace allocation {

/// How often operator new was called so far.
std::size_t count() noexcept;

}  // namespace allocation
