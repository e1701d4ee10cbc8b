// SPDX-License-Identifier: BSL-1.0
// How many bytes may be on the way: what a slow line carries in time, and no less because a way is long or unsteady.

#include <replicator/core/peer/progress.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>

using namespace replicator;
using core::Allowance;

BOOST_AUTO_TEST_SUITE(allowance)

namespace {

constexpr Duration granted = milliseconds(25);
constexpr std::uint64_t most = 65536;

/// A follower that always has more to get. Each round something is asked while nothing is on the way, then as many
/// bytes are sent as may be.
struct Way {
    Allowance allowance;
    Instant now{1000000};
    std::uint64_t end = 0;

    void round(Duration empty, Duration full) {
        const Instant asked = now;
        allowance.asked(asked);
        now = now + empty;
        allowance.answered(asked, now);
        end += allowance.bytes();
        allowance.sent(end, allowance.bytes(), now);
        now = now + full;
        allowance.acknowledged(end, now, granted, most);
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_fast_line_soon_carries_all_that_is_wanted) {
    Way way;
    for (int i = 0; i < 4; ++i) way.round(Duration{200}, Duration{300});
    BOOST_TEST(way.allowance.bytes() == most);
}

BOOST_AUTO_TEST_CASE(a_slow_line_gets_what_it_carries_in_time) {
    Way way;
    constexpr std::uint64_t bytes_per_millisecond = 20;
    for (int i = 0; i < 20; ++i) {
        way.round(milliseconds(2), milliseconds(2 + way.allowance.bytes() / bytes_per_millisecond));
    }
    BOOST_TEST(way.allowance.bytes() > 27 * bytes_per_millisecond / 2);
    BOOST_TEST(way.allowance.bytes() <= 27 * bytes_per_millisecond);
}

BOOST_AUTO_TEST_CASE(a_way_whose_delay_varies_is_no_slow_line) {
    Way way;
    std::uint64_t random = 1;
    const auto delay = [&random] {
        random = random * 6364136223846793005u + 1442695040888963407u;
        return Duration{200 + (random >> 33) % 60000};
    };
    for (int i = 0; i < 200; ++i) {
        way.round(delay(), delay());
        BOOST_TEST(way.allowance.bytes() >= 256u);
    }
    BOOST_TEST(way.allowance.bytes() == most);
}

BOOST_AUTO_TEST_CASE(one_long_pause_is_forgotten) {
    Way way;
    way.round(milliseconds(500), milliseconds(500));
    for (int i = 0; i < 60; ++i) way.round(milliseconds(2), milliseconds(2 + way.allowance.bytes() / 20));
    BOOST_TEST(way.allowance.bytes() <= 30 * 20u);
}

BOOST_AUTO_TEST_SUITE_END()
