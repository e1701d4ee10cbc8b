// SPDX-License-Identifier: BSL-1.0
// How often the leader may lengthen the log by itself: with entries that move the seat or admit a follower, for which
// the window keeps no room.
#pragma once

#include "../../types.hpp"

#include <cstddef>

namespace replicator::core {

/// Counts the entries of the leader's own accord that are not committed. As many as the ordinary replacement of every
/// follower needs come at once. Of any more, each waits for as long as the ones before it took together, so followers
/// that come and go, for however long, cannot fill the log; and when one of them stays, it need not wait for longer
/// than the trouble has lasted.
template <class Limits>
class Pace {
public:
    void restart() noexcept { *this = Pace{}; }

    /// May one more be written now, in a group with so many followers?
    [[nodiscard]] bool allows(std::size_t followers, Index commit, Instant now) const noexcept {
        if (commit >= last_ || written_ < 2 * followers) return true;
        const Duration taken = last_at_ - first_at_;
        const Duration wait = taken < Limits::heartbeat_interval ? Limits::heartbeat_interval : taken;
        return now - last_at_ >= wait;
    }

    void wrote(Index index, Index commit, Instant now) noexcept {
        if (commit >= last_) written_ = 0, first_at_ = now;
        ++written_;
        last_ = index;
        last_at_ = now;
    }

private:
    Index last_;  // the newest such entry
    std::size_t written_ = 0;
    Instant first_at_;
    Instant last_at_;
};

}  // namespace replicator::core
