// SPDX-License-Identifier: BSL-1.0
// Divergence: what a node can tell, from its own log and epochs, about how another log parts from its own.
#pragma once

#include "../../concepts/log_policy.hpp"
#include "../../error.hpp"
#include "../../types.hpp"
#include "../self.hpp"
#include "../wire/append.hpp"

namespace replicator::core {

/// Why the entry before the append's first is not the one that stands here; `none` when it is.
template <class Composition>
[[nodiscard]] Error mismatch_at(const Self<Composition>& self, const Append& append) noexcept {
    const Index index = append.previous.index;
    if (!reaches_back_to(self.log(), index)) return Error::discarded;
    const Epoch known = self.epochs().at(index);
    const bool both_known = known != Epoch{} && append.previous.epoch != Epoch{};
    if (both_known && known != append.previous.epoch) return Error::discarded;
    return chain_at(self.log(), index) == append.previous_chain ? Error::none : Error::discarded;
}

/// True when what was committed here after `common` may have been lost on purpose: `forced`, the newest forced epoch of
/// the leader, was opened after that. Otherwise it is proof of a bug that a leader lacks it. `common` is only a bound;
/// where a forced epoch began within what is committed here, in an older epoch, the logs part before that.
template <class Composition>
[[nodiscard]] bool may_be_replaced(const Self<Composition>& self, Position forced, Index common) noexcept {
    const bool parts_before = common < forced.index || forced.index <= self.commit;
    return Composition::promotes && parts_before && self.epochs().at(self.commit) < forced.epoch;
}

}  // namespace replicator::core
