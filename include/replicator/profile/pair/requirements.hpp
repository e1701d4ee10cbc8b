// SPDX-License-Identifier: BSL-1.0
// What a pair cannot be made of, in one sentence each, and what its core is made of instead.
#pragma once

#include "../../pair/options.hpp"

#include "../../concepts/ack_policy.hpp"
#include "../../concepts/checks/requirements.hpp"
#include "../../concepts/state_machine.hpp"
#include "../../concepts/transport.hpp"
#include "../../encoding/bytes.hpp"
#include "../../fwd.hpp"
#include "../../types.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace replicator::profile::detail {

/// Bytes of a log that lies in the node; 0 for another log.
template <class Log>
inline constexpr std::size_t ring_bytes = 0;
template <std::size_t Bytes, std::size_t EntryBytesMax>
inline constexpr std::size_t ring_bytes<log::Ring<Bytes, EntryBytesMax>> = Bytes;

[[nodiscard]] constexpr bool fits_pair(std::size_t ring) noexcept {
    return std::has_single_bit(ring) && ring >= 128 && ring <= std::size_t{64} * 1024;
}

/// False, but the compiler does not know it before it is asked.
template <class>
inline constexpr bool never = false;

/// Over TCP nodes call each other a second time, and hold that stream aside: a pair has one line.
template <class GivenTransport>
inline constexpr bool holds_streams_aside = false;
template <class Executor>
inline constexpr bool holds_streams_aside<transport::AsioTcpOn<Executor>> = true;

/// What is no policy is refused for that alone.
enum class PolicyFault : unsigned char { none, no_policy, other_kind, when_missing, stage };
template <class Ack>
[[nodiscard]] consteval PolicyFault find_policy_fault() noexcept {
    if constexpr (!AckPolicy<Ack>) {
        return PolicyFault::no_policy;
    } else {
        if (Ack::kind != PolicyKind::semi_sync && Ack::kind != PolicyKind::async) return PolicyFault::other_kind;
        if (Ack::when_missing != WhenMissing::wait) return PolicyFault::when_missing;
        if (AskedStage{Ack::stage}.on(Stage::received) != Stage::received) return PolicyFault::stage;
        return PolicyFault::none;
    }
}

template <class Machine>
inline constexpr bool fits_as_bytes =
    RawSaveable<Machine>&& replicator::detail::machine_fault<Machine> == replicator::detail::MachineFault::none;

/// Complains when it is instantiated, about the first fault.
template <class Machine, class Log, class Ack, class GivenTransport, class Limits>
struct PairRequirements : replicator::detail::MachineRequirements<Machine> {
    static constexpr bool is_ring = ring_bytes<Log> != 0;
    static constexpr PolicyFault policy = find_policy_fault<Ack>();

    static_assert(fits_as_bytes<Machine> ||
                      replicator::detail::machine_fault<Machine> != replicator::detail::MachineFault::none,
                  "profile::Pair sends the state of a node as its bytes, so the state machine must be trivially "
                  "copyable, without pointers and padding; save and load are for groups.");
    static_assert(is_ring, "profile::Pair keeps its log in a log::Ring<Bytes>; other logs are for groups.");
    static_assert(!is_ring || fits_pair(ring_bytes<Log>),
                  "profile::Pair takes a log::Ring of 128 bytes to 64 KiB, a power of two.");
    static_assert(policy != PolicyFault::no_policy,
                  "The third argument is not an AckPolicy: see the members in replicator/concepts/ack_policy.hpp.");
    static_assert(
        policy != PolicyFault::other_kind,
        "profile::Pair acknowledges by ack::SemiSync<> or ack::Async<>: with two nodes, every other policy is "
        "the former.");
    static_assert(policy != PolicyFault::when_missing,
                  "profile::Pair waits while its follower is missing: leave WhenMissing::wait.");
    static_assert(policy != PolicyFault::stage,
                  "profile::Pair counts a write where it was received, in memory: leave out the stage of the policy.");
    static_assert(Transport<GivenTransport>,
                  "The fourth argument is not a Transport: it needs a noexcept member function template "
                  "wake(node, peer).");
    static_assert(!holds_streams_aside<GivenTransport>,
                  "profile::Pair is for lines and datagrams: over TCP take a group.");
    static_assert(Limits::nodes_max == 2, "profile::Pair has two nodes: leave Options::nodes_max, or take a group.");
    static_assert(
        !requires { typename Limits::Authority; },
        "profile::Pair has no Options::Authority: who may lead is decided by promote and hand_over.");
};

/// Takes the place of a state machine that has a fault.
template <class Machine>
struct StandIn : replicator::detail::StandIn<Machine> {
    std::uint32_t state = 0;
};

/// The limits of the core: those of the user, with a log and a line.
template <class Log, class GivenTransport, class Limits>
struct CoreLimits : Limits {
    static constexpr bool is_datagrams = [] {
        if constexpr (replicator::detail::SaysWhatItDelivers<GivenTransport>) {
            return GivenTransport::delivers == Delivers::frames;
        } else {
            return false;
        }
    }();
    using Delivery = std::conditional_t<is_datagrams, pair::delivery::Frames, pair::delivery::Line>;
    static constexpr bool can_hand_over = Limits::HandOver::present;

    /// A ring of a group takes 16 bytes beside each command. So much room, and a little less memory, has a pair, too.
    static constexpr std::size_t bytes = fits_pair(ring_bytes<Log>) ? ring_bytes<Log> : 1024;
    static constexpr std::size_t log_entries_max = bytes / 32;
    static constexpr std::size_t log_bytes_max = bytes / 2;
};

}  // namespace replicator::profile::detail
