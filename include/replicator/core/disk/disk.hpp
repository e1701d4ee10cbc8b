// SPDX-License-Identifier: BSL-1.0
// The node's own disk: when what was gathered is flushed, how far that has come, and what else time asks of it.
#pragma once

#include "state_keeper.hpp"

#include "../../concepts/log_policy.hpp"
#include "../../types.hpp"
#include "../applier.hpp"
#include "../peer/peer.hpp"
#include "../self.hpp"

#include <cstdint>
#include <span>

namespace replicator::core {

/// What a flush found out.
enum class Flushed : std::uint8_t {
    nothing,  ///< the disk has what it had, or the node stopped
    first,    ///< the first entries of this node last now
    more,     ///< more entries last now
};

/// A log in memory has no disk.
template <class Composition, bool Durable = Composition::is_durable>
class Disk {
public:
    template <class... Any>
    static void begin(Any&&...) noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr bool flush_due(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    static void tick(Any&&...) noexcept {}
};

template <class Composition>
class Disk<Composition, true> {
public:
    /// The disk has a state that ends before the entry at `next`, or what is before is as good as that.
    void begin(Cursor next) noexcept { keeper_.begin(next); }

    /// True when entries wait for a flush that nobody has begun.
    [[nodiscard]] bool flush_due(const Self<Composition>& self) const noexcept {
        const bool can = !self.log().flushing() && !is_full_ && self.role != Role::faulted;
        return can && self.log().flushed() < self.log().last();
    }

    /// Writes to the disk what was gathered, or begins to, and finds out how far it has come.
    [[nodiscard]] Flushed flush(Self<Composition>& self) noexcept {
        if (self.role == Role::faulted) return Flushed::nothing;
        // Without room, the log takes nothing more, and says so to writers; the next tick tries again.
        is_full_ = self.history.flush() == Error::log_full;
        self.fail_if_log_did();
        if (self.log().fault() != Error::none || self.log().flushed() == held_) return Flushed::nothing;
        const bool first = held_ == Index{};
        held_ = self.log().flushed();
        return first ? Flushed::first : Flushed::more;
    }

    /// Periodic work, after a flush: write states, retain the entries that peers may need, and clear a suspicion that
    /// no longer holds.
    void tick(Self<Composition>& self, Applier<Composition>& applier, std::span<const Peer> peers,
              bool installing) noexcept {
        keeper_.tick(self, applier, installing);
        Index needed = self.log().last() + 1;
        for (const Peer& peer : peers) needed = smaller(needed, peer.progress.received + 1);
        self.history.need(self.is_leader() ? needed : self.log().last() + 1);
        if (self.log().is_suspect() && self.lost_through <= self.log().flushed()) {
            static_cast<void>(self.history.remember([](auto& metadata) { metadata.suspect_from = Index{}; }));
        }
        self.fail_if_log_did();
    }

private:
    StateKeeper<Composition> keeper_;
    bool is_full_ = false;
    Index held_;  // how far the disk was, when somebody was last told
};

}  // namespace replicator::core
