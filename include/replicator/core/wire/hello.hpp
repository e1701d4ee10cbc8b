// SPDX-License-Identifier: BSL-1.0
// The handshake: two nodes show each other who they are, what they hold and what they can take. It binds two runs of
// two nodes, for one epoch, to a short link id; every later frame carries that id in place of all that is said here.
//
// Each side sends a Hello. The follower's asks; the leader's answer offers a link: it repeats the follower's nonce, so
// that an answer from another time is told apart. A mismatch is answered with the error and changes nothing.
#pragma once

#include "frame.hpp"

#include "../../concepts/ack_policy.hpp"
#include "../../encoding/layout.hpp"
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
inline constexpr std::uint16_t leads = 1;    ///< leads `epoch`
inline constexpr std::uint16_t fetches = 2;  ///< a candidate that asks the receiver for what it holds
inline constexpr std::uint16_t donates = 4;  ///< does not lead, but sends what it holds to that candidate
// Parts that the sender has not. Whoever does not know them has all parts.
inline constexpr std::uint16_t no_promotion = 8;   ///< its group has none
inline constexpr std::uint16_t no_lead = 16;       ///< it never leads
inline constexpr std::uint16_t no_follow = 32;     ///< it never follows
inline constexpr std::uint16_t no_snapshots = 64;  ///< its group has none
}  // namespace hello_flags

struct Hello {
    // Who speaks to whom.
    std::uint16_t version_min = protocol_version;
    std::uint16_t version_max = protocol_version;
    GroupId group{};
    ClusterId cluster{};
    HistoryId history{};
    NodeId sender{};
    NodeId receiver{};
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
    Position commit;
    Index suspect_from;  ///< 0: from nowhere
    Position forced;     ///< the newest forced epoch in the sender's log, and its first entry

    // What it says to the receiver.
    LinkId link{};  ///< offered, by a leader
    std::uint16_t flags = 0;
    Error refusal = Error::none;
    std::uint8_t unused = 0;

    [[nodiscard]] bool has(std::uint16_t flag) const noexcept { return (flags & flag) != 0; }

    /// The fields in their order on the wire.
    template <class Bytes, class Message>
    static void each_field(Bytes bytes, Message& hello) noexcept {
        bytes.each(hello.version_min, hello.version_max, hello.group, hello.cluster, hello.history, hello.sender,
                   hello.receiver, hello.incarnation, hello.run, hello.nonce, hello.receiver_run, hello.receiver_nonce,
                   hello.schema, hello.snapshot_format, hello.policy, hello.membership, hello.entry_bytes_max,
                   hello.frame_bytes_max, hello.piece_bytes_max, hello.window_bytes, hello.log_bytes, hello.promised,
                   hello.epoch, hello.last, hello.commit, hello.suspect_from, hello.forced, hello.link, hello.flags,
                   hello.refusal, hello.unused);
    }
};
static_assert(Layout<Hello> && sizeof(Hello) == wire_bytes::hello);

inline std::size_t write_head(std::byte* head, const Hello& hello) noexcept {
    return write_fields(head, hello, FrameType::hello);
}

/// Who sends blocks that this version does not know must not be understood by half: no version is common then.
[[nodiscard]] inline Hello read_hello(const std::byte* head) noexcept {
    Hello hello = read_fields<Hello>(head);
    if (load_header(head).flags != 0) hello.version_min = hello.version_max = 0;
    return hello;
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
