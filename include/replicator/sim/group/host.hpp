// SPDX-License-Identifier: BSL-1.0
// What a world is made of: nodes over the simulated network, the places where they run, and what clients see of them.
#pragma once

#include "disk.hpp"

#include "../../api/promotion.hpp"
#include "../../api/status.hpp"
#include "../../basic_replicator.hpp"
#include "../../concepts/durable_log.hpp"
#include "../../error.hpp"
#include "../../types.hpp"
#include "../network/network.hpp"
#include "../oracle/oracle.hpp"
#include "../sentence.hpp"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace replicator::sim {

/// The same composition over the simulated network, and over simulated disks where its log is on a disk.
template <class Node>
struct Simulated;
template <class Machine, class Log, class Ack, class Transport, class Limits, class Observer>
struct Simulated<Replicator<Machine, Log, Ack, Transport, Limits, Observer>> {
    using SimulatedLog = typename OnSimulatedDisk<Log>::type;
    using Node = Replicator<Machine, SimulatedLog, Ack, Network, Limits>;
    using Oracle = sim::Oracle<Machine>;
    using Policy = Ack;
    using Bounds = Limits;
    using StateMachine = Machine;
    static constexpr bool is_durable = DurableLog<SimulatedLog>;
    /// The copies of a node outlive its process, as far as they count.
    static constexpr bool keeps_copies = is_durable && Node::stage != Stage::received;
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
    /// A moment at which a client may read at this node: the leader, or where leaders fail any node.
    std::function<void(const Node&, Instant)> look;
};

/// An incarnation that is gone. What it held at the end counts if it was ever admitted, perhaps only after its end:
/// what it said was still on its way.
struct Former {
    Incarnation incarnation{};
    Instant began;
    Index held;
    Index applied;
    bool counted = false;
};

/// A node, and what surrounds it in its own place: a clock, and what the world remembers about it.
template <class Node>
struct Host {
    std::unique_ptr<Drive> drive;  // where logs are on disks
    std::unique_ptr<Node> node;
    Run run{};
    Incarnation incarnation{};
    Instant began;     // of this incarnation, in true time
    Instant heard_at;  // when the leader last received something from here, in true time
    Instant ticks_at;
    Instant paused_until;
    Instant restarts_at;  // when somebody looks after a node whose disk failed; 0 while there is none
    Instant stops_at;     // when the process ends in order; 0 while it goes on
    Instant clock{1'000'000};
    Instant clock_read_at;  // in true time
    Instant clock_stopped_until;
    Index held;     // seen last
    Index applied;  // the same, of this process
    Index commit;
    std::vector<Former> former;

    /// What the clock here shows: it runs faster than true time by so many thousandths, and sometimes not at all.
    [[nodiscard]] Instant read_clock(Instant now, std::int32_t skew) noexcept {
        const std::uint64_t passed = (now - clock_read_at).microseconds;
        clock_read_at = now;
        if (now < clock_stopped_until) return clock;
        const std::int64_t rate = 1000 + skew;
        return clock = clock + Duration{passed * static_cast<std::uint64_t>(rate) / 1000};
    }
    /// When the incarnation that `counting` is, or was, began here.
    [[nodiscard]] Instant began_as(Incarnation counting) const noexcept {
        for (const Former& gone : former) {
            if (gone.incarnation == counting) return gone.began;
        }
        return began;
    }
    /// The most that incarnations which counted once held, or had applied, when they ended.
    [[nodiscard]] Index held_before(Incarnation counting, bool applied_too) noexcept {
        Index most;
        for (Former& gone : former) {
            gone.counted = gone.counted || gone.incarnation == counting;
            if (gone.counted) most = larger(most, applied_too ? gone.applied : gone.held);
        }
        return most;
    }
};

/// What people call the node at a place.
[[nodiscard]] constexpr std::uint64_t name(std::size_t place) noexcept { return place + 1; }

/// How many nodes, the leader included, the leader has heard since `incarnation` began at `place`; those there not
/// counted.
template <class Node>
[[nodiscard]] std::size_t heard_since_began(const std::vector<Host<Node>>& hosts, std::size_t place,
                                            Incarnation incarnation) {
    const Instant began = hosts[place].began_as(incarnation);
    std::size_t heard = 1;
    for (std::size_t i = 1; i < hosts.size(); ++i) heard += i != place && hosts[i].heard_at >= began ? 1u : 0u;
    return heard;
}

/// What the leader says of another node.
inline void describe(std::string& text, const PeerStatus& peer) {
    append(text, {"; ", value(peer.node), " is ", replicator::to_string(peer.state), peer.counts ? ", counts" : "",
                  peer.seat ? ", has the seat" : "", peer.stuck ? ", is stuck" : ""});
    if (peer.refusal != Error::none) append(text, {", ", replicator::to_string(peer.refusal)});
}

template <class Node>
void describe(std::string& text, const Node& node) {
    const auto status = node.status();
    append(text, {replicator::to_string(status.role)});
    if (status.role == Role::faulted) append(text, {" (", replicator::to_string(status.fault), ")"});
    if (status.suspect_from != Index{}) append(text, {" suspect from ", status.suspect_from.value});
    append(text, {" last ", status.last.value, " commit ", status.committed.value, " applied ", status.applied.value,
                  status.installing ? " installing" : ""});
    if (const auto promotion = node.promotion(); promotion.step != PromotionStep::none) {
        append(text, {"; ", replicator::to_string(promotion.step), ": ", replicator::to_string(promotion.error),
                      ", heard ", promotion.heard, " of ", promotion.needed});
    }
    if (status.role != Role::leader) return;
    for (const PeerStatus& peer : status.peers()) describe(text, peer);
}

/// All nodes as they are, for the message of a failure; but for one that cannot start.
template <class Node>
void describe(std::string& text, const std::vector<Host<Node>>& hosts) {
    for (std::size_t i = 0; i < hosts.size(); ++i) {
        if (hosts[i].node == nullptr) continue;
        append(text, {"\n  node ", name(i), " "});
        describe(text, *hosts[i].node);
    }
}

}  // namespace replicator::sim
