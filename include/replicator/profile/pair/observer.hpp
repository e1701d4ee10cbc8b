// SPDX-License-Identifier: BSL-1.0
// Tells the observer of a node what its core of a pair tells, by the names and numbers of a group.
#pragma once

#include "numbers.hpp"

#include "../../pair/options.hpp"

#include "../../api/observer.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstdint>
#include <type_traits>
#include <utility>

namespace replicator::profile::detail {

template <class Observer, class Command>
concept HearsDiscarded = requires(Observer& observer, const Command& command) {
    observer.on_discarded(Position{}, command);
};
template <class Observer>
concept HearsRoles = requires(Observer& observer) {
    observer.on_role(Role{}, Epoch{});
};

template <class Observer>
concept HearsLeaders = requires(Observer& observer) {
    observer.on_leader(NodeId{}, Epoch{});
};
template <class Observer>
concept HearsRefusals = requires(Observer& observer) {
    observer.on_refused(NodeId{}, Error{});
};
template <class Observer>
concept HearsFaults = requires(Observer& observer) {
    observer.on_fault(Error{});
};

/// What the observer was told last, of what is looked up after each call.
template <class Observer>
class Noticed {
public:
    template <class Core>
    void notice(Observer& observer, const Core& core, Nodes nodes) noexcept {
        const auto& self = core.self();
        if constexpr (HearsLeaders<Observer>) {
            const NodeId leader = self.is_leader() ? NodeId{} : core.leader();
            if (std::exchange(leader_, leader) != leader && !self.is_leader()) {
                observer.on_leader(leader, nodes.wide(self.epoch));
            }
        }
        if constexpr (HearsRefusals<Observer>) {
            const Error refusal = self.refusal;
            if (std::exchange(refusal_, refusal) != refusal && refusal != Error::none) {
                observer.on_refused(nodes.peer, refusal);
            }
        }
        if constexpr (HearsFaults<Observer>) {
            if (std::exchange(fault_, self.fault) != self.fault) observer.on_fault(self.fault);
        }
    }

private:
    NodeId leader_{};
    Error refusal_ = Error::none;
    Error fault_ = Error::none;
};
/// It hears nothing of that.
class NothingNoticed {
public:
    template <class Observer, class Core>
    void notice(Observer&, const Core&, Nodes) noexcept {}
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
    template <class Core>
    void notice(const Core& core) noexcept {
        noticed_.notice(observer_, core, nodes_);
    }

private:
    static constexpr bool notices = HearsLeaders<Observer> || HearsRefusals<Observer> || HearsFaults<Observer>;

    Observer& observer_;
    Nodes nodes_;
    [[no_unique_address]] std::conditional_t<notices, Noticed<Observer>, NothingNoticed> noticed_;
};

/// Nobody listens.
template <class Command>
class Told<NoObserver, Command> {};

}  // namespace replicator::profile::detail
