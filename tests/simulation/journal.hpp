// SPDX-License-Identifier: BSL-1.0
// The state machine and the limits of the simulations: everything small and fast, so that rings wrap, windows fill and
// timers run out within a second of simulated time.
#pragma once

#include "support/small_files.hpp"

#include <replicator/api/options.hpp>
#include <replicator/core/wire/hello.hpp>
#include <replicator/log/file.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/sim/random.hpp>
#include <replicator/storage/simulated.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

namespace replicator::tests {

/// Remembers in which order commands came, by a digest over all of them, and is as large as a snapshot of a few pieces.
struct Journal {
    struct Command {
        std::uint64_t id;
        std::uint64_t filler[2];
    };
    std::uint64_t folded = 0;
    std::uint64_t count = 0;
    std::array<std::uint64_t, 61> last{};

    std::uint64_t apply(const Command& command) {
        last[count++ % last.size()] = command.id;
        return folded = core::mix(folded, command.id);
    }
    [[nodiscard]] std::uint64_t digest() const noexcept { return core::mix(folded, count); }
};

inline Journal::Command make_journal_command(sim::Random& random) {
    const std::uint64_t id = random.next();
    return {id, {id, id}};
}

struct SmallOptions : Options {
    static constexpr std::size_t command_bytes_max = 24;
    static constexpr std::size_t frame_bytes_max = 700;
    static constexpr std::size_t writes_pending_max = 40;
    static constexpr std::size_t gather_bytes = 128;
    static constexpr std::size_t snapshot_piece_bytes_max = 96;
    static constexpr std::size_t snapshot_pieces_in_flight_max = 3;
    static constexpr Duration heartbeat_interval = milliseconds(10);
    static constexpr Duration failure_timeout = milliseconds(50);
    static constexpr Duration retry_interval = milliseconds(15);
    static constexpr Duration promotion_timeout = milliseconds(60);
    static constexpr Duration seat_rest_interval = milliseconds(100);
    static constexpr Duration snapshot_backoff = milliseconds(5);
    static constexpr Duration snapshot_keep_interval = milliseconds(200);
};

/// Where leaders change, the entries that open epochs need room beside the window. For both kinds of scenarios, which
/// halves what is compiled.
struct SuccessionOptions : SmallOptions {
    static constexpr std::size_t window_bytes_max = 512;
};
struct ForgetfulOptions : SuccessionOptions {
    static constexpr std::size_t epochs_max = 2;
};

/// A little less room, so that it runs out.
struct FewFiles : support::SmallFiles {
    static constexpr std::size_t capacity_bytes = 16 * 1024;
    static constexpr std::size_t segments_max = 24;
};

/// Where lines are slow: a piece of a state takes longer than a silent peer is waited for.
struct SlowOptions : SuccessionOptions {
    static constexpr std::size_t frame_bytes_max = 1000;
    static constexpr std::size_t snapshot_piece_bytes_max = 600;
};

/// Where logs are on disks: states are written often.
struct DiskOptions : SuccessionOptions {
    static constexpr std::size_t state_interval_bytes = 2048;
    static constexpr std::size_t state_pieces_per_tick = 2;
};

using SmallFile = log::File<storage::Simulated, FewFiles>;
using SmallRing = log::Ring<1024, 256>;
using SmallMemory = log::Memory<2048, 512, 256>;
using SuccessionRing = log::Ring<4096, 256>;
using SuccessionMemory = log::Memory<8192, 512, 256>;

}  // namespace replicator::tests
