// SPDX-License-Identifier: BSL-1.0
// States on the disk: read back as they were written, replaced in one step, checked piece by piece, and never half
// there.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_snapshots)

using support::folder;
using Log = support::SimulatedLog<>;
using Reader = log::SnapshotReader<storage::Simulated>;

namespace {

constexpr std::uint32_t piece_bytes = 50;

log::SnapshotHead head_of(std::uint64_t id, Index index, Chain chain) {
    log::SnapshotHead head;
    head.id = SnapshotId{id};
    head.history = support::history;
    head.position = {{id, NodeId{1}, 2}, index};
    head.chain = chain;
    head.piece_bytes = piece_bytes;
    return head;
}

/// A state of so many bytes, told apart by its id.
support::Entry state_of(std::uint64_t id, std::size_t bytes) { return support::body_of(id, 1000, bytes); }

Error write_state(Log& log, const log::SnapshotHead& head, const support::Entry& state, bool installs) {
    const auto own = support::body_of(value(head.id), 2000, 13);
    if (const Error error = log.begin_snapshot(head, own); error != Error::none) return error;
    for (std::size_t at = 0; at < state.size(); at += piece_bytes) {
        const auto piece = std::span(state).subspan(at, std::min<std::size_t>(piece_bytes, state.size() - at));
        if (const Error error = log.append_snapshot(piece); error != Error::none) return error;
    }
    if (installs) return log.install_snapshot({});
    Error error = Error::not_yet;
    while (error == Error::not_yet) error = log.finish_snapshot();
    return error;
}

/// All of a state, or why it cannot be read.
Error read_state(const Log& log, support::Entry& state) {
    Reader reader;
    state.clear();
    if (const Error error = log.open_snapshot(reader); error != Error::none) return error;
    support::Entry own(13);
    if (const Error error = reader.read_own(own); error != Error::none) return error;
    REPLICATOR_WANT(own == support::body_of(value(reader.head().id), 2000, 13));
    support::Entry piece(reader.head().piece_bytes);
    for (std::uint64_t i = 0; i < reader.pieces(); ++i) {
        const auto size = reader.read(i, piece);
        if (!size) return size.error();
        state.insert(state.end(), piece.begin(), piece.begin() + static_cast<std::ptrdiff_t>(*size));
    }
    return state.size() == reader.bytes() ? Error::none : Error::corrupt;
}

Log open(storage::SimulatedDisk& disk) {
    auto opened = Log::open(storage::Simulated(disk), folder, support::identity());
    REPLICATOR_WANT(static_cast<bool>(opened));
    return std::move(*opened);
}

void fill(Log& log, std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
        REPLICATOR_WANT(support::put(log, support::body_of(log.last().value + 1, 0, 20)));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(states_of_every_size_are_read_back) {
    storage::SimulatedDisk disk;
    auto log = open(disk);
    fill(log, 3);
    BOOST_TEST((log.flush() == Error::none));
    support::Entry found;
    BOOST_TEST((read_state(log, found) == Error::not_yet));
    for (std::size_t bytes = 0; bytes <= 3 * piece_bytes + 1; ++bytes) {
        const auto state = state_of(bytes + 1, bytes);
        BOOST_TEST_REQUIRE((write_state(log, head_of(bytes + 1, Index{3}, log.chain()), state, false) == Error::none));
        BOOST_TEST((read_state(log, found) == Error::none));
        BOOST_TEST((found == state));
        BOOST_TEST((log.snapshot().id == SnapshotId{bytes + 1}));
    }
    // One of them is kept.
    std::size_t states = 0;
    for (const auto& name : disk.names(folder)) states += name.rfind("snapshot", 0) == 0 ? 1u : 0u;
    BOOST_TEST(states == 1u);
}

BOOST_AUTO_TEST_CASE(what_a_state_includes_may_be_dropped_once_it_is_released) {
    storage::SimulatedDisk disk;
    auto log = open(disk);
    for (int i = 0; i < 120; ++i) fill(log, 1), log.release(log.last());
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.base().index == Index{0});
    const Chain chain = chain_at(log, Index{100});
    BOOST_TEST((write_state(log, head_of(1, Index{100}, chain), state_of(1, 99), false) == Error::none));
    for (int i = 0; i < 20; ++i) fill(log, 1), log.release(log.last());
    BOOST_TEST((log.flush() == Error::none));
    const Index base = log.base().index;
    BOOST_TEST(base > Index{0});
    BOOST_TEST(base <= Index{100});
    log = {};
    auto again = open(disk);
    BOOST_TEST(again.base().index == base);
    BOOST_TEST(again.last() == Index{140});
}

BOOST_AUTO_TEST_CASE(an_installed_state_is_the_base_of_the_log) {
    storage::SimulatedDisk disk;
    {
        auto log = open(disk);
        fill(log, 30);
        BOOST_TEST((log.flush() == Error::none));
        auto metadata = log.metadata();
        metadata.installing = true;
        BOOST_TEST((log.store(metadata) == Error::none));
        BOOST_TEST((write_state(log, head_of(7, Index{500}, Chain{5}), state_of(7, 120), true) == Error::none));
        BOOST_TEST(log.base().index == Index{500});
        fill(log, 2);
        BOOST_TEST((log.flush() == Error::none));
    }
    auto crashed = disk.after_crash(4);
    auto log = open(crashed);
    BOOST_TEST(log.base().index == Index{500});
    BOOST_TEST(log.last() == Index{502});
    BOOST_TEST(!log.metadata().installing);
    support::Entry found;
    BOOST_TEST((read_state(log, found) == Error::none));
    BOOST_TEST((found == state_of(7, 120)));
}

BOOST_AUTO_TEST_CASE(the_old_or_the_new_and_never_a_mix) {
    const auto run = [](storage::SimulatedDisk& disk, bool installs, unsigned polls) {
        disk.faults.sync_polls = polls;
        auto opened = Log::open(storage::Simulated(disk), folder, support::identity());
        if (!opened) return;
        Log log = std::move(*opened);
        for (int i = 0; i < 20; ++i)
            static_cast<void>(support::put(log, support::body_of(log.last().value + 1, 0, 20)));
        do {
            if (log.flush() != Error::none) return;
        } while (log.flushed() < log.last());
        if (write_state(log, head_of(1, Index{20}, log.chain()), state_of(1, 130), false) != Error::none) return;
        static_cast<void>(
            write_state(log, head_of(2, installs ? Index{90} : Index{20}, log.chain()), state_of(2, 70), installs));
    };
    std::uint64_t tried = 0;
    const auto try_all = [&](bool installs, unsigned polls) {
        storage::SimulatedDisk whole;
        run(whole, installs, polls);
        for (std::uint64_t call = 1; call <= whole.calls(); ++call) {
            storage::SimulatedDisk disk;
            disk.cut_power_at(call);
            run(disk, installs, polls);
            for (std::uint64_t state = 1; state <= 8; ++state) {
                BOOST_TEST_CONTEXT("call " << call << ", state " << state << ", polls " << polls) {
                    auto crashed = disk.after_crash(call * 10 + state);
                    auto log = open(crashed);
                    const std::uint64_t id = value(log.snapshot().id);
                    support::Entry found;
                    const Error error = read_state(log, found);
                    REPLICATOR_WANT(id == 0 ? error == Error::not_yet : error == Error::none);
                    REPLICATOR_WANT(id == 0 || found == state_of(id, id == 1 ? 130 : 70));
                    const bool installed = id == 2 && installs;
                    REPLICATOR_WANT(log.base().index == (installed ? Index{90} : Index{0}));
                    REPLICATOR_WANT(id == 0 || installed || log.last() == Index{20});
                    ++tried;
                }
            }
        }
    };
    for (const unsigned polls : {0u, 1u, 3u}) try_all(false, polls), try_all(true, polls);
    BOOST_TEST(tried > 1500u);
}

BOOST_AUTO_TEST_CASE(a_flush_elsewhere_is_waited_for_in_no_call) {
    storage::SimulatedDisk disk;
    auto log = open(disk);
    fill(log, 3);
    BOOST_TEST((log.flush() == Error::none));
    const auto former = state_of(1, 4 * support::TinyFiles::zeros_bytes_flushed);
    BOOST_TEST((write_state(log, head_of(1, Index{3}, log.chain()), former, false) == Error::none));

    // Pieces go on while one flush, which they asked for, does not end; the end of the state has to wait for it.
    disk.faults.syncs_hang = true;
    const auto state = state_of(2, 3 * support::TinyFiles::zeros_bytes_flushed);
    BOOST_TEST((log.begin_snapshot(head_of(2, Index{3}, log.chain()), support::body_of(2, 2000, 13)) == Error::none));
    for (std::size_t at = 0; at < state.size(); at += piece_bytes) {
        const auto piece = std::span(state).subspan(at, std::min<std::size_t>(piece_bytes, state.size() - at));
        BOOST_TEST_REQUIRE((log.append_snapshot(piece) == Error::none));
    }
    BOOST_TEST(log.flushing());
    for (int i = 0; i < 5; ++i) BOOST_TEST((log.finish_snapshot() == Error::not_yet));
    fill(log, 1);
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST(log.flushed() == Index{3});
    BOOST_TEST(log.snapshot_index() == Index{3});
    BOOST_TEST((log.snapshot().id == SnapshotId{1}));

    // Then each call does one thing, and the log is flushed in turn.
    disk.faults.syncs_hang = false;
    disk.faults.sync_polls = 1;
    Error error = Error::not_yet;
    std::uint64_t calls = 0;
    for (; error == Error::not_yet; ++calls) {
        BOOST_TEST_REQUIRE((log.flush() == Error::none));
        const std::uint64_t before = disk.calls();
        error = log.finish_snapshot();
        BOOST_TEST(disk.calls() - before <= 2u);
    }
    BOOST_TEST((error == Error::none));
    BOOST_TEST(calls >= 7u);  // the former one goes bit by bit
    while (log.flushed() < log.last()) BOOST_TEST_REQUIRE((log.flush() == Error::none));
    support::Entry found;
    BOOST_TEST((read_state(log, found) == Error::none));
    BOOST_TEST((found == state));
    std::size_t states = 0;
    for (const auto& name : disk.names(folder)) states += name.rfind("snapshot", 0) == 0 ? 1u : 0u;
    BOOST_TEST(states == 1u);
}

BOOST_AUTO_TEST_CASE(a_log_that_is_always_flushing_lets_a_state_have_its_turn) {
    storage::SimulatedDisk disk;
    auto log = open(disk);
    fill(log, 3);
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST((log.begin_snapshot(head_of(1, Index{3}, log.chain()), support::body_of(1, 2000, 13)) == Error::none));
    BOOST_TEST((log.append_snapshot(state_of(1, piece_bytes)) == Error::none));
    disk.faults.sync_polls = 1;
    Error error = Error::not_yet;
    for (int i = 0; i < 10 && error == Error::not_yet; ++i) {
        // Only a flush of the log finds one that has ended, and always has a next one to begin.
        disk.faults.syncs_hang = false;
        fill(log, 1);
        BOOST_TEST_REQUIRE((log.flush() == Error::none));
        BOOST_TEST_REQUIRE(log.flushing());
        disk.faults.syncs_hang = true;
        error = log.finish_snapshot();
    }
    BOOST_TEST((error == Error::none));
    BOOST_TEST(log.flushed() > Index{3});
}

BOOST_AUTO_TEST_CASE(a_state_that_is_dropped_in_the_middle_of_its_end_leaves_nothing) {
    for (int steps = 0; steps < 8; ++steps) {
        storage::SimulatedDisk disk;
        auto log = open(disk);
        fill(log, 3);
        BOOST_TEST((log.flush() == Error::none));
        BOOST_TEST((write_state(log, head_of(1, Index{3}, log.chain()), state_of(1, 99), false) == Error::none));
        disk.faults.sync_polls = 1;
        const auto head = head_of(2, Index{3}, log.chain());
        BOOST_TEST((log.begin_snapshot(head, support::body_of(2, 2000, 13)) == Error::none));
        const auto state = state_of(2, piece_bytes);
        BOOST_TEST((log.append_snapshot(state) == Error::none));
        Error error = Error::not_yet;
        for (int i = 0; i < steps && error == Error::not_yet; ++i) error = log.finish_snapshot();
        log.drop_snapshot();
        const std::uint64_t stands = value(log.snapshot().id);
        BOOST_TEST((write_state(log, head_of(3, Index{3}, log.chain()), state_of(3, 70), false) == Error::none));
        BOOST_TEST((error == Error::none || stands == 1 || stands == 2));
        support::Entry found;
        BOOST_TEST((read_state(log, found) == Error::none));
        BOOST_TEST((found == state_of(3, 70)));
        std::size_t states = 0;
        for (const auto& name : disk.names(folder)) states += name.rfind("snapshot", 0) == 0 ? 1u : 0u;
        BOOST_TEST(states == 1u);
    }
}

BOOST_AUTO_TEST_CASE(every_bit_of_a_state_is_checked) {
    storage::SimulatedDisk disk;
    {
        auto log = open(disk);
        fill(log, 3);
        BOOST_TEST((log.flush() == Error::none));
        BOOST_TEST((write_state(log, head_of(1, Index{3}, log.chain()), state_of(1, 120), false) == Error::none));
    }
    const std::string name = log::snapshot_name(SnapshotId{1}).text();
    const auto bytes = *disk.contents(folder, name);
    std::uint64_t unseen = 0;
    for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
        storage::SimulatedDisk damaged_disk = disk;
        auto damaged = bytes;
        damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
        damaged_disk.put(folder, name, damaged);
        auto log = open(damaged_disk);
        support::Entry found;
        const Error error = read_state(log, found);
        if (error == Error::none) {
            // Bits of the padding.
            ++unseen;
            REPLICATOR_WANT(found == state_of(1, 120));
        }
    }
    BOOST_TEST(unseen <= 8u * 32u);
}

BOOST_AUTO_TEST_CASE(a_full_disk_keeps_the_old_state_and_the_log) {
    storage::SimulatedDisk disk;
    auto log = open(disk);
    fill(log, 3);
    BOOST_TEST((log.flush() == Error::none));
    BOOST_TEST((write_state(log, head_of(1, Index{3}, log.chain()), state_of(1, 120), false) == Error::none));
    disk.faults.bytes_max = disk.bytes() + 200;
    BOOST_TEST((write_state(log, head_of(2, Index{3}, log.chain()), state_of(2, 500), false) == Error::log_full));
    support::Entry found;
    BOOST_TEST((read_state(log, found) == Error::none));
    BOOST_TEST((found == state_of(1, 120)));
    BOOST_TEST((log.fault() == Error::none));
    fill(log, 1);
    BOOST_TEST((log.flush() == Error::none));
}

// The log goes on as if nothing had come, or with the new state, whichever call is refused for how long.
BOOST_AUTO_TEST_CASE(a_state_that_is_refused_in_passing_can_be_installed_later) {
    const auto prepare = [](storage::SimulatedDisk& disk) {
        Log log = open(disk);
        fill(log, 20);
        REPLICATOR_WANT(log.flush() == Error::none);
        REPLICATOR_WANT(write_state(log, head_of(1, Index{20}, log.chain()), state_of(1, 130), false) == Error::none);
        fill(log, 10);
        REPLICATOR_WANT(log.flush() == Error::none);
        return log;
    };
    const auto install = [](Log& log) {
        return write_state(log, head_of(2, Index{25}, Chain{5}), state_of(2, 70), true);
    };
    std::uint64_t calls = 0;
    {
        storage::SimulatedDisk disk;
        auto log = prepare(disk);
        calls = disk.calls();
        BOOST_REQUIRE((install(log) == Error::none));
        calls = disk.calls() - calls;
    }
    std::uint64_t refused = 0;
    for (const auto error : {StorageError::no_space, StorageError::shortage}) {
        for (const bool lasts : {false, true}) {
            for (std::uint64_t call = 1; call <= calls; ++call) {
                BOOST_TEST_CONTEXT(to_string(error) << " at call " << call << (lasts ? " and later" : "")) {
                    storage::SimulatedDisk disk;
                    auto log = prepare(disk);
                    disk.fail_at(disk.calls() + call, error, lasts);
                    static_cast<void>(install(log));
                    BOOST_TEST_REQUIRE((log.fault() == Error::none));
                    const bool stands = log.base().index == Index{25};
                    BOOST_TEST(log.last() == (stands ? Index{25} : Index{30}));
                    BOOST_TEST((log.snapshot().id == SnapshotId{stands ? 2u : 1u}));
                    refused += stands ? 0 : 1;
                    disk.fail_at(0, StorageError::none);
                    // Nothing counts before the disk has it for sure, and what counts is still there after a crash.
                    for (std::uint64_t state = 1; state <= 4; ++state) {
                        auto crashed = disk.after_crash(state);
                        auto found = open(crashed);
                        BOOST_TEST(found.last() >= log.flushed());
                        BOOST_TEST(found.last() == (found.base().index == Index{25} ? Index{25} : Index{30}));
                        BOOST_TEST((stands ? found.base().index == Index{25} : true));
                    }
                    while (log.flush() != Error::none) BOOST_TEST_REQUIRE((log.fault() == Error::none));
                    fill(log, 2);
                    BOOST_TEST((log.flush() == Error::none));
                    BOOST_TEST(log.flushed() == log.last());
                    auto crashed = disk.after_crash(5);
                    BOOST_TEST(open(crashed).last() == log.last());
                    BOOST_TEST((install(log) == Error::none));
                    crashed = disk.after_crash(6);
                    auto again = open(crashed);
                    support::Entry found;
                    BOOST_TEST((read_state(again, found) == Error::none));
                    BOOST_TEST((found == state_of(2, 70)));
                    BOOST_TEST(again.last() == Index{25});
                }
            }
        }
    }
    BOOST_TEST(refused > 20u);
}

// What a flush that failed left behind is not known, whatever it was for.
BOOST_AUTO_TEST_CASE(a_disk_that_fails_while_a_state_takes_the_place_of_the_log_is_given_up) {
    std::uint64_t faults = 0;
    for (std::uint64_t call = 1; call <= 30; ++call) {
        storage::SimulatedDisk disk;
        auto log = open(disk);
        fill(log, 20);
        BOOST_REQUIRE((log.flush() == Error::none));
        disk.fail_at(disk.calls() + call, StorageError::failed);
        const Error error = write_state(log, head_of(2, Index{25}, Chain{5}), state_of(2, 70), true);
        // Until then the state is of no use, and the log is as it was.
        if (error == Error::snapshot_invalid) BOOST_TEST(log.last() == Index{20});
        if (log.fault() == Error::none) continue;
        ++faults;
        BOOST_TEST((error == Error::log_failed));
    }
    BOOST_TEST(faults > 2u);
}

BOOST_AUTO_TEST_SUITE_END()
