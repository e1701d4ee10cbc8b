// SPDX-License-Identifier: BSL-1.0
// What people look at every day: plain numbers, copied out of a node; unknown is said, never shown as 0.
#pragma once

#include "observer.hpp"
#include "promotion.hpp"

#include "../error.hpp"
#include "../fwd.hpp"
#include "../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <type_traits>

namespace replicator {

/// How this node sees another one.
struct PeerStatus {
    NodeId node{};
    FollowerState state = FollowerState::down;  ///< meaningful on the leader
    bool connected = false;                     ///< a handshake holds
    bool counts = false;                        ///< its acknowledgements count towards the policy
    bool seat = false;                          ///< it is the synchronous follower
    bool stuck = false;                         ///< it answers, and holds no more than a failure timeout ago: missing
    std::optional<bool> blank;                  ///< holds nothing of any history; unknown until it answered, and after
                                                ///< silence
    Error refusal = Error::none;                ///< why the last handshake failed
    std::optional<Index> received;              ///< verified in this epoch
    std::optional<Index> durable;
    std::optional<Index> applied;
    std::optional<std::uint64_t> lag_entries;  ///< entries of the leader that it does not hold
    std::optional<std::uint64_t> lag_bytes;    ///< the same in bytes, while the log still has them all
    std::optional<Duration> lag_time;          ///< age of the newest message of ours that it has answered
    std::optional<Duration> silence;           ///< since it was last heard
    /// Bytes that may be written before it needs a snapshot; logs on a disk only.
    std::optional<std::uint64_t> bytes_to_loss;
    std::uint64_t snapshot_bytes = 0;     ///< of the snapshot under way, or of the last one
    std::uint32_t snapshots = 0;          ///< begun in this run
    std::uint32_t snapshots_in_vain = 0;  ///< in a row, whose end the log had already left behind
};

/// The peers of a status, by themselves.
template <std::size_t PeersMax>
struct PeerStatuses {
    std::array<PeerStatus, PeersMax> slots{};
    std::size_t count = 0;

    [[nodiscard]] constexpr const PeerStatus* begin() const noexcept { return slots.data(); }
    [[nodiscard]] constexpr const PeerStatus* end() const noexcept { return slots.data() + count; }
    [[nodiscard]] constexpr std::size_t size() const noexcept { return count; }
    [[nodiscard]] constexpr const PeerStatus& operator[](std::size_t i) const noexcept { return slots[i]; }
};

struct Counters {
    std::uint64_t writes = 0;  ///< accepted by this node
    std::uint64_t refused_writes = 0;
    std::uint64_t applied = 0;
    std::uint64_t discarded = 0;  ///< entries cut from this node's log
    std::uint64_t frames_sent = 0;
    std::uint64_t frames_received = 0;
    std::uint64_t bytes_sent = 0;
    std::uint64_t bytes_received = 0;
    std::uint64_t frames_corrupt = 0;    ///< failed a checksum or broke the protocol
    std::uint64_t frames_stale = 0;      ///< of a former link, run or epoch; dropped unread
    std::uint64_t handshakes = 0;        ///< links that were agreed on
    std::uint64_t refusals = 0;          ///< handshakes that failed
    std::uint64_t clock_jumps_back = 0;  ///< of the time given to `tick`; a counter that wraps needs a Clock32
    std::uint64_t late_ticks = 0;        ///< a failure timeout or more after the one before: peers gave this node up
    std::uint64_t slow_applies = 0;  ///< late ticks before which commands were applied: `apply` may have taken it all
    Duration slow_apply_longest{};   ///< the longest time between two such ticks
};

/// Stands in for them where `Options::Tallies` is absent: nothing is counted, and there is nothing to read.
struct NoCounters {
    struct Nothing {
        constexpr void operator++() const noexcept {}
        constexpr void operator+=(std::uint64_t) const noexcept {}
    };
    static constexpr Nothing writes{}, refused_writes{}, applied{}, discarded{}, frames_sent{}, frames_received{},
        bytes_sent{}, bytes_received{}, frames_corrupt{}, frames_stale{}, handshakes{}, refusals{}, clock_jumps_back{};
};

/// What a node with these options counts.
template <class Limits>
using CountersOf = std::conditional_t<Limits::Tallies::present, Counters, NoCounters>;

template <std::size_t PeersMax, class Counts>
struct NodeStatus {
    NodeId node{};
    Role role = Role::follower;
    Error fault = Error::none;
    NodeId leader{};  ///< NodeId{} while none is known
    HistoryId history{};
    Epoch epoch;     ///< in which this node last led or followed
    Epoch promised;  ///< lower ones have no effect here any more
    Index first;     ///< oldest entry still in the log
    Index last;
    Index committed;     ///< up to here it may be applied
    Index acknowledged;  ///< up to here writes were acknowledged, on the leader
    Index applied;
    std::uint64_t log_bytes = 0;       ///< of entries in the log now
    std::optional<Index> durable;      ///< on this node's disk, if it has one
    bool disk_full = false;            ///< its disk had no room when it was last asked; nothing is taken meanwhile
    std::optional<Index> state;        ///< included in the newest state on this node's disk
    Index suspect_from;                ///< from here on this node's copy vouches for nothing; 0 for none
    std::uint64_t writes_pending = 0;  ///< accepted and not acknowledged
    std::optional<Duration> oldest_pending;         ///< how long the policy has not been satisfied
    bool satisfiable = false;                       ///< no follower that the policy needs is missing
    bool confirmed = false;                         ///< leads, and heard from enough nodes that nobody else does
    bool handing_over = false;                      ///< another node is taking over: writes are refused
    PromotionStep promotion = PromotionStep::none;  ///< of the newest promotion of this node
    bool installing = false;  ///< this node is receiving a snapshot; until then no acknowledgement counts it
    [[no_unique_address]] Counts counters{};
    std::array<PeerStatus, PeersMax> peer_slots{};
    std::size_t peer_count = 0;

    [[nodiscard]] constexpr std::span<const PeerStatus> peers() const& noexcept {
        return std::span(peer_slots).first(peer_count);
    }
    /// Of a status without a name they are copied, so that a loop over `node.status().peers()` is good.
    [[nodiscard]] constexpr PeerStatuses<PeersMax> peers() const&& noexcept { return {peer_slots, peer_count}; }
};

}  // namespace replicator
