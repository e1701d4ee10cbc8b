// SPDX-License-Identifier: BSL-1.0
// What a node knows about itself: the ground that both roles stand on.
#pragma once

#include "composition.hpp"
#include "history/epochs.hpp"
#include "history/roster.hpp"
#include "wire/hello.hpp"

#include "../api/observer.hpp"
#include "../api/options.hpp"
#include "../api/status.hpp"
#include "../assert.hpp"
#include "../concepts/durable_log.hpp"
#include "../encoding/bytes.hpp"
#include "../encoding/checksum.hpp"
#include "../encoding/entry.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// What the log has room for, when this node wants to open an epoch.
enum class Room : std::uint8_t {
    none,          ///< nothing
    reserve,       ///< the entry, in the inner half of what is kept for leaders that can free the log
    half_reserve,  ///< the same in its outer half
    plain,         ///< the entry, beside what is kept
};

template <class Composition>
struct Local {
    using Limits = typename Composition::Limits;

    NodeId self{};
    ClusterId cluster{};
    GroupId group{};
    Run run{};
    Incarnation incarnation{};
    std::array<NodeId, Limits::nodes_max> nodes{};
    std::size_t node_count = 0;
    std::uint32_t membership = 0;  ///< checksum over the nodes, for the handshake
    std::uint64_t attempts = 0;    ///< at links, in this run

    typename Composition::Log log;
    Epochs<Limits::epochs_max> epochs;
    Roster<Limits::nodes_max> applied_roster;  ///< as of the last applied entry
    Roster<Limits::nodes_max> roster;          ///< as of the last entry; kept up to date by the leader only
    HistoryId history{};

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
    Index held_through;     ///< entries up to here were held once and given up; they may be needed from others
    /// Value of `held_through` when nobody knows how many were lost.
    static constexpr Index unknown_extent{~std::uint64_t{0}};
    Instant now;
    Instant awake_since;  ///< from here on, no longer time went by without this node being told
    Counters counters;
    typename Composition::Observer* observer = nullptr;

    /// Who this node is, and who the others are. The checksum over the nodes does not depend on their order.
    void set(const Config& config) noexcept {
        REPLICATOR_ASSERT(config.nodes.size() >= nodes_min<typename Composition::Ack>());
        REPLICATOR_ASSERT(config.nodes.size() <= Limits::nodes_max);
        self = config.node;
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
            found_self = found_self || node == self;
        }
        REPLICATOR_ASSERT(found_self && config.run != Run{});
        for (std::size_t i = 0; i < node_count; ++i) {
            std::array<std::byte, 4> bytes{};
            store(bytes.data(), value(nodes[i]));
            membership = checksum(bytes, membership);
        }
        applied_roster.set_nodes(all_nodes());
        roster = applied_roster;
    }

    [[nodiscard]] std::span<const NodeId> all_nodes() const noexcept { return std::span(nodes).first(node_count); }
    /// The policy in force, as a number that two nodes, or two runs of one, can compare.
    [[nodiscard]] std::uint32_t policy() const noexcept {
        return policy_word<typename Composition::Ack>(node_count, Composition::stage);
    }
    /// Holds nothing of any history, also where one was taken up and its leader was gone before the first entry came.
    /// Such a node vouched for nothing, so it may belong to another one.
    [[nodiscard]] bool blank() const noexcept { return log.last() == Index{} && held_through == Index{}; }
    [[nodiscard]] bool bootstrapped() const noexcept { return history != HistoryId{}; }
    /// Others may hear that this node leads: the history that it began would not be gone after a crash.
    [[nodiscard]] bool leads() const noexcept { return role == Role::leader && log.held() > Index{}; }
    /// The first entry that this node may once have acknowledged and holds no more; index 0 when there is none. Until
    /// its log is as long again, it cannot vouch for what was acknowledged.
    [[nodiscard]] Index suspect_from() const noexcept { return log.last() < held_through ? log.last() + 1 : Index{}; }
    /// This node hands over the lead, or is about to.
    [[nodiscard]] bool gives_way() const noexcept { return successor != NodeId{} || draining; }
    /// Bytes of commands that the log may still take. The rest of its room is for the entries of epochs and nodes:
    /// where it is full of entries that nobody knows to be committed, only those can free it again.
    [[nodiscard]] std::uint64_t room_for_commands() const noexcept {
        if constexpr (Composition::is_durable) {
            const std::uint64_t kept = log.end().offset - log.begin().offset;
            return kept < Composition::Log::capacity_bytes ? Composition::Log::capacity_bytes - kept : 0;
        } else {
            return ~std::uint64_t{0};
        }
    }
    /// Where in the log the entry that opens an epoch would stand; `next` is the first entry that is not applied.
    [[nodiscard]] Room room_to_lead(Cursor next) noexcept {
        const std::size_t bytes = entry_bytes(epoch_start_bytes(node_count));
        if (log.reserve(bytes, bytes).empty()) return Room::none;
        const std::uint64_t kept = log.end().offset - (Composition::is_durable ? log.begin() : next).offset + bytes;
        if (kept <= Composition::commands_bytes_max) return Room::plain;
        return kept <= Composition::commands_bytes_max + Composition::lead_bytes ? Room::half_reserve : Room::reserve;
    }
    /// Room in the log for the entry with this header, and for more of the kind; nothing when there is none.
    [[nodiscard]] std::span<std::byte> room_for(EntryHeader next, std::size_t most) noexcept {
        const auto room = log.reserve(next.bytes(), most);
        if (room.empty() || next.type() != EntryType::command) return room;
        const std::uint64_t commands = room_for_commands();
        if (commands < next.bytes()) return {};
        return commands < room.size() ? room.first(static_cast<std::size_t>(commands)) : room;
    }
    [[nodiscard]] Position committed() const noexcept { return {epochs.at(commit), commit}; }
    [[nodiscard]] Position last() const noexcept { return {epochs.last(), log.last()}; }
    /// Somebody with whom a link began says how far it committed. What a forced epoch replaced is not missed.
    void learn_commit(Position position, Epoch newest_forced) noexcept {
        if (known_commit < position || known_commit.epoch < newest_forced) known_commit = position;
    }
    [[nodiscard]] Position newest_commit() const noexcept {
        return known_commit < committed() ? committed() : known_commit;
    }

    /// From now on this node takes part in no older epoch. False when the log cannot keep that promise.
    [[nodiscard]] bool promise(Epoch next) noexcept {
        const bool kept = remember([this, next](auto& metadata) {
            metadata.promised = next;
            if (next.node == self) metadata.counter_opened = next.counter;
        });
        if (kept) promised = next;
        return kept;
    }

    /// Changes what the log keeps beside the entries, where it outlives the process. False when it failed.
    template <class Change>
    [[nodiscard]] bool remember(Change&& change) noexcept {
        if constexpr (Composition::is_durable) {
            auto metadata = log.metadata();
            change(metadata);
            return log.store(metadata) == Error::none;
        } else {
            return true;
        }
    }

    /// The log refused something: when it can do no more, this node stops; what passes is as if it had not been tried.
    void fail_if_log_did() noexcept {
        if (log.fault() != Error::none) fail(Error::log_failed);
    }

    /// What to answer when the log refused something.
    [[nodiscard]] Error refused_by_log() const noexcept {
        return log.fault() == Error::none ? Error::log_full : Error::log_failed;
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
