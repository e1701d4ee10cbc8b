// SPDX-License-Identifier: BSL-1.0
// The wish of a node that led last, and was restarted, to lead again.
#pragma once

#include "limits.hpp"
#include "local.hpp"

#include "../types.hpp"

namespace replicator::core {

/// A log in memory knows nothing of former leaders.
template <class Composition, bool Durable = Composition::is_durable>
class ReturnToLead {};

template <class Composition>
class ReturnToLead<Composition, true> {
public:
    void begin(bool wished) noexcept { wished_ = wished; }

    /// True when it is time to ask (again). The wish is over once anybody leads.
    [[nodiscard]] bool due(const Local<Composition>& local) noexcept {
        if (!wished_) return false;
        wished_ = local.role == Role::follower && local.leader == NodeId{};
        if (!wished_ || local.now - asked_at_ < Composition::Limits::failure_timeout) return false;
        asked_at_ = local.now;
        return true;
    }

private:
    bool wished_ = false;
    Instant asked_at_;
};

}  // namespace replicator::core
