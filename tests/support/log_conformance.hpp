// SPDX-License-Identifier: BSL-1.0
// Random calls on a log beside a model of plain vectors; after each, everything that a log can be asked is compared.
#pragma once

#include "frames.hpp"

#include <replicator/concepts/log_policy.hpp>
#include <replicator/encoding/entry.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <random>
#include <span>
#include <vector>

/// BOOST_REQUIRE, without what it costs when all is well: the conditions here are tested millions of times.
#define REPLICATOR_WANT(condition)                           \
    do {                                                     \
        if (!(condition)) BOOST_FAIL("not so: " #condition); \
    } while (false)

namespace support {

template <class Log>
class LogUnderTest {
public:
    explicit LogUnderTest(std::uint64_t seed) : random_(seed) {}

    void run(int steps) {
        check();
        for (int step = 0; step < steps; ++step) {
            // By turns it releases often, and hoards until the log is full.
            const bool hoards = step / 250 % 2 == 1;
            singly_ = step / 500 % 2 == 1;
            switch (pick(0, 19)) {
                case 0: cut(); break;
                case 1: pick(0, 9) == 0 ? reset() : compare_reads(); break;
                case 2:
                case 3:
                case 4:
                case 5: hoards ? append() : release(); break;
                default: append(); break;
            }
            check();
        }
    }

    std::uint64_t appended = 0;
    std::uint64_t evicted = 0;
    std::uint64_t full = 0;
    std::uint64_t batches = 0;

private:
    using Entry = std::vector<std::byte>;

    std::size_t pick(std::size_t low, std::size_t high) {
        return std::uniform_int_distribution<std::size_t>(low, high)(random_);
    }
    replicator::Index last() const { return base_.index + entries_.size(); }
    replicator::Chain chain_to(replicator::Index index) const {
        return index == base_.index ? base_.chain
                                    : replicator::load_entry_header(entries_[index - base_.index - 1].data()).chain;
    }

    /// Some entries at once, in one reserved room.
    void append() {
        const std::size_t largest = Log::entry_bytes_max - replicator::entry_header_bytes;
        std::vector<std::size_t> lengths;
        const std::size_t wanted = !singly_ && pick(0, 2) == 0 ? pick(2, 9) : 1;
        while (lengths.size() < wanted) {
            lengths.push_back(pick(0, 9) == 0 ? pick(0, largest) : pick(0, std::min<std::size_t>(largest, 40)));
        }
        std::size_t most = 0;
        for (const std::size_t length : lengths) most += replicator::entry_bytes(length);
        const std::size_t least = replicator::entry_bytes(lengths[0]);
        const auto room = log_.reserve(least, most);
        forget_evicted();
        if (room.empty()) {
            // LP-9: only unreleased entries may stand in the way.
            std::size_t unreleased = 0;
            for (std::size_t i = 0; i < entries_.size(); ++i) {
                if (base_.index + (i + 1) > released_) unreleased += entries_[i].size();
            }
            REPLICATOR_WANT(unreleased + least > Log::capacity_bytes);
            ++full;
            return;
        }
        REPLICATOR_WANT(reinterpret_cast<std::uintptr_t>(room.data()) % 8 == 0u);
        REPLICATOR_WANT(room.size() >= least);
        REPLICATOR_WANT(room.size() <= most);
        if (!singly_) reserve_again(room, least, most);

        replicator::Chain chain = log_.chain();
        std::size_t bytes = 0;
        std::uint64_t count = 0;
        for (const std::size_t length : lengths) {
            const std::size_t size = replicator::entry_bytes(length);
            if (bytes + size > room.size()) break;
            std::byte* const entry = room.data() + bytes;
            for (std::size_t i = 0; i < length; ++i) entry[8 + i] = static_cast<std::byte>(random_());
            chain = replicator::seal_entry(entry, replicator::EntryType::command, 0, length, chain);
            entries_.emplace_back(entry, entry + size);
            bytes += size;
            ++count;
        }
        log_.append(bytes, count, chain);
        appended += count;
        batches += count > 1 ? 1u : 0u;
    }

    /// LP-4: what was written stays, and is given again.
    void reserve_again(std::span<std::byte> room, std::size_t least, std::size_t most) {
        std::memset(room.data(), static_cast<int>(appended & 0xff), room.size());
        const Entry written(room.begin(), room.end());
        const auto again = log_.reserve(pick(0, 1) == 0 ? least : 8, most);
        forget_evicted();
        REPLICATOR_WANT(again.data() == room.data());
        REPLICATOR_WANT(std::equal(written.begin(), written.end(), room.begin()));
    }

    void cut() {
        // Only what is not released is ever cut.
        const replicator::Index lowest = std::max(base_.index, released_);
        const std::size_t most = last() - lowest;
        // Half of the time only a few entries: a log may just have gone on to its next part, and goes back then.
        const replicator::Index keep = last() - pick(0, pick(0, 1) == 0 ? most : std::min<std::size_t>(most, 12));
        const replicator::Cursor from = keep == last() ? log_.end() : log_.seek(keep + 1);
        const replicator::Chain chain = chain_to(keep);
        log_.cut(from, chain);
        entries_.resize(keep - base_.index);
    }

    void reset() {
        base_ = {replicator::Index{pick(0, 1000)}, static_cast<replicator::Chain>(pick(0, 1u << 30))};
        entries_.clear();
        released_ = base_.index;
        log_.reset(base_.index, base_.chain);
    }

    void release() {
        if (entries_.empty()) return;
        const replicator::Index to = base_.index + pick(0, entries_.size());
        log_.release(to);
        released_ = std::max(released_, to);
        compare_reads();
    }

    /// Takes over what the log dropped, and checks that it was allowed to.
    void forget_evicted() {
        const replicator::Index base = log_.base().index;
        if (base == base_.index) return;
        REPLICATOR_WANT(base > base_.index);
        REPLICATOR_WANT(base <= std::max(released_, base_.index));
        const std::uint64_t count = base - base_.index;
        const replicator::Chain chain = chain_to(base);
        entries_.erase(entries_.begin(), entries_.begin() + static_cast<std::ptrdiff_t>(count));
        base_ = {base, chain};
        evicted += count;
    }

    void check() const {
        REPLICATOR_WANT(log_.base().index == base_.index);
        REPLICATOR_WANT(log_.base().chain == base_.chain);
        REPLICATOR_WANT(log_.last() == last());
        REPLICATOR_WANT(log_.flushed() == last());
        REPLICATOR_WANT(log_.chain() == chain_to(last()));
        REPLICATOR_WANT(log_.begin().index == base_.index + 1);
        REPLICATOR_WANT(log_.end().index == last() + 1);
        REPLICATOR_WANT((log_.fault() == replicator::Error::none));
        REPLICATOR_WANT(log_.read(log_.end()).bytes.empty());
        REPLICATOR_WANT(log_.read(log_.end()).count == 0u);
    }

    /// Reads all from every place, and seeks every place.
    void compare_reads() {
        std::uint64_t offset = log_.begin().offset;
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            const replicator::Cursor at = log_.seek(base_.index + (i + 1));
            REPLICATOR_WANT(at.index == base_.index + (i + 1));
            REPLICATOR_WANT(at.offset == offset);
            offset += entries_[i].size();
            compare_run(at, i);
        }
        REPLICATOR_WANT(log_.end().offset == offset);
        REPLICATOR_WANT(log_.seek(last() + 1).offset == offset);
        if (entries_.empty()) return;
        const replicator::Index some = base_.index + pick(0, entries_.size());
        REPLICATOR_WANT(chain_at(log_, some) == chain_to(some));
        REPLICATOR_WANT(reaches_back_to(log_, some));
    }

    void compare_run(replicator::Cursor at, std::size_t i) {
        const replicator::EntryRun run = log_.read(at);
        REPLICATOR_WANT(run.count > 0);
        REPLICATOR_WANT(i + run.count <= entries_.size());
        REPLICATOR_WANT(reinterpret_cast<std::uintptr_t>(run.bytes.data()) % 8 == 0u);
        std::size_t place = 0;
        for (std::size_t k = 0; k < run.count; ++k) {
            const Entry& entry = entries_[i + k];
            REPLICATOR_WANT(place + entry.size() <= run.bytes.size());
            REPLICATOR_WANT(std::memcmp(run.bytes.data() + place, entry.data(), entry.size()) == 0);
            place += entry.size();
        }
        REPLICATOR_WANT(place == run.bytes.size());
    }

    Log log_;
    std::mt19937_64 random_;
    replicator::LogBase base_;
    std::vector<Entry> entries_;
    replicator::Index released_;
    bool singly_ = false;  // only single entries, and each room is asked for once: what a log may do the short way
};

/// The whole suite for one type of log; steps and seeds are chosen for a run of well under a second.
template <class Log>
void conform(int seeds = 20, int steps = 1500) {
    std::uint64_t full = 0;
    std::uint64_t evicted = 0;
    std::uint64_t batches = 0;
    for (int seed = 1; seed <= seeds; ++seed) {
        BOOST_TEST_CONTEXT("seed " << seed) {
            LogUnderTest<Log> test(static_cast<std::uint64_t>(seed));
            test.run(steps);
            full += test.full;
            evicted += test.evicted;
            batches += test.batches;
        }
    }
    // A run that never filled the log would say nothing.
    BOOST_TEST(full > 0u);
    BOOST_TEST(evicted > 0u);
    BOOST_TEST(batches > 0u);
}

}  // namespace support
