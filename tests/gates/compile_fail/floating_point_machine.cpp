// SPDX-License-Identifier: BSL-1.0
// Floating-point numbers without padding pass in a state, as in a command, by word of their author.

#include "parts.hpp"

using namespace parts;

struct Meter {
    struct Command {
        float value;
        float weight;
    };
    double sum = 0;
    float last[2] = {};
    void apply(const Command& command) { sum += last[0] = command.value * command.weight; }
};

template <>
inline constexpr bool replicator::raw_is_safe<Meter> = true;
template <>
inline constexpr bool replicator::raw_is_safe<Meter::Command> = true;

void passes(transport::Memory& network) { use<Replicator<Meter, Log, ack::Sync<>, transport::Memory, Small>>(network); }
