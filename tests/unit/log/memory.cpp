// SPDX-License-Identifier: BSL-1.0
// log::Memory keeps the rules of log policies, stays within its bound, and asks for no memory once it is warm.

#include "support/log_conformance.hpp"

#include <replicator/log/memory.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <set>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(memory)

BOOST_AUTO_TEST_CASE(a_tiny_one_conforms) { support::conform<log::Memory<128, 64, 16>>(); }
BOOST_AUTO_TEST_CASE(one_whose_largest_entry_fills_a_segment_conforms) {
    support::conform<log::Memory<256, 128, 128>>();
}
BOOST_AUTO_TEST_CASE(one_of_many_segments_conforms) { support::conform<log::Memory<2048, 128>>(); }
BOOST_AUTO_TEST_CASE(one_of_few_large_segments_conforms) { support::conform<log::Memory<8192, 2048>>(10); }

namespace {

template <class Log>
const std::byte* put(Log& log, std::size_t bytes) {
    const auto room = log.reserve(bytes, bytes);
    if (room.empty()) return nullptr;
    const std::size_t length = bytes - entry_header_bytes;
    for (std::size_t i = 0; i < length; ++i) room[entry_header_bytes + i] = static_cast<std::byte>(i);
    log.append(bytes, 1, seal_entry(room.data(), EntryType::command, 0, length, log.chain()));
    return room.data();
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_a_release_it_is_full_at_its_bound) {
    log::Memory<1024, 256, 64> log;
    std::size_t bytes = 0;
    while (put(log, 64) != nullptr) bytes += 64;
    BOOST_TEST(bytes >= log.capacity_bytes);
    BOOST_TEST(bytes <= log.capacity_bytes + 2 * (256u + 64u));
    BOOST_TEST(log.base().index == Index{0});
    BOOST_TEST(log.read(log.begin()).count > 0u);
}

BOOST_AUTO_TEST_CASE(it_uses_the_same_memory_again) {
    log::Memory<1024, 256, 64> log;
    std::set<const std::byte*> segments;
    for (std::uint64_t i = 1; i <= 10'000; ++i) {
        const std::byte* const entry = put(log, 64);
        BOOST_REQUIRE(entry != nullptr);
        log.release(Index{i});
        segments.insert(entry);
    }
    // Six segments of four entries and what overhangs: the same places, over and over.
    BOOST_TEST(segments.size() <= 6u * 5u);
}

BOOST_AUTO_TEST_CASE(a_reset_in_the_middle_of_everything_leaves_a_log_that_works) {
    log::Memory<256, 128, 32> log;
    for (int i = 0; i < 5; ++i) BOOST_TEST(put(log, 32) != nullptr);
    log.reset(Index{40}, Chain{9});
    BOOST_TEST(log.base().index == Index{40});
    BOOST_TEST(log.chain() == Chain{9});
    BOOST_TEST(log.read(log.begin()).count == 0u);
    BOOST_TEST(put(log, 32) != nullptr);
    BOOST_TEST(log.last() == Index{41});
    BOOST_TEST(log.seek(Index{41}).offset == 0u);
}

BOOST_AUTO_TEST_CASE(what_was_reserved_and_not_appended_is_no_entry) {
    log::Memory<256, 128, 32> log;
    for (int i = 0; i < 4; ++i) BOOST_TEST(put(log, 32) != nullptr);
    BOOST_TEST(log.reserve(32, 32).size() == 32u);  // opens a segment
    BOOST_TEST(log.read(log.end()).count == 0u);
    BOOST_TEST(log.read(log.begin()).count == 4u);
    log.cut(log.seek(Index{3}), chain_at(log, Index{2}));
    BOOST_TEST(log.read(log.begin()).count == 2u);
    BOOST_TEST(put(log, 32) != nullptr);
    BOOST_TEST(log.read(log.begin()).count == 3u);
}

BOOST_AUTO_TEST_SUITE_END()
