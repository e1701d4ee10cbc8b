// SPDX-License-Identifier: BSL-1.0
// The handshake: two nodes show each other who they are, what they hold and what they can take. It binds two runs of
// two nodes, for one epoch, to a short link id; every later frame carries that id in place of all that is said here.
//
// Each side sends a Hello. The follower's asks; the leader's answer offers a link: it repeats the follower's nonce, so
// that an answer from another time is told apart. A mismatch is answered with the error and changes nothing.
#pragma once

#include "frame.hpp"

#include "../../concepts/ack_policy.hpp"
#include "../../error.hpp"
#include "../../types.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>

namespace replicator::core {

/// The acknowledgement policy as a number that two nodes can compare.
template <AckPolicy Policy>
[[nodiscard]] constexpr std::uint32_t policy_word(std::size_t nodes, Stage stage) noexcept {
    return static_cast<std::uint32_t>(value(PolicyKind{Policy::kind})) | static_cast<std::uint32_t>(value(stage)) << 8 |
           static_cast<std::uint32_t>(value(WhenMissing{Policy::when_missing})) << 12 |
           static_cast<std::uint32_t>(Policy::holders(nodes)) << 16;
}

/// The snapshot format of a state that is sent as it stands in memory: `format`, its version or its size, and the byte
/// order of the machine. The log on a disk keeps it, too.
[[nodiscard]] constexpr std::uint32_t raw_state_format(std::uint32_t format, std::endian order) noexcept {
    return format ^ (order == std::endian::little ? 0u : 0x8000'0000u);
}

namespace hello_flags {
inline constexpr std::uint32_t clean_stop = 1;  ///< the run before ended in order
inline constexpr std::uint32_t may_lead = 2;
inline constexpr std::uint32_t may_hold = 4;     ///< its copies count
inline constexpr std::uint32_t leads = 8;        ///< leads `epoch`
inline constexpr std::uint32_t installing = 16;  ///< is receiving a snapshot
inline constexpr std::uint32_t fetches = 32;     ///< a candidate that asks the receiver for what it holds
inline constexpr std::uint32_t donates = 64;     ///< does not lead, but sends what it holds to that candidate
}  // namespace hello_flags

struct Hello {
    // Who speaks to whom.
    std::uint16_t version_min = protocol_version;
    std::uint16_t version_max = protocol_version;
    std::uint32_t features = 0;
    ClusterId cluster{};
    HistoryId history{};
    GroupId group{};
    NodeId sender{};
    NodeId receiver{};
    std::uint32_t flags = 0;
    Incarnation incarnation{};
    Run run{};
    std::uint64_t nonce = 0;           ///< of this attempt; never used twice in a run
    Run receiver_run{};                ///< as far as the sender knows it
    std::uint64_t receiver_nonce = 0;  ///< the attempt that is answered

    // What both must agree on.
    SchemaId schema{};
    std::uint32_t snapshot_format = 0;
    std::uint32_t policy = 0;
    std::uint32_t membership = 0;  ///< checksum over the configured nodes
    std::uint32_t entry_bytes_max = 0;
    std::uint32_t frame_bytes_max = 0;
    std::uint32_t piece_bytes_max = 0;
    std::uint64_t window_bytes = 0;
    std::uint64_t log_bytes = 0;

    // What the sender holds.
    Epoch promised;
    Epoch epoch;  ///< that the sender leads, or followed last
    Position last;
    Chain last_chain{};
    LinkId link{};  ///< offered, by a leader
    Index first;
    Position commit;
    Index suspect_from;  ///< 0: from nowhere
    SnapshotOffset snapshot;
    Index membership_index;
    Position forced;  ///< the newest forced epoch in the sender's log, and its first entry
    Error refusal = Error::none;

    [[nodiscard]] bool has(std::uint32_t flag) const noexcept { return (flags & flag) != 0; }

    /// The fields in their order on the wire.
    template <class Bytes, class Self>
    static void each_field(Bytes bytes, Self& hello) noexcept {
        bytes.each(hello.version_min, hello.version_max, hello.features, hello.cluster, hello.history, hello.group,
                   hello.sender, hello.receiver, hello.flags, hello.incarnation, hello.run, hello.nonce,
                   hello.receiver_run, hello.receiver_nonce, hello.schema, hello.snapshot_format, hello.policy,
                   hello.membership, hello.entry_bytes_max, hello.frame_bytes_max, hello.piece_bytes_max,
                   hello.window_bytes, hello.log_bytes, hello.promised, hello.epoch, hello.last, hello.last_chain,
                   hello.link, hello.first, hello.commit, hello.suspect_from, hello.snapshot.id, hello.snapshot.offset,
                   hello.membership_index, hello.forced, hello.refusal);
    }
};

inline std::size_t write_head(std::byte* head, const Hello& hello) noexcept {
    return write_fields(head, hello, FrameType::hello);
}

[[nodiscard]] inline Hello read_hello(const std::byte* head) noexcept { return read_fields<Hello>(head); }

/// Why the sender of `theirs` and this node, who would say `mine` to it, must not talk; `none` when they may.
[[nodiscard]] constexpr Error mismatch(const Hello& mine, const Hello& theirs) noexcept {
    if (theirs.version_max < mine.version_min || mine.version_max < theirs.version_min) return Error::wrong_version;
    if (theirs.cluster != mine.cluster) return Error::wrong_cluster;
    if (theirs.group != mine.group) return Error::wrong_group;
    if (theirs.sender != mine.receiver || theirs.receiver != mine.sender) return Error::wrong_node;
    if (theirs.schema != mine.schema || theirs.snapshot_format != mine.snapshot_format) return Error::wrong_schema;
    // How many holders a policy asks for depends on the nodes, so they come first.
    if (theirs.membership != mine.membership) return Error::wrong_membership;
    if (theirs.policy != mine.policy) return Error::wrong_policy;
    const bool fits = theirs.entry_bytes_max == mine.entry_bytes_max &&
                      theirs.frame_bytes_max == mine.frame_bytes_max &&
                      theirs.piece_bytes_max == mine.piece_bytes_max &&
                      mine.window_bytes + mine.entry_bytes_max <= theirs.log_bytes &&
                      theirs.window_bytes + theirs.entry_bytes_max <= mine.log_bytes;
    if (!fits) return Error::wrong_limits;
    const bool both_bootstrapped = theirs.history != HistoryId{} && mine.history != HistoryId{};
    if (both_bootstrapped && theirs.history != mine.history) return Error::wrong_history;
    return Error::none;
}

/// A number that depends on all of its arguments, for ids that must not repeat (splitmix64 by Steele, Lea and Flood,
/// "Fast Splittable Pseudorandom Number Generators", 2014).
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t a, std::uint64_t b) noexcept {
    std::uint64_t z = a * 0x9e3779b97f4a7c15u + b;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/// The id of the link that the leader's run offers to an attempt of the follower's run. It never is 0.
[[nodiscard]] constexpr LinkId link_id(Epoch epoch, Run leader, Run follower, std::uint64_t nonce) noexcept {
    const std::uint64_t id = mix(mix(mix(epoch.counter, value(leader)), value(follower)), nonce);
    return static_cast<LinkId>(static_cast<std::uint32_t>(id) | 1u);
}

}  // namespace replicator::core
