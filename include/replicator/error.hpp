// SPDX-License-Identifier: BSL-1.0
// Everything that can go wrong, as one short closed list of values.
#pragma once

#include <cstdint>

namespace replicator {

/// The numbers travel between nodes, so they never change their meaning.
enum class Error : std::uint8_t {
    none = 0,

    // What a write or an operation is answered with. The call changed nothing.
    not_leader = 1,            ///< this node does not lead; status().leader says who does, as far as it knows
    busy = 2,                  ///< as many writes wait as the options allow; try again when some are acknowledged
    too_large = 3,             ///< the command is larger than the options or the log allow
    log_full = 4,              ///< the log has no room that may be given up
    not_enough_followers = 5,  ///< the policy says to fail when a needed follower is missing, and one is
    already_bootstrapped = 6,  ///< the node holds a history, and another one would fork it
    faulted = 7,               ///< the node stopped taking part; status().fault says why
    not_yet = 8,               ///< this node has not applied the position that was asked for
    stopped = 9,               ///< the object is being closed

    // How an accepted write may end, other than acknowledged.
    outcome_unknown = 10,  ///< it entered a log and may survive: the leader stepped down, or was told to stop waiting
    discarded = 11,        ///< it was on a line of history that was cut

    // Why two nodes do not talk. Nothing changed on either side.
    wrong_version = 12,     ///< no common version of the wire format
    wrong_cluster = 13,     ///< the peer belongs to another cluster
    wrong_group = 14,       ///< the peer belongs to another group
    wrong_history = 15,     ///< both hold data, of two different histories
    wrong_node = 16,        ///< the frame is for, or from, somebody else than the connection says
    wrong_schema = 17,      ///< commands or snapshots of the peer, or in the log on the disk, look different, or have
                            ///< another byte order
    wrong_policy = 18,      ///< the peer has, or the log on the disk was written with, another policy
    wrong_limits = 19,      ///< the peer could not hold what this node may send
    wrong_membership = 20,  ///< the peer was given, or the log was written with, another list of nodes
    duplicate_node = 21,    ///< two living processes claim the same node, or one used a run number again
    stale_epoch = 22,       ///< the sender's epoch is over
    snapshot_old = 23,      ///< the receiver already holds more than the snapshot that it was offered

    // What bytes from outside can be.
    corrupt = 24,   ///< a checksum does not match
    protocol = 25,  ///< well-formed, but nothing that a correct peer would send

    // Why a node faulted.
    diverged = 26,          ///< committed entries or states differ between nodes: proof of a bug or of bad memory
    undecodable = 27,       ///< a committed command cannot be decoded
    snapshot_invalid = 28,  ///< a snapshot arrived whole, and the state machine refused it
    log_failed = 29,        ///< the log could not read or write

    // Why a promotion or a hand-over is refused.
    not_bootstrapped = 30,  ///< the node holds no history, and only `bootstrap` begins one
    nodes_missing = 31,     ///< too few nodes were heard to be sure that nothing acknowledged is lost
    handing_over = 32,      ///< another node is taking over; write there in a moment
    lease_over = 33,        ///< the node's lease has ended, or it never had one

    // Why two nodes begin anew.
    older_copy = 34,  ///< the disk of one was put back from an older copy: it goes on as a new incarnation

    // Why two nodes do not talk, continued.
    wrong_parts = 35,   ///< one lacks a part that the other counts on, see docs/parts.md
    out_of_reach = 36,  ///< the follower lacks entries that the leader's log has dropped, and the group sends no states
};

[[nodiscard]] constexpr const char* to_string(Error error) noexcept {
    switch (error) {
        case Error::none: return "no error";
        case Error::not_leader: return "this node is not the leader";
        case Error::busy: return "too many writes are waiting";
        case Error::too_large: return "the command is too large";
        case Error::log_full: return "the log is full";
        case Error::not_enough_followers: return "not enough followers to acknowledge the write";
        case Error::already_bootstrapped: return "the node already holds a history";
        case Error::faulted: return "the node is faulted";
        case Error::not_yet: return "the node has not applied so far yet";
        case Error::stopped: return "the node is stopped";
        case Error::outcome_unknown: return "the outcome of the write is unknown";
        case Error::discarded: return "the write was discarded";
        case Error::wrong_version: return "no common protocol version";
        case Error::wrong_cluster: return "the peer belongs to another cluster";
        case Error::wrong_group: return "the peer belongs to another group";
        case Error::wrong_history: return "the peer holds another history";
        case Error::wrong_node: return "the frame is for or from another node";
        case Error::wrong_schema: return "the peer, or the log on the disk, has another schema or byte order";
        case Error::wrong_policy: return "the peer, or the log on the disk, has another acknowledgement policy";
        case Error::wrong_limits: return "the peer has smaller limits";
        case Error::wrong_membership: return "the peer, or the log on the disk, has another list of nodes";
        case Error::duplicate_node: return "two processes claim the same node";
        case Error::stale_epoch: return "the epoch is over";
        case Error::snapshot_old: return "the snapshot is older than what the node holds";
        case Error::corrupt: return "corrupt bytes";
        case Error::protocol: return "protocol violation";
        case Error::diverged: return "diverged from the leader";
        case Error::undecodable: return "a committed command cannot be decoded";
        case Error::snapshot_invalid: return "the snapshot was refused by the state machine";
        case Error::log_failed: return "the log failed";
        case Error::not_bootstrapped: return "the node holds no history";
        case Error::nodes_missing: return "too few nodes were heard";
        case Error::handing_over: return "another node is taking over";
        case Error::lease_over: return "the lease has ended";
        case Error::older_copy: return "the disk of the node was put back from an older copy";
        case Error::out_of_reach: return "the follower lacks what the log of the leader has dropped";
        case Error::wrong_parts: return "the peer lacks a part that this node counts on, or has one that it lacks";
    }
    return "unknown error";
}

}  // namespace replicator
