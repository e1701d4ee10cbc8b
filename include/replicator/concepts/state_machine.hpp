// SPDX-License-Identifier: BSL-1.0
// StateMachine: the user's own type that is kept identical on every node.
//
// Syntax
//   Machine::Command                       the type of a write; see concepts/codec.hpp for how it becomes bytes
//   result = machine.apply(command)        performs a write; `result` may be void
//   Machine{}                              the state where every history begins
//
// Semantic rules
//   SM-1  Deterministic: equal states and equal commands give equal states and results on every node. No clock, no
//         random source, no address, no iteration over an unordered container, no uninitialised bytes, no global.
//   SM-2  `apply` cannot fail: what a command may not do is part of its result. It does not throw.
//   SM-3  The command is good only during `apply`; it may stand in the log itself.
//   SM-4  `apply` does not call the node that calls it.
//   SM-5  Every new `Machine{}` is equal.
//
// Snapshots: what the type can do picks the strategy, at compile time, in this order
//   own      auto frozen = machine.freeze();           an object that keeps showing the state as it is now, while
//            frozen.save(offset, span) -> size_t       `apply` goes on; it is destroyed when nobody reads it any more
//            machine.load(span) -> bool
//   copy     copyable, with                            the leader copies the state, which is how long it stops;
//            machine.save(offset, span) -> size_t      the copy is read
//            machine.load(span) -> bool
//   raw      trivially copyable, without padding and   the leader copies `sizeof(Machine)` bytes
//            pointers; with floating-point members,
//            `raw_is_safe<Machine>` must be true
//   SM-6  `save(offset, span)` writes the next piece, at most `span.size()` bytes, and returns its size; 0 is the end.
//         `offset` is the sum of the sizes of the pieces before it. A piece may be asked for again: `offset` is where
//         some earlier piece began or the last one ended. The same offset gives the same bytes, for equal states on
//         every node and for equal sizes of span.
//   SM-7  `load(span)` is called on a fresh `Machine{}`, with exactly the pieces that `save` returned, in order. It
//         returns false for bytes it does not understand. The loaded machine then replaces the old one.
//
// Optional
//   static constexpr std::uint32_t snapshot_version   changes whenever the bytes of `save` do; a peer, or a folder,
//                                                     with another one is refused with Error::wrong_schema
//   machine.digest() -> std::uint64_t                 by which the simulator compares states
//
// The smallest complete model:
//
//     struct Counter {
//         struct Command { std::int32_t add; };
//         std::int32_t total = 0;
//         std::int32_t apply(const Command& command) { return total += command.add; }
//     };
#pragma once

#include "checks/raw.hpp"

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>

namespace replicator {

template <class T>
concept HasCommand = requires { typename T::Command; };

template <class T>
concept HasApply = HasCommand<T> &&
                   requires(T machine, const typename T::Command& command) { machine.apply(command); };

template <class T>
concept StateMachine = HasApply<T> && std::default_initializable<T> && std::movable<T>;

/// What `apply` returns.
template <HasApply Machine>
using ApplyResult =
    decltype(std::declval<Machine&>().apply(std::declval<const typename Machine::Command&>()));

template <class T>
concept Loadable = requires(T machine, std::span<const std::byte> piece) {
    { machine.load(piece) } -> std::same_as<bool>;
};

template <class T>
concept Saveable = requires(const T& machine, std::uint64_t offset, std::span<std::byte> piece) {
    { machine.save(offset, piece) } -> std::same_as<std::size_t>;
};

/// Freezes itself, see SM-6.
template <class T>
concept Freezable = Loadable<T> && requires(T machine) {
    { machine.freeze() } -> Saveable;
};

/// Is copied, and the copy is saved.
template <class T>
concept CopySaveable = Loadable<T> && Saveable<T> && std::copyable<T>;

/// Its bytes are its state.
template <class T>
concept RawSaveable = raw_fault<T> == RawFault::none;

/// Can be sent to a follower that the log cannot help any more.
template <class T>
concept Snapshotable = Freezable<T> || CopySaveable<T> || RawSaveable<T>;

}  // namespace replicator
