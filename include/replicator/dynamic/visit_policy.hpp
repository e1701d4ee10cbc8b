// SPDX-License-Identifier: BSL-1.0
// visit_policy: from the name of an acknowledgement policy, as a user gives it, to its type.
#pragma once

#include "../concepts/ack_policy.hpp"

#include <cstddef>
#include <string_view>

namespace replicator {

/// Calls `visit.template operator()<Policy>()` with the one of `Policies` that is called `name`, and returns true;
/// false when none of them is. A policy is called what `to_string(Policy::kind)` says: "async", "semi-sync", "quorum",
/// "majority" or "sync".
///
///     visit_policy<ack::Async<>, ack::Sync<>>(argv[1], [&]<class Ack>() { run<Ack>(); });
template <AckPolicy... Policies, class Visitor>
constexpr bool visit_policy(std::string_view name, Visitor&& visit) {
    constexpr auto number_of = [](PolicyKind kind) { return (std::size_t{Policies::kind == kind} + ...); };
    static_assert(((number_of(Policies::kind) == 1) && ...),
                  "visit_policy<Policies...> can tell policies apart only by their kind: name one of each.");
    return ((name == to_string(Policies::kind) && (visit.template operator()<Policies>(), true)) || ...);
}

}  // namespace replicator
