// SPDX-License-Identifier: BSL-1.0
// Stands in for the leader in a node that never leads.
#pragma once

#include "../../api/write.hpp"
#include "../../error.hpp"
#include "../../result.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>
#include <optional>

namespace replicator::core {

struct NoLeader {
    [[nodiscard]] static constexpr Index acknowledged() noexcept { return {}; }
    [[nodiscard]] static constexpr std::uint64_t current_round() noexcept { return 0; }
    template <class... Any>
    [[nodiscard]] static constexpr bool confirmed(Any&&...) noexcept {
        return false;
    }

    // Nobody calls these while the node does not lead.
    template <class... Any>
    static constexpr void advance(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void review(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void tick(Any&&...) noexcept {}
    static constexpr void new_round() noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr std::uint64_t pending(Any&&...) noexcept {
        return 0;
    }
    [[nodiscard]] static constexpr std::optional<Instant> pending_since() noexcept { return {}; }
    template <class... Any>
    [[nodiscard]] static constexpr bool satisfiable(Any&&...) noexcept {
        return false;
    }

    // Calls of these do not compile, and say why; this is what is compiled behind that.
    template <class... Any>
    [[nodiscard]] static Result<void> open(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    [[nodiscard]] static constexpr Error write(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    [[nodiscard]] static Result<void> admit(Any&&...) noexcept {
        return Error::not_leader;
    }
    template <class... Any>
    [[nodiscard]] static constexpr WriteState state_of(Any&&...) noexcept {
        return WriteState::unknown;
    }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t holders(Any&&...) noexcept {
        return 0;
    }
};

}  // namespace replicator::core
