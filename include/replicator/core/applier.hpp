// SPDX-License-Identifier: BSL-1.0
// The one place where commands are applied: in order, once, and never beyond the commit index.
#pragma once

#include "self.hpp"
#include "wire/append.hpp"

#include "../api/write.hpp"
#include "../concepts/codec.hpp"
#include "../concepts/state_machine.hpp"
#include "../encoding/entry.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <type_traits>
#include <utility>

namespace replicator::core {

template <class Composition>
class Applier {
public:
    using Machine = typename Composition::Machine;
    using Codec = typename Composition::Codec;
    using Stored = StoredResult<ApplyResult<Machine>>;

    [[nodiscard]] const Machine& machine() const noexcept { return machine_; }
    [[nodiscard]] Machine& machine() noexcept { return machine_; }

    /// The newest entry that is in the state.
    [[nodiscard]] Index applied() const noexcept { return next_.index - 1; }
    /// The place of the next entry to apply.
    [[nodiscard]] Cursor next() const noexcept { return next_; }

    /// What this node can say that it holds of entries up to `verified`, and the room that its log has for more.
    [[nodiscard]] AckFields held(const Self<Composition>& self, Index verified) const noexcept {
        const std::uint64_t unapplied = self.log().end().offset - next_.offset;
        return {
            .received = verified,
            .durable = Composition::log_stage == Stage::durable ? smaller(verified, self.log().flushed()) : Index{},
            .applied = smaller(verified, applied()),
            .credit = Composition::Log::capacity_bytes > unapplied ? Composition::Log::capacity_bytes - unapplied : 0,
        };
    }

    /// A call of the node begins, in which as much may be applied as the options say.
    void begin_call() noexcept {
        if constexpr (in_portions) left_ = Composition::Limits::apply_bytes_per_call;
    }

    /// Applies what is committed and not yet applied, and gives those entries free in the log. While the log is
    /// stalled, or when as much was applied in this call as may be, what is left of it waits for the next call.
    /// O(entries applied).
    void advance(Self<Composition>& self) noexcept {
        const Index end = smaller(self.commit, self.log().last());
        if (end < next_.index) return;
        while (next_.index <= end && may_go_on()) {
            const EntryRun run = self.log().read(next_);
            if (run.count == 0) return stalled(self.log()) ? void() : self.fail(Error::log_failed);
            const std::uint64_t wanted = end - (next_.index - 1);
            if (!apply_run(self, run, wanted < run.count ? wanted : run.count)) return self.fail(Error::undecodable);
        }
        self.history.release(applied());
    }

    /// True when the next call goes on.
    [[nodiscard]] bool is_behind(const Self<Composition>& self) const noexcept {
        if constexpr (in_portions) {
            const bool is_behind = next_.index <= smaller(self.commit, self.log().last());
            return is_behind && self.role != Role::faulted && !stalled(self.log());
        } else {
            return false;
        }
    }

    /// Replaces the state by one that a snapshot brought; the log was reset to before `next`. Results of what the state
    /// does not have may be of another line. O(results kept).
    void install(Machine&& machine, Cursor next) noexcept {
        machine_ = std::move(machine);
        next_ = next;
        if constexpr (keeps_results) {
            for (Slot& slot : results_) slot.index = slot.index < next.index ? slot.index : Index{};
        }
    }

    /// The log was reset or cut at a place that was not applied yet, so that cursors into it are new.
    void restart_at(Cursor next) noexcept { next_ = next; }

    /// What `apply` returned for the command at `index`, unless it is forgotten.
    [[nodiscard]] const Stored* result(Index index) const noexcept {
        if constexpr (!keeps_results) {
            static constexpr Stored nothing{};
            return index <= applied() ? &nothing : nullptr;
        } else {
            const Slot& slot = results_[slot_of(index)];
            return slot.index == index ? &slot.result : nullptr;
        }
    }

private:
    static constexpr bool keeps_results = Composition::leads && !std::is_same_v<Stored, NoResult>;
    static constexpr bool in_portions = Composition::applies_in_portions;

    [[nodiscard]] static std::size_t slot_of(Index index) noexcept {
        return static_cast<std::size_t>(index.value % Composition::Limits::writes_pending_max);
    }
    [[nodiscard]] bool may_go_on() const noexcept {
        if constexpr (in_portions) return left_ > 0;
        return true;
    }
    void took(std::size_t bytes) noexcept {
        if constexpr (in_portions) left_ -= smaller(bytes, left_);
    }

    /// False when an entry cannot be decoded.
    bool apply_run(Self<Composition>& self, const EntryRun& run, std::uint64_t count) noexcept {
        // The loop stores nothing but what the machine does: stores that miss the cache hold back those behind them.
        const std::byte* entry = run.bytes.data();
        std::uint64_t commands = 0;
        std::uint64_t done = 0;
        bool sound = true;
        for (; done < count && may_go_on(); ++done) {
            const EntryHeader header = load_entry_header(entry);
            if (header.type() == EntryType::command) {
                if (sound = apply_command(entry, next_.index + done); !sound) break;
                ++commands;
            } else {
                self.history.applied(entry, next_.index + done);
            }
            entry += header.bytes();
            took(header.bytes());
        }
        self.counters.applied += commands;
        next_ = {next_.index + done, next_.offset + static_cast<std::uint64_t>(entry - run.bytes.data())};
        return sound;
    }

    bool apply_command(const std::byte* entry, Index index) noexcept {
        return Codec::decode(entry_command(entry), [this, index](const typename Machine::Command& command) {
            if constexpr (keeps_results) {
                Slot& slot = results_[slot_of(index)];
                slot.index = index;
                slot.result = machine_.apply(command);
            } else {
                static_cast<void>(index);
                machine_.apply(command);
            }
        });
    }

    struct Slot {
        Index index;
        Stored result{};
    };
    struct NoSlots {};
    struct Unbounded {};

    Machine machine_{};
    Cursor next_;
    [[no_unique_address]] std::conditional_t<keeps_results, std::array<Slot, Composition::Limits::writes_pending_max>,
                                             NoSlots>
        results_{};
    [[no_unique_address]] std::conditional_t<in_portions, std::size_t, Unbounded> left_{};  // bytes, in this call
};

}  // namespace replicator::core
