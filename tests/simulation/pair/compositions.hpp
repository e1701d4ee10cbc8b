// SPDX-License-Identifier: BSL-1.0
// The pairs that are simulated.
#pragma once

#include "any_node.hpp"

#include <cstddef>
#include <cstdint>

namespace pair_simulation {

template <class GivenTransfer, class GivenDelivery, std::uint32_t BeforeFirst = 0, bool CanHandOver = true>
struct Parts : pair::Options {
    using Transfer = GivenTransfer;
    using Delivery = GivenDelivery;
    static constexpr bool can_hand_over = CanHandOver;
    static constexpr std::size_t command_bytes_max = 28;
    static constexpr std::size_t log_entries_max = 8;
    static constexpr std::size_t log_bytes_max = 128;
    static constexpr std::size_t frame_bytes_max = Transfer::piece_bytes != 0 ? 80 : 160;
    static constexpr std::uint32_t before_first = BeforeFirst;
};
using InPieces = pair::transfer::Pieces<40>;
using Whole = pair::transfer::Whole;
using Frames = pair::delivery::Frames;
using Line = pair::delivery::Line;
using Waits = ack::SemiSync<>;
using Async = ack::Async<>;

/// Positions go around after a few writes.
constexpr std::uint32_t at_the_end = 0xffffffff - 40;

inline constexpr Composition compositions[] = {
    compose<Waits, Parts<InPieces, Frames>>("semi-sync, pieces, frames"),
    compose<Async, Parts<InPieces, Frames>>("async, pieces, frames"),
    compose<Waits, Parts<Whole, Frames>>("semi-sync, whole, frames"),
    compose<Async, Parts<Whole, Frames>>("async, whole, frames"),
    compose<Waits, Parts<InPieces, Line>>("semi-sync, pieces, line"),
    compose<Async, Parts<InPieces, Line>>("async, pieces, line"),
    compose<Waits, Parts<Whole, Line>>("semi-sync, whole, line"),
    compose<Async, Parts<Whole, Line>>("async, whole, line"),
    compose<Waits, Parts<InPieces, Frames, at_the_end>>("semi-sync, positions go around"),
    compose<Async, Parts<Whole, Line, at_the_end>>("async, positions go around"),
    compose<Waits, Parts<Whole, Frames, 0, false>>("semi-sync, no hand-over"),
    compose<Async, Parts<InPieces, Line, 0, false>>("async, no hand-over"),
    compose<Waits, Parts<InPieces, Frames, at_the_end>>("semi-sync, epochs run out", true),
    compose<Async, Parts<InPieces, Frames>>("async, epochs run out", true),
    compose_one_role<Waits, Parts<InPieces, Line, at_the_end>>("semi-sync, one role each"),
    compose_one_role<Async, Parts<Whole, Frames>>("async, one role each"),
};
constexpr std::size_t composition_count = sizeof compositions / sizeof *compositions;

}  // namespace pair_simulation
