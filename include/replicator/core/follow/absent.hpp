// SPDX-License-Identifier: BSL-1.0
// Stands in for the follower in a node that never follows.
#pragma once

#include "../../error.hpp"

#include <cstddef>

namespace replicator::core {

struct NoFollower {
    [[nodiscard]] static constexpr bool owes() noexcept { return false; }
    static constexpr void unlinked() noexcept {}

    // Nobody calls these, because nobody is followed.
    template <class... Any>
    static constexpr void linked(Any&&...) noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr bool begin_append(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr bool take_plain(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr Error entries(Any&&...) noexcept {
        return Error::none;
    }
    template <class... Any>
    static constexpr void damaged(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void settle(Any&&...) noexcept {}
    static constexpr void heartbeat_due() noexcept {}
    static constexpr void flushed() noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t write_ack(Any&&...) noexcept {
        return 0;
    }
};

}  // namespace replicator::core
