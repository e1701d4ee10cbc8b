// SPDX-License-Identifier: BSL-1.0
// The newest epochs of a log: who wrote from where on. With it, two nodes find where their logs part.
#pragma once

#include "../../assert.hpp"
#include "../../types.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// One epoch in a log.
struct EpochStart {
    Epoch epoch;
    Index first;           ///< of its entries
    Chain chain_before{};  ///< up to the entry before that
    bool forced = false;   ///< its opener did not hear enough nodes to know that it holds everything
};

/// The last `Max` epochs of a log, oldest first. What is older is forgotten, and counts as unknown.
template <std::size_t Max>
class Epochs {
public:
    /// The epoch of the newest entry; the epoch 0 for an empty log, or when that is forgotten.
    [[nodiscard]] Epoch last() const noexcept { return size_ == 0 ? before_ : starts_[size_ - 1].epoch; }

    /// The epoch that wrote `index`; epoch 0 when that is forgotten, or before any.
    [[nodiscard]] Epoch at(Index index) const noexcept {
        for (std::size_t i = size_; i-- > 0;) {
            if (starts_[i].first <= index) return starts_[i].epoch;
        }
        return before_at(index);
    }

    /// True when `position` cannot stand in a log whose entries up to `final` never change: a later epoch began before
    /// it.
    [[nodiscard]] bool excludes(Position position, Index final) const noexcept {
        for (std::size_t i = size_; i-- > 0;) {
            if (starts_[i].first > final) continue;
            if (starts_[i].epoch > position.epoch) {
                if (starts_[i].first <= position.index) return true;
                continue;
            }
            const bool other = starts_[i].epoch != position.epoch || position.index < starts_[i].first;
            return position.index <= final && other;
        }
        return before_at(position.index) != Epoch{} && before_ != position.epoch;
    }

    /// The newest position that a log which ends at `last_index` has at or below `bound`, in epoch and in index: where
    /// another log that has `bound` may still agree.
    [[nodiscard]] Position newest_at_or_below(Position bound, Index last_index) const noexcept {
        Index end = smaller(last_index, bound.index);
        for (std::size_t i = size_; i-- > 0;) {
            if (starts_[i].epoch <= bound.epoch && starts_[i].first <= end) return {starts_[i].epoch, end};
            if (starts_[i].first <= end) end = starts_[i].first - 1;
        }
        if (bound.epoch < before_ && before_first_ <= end) end = before_first_ - 1;
        return {before_at(end), end};
    }

    /// The newest epoch that was forced, and its first entry; epoch 0 when there is none.
    [[nodiscard]] Position newest_forced() const noexcept {
        for (std::size_t i = size_; i-- > 0;) {
            if (starts_[i].forced) return {starts_[i].epoch, starts_[i].first};
        }
        return forced_before_;
    }

    /// Appends an epoch; the oldest is forgotten when there are too many.
    void push(const EpochStart& start) noexcept {
        REPLICATOR_ASSERT(size_ == 0 || starts_[size_ - 1].first < start.first);
        if (size_ == Max) {
            before_ = starts_[0].epoch;
            before_first_ = starts_[0].first;
            if (starts_[0].forced) forced_before_ = {starts_[0].epoch, starts_[0].first};
            for (std::size_t i = 1; i < size_; ++i) starts_[i - 1] = starts_[i];
            --size_;
        }
        starts_[size_++] = start;
    }

    /// Forgets the epochs that begin at `from` or later, because those entries were cut. What is left may all be of
    /// epochs that were forgotten before.
    void cut(Index from) noexcept {
        while (size_ > 0 && from <= starts_[size_ - 1].first) --size_;
        if (from <= before_first_) before_ = Epoch{}, before_first_ = Index{};
        if (from <= forced_before_.index) forced_before_ = Position{};
    }
    /// Somebody says of what epoch the last entry of this log is. That helps when all are forgotten.
    void learn(Position entry) noexcept {
        if (size_ == 0 && before_ == Epoch{}) before_ = entry.epoch, before_first_ = entry.index;
    }

    /// Forgets everything; what lay before is known by what it left behind.
    void begin(Epoch before, Index before_first, Position forced_before) noexcept {
        size_ = 0;
        before_first_ = before_first;
        before_ = before;
        forced_before_ = forced_before;
    }
    [[nodiscard]] Epoch before() const noexcept { return before_; }
    [[nodiscard]] Index before_first() const noexcept { return before_first_; }
    [[nodiscard]] Position forced_before() const noexcept { return forced_before_; }

    [[nodiscard]] std::span<const EpochStart> all() const noexcept { return std::span(starts_).first(size_); }

private:
    /// The epoch of an entry before the oldest start that is remembered, which may be older than the newest forgotten
    /// one.
    [[nodiscard]] Epoch before_at(Index index) const noexcept { return index < before_first_ ? Epoch{} : before_; }

    std::array<EpochStart, Max> starts_{};
    std::size_t size_ = 0;
    Epoch before_;            // the newest that is forgotten
    Index before_first_;      // its first entry
    Position forced_before_;  // the newest forced epoch among those that are forgotten
};

/// Of a group without promotions: who began the history wrote all of it, in one epoch, which nobody forced.
template <>
class Epochs<1> {
public:
    [[nodiscard]] Epoch last() const noexcept { return start_.epoch; }
    [[nodiscard]] Epoch at(Index index) const noexcept { return index < start_.first ? Epoch{} : start_.epoch; }
    [[nodiscard]] bool excludes(Position position, Index final) const noexcept {
        if (size_ == 0 || final < start_.first) return false;
        if (position.epoch < start_.epoch) return start_.first <= position.index;
        return position.index <= final && (position.epoch != start_.epoch || position.index < start_.first);
    }
    [[nodiscard]] Position newest_at_or_below(Position bound, Index last_index) const noexcept {
        if (bound.epoch < start_.epoch) return {};
        const Index end = smaller(last_index, bound.index);
        return {at(end), end};
    }
    [[nodiscard]] static constexpr Position newest_forced() noexcept { return {}; }

    void push(const EpochStart& start) noexcept {
        start_ = start;
        size_ = 1;
    }
    void cut(Index from) noexcept {
        if (from <= start_.first) *this = Epochs{};
    }
    static constexpr void learn(Position) noexcept {}
    void begin(Epoch, Index, Position) noexcept { *this = Epochs{}; }
    [[nodiscard]] static constexpr Epoch before() noexcept { return {}; }
    [[nodiscard]] static constexpr Index before_first() noexcept { return {}; }
    [[nodiscard]] static constexpr Position forced_before() noexcept { return {}; }

    [[nodiscard]] std::span<const EpochStart> all() const noexcept { return {&start_, size_}; }

private:
    EpochStart start_;
    std::size_t size_ = 0;
};

}  // namespace replicator::core
