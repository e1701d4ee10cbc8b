// SPDX-License-Identifier: BSL-1.0
// Authority: who says that a node may lead. The library elects nobody; it asks its authority before it leads or writes.
//
// Semantic rules
//   AU-1  `may_lead(now)` answers whether this node may promote itself, and take writes as a leader, at `now`. It is
//         asked before every write, so it is cheap.
//   AU-2  `counter_min()` is the least counter of an epoch that this node may open: a fencing number, where there is
//         one. It never goes back.
//   AU-3  `timed` is true when `may_lead` depends on the time. Writes then need the time as an argument.
//
// The smallest complete model is `authority::Manual`.
#pragma once

#include "../types.hpp"

#include <concepts>
#include <cstdint>

namespace replicator {

template <class Candidate>
concept Authority = std::default_initializable<Candidate> && requires(const Candidate& authority, Instant now) {
    { Candidate::timed } -> std::convertible_to<bool>;
    { authority.may_lead(now) } noexcept -> std::same_as<bool>;
    { authority.counter_min() } noexcept -> std::same_as<std::uint64_t>;
};

}  // namespace replicator
