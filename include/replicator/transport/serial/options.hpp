// SPDX-License-Identifier: BSL-1.0
// What can be chosen about a serial line, and what it counts.
#pragma once

#include "../../types.hpp"

#include <cstdint>

namespace replicator::transport {

/// Whether both ends of a line may transmit at once.
enum class Duplex : std::uint8_t {
    full,  ///< a way for each direction: UART, pipe, RS-422
    half,  ///< one way for both directions: RS-485
};

struct SerialOptions {
    /// The node at this end, and the one at the other end.
    NodeId self{};
    NodeId peer{};
    /// Tells the pairs apart whose frames come over the same wire, and wires that were mixed up. The same at both ends.
    std::uint8_t pair = 0;

    // Of a half-duplex line, the same at both ends. The end with the lower id polls; the other one answers.

    /// An answer begins so soon after the frame that it answers, or not at all. A loop that turns less often never
    /// answers.
    Duration answer_within = milliseconds(5);
    /// The end that polls goes on when the line was silent for so long. More than `answer_within`, the time of a byte
    /// and a turn of the loop together.
    Duration silence = milliseconds(20);
    /// How often it polls while neither end has anything to say.
    Duration poll_interval = milliseconds(10);
};

/// What came, and what was wrong with it. All numbers go around.
struct SerialCounters {
    std::uint32_t sent = 0;       ///< frames, those without anything of the node and those sent again included
    std::uint32_t resent = 0;     ///< frames that were sent again
    std::uint32_t given_up = 0;   ///< frames that were sent again in vain
    std::uint32_t received = 0;   ///< frames of the other end
    std::uint32_t repeated = 0;   ///< those among them that had come before
    std::uint32_t damaged = 0;    ///< something between two zeros whose checksum or coding is wrong
    std::uint32_t too_long = 0;   ///< more bytes between two zeros than a frame has
    std::uint32_t noise = 0;      ///< fewer bytes between two zeros than a frame has
    std::uint32_t strangers = 0;  ///< whole frames of another pair
    std::uint32_t echoes = 0;     ///< whole frames of this end, or of one that takes itself for this end
    std::uint32_t refused = 0;    ///< frames of the other end that the node did not take
};

}  // namespace replicator::transport
