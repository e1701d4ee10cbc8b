// SPDX-License-Identifier: BSL-1.0
// The bounds of a composition, worked out from its policies and options, and the sentences for those that cannot work.
#pragma once

#include "history/roster.hpp"
#include "wire/frame.hpp"
#include "wire/hello.hpp"

#include "../api/write.hpp"
#include "../concepts/ack_policy.hpp"
#include "../concepts/authority.hpp"
#include "../concepts/codec.hpp"
#include "../concepts/durable_log.hpp"
#include "../concepts/log_policy.hpp"
#include "../concepts/state_machine.hpp"
#include "../concepts/transport.hpp"
#include "../encoding/entry.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace replicator::core {

/// The nodes that a group must have for a policy to be satisfiable at all.
template <class Ack>
[[nodiscard]] constexpr std::size_t nodes_min() noexcept {
    if constexpr (requires { Ack::nodes_min; }) {
        return Ack::nodes_min;
    } else {
        return 1;
    }
}

/// In which a frame must come whole, however slow the line is.
template <class Limits>
inline constexpr Duration frame_timeout{4 * Limits::failure_timeout.microseconds};

inline constexpr std::size_t snapshot_tail_fixed_bytes = 72;
inline constexpr std::size_t snapshot_tail_epoch_bytes = 32;
inline constexpr std::size_t snapshot_tail_member_bytes = 12;

/// Bytes that the beginning of a snapshot says about the epoch history and the roster, for these limits.
template <class Limits>
inline constexpr std::size_t snapshot_tail_bytes_max =
    snapshot_tail_fixed_bytes + std::size_t{Limits::epochs_max} * snapshot_tail_epoch_bytes +
    std::size_t{Limits::nodes_max} * snapshot_tail_member_bytes;

/// How a state looks in a snapshot: programs with another one must not exchange one.
template <class Machine>
[[nodiscard]] constexpr std::uint32_t snapshot_format_of() noexcept {
    std::uint32_t format = Loadable<Machine> ? 0 : static_cast<std::uint32_t>(sizeof(Machine));
    if constexpr (requires { Machine::snapshot_version; }) format = Machine::snapshot_version;
    return Loadable<Machine> ? format : raw_state_format(format, std::endian::native);
}

/// What a node is made of, under one name.
template <class GivenMachine, class GivenCodec, class GivenLog, class GivenAck, class GivenLimits, class GivenObserver,
          class GivenTransport = detail::AnyNode>
struct Composition {
    using Machine = GivenMachine;
    using Codec = GivenCodec;
    using Log = GivenLog;
    using Ack = GivenAck;
    using Limits = GivenLimits;
    using Observer = GivenObserver;
    using Delivery = detail::Delivery<GivenTransport>;

    // The parts that are there, see api/options.hpp.
    static constexpr bool leads = Limits::Roles::leads;
    static constexpr bool follows = Limits::Roles::follows;
    static constexpr bool promotes = Limits::Promotion::present;
    /// It may be promoted itself.
    static constexpr bool asks = promotes && leads;
    static constexpr bool hands_over = Limits::HandOver::present && leads;
    static constexpr bool has_snapshots = Limits::Snapshots::present;
    /// Epochs that a node remembers. Without promotions there is one.
    static constexpr std::size_t epochs_max = promotes ? Limits::epochs_max : 1;
    /// It sends entries, as a leader or to a candidate.
    static constexpr bool sends = leads || promotes;
    static constexpr bool drains = hands_over && Limits::can_drain;

    /// The same for the others: what a hello says is missing.
    static constexpr std::uint16_t missing_parts = static_cast<std::uint16_t>(
        (promotes ? 0 : hello_flags::no_promotion) | (leads ? 0 : hello_flags::no_lead) |
        (follows ? 0 : hello_flags::no_follow) | (has_snapshots ? 0 : hello_flags::no_snapshots));

    /// The transport gives whole frames, and the compiler knows it: nothing is put together here.
    static constexpr bool whole_frames = [] {
        if constexpr (requires { typename std::bool_constant<Delivery::is(Delivers::frames)>; }) {
            return Delivery::is(Delivers::frames);
        } else {
            return false;
        }
    }();

    static constexpr std::size_t peers_max = Limits::nodes_max - 1;
    static constexpr std::size_t command_bytes_max = replicator::command_bytes_max<Codec>(Limits::command_bytes_max);

    /// The largest entry, header and padding included: a command, or the entry that opens an epoch.
    static constexpr std::size_t entry_bytes_max =
        larger(entry_bytes(command_bytes_max), entry_bytes(epoch_start_bytes(Limits::nodes_max)));

    static constexpr bool is_durable = DurableLog<Log>;
    /// A call may leave a part of what is committed to the next one.
    static constexpr bool applies_in_portions = Limits::apply_bytes_per_call != ~std::size_t{0};
    /// What a leader may have to write before it can commit anything: its epoch, a seat, and an admission of each node.
    static constexpr std::size_t lead_bytes = entry_bytes(epoch_start_bytes(Limits::nodes_max)) +
                                              entry_bytes(SeatBody::bytes) +
                                              Limits::nodes_max * entry_bytes(AdmitBody::bytes);
    /// Bytes of the log that commands may fill. The room beside them, for what leading takes, twice, is kept for
    /// leaders that can free a full log. A log on a disk has a whole segment beyond its capacity for that.
    static constexpr std::size_t commands_bytes_max = is_durable ? Log::capacity_bytes
                                                      : Log::capacity_bytes > 2 * lead_bytes
                                                          ? Log::capacity_bytes - 2 * lead_bytes
                                                          : 0;

    /// Bytes of entries that may be unacknowledged. Half of that, so that a follower that has not yet applied what is
    /// committed can always take what may come.
    static constexpr std::size_t window_bytes = smaller(Limits::window_bytes_max, commands_bytes_max / 2);

    /// Programs whose states look different in a snapshot must not exchange one.
    static constexpr std::uint32_t snapshot_format = snapshot_format_of<Machine>();

    /// Bytes of a full piece of a snapshot; a constant, so that the pieces of two readers are the same.
    static constexpr std::size_t snapshot_piece_bytes =
        smaller(Limits::snapshot_piece_bytes_max, Limits::frame_bytes_max - frame_head_bytes_max);

    /// Bytes of pieces of a state that may be on the way to a follower.
    static constexpr std::uint64_t snapshot_window_bytes =
        std::uint64_t{Limits::snapshot_pieces_in_flight_max} * snapshot_piece_bytes;

    /// What is on the way to a follower should be there in so long.
    static constexpr Duration granted_time{Limits::failure_timeout.microseconds / 2};
    /// Above this, the line bounds nothing: a frame, which is a quarter of it, may be as long as the window.
    static constexpr std::uint64_t allowance_max = 4 * larger(window_bytes, snapshot_window_bytes);

    /// Bytes of the results of `apply` that a node keeps.
    static constexpr std::size_t results_bytes = [] {
        using Stored = StoredResult<ApplyResult<Machine>>;
        return std::is_same_v<Stored, NoResult> ? 0 : sizeof(Stored) * Limits::writes_pending_max;
    }();

    /// A buffer of so many bytes has room for any frame that the node may owe.
    static constexpr std::size_t transmit_bytes_min =
        frame_head_bytes_max +
        larger(entry_bytes_max, has_snapshots ? larger(snapshot_piece_bytes, snapshot_tail_bytes_max<Limits>) : 0);

    /// How a holder has a write when it is first counted: what being in the log means. `applied` comes after that.
    static constexpr Stage log_stage = Log::stage;
    static constexpr Stage stage = AskedStage{Ack::stage}.on(log_stage);
    static constexpr bool waits_for_apply = stage == Stage::applied;
    /// A write may be committed before any follower has it.
    static constexpr bool commits_alone = Ack::kind == PolicyKind::async || Ack::when_missing == WhenMissing::degrade;

    static_assert(Authority<typename Limits::Authority>,
                  "Options::Authority is not an Authority: see the members in replicator/concepts/authority.hpp.");
    static_assert(leads || follows, "Options::Roles must leave a node one role.");
    static_assert(
        follows || !promotes,
        "A node that only leads could not follow who is promoted: leave out Options::Promotion, on all nodes.");
    static_assert(leads || !Limits::Authority::timed,
                  "A node that never leads asks nobody whether it may: leave Options::Authority as it is.");
    static_assert(promotes || !hands_over,
                  "A hand-over ends in a promotion: leave out both, Options::HandOver with Options::Promotion.");
    static_assert(promotes || !is_durable,
                  "A node over a log on a disk leads again after a restart only by a promotion: leave "
                  "Options::Promotion present.");
    static_assert(
        has_snapshots || !is_durable,
        "A log on a disk is bounded, and drops entries only behind a state: leave Options::Snapshots present.");
    static_assert(Limits::epochs_max >= 2, "Options::epochs_max must be at least 2.");
    static_assert(Limits::nodes_max >= 2, "Options::nodes_max must leave room for a follower.");
    static_assert(stage != Stage::durable || log_stage == Stage::durable,
                  "This acknowledgement policy promises durable writes, but the log keeps entries in memory only: ask "
                  "for Stage::received, or take a log that keeps them on a disk.");
    static_assert(
        !is_durable || !requires { requires !Log::keeps_for_restart; },
        "A node could not restart from a log that drops entries before its state on the disk has them: leave "
        "FileOptions::keeps_for_restart true.");
    static_assert(entry_bytes_max <= Log::entry_bytes_max,
                  "The largest entry does not fit in the log: lower Options::command_bytes_max or Options::nodes_max, "
                  "or give the log larger entries.");
    static_assert(entry_bytes_max <= entry_length_max, "A command may be at most 16 MiB long.");
    static_assert(window_bytes >= entry_bytes_max && window_bytes + entry_bytes_max <= commands_bytes_max,
                  "The window and the largest entry do not fit in the log together: take a larger log, or lower "
                  "Options::command_bytes_max.");
    static_assert(Limits::frame_bytes_max >= frame_head_bytes_max + entry_bytes_max,
                  "Options::frame_bytes_max is too small for the largest entry.");
    static_assert(!has_snapshots || Limits::frame_bytes_max >= frame_head_bytes_max + snapshot_tail_bytes_max<Limits>,
                  "Options::frame_bytes_max is too small for what a snapshot says about epochs and nodes.");
    static_assert(Limits::snapshot_piece_bytes_max >= 16, "Options::snapshot_piece_bytes_max must be at least 16.");
    static_assert(nodes_min<Ack>() <= Limits::nodes_max, "ack::Quorum<W> asks for more nodes than Options::nodes_max.");
    static_assert(Limits::apply_bytes_per_call >= 1, "Options::apply_bytes_per_call must be at least 1.");
    static_assert(Limits::writes_pending_max >= 1, "Options::writes_pending_max must be at least 1.");
    static_assert(results_bytes <= Limits::results_bytes_max,
                  "The results of apply that a node keeps, Options::writes_pending_max of them, take more than "
                  "Options::results_bytes_max: return less, lower the first, or raise the second.");
    static_assert(Limits::failure_timeout.microseconds >= 2 * Limits::heartbeat_interval.microseconds,
                  "Options::failure_timeout must be at least twice the heartbeat interval.");
};

}  // namespace replicator::core
