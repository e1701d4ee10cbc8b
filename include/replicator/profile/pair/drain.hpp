// SPDX-License-Identifier: BSL-1.0
// Stops a leader of a pair in order: it hands over as often as it takes, until the other leads or the time is over.
#pragma once

#include "../../pair/options.hpp"

#include "../../api/drain.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstdint>

namespace replicator::profile::detail {

class Drain {
public:
    [[nodiscard]] DrainStatus status() const noexcept { return status_; }
    /// Writes are refused.
    [[nodiscard]] bool is_under_way() const noexcept {
        return status_.step == DrainStep::draining || status_.step == DrainStep::handing_over;
    }

    template <class Core>
    [[nodiscard]] Error begin(Core& core, Duration within) noexcept {
        if (core.role() != Role::leader) return core.role() == Role::faulted ? Error::faulted : Error::not_leader;
        if (is_under_way()) return Error::handing_over;
        constexpr std::uint32_t longest = 0x7fffffff;
        until_ = core.self().now +
                 (within.microseconds < longest ? static_cast<std::uint32_t>(within.microseconds) : longest);
        last_ = core.self().log.last();
        status_ = {DrainStep::draining, Error::none, core.peer()};
        go_on(core);
        return Error::none;
    }

    template <class Core>
    void go_on(Core& core) noexcept {
        if (!is_under_way()) return;
        const auto& self = core.self();
        if (self.role == Role::faulted) return give_up(Error::faulted);
        // The first entry of another leader is that of its epoch.
        if (!self.is_leader() && self.confirmed && pair::detail::is_after(self.commit, last_)) {
            status_.step = DrainStep::done;
            return;
        }
        if (self.is_leader() && !self.handing_over) static_cast<void>(core.hand_over(core.peer()));
        const bool holds_all = !self.is_leader() || (self.confirmed && self.agreed == self.log.last());
        status_.step = holds_all ? DrainStep::handing_over : DrainStep::draining;
        if (!pair::detail::is_after(self.now, until_)) return;
        const bool is_there = !self.is_leader() || (self.confirmed && self.peer_can_lead);
        give_up(!is_there ? Error::not_enough_followers : holds_all ? Error::nodes_missing : Error::busy);
    }

private:
    void give_up(Error error) noexcept {
        status_.step = DrainStep::late;
        status_.error = error;
    }

    DrainStatus status_;
    std::uint32_t until_ = 0;
    std::uint32_t last_ = 0;
};

/// `Options::can_drain` is false.
class NoDrain {
public:
    [[nodiscard]] static constexpr bool is_under_way() noexcept { return false; }
    template <class Core>
    void go_on(Core&) noexcept {}
    // For code that is compiled after the complaint.
    template <class Core>
    [[nodiscard]] Error begin(Core&, Duration) noexcept {
        return Error::not_leader;
    }
    [[nodiscard]] static constexpr DrainStatus status() noexcept { return {}; }
};

}  // namespace replicator::profile::detail
