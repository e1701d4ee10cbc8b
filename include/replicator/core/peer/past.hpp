// SPDX-License-Identifier: BSL-1.0
// A node that went back in time: what shows that a peer holds less than it once vouched for.
//
// A folder that is put back from a backup, or a run number that is used again, brings back a node that has forgotten
// promises and entries, and does not know it. Its incarnation would count at once. Who heard it before can tell: an
// honest node never loses what it acknowledged at the stage that counts, unless a newer epoch cut it, and then its
// promise is newer, too; or unless it says itself that it lost something.
#pragma once

#include "peer.hpp"

#include "../../types.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"

#include <cstdint>

namespace replicator::core {

template <class Composition>
struct Past {
    /// What a follower vouched for in this epoch, on this link and on those before it, where it cannot get lost.
    [[nodiscard]] static Index vouched(const Progress& follower) noexcept {
        constexpr Stage stage = Composition::waits_for_apply ? Composition::log_stage : Composition::stage;
        return larger(follower.vouched, stage == Stage::durable ? follower.durable : follower.received);
    }

    /// True when a node that says this, and no higher epoch, went back; if it says it now, which is for the caller to
    /// find out.
    [[nodiscard]] static bool shows(const Self<Composition>& self, const Peer& peer, const Hello& theirs) noexcept {
        if (self.is_leader() && lacks_what_it_vouched_for(self, peer.progress, theirs)) return true;
        if constexpr (Composition::is_durable) {
            return false;
        } else {
            // The process is the same as long as its run is, and that keeps what it has, but for the time in which a
            // state comes in its place.
            const bool blank = theirs.last.index == Index{} && theirs.suspect_from == Index{} &&
                               theirs.promised <= peer.promised_with_entries;
            const bool leads_less =
                theirs.has(hello_flags::leads) && theirs.epoch == self.epochs().last() && theirs.last < self.last();
            return (blank && peer.promised_with_entries != Epoch{}) || leads_less;
        }
    }

    /// What this node promised and vouched for is forgotten, so it goes on as another incarnation, which counts only
    /// when it was admitted. No other copy of its disk ever gets the same number. False when the log cannot keep that.
    [[nodiscard]] static bool forget(Self<Composition>& self, const Hello& leader) noexcept {
        const std::uint64_t next = mix(mix(value(self.incarnation), value(leader.run)), leader.nonce);
        const auto change = [next](auto& metadata) { metadata.copies_lost = next - value(metadata.incarnation); };
        if (!self.history.remember(change)) return false;
        self.incarnation = Incarnation{next};
        return true;
    }

private:
    /// Of what it acknowledged, only this leader's line counts: a longer log of another epoch does not have it.
    [[nodiscard]] static bool lacks_what_it_vouched_for(const Self<Composition>& self, const Progress& follower,
                                                        const Hello& theirs) noexcept {
        if (theirs.incarnation != follower.incarnation || theirs.suspect_from != Index{}) return false;
        Position bound = theirs.last;
        if (bound.epoch == Epoch{}) bound.epoch = self.epochs().last();  // forgotten there, so it bounds nothing
        return self.epochs().newest_at_or_below(bound, self.log().last()).index < vouched(follower);
    }
};

}  // namespace replicator::core
