// SPDX-License-Identifier: BSL-1.0
// What a world is made of: nodes over the simulated network, the places where they run, and what clients see of them.
#pragma once

#include "network.hpp"
#include "oracle.hpp"

#include "../basic_replicator.hpp"
#include "../types.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace replicator::sim {

/// The same composition over the simulated network.
template <class Node>
struct Simulated;
template <class Machine, class Log, class Ack, class Transport, class Limits, class Observer>
struct Simulated<Replicator<Machine, Log, Ack, Transport, Limits, Observer>> {
    using Node = Replicator<Machine, Log, Ack, Network, Limits>;
    using Oracle = sim::Oracle<Machine>;
    using Policy = Ack;
    using Bounds = Limits;
    using StateMachine = Machine;
};

/// What became of a scenario.
struct Verdict {
    std::string failure;  ///< empty when every promise was kept
    std::uint64_t events = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t trace = 0;  ///< equal for equal runs, on every machine and with every compiler

    [[nodiscard]] explicit operator bool() const noexcept { return failure.empty(); }
};

/// What clients see, for those who keep a history. Each may be empty. Times are true time, which no node knows.
template <class Node>
struct Clients {
    std::function<void(Ticket, Instant)> accepted;
    std::function<void(Ticket, const typename Node::Outcome&, Instant)> ended;  ///< acknowledged, or unknown
    std::function<void(const Node& leader, Instant)> look;  ///< a moment at which a client may read at the leader
};

/// An incarnation that is gone. What it held at the end counts if it was ever admitted, perhaps only after its end:
/// what it said was still on its way.
struct Former {
    Run run{};
    Index held;
    bool counted = false;
};

/// A node, and what surrounds it in its own place: a clock, and what the world remembers about it.
template <class Node>
struct Place {
    std::unique_ptr<Node> node;
    Run run{};
    Instant ticks_at;
    Instant paused_until;
    Instant clock{1'000'000};
    Instant clock_read_at;       // in true time
    Instant clock_stopped_until;
    Index applied;      // seen last, of this incarnation
    Index commit;
    std::vector<Former> former;
};

}  // namespace replicator::sim
