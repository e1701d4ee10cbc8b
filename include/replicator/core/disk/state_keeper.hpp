// SPDX-License-Identifier: BSL-1.0
// Writes the state of this node to the disk of its log from time to time, a few pieces with every tick, so that a
// restart need not read more log than `Options::state_interval_bytes`, and so that the log may drop what is before.
#pragma once

#include "../../concepts/log_policy.hpp"
#include "../../types.hpp"
#include "../applier.hpp"
#include "../composition.hpp"
#include "../frozen.hpp"
#include "../self.hpp"
#include "../wire/hello.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace replicator::core {

/// A log in memory keeps no state.
template <class Composition, bool Durable = Composition::is_durable>
class StateKeeper {};

template <class Composition>
class StateKeeper<Composition, true> {
public:
    using Limits = typename Composition::Limits;

    /// The disk has a state that ends before the entry at `next`, or what is before is as good as that.
    void begin(Cursor next) noexcept {
        give_up();
        kept_ = next;
    }

    /// Time passed. While a state is being received, its file is the one that is written.
    void tick(Self<Composition>& self, Applier<Composition>& applier, bool installing) noexcept {
        if (installing) return give_up();
        if (applier.next().offset < kept_.offset || applier.next().index < kept_.index) begin(applier.next());
        if (!frozen_.taken() && !start(self, applier)) return;
        for (std::size_t i = 0; i < Limits::state_pieces_per_tick; ++i) {
            const std::size_t size = frozen_.save(offset_, piece_);
            if (size == 0) return finish(self);
            if (!keep(self, self.history.append_snapshot(std::span<const std::byte>(piece_).first(size)))) return;
            offset_ += size;
        }
    }

private:
    static constexpr std::uint64_t interval_bytes =
        smaller(Limits::state_interval_bytes, Composition::Log::capacity_bytes / 4);

    [[nodiscard]] bool start(Self<Composition>& self, Applier<Composition>& applier) noexcept {
        const Index index = applier.applied();
        const bool crowded = self.log().is_crowded() && index > self.log().snapshot_index();
        if (applier.next().offset - kept_.offset < interval_bytes && !crowded) return false;
        if (self.now < not_before_) return false;
        if (!reaches_back_to(self.log(), index)) return false;
        frozen_.take(applier.machine());
        offset_ = 0;
        next_ = applier.next();
        position_ = {self.epochs().at(index), index};
        auto epochs = self.epochs();
        epochs.cut(index + 1);
        std::array<std::byte, snapshot_tail_bytes_max<Limits>> tail;
        const std::size_t size = write_snapshot_tail<Composition>(tail.data(), epochs, self.applied_roster());
        const SnapshotId id{mix(value(self.run), ~++count_) | 1};
        const Chain chain = chain_at(self.log(), index);
        if (stalled(self.log())) return keep(self, Error::log_full);
        const auto own = std::span<const std::byte>(tail).first(size);
        return keep(self, self.history.begin_snapshot(id, position_, chain, own));
    }

    /// The state replaces the one before only when the log has come as far: a log must go on where a state ends.
    void finish(Self<Composition>& self) noexcept {
        if (self.log().flushed() < position_.index) return;
        const Error error = self.history.finish_snapshot();
        if (error == Error::not_yet || !keep(self, error)) return;
        kept_ = next_;
        frozen_.drop();
    }

    /// Without room, or when the file cannot be written, another try is made later; the state before it stays.
    [[nodiscard]] bool keep(const Self<Composition>& self, Error error) noexcept {
        if (error == Error::none) return true;
        frozen_.drop();
        not_before_ = self.now + Limits::snapshot_keep_interval;
        return false;
    }

    void give_up() noexcept { frozen_.drop(); }

    Frozen<typename Composition::Machine> frozen_;
    Cursor kept_;        // behind the state that is on the disk
    Cursor next_;        // behind the one that is being written
    Position position_;  // of the state that is being written
    std::uint64_t offset_ = 0;
    std::uint64_t count_ = 0;
    Instant not_before_;
    std::array<std::byte, Composition::snapshot_piece_bytes> piece_{};
};

}  // namespace replicator::core
