// SPDX-License-Identifier: BSL-1.0
// What a node knows about itself: the ground that both roles stand on.
#pragma once

#include "composition.hpp"
#include "history/history.hpp"
#include "wire/hello.hpp"

#include "../api/observer.hpp"
#include "../api/options.hpp"
#include "../api/status.hpp"
#include "../assert.hpp"
#include "../encoding/bytes.hpp"
#include "../encoding/checksum.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

template <class Composition>
struct Self {
    using Limits = typename Composition::Limits;

    NodeId id{};
    ClusterId cluster{};
    GroupId group{};
    Run run{};
    Incarnation incarnation{};
    std::array<NodeId, Limits::nodes_max> nodes{};
    std::size_t node_count = 0;
    std::uint32_t membership = 0;  ///< checksum over the nodes, for the handshake
    std::uint64_t attempts = 0;    ///< at links, in this run

    History<Composition> history;

    [[no_unique_address]] typename Limits::Authority authority;
    [[no_unique_address]] typename Composition::Delivery delivery;  ///< what becomes of the bytes of the peers
    Role role = Role::follower;
    Error fault = Error::none;
    bool draining = false;  ///< this leader hands over to whoever can lead, and asks for no lead of its own meanwhile
    Epoch epoch;            ///< that this node leads, or followed last
    Epoch promised;         ///< lower ones have no effect
    NodeId leader{};        ///< who leads, as far as this node knows
    NodeId source{};        ///< from whom it takes entries now: the leader, or the donor
    NodeId donor{};         ///< whose log this candidate has to fetch
    NodeId successor{};     ///< to whom this leader is handing over
    Index commit;           ///< up to here entries may be applied
    Position known_commit;  ///< the newest that somebody said is committed, perhaps beyond this log; in memory only
    Index lost_through;     ///< entries up to here were held once and given up; they may be needed from others
    /// Value of `lost_through` when nobody knows how many were lost.
    static constexpr Index unknown_extent{~std::uint64_t{0}};
    SnapshotOffset incoming;  ///< how much of which state was received; id 0 when none is being
    Instant now;
    Instant awake_since;  ///< from here on, no longer time went by without this node being told
    [[no_unique_address]] CountersOf<Limits> counters;
    typename Composition::Observer* observer = nullptr;

    /// Who this node is, and who the others are. The checksum over the nodes does not depend on their order.
    void set(const Config& config) noexcept {
        REPLICATOR_ASSERT(config.nodes.size() >= nodes_min<typename Composition::Ack>());
        REPLICATOR_ASSERT(config.nodes.size() <= Limits::nodes_max);
        id = config.node;
        cluster = config.cluster;
        group = config.group;
        run = config.run;
        incarnation = Incarnation{value(config.run)};
        bool found_self = false;
        for (const NodeId node : config.nodes) {
            std::size_t place = node_count++;
            for (; place > 0 && node < nodes[place - 1]; --place) nodes[place] = nodes[place - 1];
            REPLICATOR_ASSERT(node != NodeId{});  // that means nobody
            REPLICATOR_ASSERT(place == 0 || nodes[place - 1] != node);
            nodes[place] = node;
            found_self = found_self || node == id;
        }
        REPLICATOR_ASSERT(found_self && config.run != Run{});
        for (std::size_t i = 0; i < node_count; ++i) {
            std::array<std::byte, 4> bytes{};
            store(bytes.data(), value(nodes[i]));
            membership = checksum(bytes, membership);
        }
        history.set_nodes(all_nodes());
    }

    [[nodiscard]] const typename Composition::Log& log() const noexcept { return history.log(); }
    [[nodiscard]] const auto& epochs() const noexcept { return history.epochs(); }
    [[nodiscard]] const auto& applied_roster() const noexcept { return history.applied_roster(); }
    [[nodiscard]] const auto& roster() const noexcept { return history.roster(); }

    // Both are false for the compiler where a node has not that role.
    [[nodiscard]] bool is_leader() const noexcept { return Composition::leads && role == Role::leader; }
    [[nodiscard]] bool is_follower() const noexcept { return Composition::follows && role == Role::follower; }

    [[nodiscard]] std::span<const NodeId> all_nodes() const noexcept { return std::span(nodes).first(node_count); }
    /// The policy in force, as a number that two nodes, or two runs of one, can compare.
    [[nodiscard]] std::uint32_t policy() const noexcept {
        return policy_word<typename Composition::Ack>(node_count, Composition::stage);
    }
    /// Holds nothing of any history, also where one was taken up and its leader was gone before the first entry came.
    /// Such a node vouched for nothing, so it may belong to another one.
    [[nodiscard]] bool blank() const noexcept { return log().last() == Index{} && lost_through == Index{}; }
    [[nodiscard]] bool bootstrapped() const noexcept { return history.id() != HistoryId{}; }
    /// Others may hear that this node leads: the history that it began would not be gone after a crash.
    [[nodiscard]] bool leads() const noexcept { return is_leader() && log().flushed() > Index{}; }
    /// The first entry that this node may once have acknowledged and holds no more; index 0 when there is none. Until
    /// its log is as long again, it cannot vouch for what was acknowledged.
    [[nodiscard]] Index suspect_from() const noexcept {
        return log().last() < lost_through ? log().last() + 1 : Index{};
    }
    /// A state is being received. The node's own, older one stays as it is until the end.
    [[nodiscard]] bool installing() const noexcept { return Composition::has_snapshots && incoming.id != SnapshotId{}; }
    /// This node hands over the lead, or is about to.
    [[nodiscard]] bool gives_way() const noexcept {
        return Composition::hands_over && (successor != NodeId{} || draining);
    }
    [[nodiscard]] Position committed() const noexcept { return {epochs().at(commit), commit}; }
    [[nodiscard]] Position last() const noexcept { return history.last(); }
    /// Somebody with whom a link began says how far it committed. What a forced epoch replaced is not missed.
    void learn_commit(Position position, Epoch newest_forced) noexcept {
        if (known_commit < position || known_commit.epoch < newest_forced) known_commit = position;
    }
    [[nodiscard]] Position newest_commit() const noexcept {
        return known_commit < committed() ? committed() : known_commit;
    }

    /// From now on this node takes part in no older epoch. False when the log cannot keep that promise.
    [[nodiscard]] bool promise(Epoch next) noexcept {
        const bool kept = history.remember([this, next](auto& metadata) {
            metadata.promised = next;
            if (next.node == id) metadata.counter_opened = next.counter;
        });
        if (kept) promised = next;
        return kept;
    }

    /// The log refused something: when it can do no more, this node stops; what passes is as if it had not been tried.
    void fail_if_log_did() noexcept {
        if (log().fault() != Error::none) fail(Error::log_failed);
    }

    /// What a change in the state of the follower `node` is told to: `on_follower` of the observer.
    [[nodiscard]] auto tell_of(NodeId node) noexcept {
        return [told = observer, node](FollowerState state) noexcept {
            if constexpr (requires { told->on_follower(node, state); }) {
                told->on_follower(node, state);
            } else {
                static_cast<void>(told), static_cast<void>(node), static_cast<void>(state);
            }
        };
    }

    /// Stops taking part, for good.
    void fail(Error error) noexcept {
        if (role == Role::faulted) return;
        role = Role::faulted;
        fault = error;
        if constexpr (requires { observer->on_fault(error); }) observer->on_fault(error);
        if constexpr (requires { observer->on_role(role, epoch); }) observer->on_role(role, epoch);
    }

    void become(Role next) noexcept {
        role = next;
        if constexpr (requires { observer->on_role(role, epoch); }) observer->on_role(role, epoch);
    }
};

}  // namespace replicator::core
