// SPDX-License-Identifier: BSL-1.0
// The state machines and limits that the tests share, so that few types of node are compiled.
#pragma once

#include <replicator/api/options.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <vector>

namespace support {

/// Adds numbers; its state depends on their order. Trivially copyable, so its snapshot is its bytes.
struct Sum {
    struct Command {
        std::uint64_t add;
    };

    std::uint64_t total = 0;
    std::uint64_t count = 0;

    std::uint64_t apply(const Command& command) {
        ++count;
        return total = total * 3 + command.add;
    }
    friend bool operator==(const Sum&, const Sum&) = default;
};

/// What `Sum` must be after these commands.
inline Sum sum_of(std::span<const std::uint64_t> commands) {
    Sum sum;
    for (const std::uint64_t add : commands) sum.apply({add});
    return sum;
}

/// Keeps every byte that it is given, and is saved in pieces.
struct Text {
    using Command = std::span<const std::byte>;

    std::vector<std::byte> bytes;

    std::size_t apply(const Command& command) {
        bytes.insert(bytes.end(), command.begin(), command.end());
        return bytes.size();
    }
    std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
        const auto at = static_cast<std::size_t>(offset);
        const std::size_t size = bytes.size() - at < to.size() ? bytes.size() - at : to.size();
        if (size > 0) std::memcpy(to.data(), bytes.data() + at, size);
        return size;
    }
    bool load(std::span<const std::byte> piece) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return true;
    }
};

/// Small bounds, so that tests reach them.
struct Small : replicator::Options {
    static constexpr std::size_t nodes_max = 5;
    static constexpr std::size_t command_bytes_max = 200;
    static constexpr std::size_t frame_bytes_max = 2048;
    static constexpr std::size_t writes_pending_max = 32;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t snapshot_pieces_in_flight_max = 2;
};

}  // namespace support
