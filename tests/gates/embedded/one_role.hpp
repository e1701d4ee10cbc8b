// SPDX-License-Identifier: BSL-1.0
// The parts that a board with one role leaves out.
#pragma once

#include <replicator/replicator.hpp>

/// In a group of which one board leads for as long as it runs.
struct Alone : replicator::Options {
    using Promotion = replicator::promotion::Absent;
    using HandOver = replicator::hand_over::Absent;
};
