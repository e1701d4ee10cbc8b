// SPDX-License-Identifier: BSL-1.0
// AckPolicy: when a write counts as acknowledged. A pure function from what the nodes hold to an index.
//
// Syntax, all static and constexpr
//   Policy::kind, Policy::stage, Policy::when_missing, Policy::has_seat
//   Policy::holders(nodes)                 nodes that hold an acknowledged write, leader included
//   Policy::holders_floor(nodes)           the same when the policy has degraded as far as it may
//   Policy::acknowledged(holdings)         the newest index that is acknowledged, if nothing newer ever was
//   Policy::satisfiable(holdings)          false when a needed follower is missing now
//   Policy::nodes_min, Policy::loss_entries_max   optional: nodes that a group must have; entries that may be on no
//                                          follower, 0 for no bound
//
// Semantic rules
//   AP-1  `acknowledged` never answers an index that fewer than `holders_floor` of the nodes hold at the stage.
//   AP-2  It is monotone: when a node holds more, the answer is not smaller. A follower going down is no such case; the
//         caller therefore never lets the acknowledged index fall.
//   AP-3  A follower that does not count (blank, installing, a new incarnation, not heard in this epoch) is shown as
//         holding Index{0} and as not up.
//   AP-4  With `has_seat`, at most one follower has the seat, and what it is shown as holding is Index{0} until it
//         holds the entry that gave it the seat.
//   AP-5  Two nodes compare `kind` and `holders`. A policy of your own takes the kind that it is most like; `async`
//         means that a write may be committed before any follower has it.
//
// The smallest complete model is `ack::Async`.
#pragma once

#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator {

enum class PolicyKind : std::uint8_t { async = 1, semi_sync, quorum, majority, sync };

[[nodiscard]] constexpr const char* to_string(PolicyKind kind) noexcept {
    switch (kind) {
        case PolicyKind::async: return "async";
        case PolicyKind::semi_sync: return "semi-sync";
        case PolicyKind::quorum: return "quorum";
        case PolicyKind::majority: return "majority";
        case PolicyKind::sync: return "sync";
    }
    return "unknown";
}

/// What becomes of writes while a follower that the policy needs is missing.
enum class WhenMissing : std::uint8_t {
    wait,     ///< they wait; when the window is full, further ones are refused as busy
    fail,     ///< new ones are refused; those under way end as unknown
    degrade,  ///< they are acknowledged by fewer, and the acknowledgement says so
};

/// The stage that a policy asks for; by default the one that the log gives: durable on a disk, received in memory.
struct AskedStage {
    Stage stage = Stage::received;
    bool of_log = true;

    // Not defaulted: g++ 12 defines a defaulted one only after the templates whose default arguments need it.
    constexpr AskedStage() noexcept {}
    constexpr AskedStage(Stage asked) noexcept : stage(asked), of_log(false) {}

    [[nodiscard]] constexpr Stage on(Stage log_stage) const noexcept { return of_log ? log_stage : stage; }
};

/// What one follower holds, as far as the leader knows.
struct Holding {
    Index held;         ///< verified in this epoch, at the stage in question
    bool up = false;    ///< connected, not stuck, and its log reaches what was acknowledged
    bool seat = false;  ///< it is the synchronous follower
};

struct Holdings {
    Index leader;
    std::span<const Holding> followers;  ///< every configured node but the leader
};

/// What a policy promises, for a group of some size. A constant of the type.
struct Guarantee {
    Stage stage = Stage::received;       ///< how each holder has the write
    std::size_t nodes = 0;               ///< configured, leader included
    std::size_t holders = 0;             ///< nodes that hold an acknowledged write, leader included
    std::size_t losses_survived = 0;     ///< nodes that may be destroyed without losing an acknowledged write
    std::size_t promotion_hears = 0;     ///< nodes that a promotion without loss must hear, the new leader included

    friend constexpr bool operator==(const Guarantee&, const Guarantee&) = default;
};

template <class Policy>
concept AckPolicy = requires(Holdings holdings, std::size_t nodes) {
    { Policy::kind } -> std::convertible_to<PolicyKind>;
    { Policy::stage } -> std::convertible_to<AskedStage>;
    { Policy::when_missing } -> std::convertible_to<WhenMissing>;
    { Policy::has_seat } -> std::convertible_to<bool>;
    { Policy::holders(nodes) } noexcept -> std::same_as<std::size_t>;
    { Policy::holders_floor(nodes) } noexcept -> std::same_as<std::size_t>;
    { Policy::acknowledged(holdings) } noexcept -> std::same_as<Index>;
    { Policy::satisfiable(holdings) } noexcept -> std::same_as<bool>;
};

/// The guarantee of a policy at a stage. A policy that may degrade promises only what is left then.
template <AckPolicy Policy>
[[nodiscard]] constexpr Guarantee guarantee_of(std::size_t nodes, Stage stage) noexcept {
    const std::size_t floor = Policy::holders_floor(nodes);
    const std::size_t holders = floor < nodes ? floor : nodes;
    return {stage, nodes, holders, holders - 1, nodes - holders + 1};
}

}  // namespace replicator
