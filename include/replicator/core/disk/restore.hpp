// SPDX-License-Identifier: BSL-1.0
// How a node comes back from its own disk: what it promised, the newest whole state, and the log behind it.
//
// What is behind the state is not applied yet: only a leader can say how much of it is committed.
#pragma once

#include "log_rules.hpp"

#include "../../encoding/entry.hpp"
#include "../../error.hpp"
#include "../../result.hpp"
#include "../../types.hpp"
#include "../applier.hpp"
#include "../frozen.hpp"
#include "../history/roster.hpp"
#include "../self.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator::core {

template <class Composition>
class Restore {
public:
    using Log = typename Composition::Log;
    using Limits = typename Composition::Limits;

    /// Call it once, on a node that has just been told who it is. Errors: why the node must not take part;
    /// wrong_cluster, wrong_group, wrong_node (the log is of another node), wrong_schema, wrong_membership,
    /// wrong_policy, wrong_limits (it was written under other rules), corrupt, snapshot_invalid, log_failed, log_full
    /// (nothing is wrong with it: the system is short of room, descriptors or memory), stopped (it is closed). O(bytes
    /// of the state, and of the log behind it).
    [[nodiscard]] static Error run(Self<Composition>& self, Applier<Composition>& applier) noexcept {
        if (self.log().fault() != Error::none) return self.log().fault();
        const auto metadata = self.log().metadata();
        if (metadata.cluster != self.cluster) return Error::wrong_cluster;
        if (metadata.group != self.group) return Error::wrong_group;
        if (metadata.node != self.id) return Error::wrong_node;
        // The roster has incarnation 0 for a node that never counted, so this one would count without being admitted.
        if (metadata.incarnation == Incarnation{}) return Error::wrong_node;
        self.promised = metadata.promised;
        self.history.recall_id();
        self.incarnation = Incarnation{value(metadata.incarnation) + metadata.copies_lost};
        applier.restart_at(self.log().begin());
        if (!self.bootstrapped()) return Error::none;

        if (const Error error = LogRules::mismatch(metadata.note_bytes(), LogRules::of(self)); error != Error::none) {
            return error;
        }
        if (!count_lost_copies(self, metadata.copies_lost)) return self.history.refused_by_log();
        if (metadata.suspect_from != Index{}) self.lost_through = Self<Composition>::unknown_extent;
        if (const Error error = take_state(self, applier); error != Error::none) {
            return stalled(self.log()) ? Error::log_full : error;  // what was not read is not corrupt
        }
        self.commit = applier.applied();
        if (const Error error = self.history.find_epochs(applier.next()); error != Error::none) return error;
        self.epoch = self.epochs().last();
        return Error::none;
    }

private:
    /// Where being received is enough to be acknowledged, what was not flushed yet is a copy that was lost, and so the
    /// node is another incarnation than before. False when the log cannot keep that.
    [[nodiscard]] static bool count_lost_copies(Self<Composition>& self, std::uint64_t lost) noexcept {
        if (Composition::stage == Stage::received && !self.log().closed_in_order()) {
            ++lost;
            if (!self.history.remember([lost](auto& metadata) { metadata.copies_lost = lost; })) return false;
            self.incarnation = Incarnation{value(self.incarnation) + 1};
        }
        return true;
    }

    [[nodiscard]] static Error take_state(Self<Composition>& self, Applier<Composition>& applier) noexcept {
        typename Log::SnapshotReader reader;
        const Error opened = self.log().open_snapshot(reader);
        // Without a state on the disk, the log must reach back to the beginning.
        if (opened == Error::not_yet) return self.log().base().index == Index{} ? Error::none : Error::corrupt;
        if (opened != Error::none) return opened;
        const auto& head = reader.head();
        if (head.history != self.history.id()) return Error::wrong_history;
        if (head.piece_bytes > Composition::snapshot_piece_bytes) return Error::wrong_limits;

        std::array<std::byte, snapshot_tail_bytes_max<Limits>> tail;
        if (const Error error = reader.read_own(tail); error != Error::none) return error;
        const auto own = std::span<const std::byte>(tail).first(head.own_bytes);
        Epochs<Composition::epochs_max> epochs;
        Roster<Limits::nodes_max> roster;
        if (!read_snapshot_tail<Composition>(own, epochs, roster)) return Error::corrupt;

        Loading<typename Composition::Machine> loading;
        std::array<std::byte, Composition::snapshot_piece_bytes> piece;
        loading.begin();
        for (std::uint64_t i = 0; i < reader.pieces(); ++i) {
            const Result<std::size_t> size = reader.read(i, piece);
            if (!size) return size.error();
            if (!loading.load(std::span<const std::byte>(piece).first(*size))) return Error::snapshot_invalid;
        }
        if (!loading.complete()) return Error::snapshot_invalid;
        if (const Error error = self.history.join(head.position, head.chain, epochs, roster); error != Error::none) {
            return error;
        }
        applier.install(std::move(loading.machine()), self.log().seek(head.position.index + 1));
        self.history.release(head.position.index);  // or a full log whose entries are all applied would stay full
        return Error::none;
    }
};

}  // namespace replicator::core
