// SPDX-License-Identifier: BSL-1.0
// What a follower holds, as far as it has verified that, and how an ack says it.
#pragma once

#include "../../types.hpp"
#include "../applier.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"

#include <cstdint>

namespace replicator::core {

/// An index that may be unknown. `std::optional` would do, but for one more byte and a branch in the common path.
struct MaybeIndex {
    bool known = false;
    Index index;

    explicit operator bool() const noexcept { return known; }
    Index operator*() const noexcept { return index; }
    [[nodiscard]] Index value_or_zero() const noexcept { return known ? index : Index{}; }
    void reset() noexcept { *this = MaybeIndex{}; }
};

/// Of entries up to `verified`; and the room that the log has for more.
template <class Composition>
[[nodiscard]] AckFields held(const Self<Composition>& self, const Applier<Composition>& applier,
                             Index verified) noexcept {
    const std::uint64_t unapplied = self.log().end().offset - applier.next().offset;
    return {
        .received = verified,
        .durable = Composition::log_stage == Stage::durable ? smaller(verified, self.log().flushed()) : Index{},
        .applied = smaller(verified, applier.applied()),
        .credit = Composition::Log::capacity_bytes > unapplied ? Composition::Log::capacity_bytes - unapplied : 0,
    };
}

}  // namespace replicator::core
