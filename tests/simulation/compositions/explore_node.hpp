// SPDX-License-Identifier: BSL-1.0
// One composition of the journal under the simulator. Compiling one takes seconds.
#pragma once

#include "composition.hpp"

#include "simulation/journal.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/manual.hpp>

namespace replicator::tests {

template <class Log, class Ack, class Limits>
[[nodiscard]] sim::Exploration explore_node(const sim::ExploreOptions& options) {
    return sim::explore<Replicator<Journal, Log, Ack, transport::Manual, Limits>>(options, make_journal_command);
}

}  // namespace replicator::tests
