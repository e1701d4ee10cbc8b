// SPDX-License-Identifier: BSL-1.0
// Whose turn it is on one pair of wires: who polls waits for the whole silence, and who is late does not answer.

#include <replicator/transport/serial/turns.hpp>

#include <boost/test/unit_test.hpp>

using namespace replicator;
using transport::serial::StrictTurns;

BOOST_AUTO_TEST_SUITE(serial_turns)

namespace {

transport::SerialOptions options(bool polls) {
    const NodeId low{1}, high{2};
    return {.self = polls ? low : high,
            .peer = polls ? high : low,
            .answer_within = milliseconds(5),
            .silence = milliseconds(20),
            .poll_interval = milliseconds(10)};
}
constexpr Instant at(std::uint64_t ms) { return Instant{1'000'000 + ms * 1000}; }

}  // namespace

BOOST_AUTO_TEST_CASE(who_polls_begins_after_silence_and_waits_for_the_answer_or_for_silence) {
    StrictTurns turns(options(true));
    BOOST_TEST(!turns.is_ours());
    turns.tick(at(0));
    turns.tick(at(19));
    BOOST_TEST(!turns.is_ours());  // the other end may be in the middle of an answer to who was here before
    turns.heard();
    turns.tick(at(38));
    BOOST_TEST(!turns.is_ours());
    turns.tick(at(39));
    BOOST_TEST(turns.is_ours());
    turns.began(false);
    turns.tick(at(90));
    BOOST_TEST(!turns.is_ours());  // the last byte is not out
    turns.ended();
    turns.tick(at(99));
    BOOST_TEST(!turns.is_ours());
    turns.heard();
    turns.tick(at(118));
    BOOST_TEST(!turns.is_ours());
    turns.heard();
    turns.received(false, false);
    BOOST_TEST(turns.is_ours());
    turns.began(true);
    turns.ended();
    turns.tick(at(137));
    BOOST_TEST(!turns.is_ours());
    turns.tick(at(138));
    BOOST_TEST(turns.is_ours());
}

BOOST_AUTO_TEST_CASE(who_answers_does_so_once_and_soon) {
    StrictTurns turns(options(false));
    turns.tick(at(0));
    turns.tick(at(100));
    BOOST_TEST(!turns.is_ours());  // nobody asked
    turns.tick(at(101));
    turns.heard();
    turns.received(true, false);
    BOOST_TEST(turns.is_ours());
    BOOST_TEST(turns.is_poll_due());
    turns.began(true);
    BOOST_TEST(!turns.is_ours());
    turns.heard();
    turns.received(true, false);
    turns.tick(at(105));
    BOOST_TEST(turns.is_ours());
    turns.tick(at(107));
    BOOST_TEST(!turns.is_ours());
}

BOOST_AUTO_TEST_CASE(a_question_that_may_have_waited_for_the_loop_is_not_answered) {
    StrictTurns turns(options(false));
    turns.tick(at(0));
    turns.tick(at(6));
    turns.heard();
    turns.received(true, false);
    BOOST_TEST(!turns.is_ours());
}

BOOST_AUTO_TEST_CASE(a_frame_whose_end_comes_after_a_silence_is_neither_question_nor_answer) {
    for (const bool polls : {true, false}) {
        StrictTurns turns(options(polls));
        turns.tick(at(0));
        turns.tick(at(50));
        if (polls) {
            turns.began(true);
            turns.ended();
        }
        turns.tick(at(52));
        turns.heard();
        turns.received(true, true);
        BOOST_TEST(!turns.is_ours());
        turns.heard();
        turns.received(true, true);  // but with bytes before it, it is
        BOOST_TEST(turns.is_ours());
    }
}

BOOST_AUTO_TEST_SUITE_END()
