// SPDX-License-Identifier: BSL-1.0
// Tells the observer of a node what its core of a pair tells, by the names and numbers of a group.
#pragma once

#include "numbers.hpp"

#include "../../pair/options.hpp"

#include "../../api/observer.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstdint>

namespace replicator::profile::detail {

template <class Observer, class Command>
concept HearsDiscarded = requires(Observer& observer, const Command& command) {
    observer.on_discarded(Position{}, command);
};
template <class Observer>
concept HearsRoles = requires(Observer& observer) {
    observer.on_role(Role{}, Epoch{});
};

/// Stands between: what the observer does not have, the core does not see either, and has no code for.
template <class Observer, class Command>
class Told {
public:
    Told(Observer& observer, Nodes both) noexcept : observer_(observer), nodes_(both) {}

    void on_discarded(pair::Ticket ticket, const Command& command) noexcept requires HearsDiscarded<Observer, Command> {
        observer_.on_discarded(nodes_.wide(ticket).position, command);
    }
    void on_role(Role role, std::uint32_t epoch) noexcept requires HearsRoles<Observer> {
        observer_.on_role(role, nodes_.wide(epoch));
    }

private:
    Observer& observer_;
    Nodes nodes_;
};

/// Nobody listens.
template <class Command>
class Told<NoObserver, Command> {};

}  // namespace replicator::profile::detail
