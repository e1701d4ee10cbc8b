// SPDX-License-Identifier: BSL-1.0
// What each time that an acknowledgement takes says about the line, sample by sample.

#include <replicator/core/peer/progress.hpp>
#include <replicator/types.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <utility>

BOOST_AUTO_TEST_SUITE(allowance_samples)

namespace {

using namespace replicator;
using core::Allowance;

constexpr Duration granted = milliseconds(80);
constexpr std::uint64_t most = 1u << 20;
constexpr Instant start{5'000'000};

/// So many bytes on the way were acknowledged after so many microseconds. What ends at `end` was the last of them.
void sample(Allowance& allowance, std::uint64_t bytes, std::uint64_t took, std::uint64_t end = 10,
            std::uint64_t wanted = most) {
    allowance.sent(end, bytes, start);
    BOOST_TEST(allowance.acknowledged(end, start + Duration{took}, granted, wanted));
}

/// The allowance of a line, of which that is the first sample.
std::uint64_t after(std::uint64_t bytes, std::uint64_t took, std::uint64_t wanted = most) {
    Allowance allowance;
    sample(allowance, bytes, took, 10, wanted);
    return allowance.bytes();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_frame_is_a_part_and_the_last_quarter_is_left_free) {
    Allowance allowance;
    BOOST_TEST(allowance.bytes() == 1024u);
    BOOST_TEST(allowance.frame_bytes() == 512u);
    BOOST_TEST(allowance.full_bytes() == 768u);
    sample(allowance, 1024, 0);
    BOOST_TEST(allowance.bytes() == 4096u);
    BOOST_TEST(allowance.frame_bytes() == 1024u);
    BOOST_TEST(allowance.full_bytes() == 3072u);
}

BOOST_AUTO_TEST_CASE(the_shorter_the_bytes_waited_for_the_line_the_more_it_grows) {
    BOOST_TEST(after(1024, 0) == 4096u);
    BOOST_TEST(after(1024, 1) == 4096u);
    BOOST_TEST(after(1024, 10'000) == 4096u);  // an eighth of what is granted
    BOOST_TEST(after(1024, 10'001) == 2048u);
    BOOST_TEST(after(1024, 20'000) == 2048u);  // a quarter
    // From there on it is what the line carries in the time that is granted.
    BOOST_TEST(after(1024, 40'000) == 2048u);
    BOOST_TEST(after(1024, 64'000) == 1280u);
    BOOST_TEST(after(1024, 80'000) == 1024u);
}

BOOST_AUTO_TEST_CASE(it_shrinks_when_bytes_took_too_long_and_to_a_half_at_most) {
    BOOST_TEST(after(1024, 100'000) == 819u);
    BOOST_TEST(after(1024, 160'000) == 512u);
    BOOST_TEST(after(1024, 1'000'000) == 512u);
    Allowance allowance;
    for (const std::uint64_t expected : {512u, 256u, 128u, 64u, 64u}) {
        sample(allowance, 1024, 10'000'000);
        BOOST_TEST(allowance.bytes() == expected);
    }
}

BOOST_AUTO_TEST_CASE(only_what_used_an_eighth_of_it_lets_it_grow) {
    BOOST_TEST(after(127, 0) == 1024u);
    BOOST_TEST(after(128, 0) == 4096u);
    BOOST_TEST(after(2000, 0) == 8000u);  // a frame that went alone may be longer
}

BOOST_AUTO_TEST_CASE(it_never_grows_beyond_what_is_wanted) {
    BOOST_TEST(after(1024, 0, 3000) == 3000u);
    BOOST_TEST(after(1024, 0, 500) == 1024u);
}

BOOST_AUTO_TEST_CASE(fewer_bytes_that_take_as_long_wait_for_something_else) {
    const auto second = [](std::uint64_t bytes, std::uint64_t took) {
        Allowance allowance;
        sample(allowance, 1000, 200'000);
        BOOST_TEST(allowance.bytes() == 512u);
        sample(allowance, bytes, took);
        return allowance;
    };
    // Three quarters of the bytes took seven eighths of the time: the way is long.
    Allowance allowance = second(750, 175'000);
    BOOST_TEST(allowance.bytes() == 512u);
    // From then on that is the time of an empty round trip, which counts neither as waiting nor as late.
    sample(allowance, 750, 255'000);
    BOOST_TEST(allowance.bytes() == 750u);
    sample(allowance, 750, 185'000);
    BOOST_TEST(allowance.bytes() == 3000u);
    // One byte more, or a microsecond less: the line is slow.
    BOOST_TEST(second(751, 175'000).bytes() < 512u);
    BOOST_TEST(second(750, 174'999).bytes() < 512u);
}

BOOST_AUTO_TEST_CASE(an_empty_round_trip_is_not_the_lines_fault) {
    const auto after_answer = [](std::uint64_t took) {
        Allowance allowance;
        allowance.asked(start);
        allowance.answered(start, start + milliseconds(30));
        sample(allowance, 1024, took);
        return allowance.bytes();
    };
    BOOST_TEST(after_answer(20'000) == 4096u);  // shorter than that
    BOOST_TEST(after_answer(40'000) == 4096u);
    BOOST_TEST(after_answer(40'001) == 2048u);
    BOOST_TEST(after_answer(110'000) == 1024u);
    BOOST_TEST(after_answer(220'000) == 512u);
}

BOOST_AUTO_TEST_CASE(only_what_went_alone_shows_that_the_way_is_longer_and_what_is_shorter_counts_for_an_eighth) {
    const auto after_second_answer = [](std::uint64_t second, bool alone) {
        Allowance allowance;
        allowance.asked(start);
        allowance.answered(start, start + milliseconds(30));
        const Instant sent = start + Duration{1};
        if (alone) allowance.asked(sent);
        allowance.answered(sent, sent + Duration{second});
        sample(allowance, 1024, 50'000);
        return allowance.bytes();
    };
    // What waited for 10 ms at most lets it grow four times as large; the way took the rest of the 50 ms.
    BOOST_TEST(after_second_answer(50'000, false) == 2048u);
    BOOST_TEST(after_second_answer(40'000, true) == 4096u);
    BOOST_TEST(after_second_answer(39'999, true) == 2048u);
    BOOST_TEST(after_second_answer(30'000, true) == 2048u);
    // The wait is 20 ms, and an eighth of what the way is shorter is more than that.
    BOOST_TEST(after_second_answer(29'993, false) == 2048u);
    BOOST_TEST(after_second_answer(29'992, false) > 2048u);
    BOOST_TEST(after_second_answer(29'992, true) > 2048u);
}

BOOST_AUTO_TEST_CASE(one_sample_is_taken_at_a_time) {
    Allowance allowance;
    allowance.sent(10, 1024, start);
    allowance.sent(20, 4000, start + milliseconds(70));  // not the sample
    BOOST_TEST(!allowance.acknowledged(9, start + milliseconds(1), granted, most));
    BOOST_TEST(allowance.bytes() == 1024u);
    BOOST_TEST(allowance.acknowledged(10, start + milliseconds(40), granted, most));
    BOOST_TEST(allowance.bytes() == 2048u);
    BOOST_TEST(!allowance.acknowledged(20, start + milliseconds(70), granted, most));
    BOOST_TEST(allowance.bytes() == 2048u);
}

BOOST_AUTO_TEST_CASE(what_may_have_been_sent_twice_is_no_sample) {
    Allowance allowance;
    allowance.sent(10, 1024, start);
    allowance.lost(12);
    BOOST_TEST(!allowance.acknowledged(10, start, granted, most));
    allowance.sent(12, 1024, start);
    BOOST_TEST(!allowance.acknowledged(12, start, granted, most));
    allowance.sent(13, 1024, start);
    BOOST_TEST(allowance.acknowledged(13, start, granted, most));
}

BOOST_AUTO_TEST_CASE(patience_is_twice_what_the_last_sample_took_within_bounds) {
    Allowance allowance;
    const auto patience = [&allowance] { return allowance.patience(milliseconds(10), milliseconds(100)); };
    BOOST_TEST((patience() == milliseconds(10)));
    for (const auto& [took, expected] : {std::pair{4u, 10u}, {20u, 40u}, {49u, 98u}, {70u, 100u}}) {
        sample(allowance, 1024, took * 1000);
        BOOST_TEST((patience() == milliseconds(expected)));
    }
}

BOOST_AUTO_TEST_SUITE_END()
