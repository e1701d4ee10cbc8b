// SPDX-License-Identifier: BSL-1.0
// An index that may be unknown. `std::optional` would do, but for one more byte and a branch in the common path.
#pragma once

#include "../../types.hpp"

namespace replicator::core {

struct MaybeIndex {
    bool known = false;
    Index index;

    explicit operator bool() const noexcept { return known; }
    Index operator*() const noexcept { return index; }
    [[nodiscard]] Index value_or_zero() const noexcept { return known ? index : Index{}; }
    void reset() noexcept { *this = MaybeIndex{}; }
};

}  // namespace replicator::core
