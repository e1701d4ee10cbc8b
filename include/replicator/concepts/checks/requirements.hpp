// SPDX-License-Identifier: BSL-1.0
// What is missing in the arguments of a Replicator, in one sentence each.
//
// The compiler shall complain about the first fault alone. A state machine with a fault is therefore replaced by a
// stand-in with the same commands and results, so that nothing that follows from the fault is an error, too.
#pragma once

#include "raw.hpp"

#include "../../api/write.hpp"
#include "../../types.hpp"
#include "../ack_policy.hpp"
#include "../log_policy.hpp"
#include "../state_machine.hpp"
#include "../transport.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace replicator::detail {

/// In a class that inherits a name from here and the same one from elsewhere, the name is ambiguous, and private
/// members count: so the compiler tells a member that does not fit from one that is not there.
struct Names {
    int apply, save, load, freeze;
};

template <class T>
struct WithNames : T, Names {};

template <class T>
concept Inheritable = std::is_class_v<T> && !std::is_final_v<T>;

template <class T>
concept NamesApply = Inheritable<T> && !requires { &WithNames<T>::apply; };
template <class T>
concept NamesSave = Inheritable<T> && !requires { &WithNames<T>::save; };
template <class T>
concept NamesLoad = Inheritable<T> && !requires { &WithNames<T>::load; };
template <class T>
concept NamesFreeze = Inheritable<T> && !requires { &WithNames<T>::freeze; };

/// A node keeps a result in a place that was made for it, and copies it to the writer.
template <class T>
concept Keepable = std::default_initializable<T> && std::copyable<T>;

enum class MachineFault : unsigned char {
    none,
    no_command,
    no_apply,
    apply_misfit,
    result_not_keepable,
    not_default_constructible,
    not_movable,
    save_misfit,
    load_misfit,
    freeze_misfit,
    save_alone,
    load_alone,
    not_copyable,
    no_snapshot,
    pointer,
    variant,
    padding,
    padding_denied,
};

/// Why the bytes of the state cannot be sent, of a machine that has no functions for it.
template <class Machine>
[[nodiscard]] consteval MachineFault find_raw_state_fault() noexcept {
    switch (raw_fault<Machine>) {
        case RawFault::none: return MachineFault::none;
        case RawFault::not_trivially_copyable: return MachineFault::no_snapshot;
        case RawFault::pointer: return MachineFault::pointer;
        case RawFault::variant: return MachineFault::variant;
        case RawFault::padding: return MachineFault::padding;
        case RawFault::padding_denied: return MachineFault::padding_denied;
    }
    return MachineFault::none;
}

template <class Machine>
[[nodiscard]] consteval MachineFault find_snapshot_fault() noexcept {
    constexpr bool saves = Saveable<Machine> || requires(Machine machine) { { machine.freeze() } -> Saveable; };
    constexpr bool named_to_save = NamesSave<Machine> || NamesFreeze<Machine>;
    if (Freezable<Machine> || CopySaveable<Machine>) return MachineFault::none;
    if (Loadable<Machine> && Saveable<Machine>) return MachineFault::not_copyable;
    if (saves) return NamesLoad<Machine> ? MachineFault::load_misfit : MachineFault::save_alone;
    if (Loadable<Machine> && !named_to_save) return MachineFault::load_alone;
    // Functions of the same names that have nothing to do with snapshots are left alone.
    if (RawSaveable<Machine> && !(named_to_save && NamesLoad<Machine>)) return MachineFault::none;
    if (NamesFreeze<Machine>) return MachineFault::freeze_misfit;
    if (NamesSave<Machine>) return MachineFault::save_misfit;
    if (NamesLoad<Machine>) return MachineFault::load_misfit;
    return find_raw_state_fault<Machine>();
}

/// The first fault of a state machine.
template <class Machine>
[[nodiscard]] consteval MachineFault find_machine_fault() noexcept {
    if constexpr (!HasCommand<Machine>) {
        return MachineFault::no_command;
    } else if constexpr (!HasApply<Machine>) {
        return NamesApply<Machine> ? MachineFault::apply_misfit : MachineFault::no_apply;
    } else if constexpr (!Keepable<StoredResult<ApplyResult<Machine>>>) {
        return MachineFault::result_not_keepable;
    } else if constexpr (!std::default_initializable<Machine>) {
        return MachineFault::not_default_constructible;
    } else if constexpr (!std::movable<Machine>) {
        return MachineFault::not_movable;
    } else {
        return find_snapshot_fault<Machine>();
    }
}

template <class Machine>
inline constexpr MachineFault machine_fault = find_machine_fault<Machine>();

template <class Machine>
struct CommandOf {
    using type = std::uint64_t;
};
template <HasCommand Machine>
struct CommandOf<Machine> {
    using type = typename Machine::Command;
};

template <class Machine>
struct ResultOf {
    using type = void;
};
template <HasApply Machine>
    requires Keepable<StoredResult<ApplyResult<Machine>>>
struct ResultOf<Machine> {
    using type = ApplyResult<Machine>;
};

/// Takes the place of a state machine that has a fault. Its functions are named in code that is compiled after the
/// complaint, and never run.
template <class Machine>
struct StandIn {
    using Command = typename CommandOf<Machine>::type;
    typename ResultOf<Machine>::type apply(const Command& command);
    operator const Machine&() const noexcept;

    struct Codec {
        static constexpr SchemaId schema{};
        static constexpr std::size_t size_max = 8;
        static std::size_t size(const Command&) noexcept { return 0; }
        static void encode(const Command&, std::span<std::byte>) noexcept {}
        template <class Use>
        static bool decode(std::span<const std::byte>, Use&&) {
            return false;
        }
    };
};

template <class Machine>
using Fitting =
    typename std::conditional_t<machine_fault<Machine> == MachineFault::none, std::type_identity<Machine>,
                       std::type_identity<StandIn<Machine>>>::type;

template <class Machine>
struct MachineRequirements {
    static constexpr MachineFault fault = machine_fault<Machine>;

    static_assert(fault != MachineFault::no_command,
                  "The state machine needs a public nested type Command: what a write is.");
    static_assert(fault != MachineFault::no_apply,
                  "The state machine needs a member function apply(const Command&).");
    static_assert(fault != MachineFault::apply_misfit,
                  "The state machine has an apply that nobody can call with a const Command&: it must be public, and "
                  "take the command by value or by reference to const.");
    static_assert(fault != MachineFault::result_not_keepable,
                  "The result of apply must be default-constructible and copyable, because a node keeps it until the "
                  "writer asks: return such a value, or nothing.");
    static_assert(fault != MachineFault::not_default_constructible,
                  "The state machine must be default-constructible: every history begins with Machine{}.");
    static_assert(fault != MachineFault::not_movable,
                  "The state machine must be movable: an installed snapshot replaces it.");
    static_assert(fault != MachineFault::save_misfit,
                  "The state machine has a save that does not fit: it must be a public "
                  "std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const.");
    static_assert(fault != MachineFault::load_misfit,
                  "The state machine has a load that does not fit: it must be a public "
                  "bool load(std::span<const std::byte> piece).");
    static_assert(fault != MachineFault::freeze_misfit,
                  "The state machine has a freeze that does not fit: it must be public, and return an object with "
                  "std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const.");
    static_assert(fault != MachineFault::save_alone,
                  "The state machine can be saved, but not loaded: give it "
                  "bool load(std::span<const std::byte> piece).");
    static_assert(fault != MachineFault::load_alone,
                  "The state machine can be loaded, but not saved: give it "
                  "std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const.");
    static_assert(fault != MachineFault::not_copyable,
                  "The state machine has save and load, but cannot be copied, and a copy is what is saved while apply "
                  "goes on: make it copyable, or give it freeze(), which returns an object with save(offset, span).");
    static_assert(fault != MachineFault::no_snapshot,
                  "The state machine cannot be sent to a node that was away for too long: make it trivially copyable, "
                  "or give it save(offset, span) and load(span), or freeze() and load(span).");
    static_assert(fault != MachineFault::pointer,
                  "A pointer means nothing on another machine, and this state machine holds one, or a span or a view: "
                  "keep what it points to, or give the state machine save(offset, span) and load(span).");
    static_assert(fault != MachineFault::variant,
                  "This state machine holds a std::variant, which leaves some of its bytes undefined: give it "
                  "save(offset, span) and load(span).");
    static_assert(fault != MachineFault::padding,
                  "This state machine has padding bytes or floating-point members, so equal states may differ in "
                  "bytes: give it save(offset, span) and load(span); or remove the padding by reordering or naming "
                  "members; or, if there are only floating-point members, set replicator::raw_is_safe<Machine> to "
                  "true.");
    static_assert(fault != MachineFault::padding_denied,
                  "This state machine has padding bytes, although replicator::raw_is_safe<Machine> is true: give it "
                  "save(offset, span) and load(span), or remove the padding by reordering or naming members.");
};

/// Complains when it is instantiated.
template <class Machine, class Log, class Ack, class GivenTransport>
struct Requirements : MachineRequirements<Machine> {
    static_assert(LogPolicy<Log>,
                  "The second argument is not a LogPolicy: see the members in replicator/concepts/log_policy.hpp.");
    static_assert(AckPolicy<Ack>,
                  "The third argument is not an AckPolicy: see the members in replicator/concepts/ack_policy.hpp.");
    static_assert(Transport<GivenTransport>,
                  "The fourth argument is not a Transport: it needs a noexcept member function template "
                  "wake(node, peer).");
};

}  // namespace replicator::detail
