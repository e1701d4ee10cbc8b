// SPDX-License-Identifier: BSL-1.0
// The identities, positions and times of the library: distinct types of fixed width, so that none is taken for another.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace replicator {

/// A node's number in its group. 0 is nobody.
enum class NodeId : std::uint32_t {};
/// Which deployment a node belongs to; chosen by the operator, so that test and production never mix.
enum class ClusterId : std::uint64_t {};
/// Which group within the cluster; several groups may share one process.
enum class GroupId : std::uint32_t {};
/// Drawn at every bootstrap. It seeds the chain, so that two histories never look alike. 0 is blank.
enum class HistoryId : std::uint64_t {};
/// Changes whenever a node lost its copies. Acknowledgements are counted per incarnation. 0 is unknown.
enum class Incarnation : std::uint64_t {};
/// Changes at every start of a node. 0 is unknown.
enum class Run : std::uint64_t {};
/// Changes at every handshake: binds two runs of two nodes for one epoch. 0 is no link.
enum class LinkId : std::uint32_t {};
/// What the commands of a state machine look like; compared at connect, so that unequal programs fail there.
enum class SchemaId : std::uint64_t {};
/// Identifies one frozen state while it is sent in pieces. 0 is none.
enum class SnapshotId : std::uint64_t {};
/// The running checksum of a log up to and including an entry.
enum class Chain : std::uint32_t {};

/// The number inside any of the identities above.
template <class Identity>
    requires std::is_enum_v<Identity>
[[nodiscard]] constexpr std::underlying_type_t<Identity> value(Identity identity) noexcept {
    return static_cast<std::underlying_type_t<Identity>>(identity);
}

/// An entry's number in the log: 1 for the first, 0 for "before any".
struct Index {
    std::uint64_t value = 0;

    friend constexpr auto operator<=>(const Index&, const Index&) = default;
    friend constexpr Index operator+(Index index, std::uint64_t count) noexcept { return {index.value + count}; }
    friend constexpr Index operator-(Index index, std::uint64_t count) noexcept { return {index.value - count}; }
    /// How many entries lie above `low`, up to and including `high`.
    friend constexpr std::uint64_t operator-(Index high, Index low) noexcept { return high.value - low.value; }
    constexpr Index& operator++() noexcept {
        ++value;
        return *this;
    }
};

/// One that may be unknown. `std::optional` would do, but for one more byte and a branch where it is asked most.
struct MaybeIndex {
    bool known = false;
    Index index;

    constexpr explicit operator bool() const noexcept { return known; }
    constexpr Index operator*() const noexcept { return index; }
    [[nodiscard]] constexpr Index value_or_zero() const noexcept { return known ? index : Index{}; }
    constexpr void reset() noexcept { *this = MaybeIndex{}; }
};

[[nodiscard]] constexpr Index smaller(Index a, Index b) noexcept { return a < b ? a : b; }
[[nodiscard]] constexpr Index larger(Index a, Index b) noexcept { return a < b ? b : a; }
[[nodiscard]] constexpr std::size_t smaller(std::size_t a, std::size_t b) noexcept { return a < b ? a : b; }
[[nodiscard]] constexpr std::size_t larger(std::size_t a, std::size_t b) noexcept { return a < b ? b : a; }

/// One reign of one leader. The counter orders reigns; node and tag say who opened it in which run, so that no two
/// openings are ever equal. Counter 0 is "no epoch yet".
struct Epoch {
    std::uint64_t counter = 0;
    NodeId node{};
    std::uint32_t tag = 0;

    friend constexpr auto operator<=>(const Epoch&, const Epoch&) = default;
};

/// What identifies an entry: the epoch that wrote it, and its index.
struct Position {
    Epoch epoch;
    Index index;

    friend constexpr auto operator<=>(const Position&, const Position&) = default;
};

/// A length of time.
struct Duration {
    std::uint64_t microseconds = 0;

    friend constexpr auto operator<=>(const Duration&, const Duration&) = default;
};

[[nodiscard]] constexpr Duration milliseconds(std::uint64_t count) noexcept { return {count * 1000}; }

/// A point on the caller's monotonic clock; where it starts does not matter, it only must never run backwards. A
/// counter of 32 bits does so when it wraps: see api/clock32.hpp.
struct Instant {
    std::uint64_t microseconds = 0;

    friend constexpr auto operator<=>(const Instant&, const Instant&) = default;
    friend constexpr Instant operator+(Instant instant, Duration duration) noexcept {
        return {instant.microseconds + duration.microseconds};
    }
    /// The time since `earlier`; zero when that lies in the future, so that a clock that stumbles cannot wrap.
    friend constexpr Duration operator-(Instant later, Instant earlier) noexcept {
        return {later < earlier ? 0 : later.microseconds - earlier.microseconds};
    }
};

/// How far a node has come with an entry. Each stage includes those before it.
enum class Stage : std::uint8_t {
    received,  ///< whole and checked in the memory of the process; lost when the process dies
    durable,   ///< on the node's disk, and the flush returned; lost when the disk is
    applied,   ///< visible in the state machine of the node
};

enum class Role : std::uint8_t { follower, leader, faulted };

[[nodiscard]] constexpr const char* to_string(Stage stage) noexcept {
    switch (stage) {
        case Stage::received: return "received";
        case Stage::durable: return "durable";
        case Stage::applied: return "applied";
    }
    return "unknown";
}

[[nodiscard]] constexpr const char* to_string(Role role) noexcept {
    switch (role) {
        case Role::follower: return "follower";
        case Role::leader: return "leader";
        case Role::faulted: return "faulted";
    }
    return "unknown";
}

}  // namespace replicator
