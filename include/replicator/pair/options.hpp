// SPDX-License-Identifier: BSL-1.0
// What a node of a pair consists of, named in types, and what it tells its user.
#pragma once

#include "../api/options.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>

namespace replicator::pair {

/// Which halves of the protocol a node has: as in a group. The half that it has not costs no flash and no memory.
namespace roles = replicator::roles;

/// How a state goes to a follower that the log of the leader does not reach.
namespace transfer {

/// In one frame.
struct Whole {
    static constexpr std::size_t piece_bytes = 0;
};
/// In frames with so many bytes of it each. Each node has room for a second state: on the leader the frozen copy that
/// is sent, on the follower what has arrived.
template <std::size_t Bytes>
struct Pieces {
    static_assert(Bytes > 0, "pair::transfer::Pieces<Bytes>: a piece has at least one byte.");
    static constexpr std::size_t piece_bytes = Bytes;
};

}  // namespace transfer

/// What the surroundings deliver.
namespace delivery {

/// Bytes of a line, which may be damaged or lost. Frames are told apart by a zero byte that is in none of them.
struct Line {
    static constexpr bool whole_frames = false;
};
/// Each call of `receive` has one frame as `transmit` wrote it, or a damaged one: datagrams.
struct Frames {
    static constexpr bool whole_frames = true;
};

}  // namespace delivery

/// What a node is made of, but for its log and its line; derive and override what should differ. Both nodes must have
/// the same.
struct Bounds {
    using Roles = roles::Both;
    using Transfer = transfer::Pieces<64>;

    /// Bytes of one encoded command, for codecs that do not state a bound themselves.
    static constexpr std::size_t command_bytes_max = 64;
    /// Bytes of one frame before it is coded for the line, head and checksum included.
    static constexpr std::size_t frame_bytes_max = 128;

    /// The position before the first entry, for tests of what happens when positions go around.
    static constexpr std::uint32_t before_first = 0;

    /// A node that has nothing to say says so this often.
    static constexpr Duration heartbeat_interval = milliseconds(50);
    /// A peer that was silent for so long is down.
    static constexpr Duration failure_timeout = milliseconds(500);
    /// How often what is not answered is sent again.
    static constexpr Duration retry_interval = milliseconds(100);
    /// How long a hand-over waits for its successor.
    static constexpr Duration promotion_timeout = milliseconds(1000);
};

/// The limits of a `pair::Node`, which is told its log and its line beside.
struct Options : Bounds {
    using Delivery = delivery::Line;

    /// A leader can give way to its follower without loss: `hand_over`, and `promote` on a follower whose leader is
    /// there.
    static constexpr bool can_hand_over = true;
    /// Entries in the log; a power of two.
    static constexpr std::size_t log_entries_max = 32;
    /// Bytes of their commands, each rounded up to eight.
    static constexpr std::size_t log_bytes_max = 512;
};

/// Checked by REPLICATOR_ASSERT.
struct Config {
    NodeId node{};
    NodeId peer{};
    /// A number that no earlier start of this node used: random, or counted in storage. Its low 15 bits are in each
    /// epoch that this node opens.
    std::uint32_t run = 0;
};

/// Names an accepted write: the epoch that wrote it, and its place in the log.
struct Ticket {
    std::uint32_t epoch = 0;
    std::uint32_t index = 0;

    friend constexpr bool operator==(const Ticket&, const Ticket&) = default;
};

/// What a node tells people.
struct NodeStatus {
    Role role = Role::follower;
    Error fault = Error::none;      ///< why it is faulted
    Error refusal = Error::none;    ///< why it does not talk to the peer, of which it heard last
    Error promotion = Error::none;  ///< how the newest promotion of this node ended; busy while it is under way
    bool linked = false;            ///< the peer is there, and one of both leads
    bool confirmed = false;         ///< linked, and both logs are known to agree as far as they overlap
    bool blank = true;              ///< it holds nothing of any history
    bool peer_blank = false;        ///< the same of the peer, when it was heard last
    bool complete = false;      ///< it holds all that was acknowledged when its link began, or began an epoch itself
    bool handing_over = false;  ///< it waits for the other to lead in its place, or to let it lead
    std::uint32_t epoch = 0;
    std::uint32_t last = 0;
    std::uint32_t commit = 0;
    std::uint32_t applied = 0;
    std::uint32_t agreed = 0;  ///< while confirmed: up to here both have the same entries
    std::uint32_t unsettled =
        0;  ///< own entries that a state replaced, and of which nobody knows whether they are in it
};

namespace detail {

/// In an epoch: the node with the higher id opened it. Above it is the counter, below it the run of that node.
inline constexpr std::uint32_t second_node = 0x8000;

/// Stands for what a node has not.
template <int Which>
struct Absent {};

/// Serial comparison: right for positions that are less than half a circle apart.
[[nodiscard]] constexpr bool is_after(std::uint32_t position, std::uint32_t other) noexcept {
    return static_cast<std::int32_t>(position - other) > 0;
}

}  // namespace detail

}  // namespace replicator::pair
