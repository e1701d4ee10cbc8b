// SPDX-License-Identifier: BSL-1.0
// A log that is all that its concept allows: its places are counted from another point after each reset, and at times
// it is stalled, and gives nothing.
#pragma once

#include <replicator/concepts/log_policy.hpp>
#include <replicator/types.hpp>

#include <cstdint>

namespace support {

template <class Log>
struct Odd : Log {
    using Cursor = replicator::Cursor;

    bool stalls = false;
    std::uint64_t from = 1000;

    [[nodiscard]] bool stalled() const noexcept {
        return stalls || replicator::stalled(static_cast<const Log&>(*this));
    }
    [[nodiscard]] Cursor begin() const noexcept { return outside(Log::begin()); }
    [[nodiscard]] Cursor end() const noexcept { return outside(Log::end()); }
    [[nodiscard]] Cursor seek(replicator::Index index) const noexcept { return outside(Log::seek(index)); }
    [[nodiscard]] replicator::EntryRun read(Cursor cursor) const noexcept {
        return stalls ? replicator::EntryRun{} : Log::read(inside(cursor));
    }
    void cut(Cursor cursor, replicator::Chain chain) noexcept { Log::cut(inside(cursor), chain); }
    void reset(replicator::Index index, replicator::Chain chain) noexcept {
        from += 1000;
        Log::reset(index, chain);
    }

private:
    [[nodiscard]] Cursor outside(Cursor cursor) const noexcept { return {cursor.index, cursor.offset + from}; }
    [[nodiscard]] Cursor inside(Cursor cursor) const noexcept { return {cursor.index, cursor.offset - from}; }
};

}  // namespace support
