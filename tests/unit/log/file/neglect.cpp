// SPDX-License-Identifier: BSL-1.0
// What only shows much later: flushes that failed before a restart, damage that does no harm, files that nobody needs.

#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

BOOST_AUTO_TEST_SUITE(file_neglect)

namespace {

using namespace replicator;
using namespace support;

struct FewTinyFiles : TinyFiles {
    static constexpr std::size_t tail_bytes = 2048;
    static constexpr std::size_t segment_bytes = 2048;
    static constexpr std::size_t capacity_bytes = 16384;
    static constexpr std::size_t retained_bytes = 8192;
    static constexpr std::size_t segments_max = 24;
};
using Log = SimulatedLog<FewTinyFiles>;

Log open(storage::SimulatedDisk& disk, log::OnDamage on_damage = log::OnDamage::refuse,
         log::Verdict* verdict = nullptr) {
    auto log = Log::open(storage::Simulated(disk), folder, identity(), on_damage, verdict);
    BOOST_REQUIRE_MESSAGE(log, to_string(log.error()));
    return std::move(*log);
}

bool put_one(Log& log, std::uint64_t line = 0) { return put(log, body_of(log.last().value + 1, line, 24)); }

void put_flushed(Log& log, std::size_t count, std::uint64_t line = 0) {
    for (std::size_t i = 0; i < count; ++i) {
        BOOST_TEST_REQUIRE(put_one(log, line));
        BOOST_REQUIRE(log.flush() == Error::none);
    }
}

void cut_before(Log& log, Index index) {
    const Chain before = chain_at(log, index - 1);
    log.cut(log.seek(index), before);
}

void keep_state(Log& log, std::uint64_t number) {
    log::SnapshotHead head;
    head.id = SnapshotId{number};
    head.history = history;
    head.position = {{number, NodeId{1}, 2}, log.last()};
    head.chain = log.chain();
    head.piece_bytes = 64;
    BOOST_REQUIRE(log.begin_snapshot(head, {}) == Error::none);
    BOOST_REQUIRE(log.append_snapshot(std::vector<std::byte>(40)) == Error::none);
    BOOST_REQUIRE(log.finish_snapshot() == Error::none);
}

/// The names of the files, oldest first.
std::vector<std::string> segments(const storage::SimulatedDisk& disk) {
    std::vector<std::string> segments;
    for (const std::string& name : disk.names(folder)) {
        if (name.rfind("segment-", 0) == 0) segments.push_back(name);
    }
    return segments;
}

/// Flips a bit in a segment, counted from the oldest.
void damage(storage::SimulatedDisk& disk, std::size_t number, std::size_t place) {
    const std::string name = segments(disk).at(number);
    auto bytes = *disk.contents(folder, name);
    bytes[place] ^= std::byte{1};
    disk.put(folder, name, std::move(bytes));
}

constexpr std::size_t in_header = 20;
constexpr std::size_t in_first_record = FewTinyFiles::block_bytes + log::RecordHeader::bytes + 20;

}  // namespace

// The system's memory has what a failed flush left, so it looks sound; the disk may have nothing of it.
BOOST_AUTO_TEST_CASE(what_a_failed_flush_left_is_written_again_by_the_next_start) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        storage::SimulatedDisk disk(seed);
        Log log = open(disk);
        for (int i = 0; i < 4; ++i) BOOST_TEST_REQUIRE(put_one(log));
        disk.faults.sync_polls = 1'000'000;
        BOOST_REQUIRE(log.flush() == Error::none);
        // While that flush is under way, more is written than waits in memory.
        for (int i = 0; i < 26; ++i) BOOST_TEST_REQUIRE(put_one(log));
        disk.faults.sync_polls = 0;
        log.wait();
        BOOST_TEST((log.flushed() == Index{4}));
        disk.faults.sync_errors = 1'000'000;
        static_cast<void>(log.flush());
        BOOST_TEST((log.fault() == Error::log_failed));
        log = {};

        storage::SimulatedDisk after = disk.after_kill();
        after.faults = {};
        log = open(after);
        const Index held = log.flushed();
        for (std::uint64_t power_loss = 1; power_loss <= 5; ++power_loss) {
            storage::SimulatedDisk left = after.after_crash(power_loss);
            BOOST_TEST((open(left).last() >= held));
        }
        log = {};
    }
}

BOOST_AUTO_TEST_CASE(damage_to_what_the_state_includes_does_no_harm) {
    for (const std::size_t place : {in_header, in_first_record}) {
        for (std::size_t segment = 0; segment < 3; ++segment) {
            storage::SimulatedDisk disk;
            Log log = open(disk);
            put_flushed(log, 110);
            keep_state(log, 1);
            put_flushed(log, 30);
            const auto all = contents(log);
            log = {};
            damage(disk, segment, place);
            log::Verdict verdict;
            log = open(disk, log::OnDamage::refuse, &verdict);
            BOOST_TEST((verdict.kind == log::Verdict::Kind::clean));
            BOOST_TEST((log.last() == Index{140}));
            BOOST_TEST((log.base().index <= Index{110}));
            BOOST_TEST(!log.is_suspect());
            const auto left = contents(log);
            BOOST_TEST(std::equal(left.rbegin(), left.rend(), all.rbegin()));
            put_flushed(log, 30);
            log = {};
            BOOST_TEST((open(disk).last() == Index{170}));
        }
    }
}

BOOST_AUTO_TEST_CASE(damage_behind_the_state_is_refused_all_the_same) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    put_flushed(log, 30);
    keep_state(log, 1);
    put_flushed(log, 110);
    log = {};
    damage(disk, 2, in_first_record);
    BOOST_TEST((Log::open(storage::Simulated(disk), folder, identity()).error() == Error::corrupt));
    log = open(disk, log::OnDamage::repair);
    BOOST_TEST((log.last() >= Index{30}));
    BOOST_TEST((log.last() < Index{110}));
    BOOST_TEST(log.is_suspect());
}

// The second cut is the only one that the metadata remember.
BOOST_AUTO_TEST_CASE(what_was_cut_stays_cut_when_the_segment_in_its_place_is_lost) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    put_flushed(log, 20);
    cut_before(log, Index{11});
    put_flushed(log, 8, 1);
    cut_before(log, Index{16});
    put_flushed(log, 5, 2);
    log = {};
    damage(disk, 1, in_header);
    log = open(disk, log::OnDamage::repair);
    BOOST_TEST((log.last() == Index{10}));
    BOOST_TEST((log.metadata().suspect_from == Index{11}));
}

BOOST_AUTO_TEST_CASE(what_was_cut_stays_cut_when_the_file_in_its_place_is_gone) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    put_flushed(log, 20);
    cut_before(log, Index{11});
    put_flushed(log, 40, 1);  // more than one file
    log = {};
    const std::vector<std::string> all = segments(disk);
    BOOST_TEST_REQUIRE(all.size() >= 3u);
    storage::Simulated storage(disk);
    storage::Simulated::Directory directory;
    BOOST_REQUIRE((storage.open_directory(folder, directory) == StorageError::none));
    BOOST_REQUIRE((storage.remove(directory, all[1].c_str()) == StorageError::none));
    directory = {};
    log = open(disk, log::OnDamage::repair);
    BOOST_TEST((log.last() == Index{10}));
}

BOOST_AUTO_TEST_CASE(many_cuts_make_a_log_crowded_until_a_state_is_there) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    std::size_t cuts = 0;
    for (; !log.is_crowded(); ++cuts) {
        BOOST_TEST_REQUIRE(cuts < FewTinyFiles::segments_max);
        put_flushed(log, 2);
        cut_before(log, log.last());
    }
    put_flushed(log, 1);
    BOOST_TEST(log.end().offset - log.begin().offset < FewTinyFiles::capacity_bytes / 8);
    for (; cuts > 0; --cuts) {
        if (log.is_crowded()) keep_state(log, cuts);
        log.release(log.last());
        put_flushed(log, 2);
        cut_before(log, log.last());
    }
    put_flushed(log, 1);
}

BOOST_AUTO_TEST_CASE(a_crowded_log_drops_with_the_next_entry) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    put_flushed(log, 1);
    keep_state(log, 1);
    log.release(log.last());
    for (std::size_t cuts = 0; !log.is_crowded(); ++cuts) {
        BOOST_TEST_REQUIRE(cuts < FewTinyFiles::segments_max);
        put_flushed(log, 1);
        cut_before(log, log.last());
        BOOST_TEST_REQUIRE(put_one(log));
        BOOST_REQUIRE(log.flush() == Error::none);
    }
    BOOST_TEST((log.base().index == Index{0}));
    BOOST_TEST_REQUIRE(put_one(log));
    BOOST_TEST((Index{0} < log.base().index));
}

BOOST_AUTO_TEST_CASE(a_full_disk_gets_back_what_the_log_need_not_keep) {
    storage::SimulatedDisk disk;
    Log log = open(disk);
    log.need(Index{1});
    disk.faults.bytes_max = 16384 + 8 * 2048 + 1000;
    Error error = Error::none;
    for (std::uint64_t i = 1; error == Error::none; ++i) {
        BOOST_TEST_REQUIRE(i < 2000);
        if (!put_one(log)) break;
        log.release(log.last());
        error = log.flush();
        if (i % 50 == 0 && error == Error::none) keep_state(log, i);
    }
    BOOST_TEST((log.flush() == Error::log_full));
    log.need(log.last() + 1);  // whoever was away is there again
    BOOST_TEST(!put_one(log));
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(put_one(log));
    BOOST_TEST((log.flush() == Error::none));
}

BOOST_AUTO_TEST_SUITE_END()
