// SPDX-License-Identifier: BSL-1.0
// What is chosen for a node: every bound and interval, as constants; derive and override what should differ. And what
// it is told when it is made: who it is, who the others are, and entropy, for it has none of its own.
#pragma once

#include "../types.hpp"

#include <cstddef>
#include <span>

namespace replicator {

namespace authority {
struct Manual;
}

// The parts of a node: each is there or not, as its options name it. What is not there costs nothing.

/// Which halves of the protocol a node has.
namespace roles {
struct Both {
    static constexpr bool leads = true, follows = true;
};
/// Leads from `bootstrap` on, and never follows. Its group has no promotions.
struct LeadsOnly {
    static constexpr bool leads = true, follows = false;
};
/// Takes what a leader sends, and never leads. Where its group has promotions, it answers candidates, and sends them
/// what they lack.
struct FollowsOnly {
    static constexpr bool leads = false, follows = true;
};
}  // namespace roles

/// Another node can be made the leader, after questions to the others. All nodes of a group have that, or none: then
/// who began the history leads for as long as it runs.
namespace promotion {
struct Present {
    static constexpr bool present = true;
};
struct Absent {
    static constexpr bool present = false;
};
}  // namespace promotion

/// A leader can give its place to a follower without loss: `hand_over` and `drain`.
namespace hand_over {
struct Present {
    static constexpr bool present = true;
};
struct Absent {
    static constexpr bool present = false;
};
}  // namespace hand_over

/// A follower that lacks entries which the leader's log has dropped is sent the leader's state. All nodes of a group
/// have that, or none: then such a follower is refused, as `out_of_reach`.
namespace snapshots {
struct Present {
    static constexpr bool present = true;
};
struct Absent {
    static constexpr bool present = false;
};
}  // namespace snapshots

/// What a node counts for its status.
namespace tallies {
struct Present {
    static constexpr bool present = true;
};
struct Absent {
    static constexpr bool present = false;
};
}  // namespace tallies

/// The limits of a node, all known to the compiler, so that `sizeof` is the memory bill.
///
///     struct Small : replicator::Options {
///         static constexpr std::size_t nodes_max = 3;
///     };
///     using Node = replicator::Replicator<Counter, log::Ring<1024>, ack::Sync<>, transport::Manual, Small>;
struct Options {
    /// Who says that this node may lead, see concepts/authority.hpp.
    using Authority = authority::Manual;
    /// What this node can be.
    using Roles = roles::Both;
    /// `promote`, and answers to those who ask to lead.
    using Promotion = promotion::Present;
    /// `hand_over`; a successor is promoted in the end, so promotion must be there, too.
    using HandOver = hand_over::Present;
    /// States for followers that were away for too long.
    using Snapshots = snapshots::Present;
    /// `status().counters`.
    using Tallies = tallies::Present;

    /// Frames that are nothing unusual take a short way through a node, which saves a third of the instructions of a
    /// write. Without, a node is three kilobytes smaller, and does the same.
    static constexpr bool has_short_way = true;
    /// A leader that can hand over can be told to stop in order, too (`drain`). Without, a node is a little smaller.
    static constexpr bool can_drain = true;
    /// Nodes in a group, this one included.
    static constexpr std::size_t nodes_max = 5;
    /// Bytes of one encoded command, for codecs that do not state a bound themselves.
    static constexpr std::size_t command_bytes_max = 1024;
    /// Bytes of one frame, head included; writer and reader have the same bound.
    static constexpr std::size_t frame_bytes_max = 256 * 1024;
    /// Bytes of entries that may be without an acknowledgement: of the leader's log, and on the way to one follower.
    /// What a node really uses is at most half of its log, see `window_bytes`.
    static constexpr std::size_t window_bytes_max = 4 * 1024 * 1024;
    /// Accepted writes that may wait for their acknowledgement. Also how many results of `apply` are kept.
    static constexpr std::size_t writes_pending_max = 1024;
    /// Bytes that these results may take in the node, each as large as its type.
    static constexpr std::size_t results_bytes_max = 1024 * 1024;
    /// A frame with fewer bytes of entries waits while an earlier one to that follower is without an acknowledgement;
    /// `tick` releases it.
    static constexpr std::size_t gather_bytes = 64 * 1024;
    /// Epochs that a node remembers, to find where two logs part.
    static constexpr std::size_t epochs_max = 8;
    /// Bytes of one piece of a snapshot. The slowest line has four failure timeouts for one.
    static constexpr std::size_t snapshot_piece_bytes_max = 32 * 1024;
    /// Pieces of a snapshot on the way to one follower.
    static constexpr std::size_t snapshot_pieces_in_flight_max = 8;
    /// Bytes of entries that a node applies between two calls of `receive`, `tick` or `flush`, though always one entry:
    /// a bound for how long a call takes, where much is committed at once. The rest waits for the next of these calls,
    /// for which the node asks the transport (`flush_soon`). Without a bound everything that is committed is applied at
    /// once.
    static constexpr std::size_t apply_bytes_per_call = ~std::size_t{0};
    /// Over a log on a disk: bytes of entries after which the state is written there anew, but at most a quarter of the
    /// log. A restart applies at most about so much.
    static constexpr std::size_t state_interval_bytes = 64 * 1024 * 1024;
    /// Pieces of that state that are written with every tick.
    static constexpr std::size_t state_pieces_per_tick = 32;

    /// A node that has nothing to say to a peer says so this often.
    static constexpr Duration heartbeat_interval = milliseconds(50);
    /// A peer that was silent for so long is down.
    static constexpr Duration failure_timeout = milliseconds(500);
    /// How often what is not answered is sent again: hello, probe, beginning of a snapshot, question of a promotion,
    /// order to lead; and the least time between two resends for one gap.
    static constexpr Duration retry_interval = milliseconds(100);
    /// How long a promotion waits for answers, and a hand-over for its successor.
    static constexpr Duration promotion_timeout = milliseconds(1000);
    /// A follower whose seat as the synchronous one was taken away cannot get it back for so long, so that a flapping
    /// follower does not flap the seat.
    static constexpr Duration seat_rest_interval = milliseconds(2000);
    /// How long a frozen state is kept for a follower that went away in the middle of it, so that it can resume.
    /// Also how long a node waits after its own state could not be written to its disk.
    static constexpr Duration snapshot_keep_interval = milliseconds(10000);
    /// How long a follower waits for its next snapshot when the last one came too late to be of use; doubled each time.
    static constexpr Duration snapshot_backoff = milliseconds(200);
};

/// Checked by REPLICATOR_ASSERT, which stops the program without a word: assert.hpp says how to see which rule was
/// broken.
struct Config {
    /// This node, in full: `.node = NodeId{1}`. Must be in `nodes`.
    NodeId node{};
    /// Every node of the group once, this one included, the same on all of them; copied, so the span may go afterwards.
    /// NodeId{0} is nobody.
    std::span<const NodeId> nodes;
    /// A number that no earlier start of this node used: random, or counted in storage. Nodes whose log is in memory
    /// lose their copies with the process, so for them it also is the incarnation. Not 0: `.run = Run{2026}`.
    Run run{};
    /// Nodes of different clusters or groups refuse each other.
    ClusterId cluster{};
    GroupId group{};
    /// After a restart from a disk, the node that led last asks for promotion by itself, as a leader does that was
    /// fenced by somebody who never led: every `Options::failure_timeout`, and `Options::retry_interval` for each node
    /// with a lower id, until somebody leads. It loses no acknowledged write. It gives way to a candidate that a person
    /// promoted, and gives up when an answer shows that another node led since. One that is promoted in the same
    /// moment, after those answers, may still lead for an instant before it.
    bool leads_again = false;
};

}  // namespace replicator
