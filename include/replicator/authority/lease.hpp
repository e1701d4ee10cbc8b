// SPDX-License-Identifier: BSL-1.0
// authority::Lease: a node leads only while a lease lasts that its user gets from elsewhere, together with a number
// that rises with every holder.
//
// What it bounds: under `ack::Async` a leader that is cut off goes on acknowledging alone; with a lease, no longer than
// until the lease ends. Safety then depends on clocks: the holder's must not run slower than that of whoever grants.
//
//     struct Leased : replicator::Options {
//         using Authority = replicator::authority::Lease;
//     };
//     node.authority().grant(fencing_number, now + milliseconds(900));  // before promote, and whenever it is renewed
//     node.write(command, now);                                          // lease_over when it is not
#pragma once

#include "../concepts/authority.hpp"
#include "../types.hpp"

#include <cstdint>

namespace replicator::authority {

class Lease {
public:
    static constexpr bool timed = true;

    /// The lease lasts until just before `until`, on the clock that the node is told. `number` is that of this holder;
    /// a lower one than before, or a shorter lease, changes nothing.
    void grant(std::uint64_t number, Instant until) noexcept {
        if (number < number_) return;
        number_ = number;
        if (until_ < until) until_ = until;
    }
    /// The lease is given up, before somebody else is allowed to lead.
    void revoke() noexcept { until_ = Instant{}; }

    [[nodiscard]] bool may_lead(Instant now) const noexcept { return now < until_; }
    [[nodiscard]] std::uint64_t counter_min() const noexcept { return number_; }
    [[nodiscard]] Instant until() const noexcept { return until_; }

private:
    std::uint64_t number_ = 0;
    Instant until_;
};

}  // namespace replicator::authority
