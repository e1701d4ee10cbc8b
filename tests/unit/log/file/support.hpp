// SPDX-License-Identifier: BSL-1.0
// Small logs on a simulated disk, and how tests fill and read them.
#pragma once

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace support {

using Entry = std::vector<std::byte>;

/// Files of a few hundred bytes, so that a few entries are several of them.
struct TinyFiles : replicator::log::FileOptions {
    static constexpr std::size_t entry_bytes_max = 64;
    static constexpr std::size_t tail_bytes = 256;
    static constexpr std::size_t segment_bytes = 512;
    static constexpr std::size_t capacity_bytes = 4096;
    static constexpr std::size_t retained_bytes = 4096;
    static constexpr std::size_t segments_max = 64;
    static constexpr std::size_t record_bytes_max = 128;
    static constexpr std::size_t block_bytes = 128;
    static constexpr std::size_t zeros_bytes_min = 128;
    static constexpr std::size_t zeros_bytes_flushed = 256;
};

inline constexpr const char* folder = "log";
inline constexpr replicator::HistoryId history{77};

[[nodiscard]] inline replicator::log::FileIdentity identity() {
    return {.cluster = replicator::ClusterId{1},
            .group = replicator::GroupId{2},
            .node = replicator::NodeId{3},
            .incarnation = replicator::Incarnation{4},
            .history = history};
}

template <class Options = TinyFiles>
using SimulatedLog = replicator::log::File<replicator::storage::Simulated, Options>;

/// Long forms are asked for in the environment; so many times more.
[[nodiscard]] inline bool long_form() { return std::getenv("REPLICATOR_LONG_LOG_TESTS") != nullptr; }

/// The body of entry `index`, which differs from that of every other index and line.
[[nodiscard]] inline Entry body_of(std::uint64_t index, std::uint64_t line, std::size_t length) {
    Entry body(length);
    std::uint64_t word = index * 0x9e3779b97f4a7c15u + line;
    for (std::size_t i = 0; i < length; ++i) {
        word = word * 6364136223846793005u + 1442695040888963407u;
        body[i] = static_cast<std::byte>(word >> 56);
    }
    return body;
}

/// Appends one entry; false when there is no room.
template <class Log>
bool put(Log& log, const Entry& body, replicator::EntryType type = replicator::EntryType::command) {
    const std::size_t bytes = replicator::entry_bytes(body.size());
    const auto room = log.reserve(bytes, bytes);
    if (room.empty()) return false;
    if (!body.empty()) std::memcpy(room.data() + replicator::entry_header_bytes, body.data(), body.size());
    log.append(bytes, 1, replicator::seal_entry(room.data(), type, 0, body.size(), log.chain()));
    return true;
}

/// All that a log holds, entry by entry.
template <class Log>
[[nodiscard]] std::vector<Entry> contents(const Log& log) {
    std::vector<Entry> entries;
    for (replicator::Cursor at = log.begin(); at.index <= log.last();) {
        const auto run = log.read(at);
        if (run.bytes.empty()) break;
        std::size_t place = 0;
        for (std::uint64_t i = 0; i < run.count; ++i) {
            const std::size_t size = replicator::load_entry_header(run.bytes.data() + place).bytes();
            entries.emplace_back(run.bytes.begin() + static_cast<std::ptrdiff_t>(place),
                                 run.bytes.begin() + static_cast<std::ptrdiff_t>(place + size));
            place += size;
        }
        at = {at.index + run.count, at.offset + run.bytes.size()};
    }
    return entries;
}

/// True when `front` is where `whole` begins.
[[nodiscard]] inline bool begins_with(const std::vector<Entry>& whole, const std::vector<Entry>& front) {
    return front.size() <= whole.size() && std::equal(front.begin(), front.end(), whole.begin());
}

}  // namespace support
