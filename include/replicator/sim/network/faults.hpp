// SPDX-License-Identifier: BSL-1.0
// How bad a simulated network is.
#pragma once

#include "../../concepts/transport.hpp"
#include "../../types.hpp"

#include <cstddef>
#include <cstdint>

namespace replicator::sim {

/// Rates are per million.
struct NetworkFaults {
    bool stream = true;             ///< ordered connections that may break; else datagrams
    std::uint64_t loss = 0;         ///< of a datagram; of a connection, with every frame
    std::uint64_t duplication = 0;  ///< of a datagram
    std::uint64_t corruption = 0;   ///< one bit of a frame
    std::uint64_t truncation = 0;   ///< of a datagram
    Duration delay_min{100};
    Duration delay_max{300};                      ///< datagrams overtake each other within these bounds
    std::uint64_t one_byte_reads = 0;             ///< of a frame of a stream: it comes byte by byte
    std::uint64_t split_reads = 0;                ///< of a frame of a stream: it comes in two pieces
    std::size_t in_flight_bytes_max = 64 * 1024;  ///< one way between two nodes
    std::uint64_t bytes_per_second = 0;           ///< one way between two nodes; 0: no bound
    bool line = false;                            ///< serial lines, in place of either: bytes in order, in small pieces
    std::uint64_t bytes_lost = 0;                 ///< of the bytes on a line
    std::uint64_t bytes_added = 0;                ///< before a byte of a line
    std::uint64_t bytes_flipped = 0;              ///< in one bit, on a line

    [[nodiscard]] constexpr Delivers delivers() const noexcept {
        if (line) return Delivers::line;
        return stream ? Delivers::stream : Delivers::frames;
    }
    /// The same network, when nothing that it carries is lost, doubled or damaged any more.
    [[nodiscard]] constexpr NetworkFaults healed() const noexcept {
        NetworkFaults none = *this;
        none.loss = none.duplication = none.corruption = none.truncation = 0;
        none.bytes_lost = none.bytes_added = none.bytes_flipped = 0;
        return none;
    }
    [[nodiscard]] constexpr bool in_order() const noexcept { return delivers() != Delivers::frames; }
};

}  // namespace replicator::sim
