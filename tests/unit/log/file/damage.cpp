// SPDX-License-Identifier: BSL-1.0
// Every bit flipped and every byte cut off of logs of three segments: each recovery ends in an allowed verdict, never
// in wrong data, and never in silence about what is gone.
//
// REPLICATOR_LONG_LOG_TESTS=1 tries everything in many logs; without it, every seventh damage in a few.

#include "support/log_conformance.hpp"
#include "unit/log/file/support.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(file_damage)

using support::contents;
using support::folder;
using Bytes = storage::SimulatedDisk::Bytes;
using Log = support::SimulatedLog<>;

namespace {

struct Original {
    storage::SimulatedDisk disk;
    std::vector<support::Entry> entries;
    Index durable;  ///< what a restart can prove
    bool closed = false;
};

/// A log of three segments or a few more, in groups of `group` entries.
Original make_original(std::uint64_t line, std::uint64_t group, bool closes) {
    Original original;
    auto opened = Log::open(storage::Simulated(original.disk), folder, support::identity());
    BOOST_REQUIRE(static_cast<bool>(opened));
    Log log = std::move(*opened);
    std::uint64_t count = 0;
    while (original.disk.names(folder).size() < 5 || count % group != 0) {
        ++count;
        REPLICATOR_WANT(support::put(log, support::body_of(count, line, (count * 7 + line) % 40)));
        if (count % group == 0) REPLICATOR_WANT((log.flush() == Error::none));
        REPLICATOR_WANT(count < 1000);
    }
    REPLICATOR_WANT((log.flush() == Error::none));
    original.entries = contents(log);
    if (closes) REPLICATOR_WANT((log.close() == Error::none));
    original.closed = closes;
    log = {};
    original.disk = original.disk.after_kill();
    return original;
}

struct Tally {
    std::uint64_t recoveries = 0;
    std::uint64_t whole = 0;
    std::uint64_t cut = 0;
    std::uint64_t refused = 0;
};

/// What a recovery may end in.
void check_recovery(const Original& original, storage::SimulatedDisk disk, log::OnDamage on_damage, Tally& tally) {
    ++tally.recoveries;
    log::Verdict verdict;
    auto opened = Log::open(storage::Simulated(disk), folder, support::identity(), on_damage, &verdict);
    if (!opened) {
        ++tally.refused;
        REPLICATOR_WANT((opened.error() == Error::corrupt));
        REPLICATOR_WANT((verdict.kind != log::Verdict::Kind::clean && verdict.kind != log::Verdict::Kind::torn));
        REPLICATOR_WANT(on_damage == log::OnDamage::refuse || verdict.kind == log::Verdict::Kind::metadata_lost);
        return;
    }
    Log log = std::move(*opened);
    const auto entries = contents(log);
    REPLICATOR_WANT(support::begins_with(original.entries, entries));
    REPLICATOR_WANT(log.last().value == entries.size());
    REPLICATOR_WANT(log.flushed() == log.last());
    const Index suspect = log.metadata().suspect_from;
    if (entries.size() == original.entries.size()) {
        ++tally.whole;
    } else {
        // What is gone is never gone in silence, and never what could be proven, unless that was asked for.
        ++tally.cut;
        REPLICATOR_WANT(suspect == log.last() + 1);
        REPLICATOR_WANT(verdict.index == log.last() + 1);
        REPLICATOR_WANT((verdict.kind != log::Verdict::Kind::clean));
        REPLICATOR_WANT(on_damage == log::OnDamage::repair || !original.closed);
    }
    // It goes on, and the next start finds what was written.
    REPLICATOR_WANT(support::put(log, support::body_of(999, 99, 20)));
    REPLICATOR_WANT((log.flush() == Error::none));
    const auto longer = contents(log);
    REPLICATOR_WANT(longer.size() == entries.size() + 1 && support::begins_with(longer, entries));
    log = {};
    auto again = Log::open(storage::Simulated(disk), folder, support::identity(), on_damage, &verdict);
    REPLICATOR_WANT(static_cast<bool>(again));
    REPLICATOR_WANT(contents(*again) == longer);
    REPLICATOR_WANT(again->metadata().suspect_from == suspect);
}

void damage_everything(const Original& original, std::uint64_t step, Tally& tally) {
    std::uint64_t turn = 0;
    for (const std::string& name : original.disk.names(folder)) {
        const Bytes bytes = *original.disk.contents(folder, name);
        // The metadata are large and mostly zero; every bit of what is in use is flipped, and some of the rest.
        const auto both = [&](Bytes damaged) {
            for (const auto on_damage : {log::OnDamage::refuse, log::OnDamage::repair}) {
                storage::SimulatedDisk disk = original.disk;
                disk.put(folder, name, damaged);
                check_recovery(original, std::move(disk), on_damage, tally);
            }
        };
        for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
            if (bytes.size() > 4096 && bit / 8 % 4096 > 400 && bit % 64 != 0) continue;
            if (++turn % step != 0) continue;
            Bytes damaged = bytes;
            damaged[bit / 8] ^= static_cast<std::byte>(1u << (bit % 8));
            BOOST_TEST_CONTEXT(name << " bit " << bit) { both(std::move(damaged)); }
        }
        for (std::size_t size = 0; size < bytes.size(); ++size) {
            if (bytes.size() > 4096 && size % 64 != 0) continue;
            if (++turn % step != 0) continue;
            BOOST_TEST_CONTEXT(name << " cut at " << size) {
                both(Bytes(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size)));
            }
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_bit_and_every_byte) {
    Tally tally;
    const bool is_long = support::long_form();
    for (std::uint64_t line = 1; line <= (is_long ? 2u : 1u); ++line) {
        for (const std::uint64_t group : {1u, 3u, 8u}) {
            for (const bool closes : {false, true}) {
                damage_everything(make_original(line, group, closes), is_long ? 1 : 29, tally);
            }
        }
    }
    BOOST_TEST_MESSAGE(tally.recoveries << " recoveries: " << tally.whole << " whole, " << tally.cut << " cut, "
                                        << tally.refused << " refused");
    BOOST_TEST(tally.whole > 0u);
    BOOST_TEST(tally.cut > 0u);
    BOOST_TEST(tally.refused > 0u);
    if (is_long) BOOST_TEST(tally.recoveries >= 500'000u);
}

BOOST_AUTO_TEST_CASE(a_missing_segment_is_noticed_wherever_it_was) {
    for (const bool closes : {false, true}) {
        const Original original = make_original(5, 2, closes);
        for (const std::string& name : original.disk.names(folder)) {
            for (const auto on_damage : {log::OnDamage::refuse, log::OnDamage::repair}) {
                if (name.rfind("segment-", 0) != 0) continue;
                storage::SimulatedDisk disk = original.disk;
                disk.drop(folder, name);
                // The newest may be gone in silence only if nothing ever said that it was there.
                log::Verdict verdict;
                auto opened = Log::open(storage::Simulated(disk), folder, support::identity(), on_damage, &verdict);
                if (on_damage == log::OnDamage::refuse && opened) {
                    BOOST_TEST(!closes);
                    BOOST_TEST((name == original.disk.names(folder).back() ||
                                name == original.disk.names(folder)[original.disk.names(folder).size() - 2]));
                }
                if (opened) BOOST_TEST(support::begins_with(original.entries, contents(*opened)));
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(a_sound_record_in_the_wrong_place_is_none) {
    const Original original = make_original(6, 1, false);
    for (const std::string& name : original.disk.names(folder)) {
        if (name.rfind("segment-", 0) != 0) continue;
        const Bytes bytes = *original.disk.contents(folder, name);
        Tally tally;
        for (std::size_t from = 128; from + 64 <= bytes.size(); from += 8) {
            for (std::size_t to = 128; to + 64 <= bytes.size(); to += 40) {
                Bytes damaged = bytes;
                std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(from), 64,
                            damaged.begin() + static_cast<std::ptrdiff_t>(to));
                storage::SimulatedDisk disk = original.disk;
                disk.put(folder, name, std::move(damaged));
                check_recovery(original, std::move(disk), log::OnDamage::repair, tally);
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(leftovers_of_files_are_removed) {
    Original original = make_original(7, 2, false);
    original.disk.put(folder, "segment.tmp", Bytes(100));
    original.disk.put(folder, "metadata.tmp", Bytes(100));
    original.disk.put(folder, "snapshot.tmp", Bytes(100));
    original.disk.put(folder, "snapshot-0000000000000001", Bytes(100));
    auto opened = Log::open(storage::Simulated(original.disk), folder, support::identity());
    BOOST_REQUIRE(static_cast<bool>(opened));
    BOOST_TEST((contents(*opened) == original.entries));
    for (const std::string& name : original.disk.names(folder)) {
        BOOST_TEST((name == "metadata" || name.rfind("segment-", 0) == 0), name);
    }
}

BOOST_AUTO_TEST_CASE(a_log_without_its_metadata_never_starts_empty) {
    Original original = make_original(8, 2, false);
    original.disk.drop(folder, "metadata");
    log::Verdict verdict;
    const auto opened =
        Log::open(storage::Simulated(original.disk), folder, support::identity(), log::OnDamage::repair, &verdict);
    BOOST_TEST((opened.error() == Error::corrupt));
    BOOST_TEST((verdict.kind == log::Verdict::Kind::metadata_lost));
}

BOOST_AUTO_TEST_SUITE_END()
