// SPDX-License-Identifier: BSL-1.0
// A state as it is sent to a follower, and kept on a disk: frozen at one end, loaded at the other, with what it tells
// of the epochs and nodes before.
#pragma once

#include "composition.hpp"
#include "history/epochs.hpp"
#include "history/roster.hpp"

#include "../concepts/state_machine.hpp"
#include "../encoding/bytes.hpp"
#include "../types.hpp"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>

namespace replicator::core {

/// A state that stands still while the machine goes on. What it costs to take one is the strategy of the type: see
/// concepts/state_machine.hpp.
template <class Machine>
class Frozen {
public:
    void take(Machine& machine) {
        if constexpr (Freezable<Machine>) {
            state_.emplace(machine.freeze());
        } else {
            state_.emplace(machine);
        }
    }
    void drop() noexcept { state_.reset(); }
    [[nodiscard]] bool taken() const noexcept { return state_.has_value(); }

    /// The next piece; 0 at the end.
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> to) const noexcept {
        if constexpr (Saveable<State>) {
            return state_->save(offset, to);
        } else {
            const std::size_t left = offset < sizeof(Machine) ? sizeof(Machine) - static_cast<std::size_t>(offset) : 0;
            const std::size_t size = smaller(left, to.size());
            if (size > 0) {
                std::memcpy(to.data(), reinterpret_cast<const std::byte*>(&*state_) + offset, size);
            }
            return size;
        }
    }

private:
    static constexpr auto state_type() noexcept {
        if constexpr (Freezable<Machine>) {
            return std::type_identity<decltype(std::declval<Machine&>().freeze())>{};
        } else {
            return std::type_identity<Machine>{};
        }
    }
    using State = typename decltype(state_type())::type;
    std::optional<State> state_;
};

/// A new machine that is filled piece by piece.
template <class Machine>
class Loading {
public:
    void begin() { machine_.emplace(), offset_ = 0; }
    void drop() noexcept { machine_.reset(); }

    /// False when the machine does not understand the piece.
    [[nodiscard]] bool load(std::span<const std::byte> piece) noexcept {
        if constexpr (Loadable<Machine>) {
            return machine_->load(piece);
        } else {
            if (piece.size() > sizeof(Machine) - offset_) return false;
            if (!piece.empty()) {
                std::memcpy(reinterpret_cast<std::byte*>(&*machine_) + offset_, piece.data(), piece.size());
            }
            offset_ += piece.size();
            return true;
        }
    }

    /// False when a part is missing.
    [[nodiscard]] bool complete() const noexcept { return Loadable<Machine> || offset_ == sizeof(Machine); }
    [[nodiscard]] Machine& machine() noexcept { return *machine_; }

private:
    std::optional<Machine> machine_;
    std::size_t offset_ = 0;
};

/// Writes the epoch history and the roster, and returns how many bytes that were.
template <class Composition>
std::size_t write_snapshot_tail(std::byte* to, const Epochs<Composition::epochs_max>& epochs,
                                const Roster<Composition::Limits::nodes_max>& roster) noexcept {
    ByteWriter writer(to);
    writer.put(static_cast<std::uint64_t>(epochs.all().size()));
    writer.put(epochs.before()).put(epochs.before_first()).put(epochs.forced_before());
    for (const EpochStart& start : epochs.all()) {
        writer.each(start.epoch, start.first, start.chain_before, std::uint32_t{start.forced});
    }
    writer.put(static_cast<std::uint32_t>(roster.size)).put(roster.seat).put(roster.seat_index);
    for (std::size_t i = 0; i < roster.size; ++i) writer.put(roster.members[i].node).put(roster.members[i].counts);
    return static_cast<std::size_t>(writer.position() - to);
}

/// Reads what `write_snapshot_tail` wrote; false when the bytes are not that, and then nothing has changed.
template <class Composition>
[[nodiscard]] bool read_snapshot_tail(std::span<const std::byte> from, Epochs<Composition::epochs_max>& epochs,
                                      Roster<Composition::Limits::nodes_max>& roster) noexcept {
    if (from.size() < snapshot_tail_fixed_bytes) return false;
    std::uint64_t count = 0;
    Epoch before;
    Index before_first;
    Position forced_before;
    std::uint32_t members = 0;
    ByteReader reader(from.data());
    reader.get(count).get(before).get(before_first).get(forced_before);
    if (count > Composition::epochs_max) return false;
    const std::size_t fixed = snapshot_tail_fixed_bytes + static_cast<std::size_t>(count) * snapshot_tail_epoch_bytes;
    if (from.size() < fixed) return false;
    // The epochs are read twice, because a copy of them would need a large stack.
    EpochStart start;
    std::uint32_t forced = 0;
    Index previous;
    const std::byte* const starts = reader.position();
    for (std::uint64_t i = 0; i < count; ++i) {
        reader.each(start.epoch, start.first, start.chain_before, forced);
        if (start.first <= previous) return false;
        previous = start.first;
    }
    reader.get(members);
    if (members > Composition::Limits::nodes_max || from.size() != fixed + members * snapshot_tail_member_bytes) {
        return false;
    }

    reader = ByteReader(starts);
    epochs.begin(before, before_first, forced_before);
    for (std::uint64_t i = 0; i < count; ++i) {
        reader.each(start.epoch, start.first, start.chain_before, forced);
        start.forced = forced != 0;
        epochs.push(start);
    }
    roster = Roster<Composition::Limits::nodes_max>{};
    reader.get(members).get(roster.seat).get(roster.seat_index);
    for (; roster.size < members; ++roster.size) {
        reader.get(roster.members[roster.size].node).get(roster.members[roster.size].counts);
    }
    return true;
}

}  // namespace replicator::core
