// SPDX-License-Identifier: BSL-1.0
// Stand in for the two sides of a state on its way, in a node that sends none, or takes none.
#pragma once

#include "incoming.hpp"
#include "outgoing.hpp"

#include "../../error.hpp"

#include <cstddef>
#include <type_traits>

namespace replicator::core {

struct NoOutgoingSnapshots {
    static constexpr void restart() noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr bool owes(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr std::size_t transmit(Any&&...) noexcept {
        return 0;
    }
    template <class... Any>
    static constexpr void on_ack(Any&&...) noexcept {}
    template <class... Any>
    static constexpr void tick(Any&&...) noexcept {}
};

struct NoIncomingSnapshot {
    template <class... Any>
    static constexpr void drop(Any&&...) noexcept {}
    template <class... Any>
    [[nodiscard]] static constexpr bool take_head(Any&&...) noexcept {
        return false;
    }
    template <class... Any>
    [[nodiscard]] static constexpr Error take(Any&&...) noexcept {
        return Error::none;
    }
};

template <class Composition>
using OutgoingOrNone = std::conditional_t<Composition::has_snapshots && Composition::sends,
                                          OutgoingSnapshots<Composition>, NoOutgoingSnapshots>;
template <class Composition>
using IncomingOrNone = std::conditional_t<Composition::has_snapshots && Composition::follows,
                                          IncomingSnapshot<Composition>, NoIncomingSnapshot>;

}  // namespace replicator::core
