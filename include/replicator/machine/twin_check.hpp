// SPDX-License-Identifier: BSL-1.0
// machine::TwinCheck: finds a state machine that would be another one on another node, on one node alone.
#pragma once

#include "inner.hpp"

#include "../codec/select.hpp"
#include "../concepts/state_machine.hpp"
#include "../core/frozen.hpp"
#include "../types.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>

namespace replicator::machine {

/// In which way two machines that were given the same commands are not the same.
enum class TwinFault : std::uint8_t {
    none,
    result,  ///< `apply` returned another result: it depends on something that is not in the state
    state,   ///< the states are not equal: `apply` depends on something else, or `save` or `load` leaves something out
    load,    ///< `load` refused what `save` wrote
};

[[nodiscard]] constexpr const char* to_string(TwinFault fault) noexcept {
    switch (fault) {
        case TwinFault::none: return "none";
        case TwinFault::result: return "result";
        case TwinFault::state: return "state";
        case TwinFault::load: return "load";
    }
    return "unknown";
}

/// Wraps a machine in tests, and in a group whose nodes diverged: applies each command to a second machine too, and
/// each `Every` commands puts that one in a snapshot and back, and compares both. What it finds breaks SM-1, SM-6 or
/// SM-7 of concepts/state_machine.hpp: clocks, random numbers, addresses, uninitialised bytes, members that `save`
/// forgets.
///
///     using Node = replicator::Replicator<replicator::machine::TwinCheck<Scores>, ...>;
///     ...
///     if (node.state().fault() != TwinFault::none) ...  // and `fault_at()` says at which command
///
/// Results are compared where they have `==`; states by `digest()` where there is one, else by the bytes of their
/// snapshots. A node sends and takes the snapshots of the machine itself, so that only some nodes need the wrapper.
/// Costs twice the memory and time, and a whole snapshot each `Every` commands.
template <Snapshotable Machine, std::uint64_t Every = 64>
    requires StateMachine<Machine>
class TwinCheck {
public:
    static_assert(Every > 0);

    using Command = typename Machine::Command;
    using Codec = codec::Select<Machine>;
    static constexpr std::uint32_t snapshot_version = core::snapshot_format_of<Machine>();

    ApplyResult<Machine> apply(const Command& command) {
        ++applied_;
        if constexpr (std::is_void_v<ApplyResult<Machine>>) {
            machine_.apply(command);
            twin_.apply(command);
            check_states();
        } else {
            auto result = machine_.apply(command);
            [[maybe_unused]] const auto other = twin_.apply(command);
            if constexpr (requires {
                              { result == other } -> std::convertible_to<bool>;
                          }) {
                if (!(result == other)) found(TwinFault::result);
            }
            check_states();
            return result;
        }
    }

    [[nodiscard]] const Machine& machine() const noexcept { return machine_; }
    /// The first that was found.
    [[nodiscard]] TwinFault fault() const noexcept { return fault_; }
    /// At which command, counted from 1 on since this object was made or loaded.
    [[nodiscard]] std::uint64_t fault_at() const noexcept { return fault_at_; }

    [[nodiscard]] std::uint64_t digest() const requires requires(const Machine& machine) { machine.digest(); }
    { return machine_.digest(); }

    [[nodiscard]] auto freeze() {
        core::Frozen<Machine> frozen;
        frozen.take(machine_);
        return frozen;
    }
    [[nodiscard]] bool load(std::span<const std::byte> piece) {
        return loader_.load(machine_, piece) && twin_loader_.load(twin_, piece);
    }

private:
    static constexpr std::size_t piece_bytes = 256;

    void found(TwinFault fault) noexcept {
        if (fault_ != TwinFault::none) return;
        fault_ = fault;
        fault_at_ = applied_;
    }

    void check_states() {
        if (applied_ % Every != 0) return;
        Machine loaded{};
        if (!copy_by_snapshot(twin_, loaded)) found(TwinFault::load);
        twin_ = std::move(loaded);
        if (!equal()) found(TwinFault::state);
    }

    static bool copy_by_snapshot(Machine& from, Machine& to) {
        core::Frozen<Machine> frozen;
        frozen.take(from);
        InnerLoader<Machine> loader;
        std::byte piece[piece_bytes];
        std::uint64_t offset = 0;
        while (const std::size_t size = frozen.save(offset, piece)) {
            if (!loader.load(to, std::span(piece).first(size))) return false;
            offset += size;
        }
        return true;
    }

    [[nodiscard]] bool equal() {
        if constexpr (requires(const Machine& machine) { machine.digest(); }) {
            return machine_.digest() == twin_.digest();
        } else {
            core::Frozen<Machine> a, b;
            a.take(machine_);
            b.take(twin_);
            std::byte of_a[piece_bytes], of_b[piece_bytes];
            for (std::uint64_t offset = 0;;) {
                const std::size_t size = a.save(offset, of_a);
                if (b.save(offset, of_b) != size || std::memcmp(of_a, of_b, size) != 0) return false;
                if (size == 0) return true;
                offset += size;
            }
        }
    }

    Machine machine_{};
    Machine twin_{};
    std::uint64_t applied_ = 0;
    std::uint64_t fault_at_ = 0;
    TwinFault fault_ = TwinFault::none;
    [[no_unique_address]] InnerLoader<Machine> loader_;
    [[no_unique_address]] InnerLoader<Machine> twin_loader_;
};

}  // namespace replicator::machine
