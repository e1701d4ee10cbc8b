// SPDX-License-Identifier: BSL-1.0
// log::Ring keeps the rules of log policies in every size, and what is its own: entries over the end of the ring.

#include "support/log_conformance.hpp"

#include <replicator/log/ring.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(ring)

BOOST_AUTO_TEST_CASE(a_tiny_one_conforms) { support::conform<log::Ring<64, 16>>(); }
BOOST_AUTO_TEST_CASE(one_whose_largest_entry_fills_it_conforms) { support::conform<log::Ring<128, 128>>(); }
BOOST_AUTO_TEST_CASE(a_small_one_conforms) { support::conform<log::Ring<512>>(); }
BOOST_AUTO_TEST_CASE(a_middling_one_conforms) { support::conform<log::Ring<4096>>(10); }
BOOST_AUTO_TEST_CASE(one_with_large_entries_conforms) { support::conform<log::Ring<4096, 2048>>(10); }

namespace {

/// Appends an entry of so many bytes, header included.
template <class Log>
bool put(Log& log, std::size_t bytes) {
    const auto room = log.reserve(bytes, bytes);
    if (room.empty()) return false;
    const std::size_t length = bytes - entry_header_bytes;
    for (std::size_t i = 0; i < length; ++i) room[entry_header_bytes + i] = static_cast<std::byte>(i);
    log.append(bytes, 1, seal_entry(room.data(), EntryType::command, 0, length, log.chain()));
    return true;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_new_one_is_empty) {
    const log::Ring<64> log;
    BOOST_TEST(log.base().index == Index{0});
    BOOST_TEST(log.last() == Index{0});
    BOOST_TEST(log.begin().index == Index{1});
    BOOST_TEST(log.end().index == Index{1});
    BOOST_TEST(log.read(log.begin()).count == 0u);
    BOOST_TEST((log.stage == Stage::received));
}

BOOST_AUTO_TEST_CASE(exactly_as_many_bytes_fit_as_the_type_says) {
    log::Ring<256, 64> log;
    for (int i = 0; i < 4; ++i) BOOST_TEST(put(log, 64));
    BOOST_TEST(!put(log, 16));
    log.release(Index{1});
    BOOST_TEST(put(log, 64));
    BOOST_TEST(!put(log, 8));
    BOOST_TEST(log.base().index == Index{1});
}

BOOST_AUTO_TEST_CASE(an_entry_over_the_end_is_whole_and_the_next_begins_behind_it) {
    log::Ring<128, 64> log;
    for (int i = 0; i < 3; ++i) BOOST_TEST(put(log, 40));
    log.release(Index{3});
    BOOST_TEST(put(log, 64));  // from 120 to 184
    const auto run = log.read(log.seek(Index{4}));
    BOOST_TEST(run.count == 1u);
    BOOST_TEST(run.bytes.size() == 64u);
    BOOST_TEST(verify_entry(run.bytes.data(), chain_at(log, Index{3})));
    BOOST_TEST(put(log, 16));
    // The entry that overhangs and the next one do not lie together.
    BOOST_TEST(log.read(log.seek(Index{4})).count == 1u);
    BOOST_TEST(log.read(log.seek(Index{5})).count == 1u);
}

BOOST_AUTO_TEST_CASE(after_a_cut_behind_the_end_the_lap_before_is_the_newest_again) {
    log::Ring<128, 64> log;
    for (int i = 0; i < 3; ++i) BOOST_TEST(put(log, 32));
    log.release(Index{2});
    BOOST_TEST(put(log, 40));  // over the end
    BOOST_TEST(put(log, 16));
    log.cut(log.seek(Index{4}), chain_at(log, Index{3}));
    BOOST_TEST(log.last() == Index{3});
    BOOST_TEST(put(log, 16));  // fits before the end now
    const auto run = log.read(log.seek(Index{3}));
    BOOST_TEST(run.count == 2u);
    BOOST_TEST(run.bytes.size() == 48u);
}

BOOST_AUTO_TEST_CASE(too_large_an_entry_is_refused_and_drops_nothing) {
    log::Ring<128, 32> log;
    for (int i = 0; i < 4; ++i) BOOST_TEST(put(log, 32));
    log.release(Index{4});
    BOOST_TEST(log.reserve(40, 40).empty());
    BOOST_TEST(log.base().index == Index{0});
}

BOOST_AUTO_TEST_CASE(released_entries_are_kept_for_as_long_as_there_is_room) {
    log::Ring<256, 64> log;
    for (int i = 0; i < 4; ++i) BOOST_TEST(put(log, 48));
    log.release(Index{4});
    BOOST_TEST(log.base().index == Index{0});
    BOOST_TEST(log.read(log.begin()).count == 4u);
    BOOST_TEST(put(log, 64));
    BOOST_TEST(log.base().index == Index{0});
    BOOST_TEST(put(log, 16));
    BOOST_TEST(log.base().index > Index{0});
}

BOOST_AUTO_TEST_CASE(a_release_never_goes_back) {
    log::Ring<128, 64> log;
    BOOST_TEST(put(log, 64));
    BOOST_TEST(put(log, 64));
    log.release(Index{2});
    log.release(Index{1});
    BOOST_TEST(put(log, 64));
    BOOST_TEST(put(log, 64));
    BOOST_TEST(log.base().index == Index{2});
}

BOOST_AUTO_TEST_CASE(seeking_is_cheap_when_everything_came_in_single_appends) {
    // As many small entries as fit; every one must be found, through marks that wrapped many times.
    log::Ring<1024, 64> log;
    for (std::uint64_t i = 1; i <= 5000; ++i) {
        BOOST_REQUIRE(put(log, 16));
        log.release(Index{i});
        const Index oldest = log.base().index + 1;
        BOOST_REQUIRE(log.seek(oldest).offset == log.begin().offset);
        BOOST_REQUIRE(log.seek(Index{i}).offset + 16 == log.end().offset);
    }
}

BOOST_AUTO_TEST_SUITE_END()
