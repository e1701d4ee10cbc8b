// SPDX-License-Identifier: BSL-1.0
// What a library on top of ours may show its users: a node.
#pragma once

#include <replicator/replicator.hpp>

#include <cstdint>

namespace game {

struct Score {
    struct Command {
        std::int32_t points;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.points; }
};

using Node = replicator::Replicator<Score, replicator::log::Ring<8192>, replicator::ack::SemiSync<>,
                                    replicator::transport::Memory>;

}  // namespace game
