// SPDX-License-Identifier: BSL-1.0
// What becomes of a write: the ticket it is given, and the outcome that the ticket is good for.
#pragma once

#include "../assert.hpp"
#include "../error.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <type_traits>

namespace replicator {

/// Names an accepted write. It is the position that the write will have, so it can be kept, compared and passed on.
struct Ticket {
    Position position;

    friend constexpr auto operator<=>(const Ticket&, const Ticket&) = default;
};

/// What an acknowledged write can rely on.
struct Acknowledgement {
    Position position;              ///< pass it on: a read at or after it sees this write
    Stage stage = Stage::received;  ///< how each holder has it
    std::size_t holders = 0;        ///< nodes that have it at that stage now, leader included
    bool degraded = false;          ///< fewer than the policy asks for while nobody is missing
};

enum class WriteState : std::uint8_t {
    pending,       ///< accepted, waits for the acknowledgement policy
    acknowledged,  ///< as the policy says
    unknown,       ///< it may survive or not: the leader stepped down, or a needed follower went missing; while this
                   ///< node leads on, it may still become acknowledged
};

[[nodiscard]] constexpr const char* to_string(WriteState state) noexcept {
    switch (state) {
        case WriteState::pending: return "pending";
        case WriteState::acknowledged: return "acknowledged";
        case WriteState::unknown: return "unknown";
    }
    return "unknown";
}

/// Stands for the result of an `apply` that returns nothing.
struct NoResult {
    friend constexpr bool operator==(NoResult, NoResult) = default;
};

/// The type that holds what `apply` returned.
template <class ApplyResult>
using StoredResult = std::conditional_t<std::is_void_v<ApplyResult>, NoResult, std::remove_cvref_t<ApplyResult>>;

/// Where a write stands. `result` is what `apply` returned on this node, once the write is acknowledged; it is kept
/// until `Options::writes_pending_max` further writes were applied (`result_kept` tells).
template <class Stored>
struct Outcome {
    WriteState state = WriteState::pending;
    Acknowledgement acknowledgement;
    Stored result{};
    bool result_kept = false;
};

}  // namespace replicator
