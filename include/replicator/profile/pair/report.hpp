// SPDX-License-Identifier: BSL-1.0
// Reads the status of a node of a pair off its core.
#pragma once

#include "numbers.hpp"
#include "status.hpp"

#include "../../pair/options.hpp"

#include "../../api/promotion.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <cstdint>

namespace replicator::profile::detail {

template <class Core>
[[nodiscard]] Nodes nodes_of(const Core& core) noexcept {
    return {core.id(), core.peer()};
}

/// See `Replicator::confirmed`.
template <class Core>
[[nodiscard]] bool is_confirmed(const Core& core, std::uint32_t now) noexcept {
    const auto& self = core.self();
    if (!self.is_leader() || !pair::detail::is_after(self.commit, self.opened)) return false;
    return !Core::waits || (self.confirmed && now - self.heard_at < Core::failure_timeout.microseconds);
}

template <class Core>
[[nodiscard]] Index acknowledged(const Core& core) noexcept {
    return wide(core.self().is_leader() ? core.self().commit : Core::before_first);
}

template <class Core>
[[nodiscard]] PromotionStep promotion_step(const Core& core, bool was_promoted) noexcept {
    if (!was_promoted) return PromotionStep::none;
    if (core.self().promotion == Error::none) return PromotionStep::leading;
    return core.self().promotion == Error::busy ? PromotionStep::asking : PromotionStep::refused;
}

template <class Core>
[[nodiscard]] PairPeerStatus report_peer(const Core& core) noexcept {
    const auto& self = core.self();
    PairPeerStatus status;
    status.node = core.peer();
    status.connected = self.session != 0;
    status.counts = self.is_leader() && self.confirmed;
    status.can_lead = self.is_leader() && self.peer_can_lead;
    if (self.peer_heard) status.blank = self.peer_blank;
    status.refusal = self.refusal;
    if (status.counts) status.received = wide(self.agreed);
    return status;
}

template <class Core>
[[nodiscard]] PairStatus report(const Core& core, bool was_promoted) noexcept {
    const auto& self = core.self();
    PairStatus status;
    status.node = core.id();
    status.role = core.role();
    status.fault = self.fault;
    status.leader = core.leader();
    status.epoch = nodes_of(core).wide(self.epoch);
    status.last = wide(self.log.last());
    status.committed = wide(self.commit);
    status.acknowledged = acknowledged(core);
    status.applied = wide(self.applied);
    status.writes_pending = self.is_leader() ? self.log.last() - self.commit : 0;
    status.satisfiable = !Core::waits || self.session != 0;
    status.confirmed = is_confirmed(core, self.now);
    status.handing_over = self.handing_over;
    status.promotion = promotion_step(core, was_promoted);
    status.installing = !self.is_leader() && self.state_due;
    status.blank = self.blank;
    status.complete = self.complete;
    status.unsettled = self.unsettled;
    status.counters = {self.frames_corrupt, self.refusals};
    status.peer_slots[0] = report_peer(core);
    return status;
}

/// Without the newest entry.
template <class Core>
[[nodiscard]] PromotionStatus<1> report_promotion(const Core& core, bool was_promoted) noexcept {
    const auto& self = core.self();
    PromotionStatus<1> status;
    status.step = promotion_step(core, was_promoted);
    if (status.step == PromotionStep::none) return status;
    if (status.step == PromotionStep::refused) status.error = self.promotion;
    if (status.step == PromotionStep::leading) {
        status.epoch = nodes_of(core).wide(self.epoch);
        status.forced = self.forced;
    }
    status.needed = Core::waits && self.complete ? 1 : 2;
    status.heard = self.session != 0 ? 2 : 1;
    status.ahead = core.id();
    if (status.heard == 1) {
        status.missing_slots[0] = core.peer();
        status.missing_count = 1;
    }
    return status;
}

}  // namespace replicator::profile::detail
