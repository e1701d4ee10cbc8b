// SPDX-License-Identifier: BSL-1.0
// The wish of a node that led to lead again, without being asked: after a restart where that is configured, and after
// it was fenced by somebody who may never lead. A candidate that dies between binding others and opening its epoch
// would leave a group that could go on without a leader, for good.
#pragma once

#include "../../types.hpp"
#include "../self.hpp"

#include <cstdint>

namespace replicator::core {

/// The node asks with `PromotionOptions::unless_led`, so it gives way to whoever led since, and to a candidate that a
/// person named. It asks again until somebody leads. Each node of a group waits a little longer than the one before it,
/// so that two with the same wish do not outbid each other for ever.
template <class Composition>
class ReturnToLead {
public:
    using Limits = typename Composition::Limits;

    /// A process that came back from its disk asks at once.
    void begin_at_once() noexcept { wished_ = true, next_at_ = Instant{}; }
    /// A leader that was fenced leaves the one who fenced it some time.
    void begin(const Self<Composition>& self) noexcept { wished_ = true, next_at_ = self.now + interval(self); }
    void end() noexcept { wished_ = false; }
    /// This node itself was away for so long that its time of the fencing may be an old one.
    void was_absent(const Self<Composition>& self) noexcept {
        if (next_at_ != Instant{}) next_at_ = self.now + interval(self);
    }

    /// True when it is time to ask (again). The wish is over once anybody leads.
    [[nodiscard]] bool due(const Self<Composition>& self) noexcept {
        if (!wished_) return false;
        wished_ = self.is_follower() && self.leader == NodeId{};
        if (!wished_ || self.now < next_at_) return false;
        next_at_ = self.now + interval(self);
        return true;
    }

private:
    [[nodiscard]] static Duration interval(const Self<Composition>& self) noexcept {
        std::uint64_t rank = 0;
        for (const NodeId node : self.all_nodes()) rank += node < self.id ? 1u : 0u;
        return {Limits::failure_timeout.microseconds + rank * Limits::retry_interval.microseconds};
    }

    bool wished_ = false;
    Instant next_at_;
};

}  // namespace replicator::core
