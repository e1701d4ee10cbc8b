// SPDX-License-Identifier: BSL-1.0
// log::File keeps the rules of log policies, and what is its own: flushes, restarts, cuts that last, a full disk.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_log)

using support::contents;
using support::put;

namespace {

struct Free : support::TinyFiles {
    static constexpr bool keeps_for_restart = false;
    static constexpr std::size_t segments_max = 256;
    static constexpr std::size_t retained_bytes = 1024;
    static constexpr std::size_t capacity_bytes = 1024;
};

struct Roomy : Free {
    static constexpr std::size_t capacity_bytes = 4096;
    static constexpr std::size_t retained_bytes = 1024;
};

/// Several entries to each mark of the tail.
struct LongTail : Roomy {
    static constexpr std::size_t tail_bytes = 2048;
};

/// Prepares nothing ahead.
struct Hasty : Roomy {
    static constexpr std::size_t zeros_per_byte = 0;
};

/// Counts what makes a system claim and free room.
struct Counting : storage::Simulated {
    using Simulated::Simulated;
    static inline std::size_t calls = 0;

    [[nodiscard]] StorageError create(Directory& directory, const char* name, File& file) noexcept {
        return ++calls, Simulated::create(directory, name, file);
    }
    [[nodiscard]] StorageError remove(Directory& directory, const char* name) noexcept {
        return ++calls, Simulated::remove(directory, name);
    }
};

/// Stands before the log in the object, because it must outlive it.
struct OwnDisk {
    std::unique_ptr<storage::SimulatedDisk> disk = std::make_unique<storage::SimulatedDisk>();
};

/// Opens itself, and flushes after every append, as a log in memory holds what was appended.
template <bool Flushes, class Options = Free>
class Opened : private OwnDisk, public support::SimulatedLog<Options> {
    using Base = support::SimulatedLog<Options>;

public:
    Opened() : Base(std::move(*Base::open(storage::Simulated(*OwnDisk::disk), "log", {}))) {}

    void append(std::size_t bytes, std::uint64_t count, Chain chain) noexcept {
        Base::append(bytes, count, chain);
        if (Flushes) REPLICATOR_WANT((this->flush() == Error::none));
    }
    [[nodiscard]] Index flushed() const noexcept { return Flushes ? Base::flushed() : this->last(); }
};

template <class Options = support::TinyFiles>
support::SimulatedLog<Options> reopen(storage::SimulatedDisk& disk, log::OnDamage on_damage = log::OnDamage::refuse) {
    log::Verdict verdict;
    auto opened = support::SimulatedLog<Options>::open(storage::Simulated(disk), support::folder, support::identity(),
                                                       on_damage, &verdict);
    BOOST_TEST_REQUIRE(static_cast<bool>(opened), to_string(verdict.error));
    return std::move(*opened);
}

template <class Log>
void fill(Log& log, std::uint64_t count, std::size_t length = 20) {
    for (std::uint64_t i = 0; i < count; ++i) {
        BOOST_TEST_REQUIRE(put(log, support::body_of(log.last().value + 1, 0, length)));
    }
}

/// The tail has room for two segments.
struct FewSegments : support::TinyFiles {
    static constexpr std::size_t tail_bytes = 8192;
    static constexpr std::size_t segment_bytes = 4096;
    static constexpr std::size_t capacity_bytes = 64 * 1024;
    static constexpr std::size_t retained_bytes = 64 * 1024;
};
struct InPortions : FewSegments {
    static constexpr std::size_t flush_bytes_max = 400;
};

}  // namespace

BOOST_AUTO_TEST_CASE(one_that_flushes_conforms) { support::conform<Opened<true>>(6, 1500); }
BOOST_AUTO_TEST_CASE(one_that_only_gathers_conforms) { support::conform<Opened<false>>(6, 1500); }
BOOST_AUTO_TEST_CASE(one_with_a_long_tail_conforms) { support::conform<Opened<false, LongTail>>(6, 1500); }

BOOST_AUTO_TEST_CASE(a_closed_one_takes_nothing) {
    support::SimulatedLog<> log;
    BOOST_TEST((log.fault() == Error::stopped));
    BOOST_TEST(log.reserve(16, 16).empty());
    BOOST_TEST((log.flush() == Error::stopped));
    BOOST_TEST(log.last() == Index{0});
}

BOOST_AUTO_TEST_CASE(what_was_flushed_is_there_after_a_loss_of_power) {
    storage::SimulatedDisk disk;
    auto log = reopen(disk);
    fill(log, 30);
    BOOST_TEST(log.flushed() < Index{30});
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == Index{30});
    const auto before = contents(log);
    fill(log, 3);
    for (std::uint64_t seed = 1; seed <= 50; ++seed) {
        auto crashed = disk.after_crash(seed);
        auto again = reopen(crashed);
        BOOST_TEST(again.last() >= Index{30});
        BOOST_TEST(support::begins_with(contents(again), before));
        BOOST_TEST(again.flushed() == again.last());
        BOOST_TEST(again.metadata().run_counter == 2u);
        BOOST_TEST((again.metadata().incarnation == Incarnation{4}));
    }
}

BOOST_AUTO_TEST_CASE(a_restarted_one_goes_on) {
    storage::SimulatedDisk disk;
    std::vector<support::Entry> expected;
    for (int run = 0; run < 10; ++run) {
        auto log = reopen(disk);
        BOOST_TEST((contents(log) == expected));
        fill(log, 7);
        BOOST_TEST(((run % 2 == 0 ? log.close() : log.flush()) == Error::none));
        expected = contents(log);
    }
    BOOST_TEST(expected.size() == 70u);
}

BOOST_AUTO_TEST_CASE(a_cut_lasts_and_what_comes_after_takes_its_place) {
    storage::SimulatedDisk disk;
    std::vector<support::Entry> expected;
    {
        auto log = reopen(disk);
        fill(log, 40);
        BOOST_TEST((log.flush() == Error::none));
        log.cut(log.seek(Index{12}), chain_at(log, Index{11}));
        BOOST_TEST(log.last() == Index{11});
        BOOST_TEST(log.flushed() == Index{11});
        for (std::uint64_t i = 0; i < 5; ++i) BOOST_TEST_REQUIRE(put(log, support::body_of(12 + i, 1, 30)));
        BOOST_TEST((log.flush() == Error::none));
        expected = contents(log);
        BOOST_TEST(expected.size() == 16u);
    }
    auto crashed = disk.after_crash(1);
    auto again = reopen(crashed);
    BOOST_TEST((contents(again) == expected));
    BOOST_TEST(again.metadata().suspect_from == Index{0});
}

BOOST_AUTO_TEST_CASE(a_reset_lasts) {
    storage::SimulatedDisk disk;
    {
        auto log = reopen(disk);
        fill(log, 40);
        BOOST_TEST((log.flush() == Error::none));
        log.reset(Index{100}, Chain{55});
        auto metadata = log.metadata();
        metadata.base.position.epoch = {9, NodeId{1}, 2};
        metadata.epochs = {};
        metadata.epochs.push({{9, NodeId{1}, 2}, Index{90}, Chain{44}});
        BOOST_TEST((log.store(metadata) == Error::none));
        fill(log, 3);
        BOOST_TEST((log.flush() == Error::none));
    }
    auto crashed = disk.after_crash(1);
    auto again = reopen(crashed);
    BOOST_TEST(again.base().index == Index{100});
    BOOST_TEST((again.base().chain == Chain{55}));
    BOOST_TEST(again.last() == Index{103});
    BOOST_TEST((again.metadata().base.position.epoch == Epoch{9, NodeId{1}, 2}));
    BOOST_TEST(again.epochs().size == 1u);
}

BOOST_AUTO_TEST_CASE(epochs_are_found_again) {
    storage::SimulatedDisk disk;
    const auto opening = [](std::uint64_t counter) {
        support::Entry body(32);
        ByteWriter(body.data()).put(Epoch{counter, NodeId{1}, 7});
        return body;
    };
    {
        auto log = reopen(disk);
        BOOST_TEST(put(log, opening(1), EntryType::epoch_start));
        fill(log, 20);
        BOOST_TEST(put(log, opening(2), EntryType::epoch_start));
        fill(log, 20);
        BOOST_TEST(put(log, opening(3), EntryType::epoch_start));
        BOOST_TEST((log.flush() == Error::none));
        BOOST_TEST(log.epochs().size == 3u);
        log.cut(log.seek(Index{40}), chain_at(log, Index{39}));
        BOOST_TEST(log.epochs().size == 2u);
        fill(log, 1);
        BOOST_TEST((log.flush() == Error::none));
    }
    auto again = reopen(disk);
    BOOST_TEST_REQUIRE(again.epochs().size == 2u);
    BOOST_TEST(again.epochs().starts[1].first == Index{22});
    BOOST_TEST(again.epochs().at(Index{40}).counter == 2u);
    BOOST_TEST((again.epochs().starts[1].chain_before == chain_at(again, Index{21})));
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_keeps_and_recovers) {
    storage::SimulatedDisk disk;
    auto log = reopen(disk);
    fill(log, 8);
    BOOST_TEST((log.flush() == Error::none));
    disk.faults.bytes_max = disk.bytes();
    Error error = Error::none;
    while (error == Error::none) {
        if (!put(log, support::body_of(log.last().value + 1, 0, 20))) break;
        error = log.flush();
    }
    // It is refused before it is taken, so nobody waits for it, and everything before it is on the disk.
    BOOST_TEST((error == Error::none));
    BOOST_TEST(log.flushed() == log.last());
    BOOST_TEST((log.fault() == Error::none));
    BOOST_TEST(log.reserve(16, 16).empty());
    BOOST_TEST((log.flush() == Error::log_full));
    BOOST_TEST(log.reserve(16, 16).empty());
    const Index last = log.last();
    disk.faults.bytes_max = ~std::uint64_t{0};
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == last);
    BOOST_TEST(put(log, support::body_of(1, 1, 20)));
    BOOST_TEST((log.flush() == Error::none));
}

BOOST_AUTO_TEST_CASE(a_failed_flush_is_for_good_and_the_next_run_trusts_the_disk_only) {
    storage::SimulatedDisk disk;
    {
        auto log = reopen(disk);
        fill(log, 5);
        BOOST_TEST((log.flush() == Error::none));
        fill(log, 1);
        disk.faults.sync_errors = 1'000'000;
        BOOST_TEST((log.flush() == Error::log_failed));
        disk.faults.sync_errors = 0;
        BOOST_TEST(log.flushed() == Index{5});
        BOOST_TEST((log.flush() == Error::log_failed));
        BOOST_TEST((log.fault() == Error::log_failed));
        BOOST_TEST(log.reserve(16, 16).empty());
    }
    // The system still shows what it failed to write, and will not write it again by itself.
    auto log = reopen(disk);
    const Index held = log.flushed();
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        auto crashed = disk.after_crash(seed);
        BOOST_TEST(reopen(crashed).last() == held);
    }
}

BOOST_AUTO_TEST_CASE(a_flush_on_the_way_lets_the_next_group_gather) {
    storage::SimulatedDisk disk;
    auto log = reopen(disk);
    disk.faults.sync_polls = 2;
    fill(log, 2);
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushing());
    fill(log, 3);
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == Index{0});
    log.poll();
    BOOST_TEST(log.flushed() == Index{2});
    BOOST_TEST((log.flush() == Error::none));
    log.wait();
    BOOST_TEST(log.flushed() == Index{5});
}

BOOST_AUTO_TEST_CASE(a_directory_has_one_owner) {
    storage::SimulatedDisk disk;
    const auto log = reopen(disk);
    const auto second = support::SimulatedLog<>::open(storage::Simulated(disk), support::folder, support::identity());
    BOOST_TEST((second.error() == Error::duplicate_node));
}

BOOST_AUTO_TEST_CASE(somebody_elses_directory_is_refused) {
    storage::SimulatedDisk disk;
    {
        auto log = reopen(disk);
        fill(log, 1);
        BOOST_TEST((log.flush() == Error::none));
    }
    const auto open = [&](const log::FileIdentity& identity) {
        return support::SimulatedLog<>::open(storage::Simulated(disk), support::folder, identity).error();
    };
    auto other = support::identity();
    other.cluster = ClusterId{9};
    BOOST_TEST((open(other) == Error::wrong_cluster));
    other = support::identity();
    other.group = GroupId{9};
    BOOST_TEST((open(other) == Error::wrong_group));
    other = support::identity();
    other.node = NodeId{9};
    BOOST_TEST((open(other) == Error::wrong_node));
    other = support::identity();
    other.history = HistoryId{9};
    BOOST_TEST((open(other) == Error::wrong_history));
    BOOST_TEST(reopen(disk).last() == Index{1});
}

BOOST_AUTO_TEST_CASE(metadata_are_kept) {
    storage::SimulatedDisk disk;
    {
        auto log = reopen(disk);
        auto metadata = log.metadata();
        metadata.promised = {5, NodeId{2}, 3};
        metadata.counter_opened = 4;
        metadata.installing = true;
        metadata.fault = Error::diverged;
        BOOST_TEST(metadata.set_note(support::body_of(1, 1, 100)));
        BOOST_TEST((log.store(metadata) == Error::none));
    }
    auto crashed = disk.after_crash(3);
    const auto metadata = reopen(crashed).metadata();
    BOOST_TEST((metadata.promised == Epoch{5, NodeId{2}, 3}));
    BOOST_TEST(metadata.counter_opened == 4u);
    BOOST_TEST(metadata.installing);
    BOOST_TEST((metadata.fault == Error::diverged));
    BOOST_TEST(metadata.note_bytes().size() == 100u);
}

BOOST_AUTO_TEST_CASE(needed_entries_are_kept_up_to_the_capacity_and_the_distance_is_told) {
    storage::SimulatedDisk disk;
    auto log = reopen<Roomy>(disk);
    const auto go_on = [&](std::uint64_t count) {
        for (std::uint64_t i = 0; i < count; ++i) {
            fill(log, 1);
            BOOST_TEST_REQUIRE((log.flush() == Error::none));
            log.release(log.last());
        }
    };
    log.need(Index{1});
    go_on(60);
    BOOST_TEST(log.base().index == Index{0});
    const std::uint64_t left = log.distance_to_loss(Index{1});
    BOOST_TEST(left == 4096u - 60u * 32u);
    go_on(left / 32);
    BOOST_TEST(log.base().index == Index{0});
    BOOST_TEST(log.distance_to_loss(Index{1}) == 0u);
    go_on(2);
    BOOST_TEST(log.base().index > Index{0});
    log.need(Index{~std::uint64_t{0}});
    go_on(2);
    BOOST_TEST(log.last() - log.base().index <= (1024u + 512u) / 32u);
    // Of what was dropped a file may be left.
    const Index base = log.base().index;
    log = {};
    const Index found = reopen<Roomy>(disk).base().index;
    BOOST_TEST(found <= base);
    BOOST_TEST(base - found <= 512u / 32u);
}

BOOST_AUTO_TEST_CASE(files_are_taken_over_so_that_none_is_made_or_removed) {
    storage::SimulatedDisk disk;
    Counting::calls = 0;
    auto log = std::move(*log::File<Counting, Roomy>::open(Counting(disk), support::folder, support::identity()));
    const auto go_on = [&log] {
        for (int i = 0; i < 200; ++i) {
            fill(log, 1);
            BOOST_TEST_REQUIRE((log.flush() == Error::none));
            log.release(log.last());
        }
        return Counting::calls;
    };
    const std::size_t until_full = go_on();
    BOOST_TEST(until_full > 0u);
    BOOST_TEST(log.base().index > Index{0});
    BOOST_TEST(go_on() == until_full);
    const auto before = contents(log);
    log = {};
    auto again = reopen<Roomy>(disk);
    BOOST_TEST((again.last() == Index{400}));
    const auto after = contents(again);
    BOOST_TEST_REQUIRE(after.size() >= before.size());
    BOOST_TEST(std::equal(before.rbegin(), before.rend(), after.rbegin()));
}

BOOST_AUTO_TEST_CASE(a_file_that_was_taken_over_and_not_zeroed_in_time_is_not_used) {
    storage::SimulatedDisk disk;
    auto log = reopen<Hasty>(disk);
    // So many end in the middle of a file.
    for (int i = 0; i < 202; ++i) {
        fill(log, 1);
        BOOST_TEST_REQUIRE((log.flush() == Error::none));
        log.release(log.last());
    }
    log = {};
    const auto again = reopen<Hasty>(disk);
    BOOST_TEST((again.verdict().kind == log::Verdict::Kind::clean));
    BOOST_TEST((again.last() == Index{202}));
}

BOOST_AUTO_TEST_CASE(the_end_of_a_segment_waits_for_no_flush_elsewhere) {
    storage::SimulatedDisk disk;
    auto opened =
        support::SimulatedLog<FewSegments>::open(storage::Simulated(disk), support::folder, support::identity());
    BOOST_TEST_REQUIRE(static_cast<bool>(opened));
    auto& log = *opened;
    BOOST_TEST_REQUIRE(support::put(log, support::body_of(1, 0, 20)));
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == Index{1});
    disk.faults.syncs_hang = true;
    // More than one segment of them, and less than two.
    for (std::uint64_t i = 2; i <= 120; ++i) BOOST_TEST_REQUIRE(support::put(log, support::body_of(i, 0, 20)));
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushing());
    BOOST_TEST(log.flushed() == Index{1});
    disk.faults.syncs_hang = false;
    for (int i = 0; i < 40 && log.flushed() < log.last(); ++i) BOOST_TEST_REQUIRE((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == Index{120});
    BOOST_TEST((log.fault() == Error::none));
    for (std::uint64_t i = 1; i <= 120; ++i) BOOST_TEST_REQUIRE(log.read(log.seek(Index{i})).count > 0u);
}

BOOST_AUTO_TEST_CASE(what_gathered_behind_a_flush_elsewhere_is_flushed_in_portions) {
    storage::SimulatedDisk disk;
    auto opened =
        support::SimulatedLog<InPortions>::open(storage::Simulated(disk), support::folder, support::identity());
    BOOST_TEST_REQUIRE(static_cast<bool>(opened));
    auto& log = *opened;
    for (std::uint64_t i = 1; i <= 60; ++i) BOOST_TEST_REQUIRE(support::put(log, support::body_of(i, 0, 20)));
    disk.faults.sync_polls = 1;
    std::uint64_t flushes = 0;
    for (Index before = log.flushed(); log.flushed() < log.last(); before = log.flushed(), ++flushes) {
        BOOST_TEST_REQUIRE((log.flush() == Error::none));
        log.wait();
        BOOST_TEST_REQUIRE(log.flushed() > before);
        const std::uint64_t most = InPortions::flush_bytes_max + InPortions::record_bytes_max;
        BOOST_TEST_REQUIRE((log.flushed() - before) * entry_bytes(20) <= most);
    }
    BOOST_TEST(flushes >= 4u);

    // Where the flush is done in the call, everything is.
    disk.faults.sync_polls = 0;
    for (std::uint64_t i = 1; i <= 60; ++i) BOOST_TEST_REQUIRE(support::put(log, support::body_of(i, 0, 20)));
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == log.last());
}

BOOST_AUTO_TEST_CASE(a_log_that_is_closed_leaves_no_portion_for_later) {
    using Log = support::SimulatedLog<InPortions>;
    storage::SimulatedDisk disk;
    disk.faults.sync_polls = 1;
    {
        auto opened = Log::open(storage::Simulated(disk), support::folder, support::identity());
        BOOST_TEST_REQUIRE(static_cast<bool>(opened));
        auto& log = *opened;
        for (std::uint64_t i = 1; i <= 60; ++i) BOOST_TEST_REQUIRE(support::put(log, support::body_of(i, 0, 20)));
        BOOST_TEST((log.close() == Error::none));
        BOOST_TEST(log.flushed() == Index{60});
    }
    const auto opened = Log::open(storage::Simulated(disk), support::folder, support::identity());
    BOOST_TEST_REQUIRE(static_cast<bool>(opened));
    BOOST_TEST(opened->last() == Index{60});
}

BOOST_AUTO_TEST_SUITE_END()
