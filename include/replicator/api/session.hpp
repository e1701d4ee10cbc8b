// SPDX-License-Identifier: BSL-1.0
// A session: what one client has seen, so that no node and no new leader ever shows it less.
#pragma once

#include "../types.hpp"

namespace replicator {

/// Give it every acknowledgement, and read through `node.read(session)`: each read then shows the session's own writes,
/// and never goes back in time, whichever node it asks. A plain value: keep it with the client, send it along.
class Session {
public:
    /// The client knows of this position, from an acknowledgement or from another client.
    constexpr void saw(Position position) noexcept {
        if (newest_ < position) newest_ = position;
    }
    [[nodiscard]] constexpr Position newest() const noexcept { return newest_; }
    /// After a read was answered with `discarded`: what the session saw was lost, and it begins anew.
    constexpr void forget() noexcept { newest_ = Position{}; }

private:
    Position newest_;
};

}  // namespace replicator
