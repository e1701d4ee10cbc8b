// SPDX-License-Identifier: BSL-1.0
// A counter of 32 bits gives a time that never goes back, however often it wraps.

#include <replicator/api/clock32.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(clock32)

BOOST_AUTO_TEST_CASE(time_goes_on_when_the_counter_wraps) {
    Clock32<milliseconds(1)> clock;
    std::uint64_t passed_ms = 0x7fff'0000u;
    // The first look is also good late: what a board does before its first turn takes time.
    BOOST_TEST(clock.at(0x7fff'0000u).microseconds == 0x7fff'0000u * std::uint64_t{1000});
    for (int i = 0; i < 10'000; ++i, passed_ms += 1'000'000) {
        BOOST_REQUIRE(clock.at(static_cast<std::uint32_t>(passed_ms)).microseconds == passed_ms * 1000);
    }
    BOOST_TEST(passed_ms > std::uint64_t{2} << 32);
}

BOOST_AUTO_TEST_CASE(ticks_have_the_length_that_was_said) {
    static_assert(Clock32<Duration{1}>().at(7).microseconds == 7);
    static_assert(Clock32<Duration{30}>().at(2).microseconds == 60);
    static_assert(Clock32<milliseconds(10)>().at(3).microseconds == 30'000);
}

BOOST_AUTO_TEST_CASE(a_counter_that_goes_back_does_not_stop_the_time) {
    Clock32<milliseconds(1)> clock;
    const Instant before = clock.at(50'000);
    BOOST_TEST((clock.at(0) == before));
    BOOST_TEST((clock.at(5) == before + milliseconds(5)));
}

BOOST_AUTO_TEST_SUITE_END()
