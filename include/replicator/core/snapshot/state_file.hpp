// SPDX-License-Identifier: BSL-1.0
// The state in a file of the log: its head, and the epochs before it in the form in which the log keeps them.
#pragma once

#include "../../types.hpp"
#include "../composition.hpp"
#include "../self.hpp"

#include <cstdint>

namespace replicator::core {

/// The head of a file with the state of this node's history after `position`.
template <class Composition>
[[nodiscard]] auto disk_snapshot_head(const Local<Composition>& local, SnapshotId id, Position position,
                                      Chain chain) noexcept {
    typename Composition::Log::SnapshotHead head;
    head.history = local.history;
    head.id = id;
    head.position = position;
    head.chain = chain;
    head.piece_bytes = static_cast<std::uint32_t>(Composition::snapshot_piece_bytes);
    return head;
}

/// The epochs in the form in which the log keeps them.
template <class Composition>
[[nodiscard]] auto disk_epochs(const Epochs<Composition::Limits::epochs_max>& epochs) noexcept {
    decltype(Composition::Log::Metadata::epochs) history;
    for (const EpochStart& start : epochs.all()) history.push({start.epoch, start.first, start.chain_before});
    return history;
}

}  // namespace replicator::core
