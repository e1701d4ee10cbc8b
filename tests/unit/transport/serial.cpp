// SPDX-License-Identifier: BSL-1.0
// transport::Serial between two ends that stand for nodes: what is dropped, what is sent again, and what is counted.

#include <replicator/error.hpp>
#include <replicator/result.hpp>
#include <replicator/transport/serial.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstring>
#include <deque>
#include <span>
#include <string>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(serial_transport)

namespace {

/// Says what it was told to say.
struct Talker {
    static constexpr std::size_t transmit_bytes_min = 300;

    std::deque<std::string> to_say;
    std::vector<std::string> heard;
    Error answer = Error::none;

    Result<void> receive(NodeId, std::span<const std::byte> bytes) {
        heard.emplace_back(reinterpret_cast<const char*>(bytes.data()), bytes.size());
        return answer;
    }
    std::size_t transmit(NodeId, std::span<std::byte> buffer) {
        if (to_say.empty() || to_say.front().size() > buffer.size()) return 0;
        const std::string said = to_say.front();
        to_say.pop_front();
        std::memcpy(buffer.data(), said.data(), said.size());
        return said.size();
    }
};

using Bytes = std::vector<std::byte>;
using Line = transport::Serial<300>;

struct Ends {
    Line a{{.self = NodeId{1}, .peer = NodeId{2}}};
    Line b{{.self = NodeId{2}, .peer = NodeId{1}}};
    Talker left, right;
    Instant now{1'000'000};

    static Bytes from(Line& line, Talker& node) {
        Line::Buffer buffer;
        const std::size_t size = line.transmit(node, buffer);
        return {buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size)};
    }
    Bytes from_a() { return from(a, left); }
    Bytes from_b() { return from(b, right); }
    void to_a(const Bytes& bytes) { BOOST_REQUIRE(a.receive(left, bytes)); }
    void to_b(const Bytes& bytes) { BOOST_REQUIRE(b.receive(right, bytes)); }
    void pass(Duration duration) {
        now = now + duration;
        a.tick(now);
        b.tick(now);
    }
    /// Both have heard each other, and nothing is on the way.
    void meet() {
        pass(milliseconds(1));
        left.to_say = {"hello"};
        right.to_say = {"hello"};
        to_b(from_a());
        to_a(from_b());
        settle();
        left.heard.clear();
        right.heard.clear();
    }
    void settle() {
        for (;;) {
            const Bytes there = from_a(), back = from_b();
            if (there.empty() && back.empty()) return;
            to_b(there);
            to_a(back);
        }
    }
};

Bytes damaged(Bytes bytes, std::size_t at) {
    bytes[at] ^= std::byte{0x10};
    return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_said_is_heard_once_and_in_order) {
    Ends ends;
    ends.meet();
    ends.left.to_say = {"one", std::string(300, 'x'), "three"};
    ends.settle();
    BOOST_TEST((ends.right.heard == std::vector<std::string>{"one", std::string(300, 'x'), "three"}));
    BOOST_TEST(ends.a.counters().resent == 0u);
    BOOST_TEST(ends.b.counters().damaged == 0u);
}

BOOST_AUTO_TEST_CASE(a_damaged_frame_is_sent_again_as_soon_as_the_other_end_says_so) {
    Ends ends;
    ends.meet();
    ends.left.to_say = {"one"};
    const Bytes frame = ends.from_a();
    for (std::size_t i = 0; i < 8; ++i) {
        ends.to_b(damaged(frame, 3 + i % 4));
        BOOST_REQUIRE(ends.right.heard.empty());
        ends.to_a(ends.from_b());
        BOOST_REQUIRE(!ends.from_a().empty());
    }
    BOOST_TEST(ends.b.counters().damaged == 8u);
    ends.to_b(damaged(frame, 5));
    ends.to_a(ends.from_b());
    // Given up after eight times, and whatever is new goes on.
    BOOST_TEST(ends.from_a().empty());
    BOOST_TEST(ends.a.counters().given_up == 1u);
    ends.left.to_say = {"two"};
    ends.to_b(ends.from_a());
    BOOST_TEST((ends.right.heard == std::vector<std::string>{"two"}));
}

BOOST_AUTO_TEST_CASE(a_lost_frame_is_sent_again_after_silence_and_a_repeated_one_is_dropped) {
    Ends ends;
    ends.meet();
    ends.left.to_say = {"one"};
    const Bytes frame = ends.from_a();
    BOOST_REQUIRE(!frame.empty());
    ends.pass(milliseconds(1));
    BOOST_TEST(ends.from_a().empty());
    ends.pass(milliseconds(200));
    const Bytes again = ends.from_a();
    BOOST_REQUIRE(!again.empty());
    ends.to_b(again);
    ends.to_b(again);  // the word was lost on its way
    BOOST_TEST((ends.right.heard == std::vector<std::string>{"one"}));
    BOOST_TEST(ends.b.counters().repeated == 1u);
    ends.to_a(ends.from_b());
    ends.pass(milliseconds(1000));
    BOOST_TEST(ends.from_a().empty());
    BOOST_TEST(ends.a.counters().resent == 1u);
}

BOOST_AUTO_TEST_CASE(a_short_frame_does_not_hold_up_the_next) {
    Ends ends;
    ends.meet();
    ends.left.to_say = {"acknowledged 1", "acknowledged 2"};
    static_cast<void>(ends.from_a());
    ends.to_b(ends.from_a());
    BOOST_TEST((ends.right.heard == std::vector<std::string>{"acknowledged 2"}));
    ends.left.to_say = {std::string(200, 'x'), "y"};
    BOOST_TEST(ends.from_a().size() > 200u);
    BOOST_TEST(ends.from_a().empty());
}

BOOST_AUTO_TEST_CASE(nothing_is_sent_again_to_an_end_that_was_never_heard) {
    Ends ends;
    ends.pass(milliseconds(1));
    ends.left.to_say = {"hello"};
    BOOST_TEST(!ends.from_a().empty());
    for (int i = 0; i < 100; ++i) {
        ends.pass(milliseconds(100));
        BOOST_REQUIRE(ends.from_a().empty());
    }
    BOOST_TEST(ends.a.counters().sent == 1u);
}

BOOST_AUTO_TEST_CASE(an_end_that_went_away_is_asked_a_few_times_and_one_that_starts_anew_is_heard) {
    Ends ends;
    ends.meet();
    for (int frames = 0; frames < 7; ++frames) {  // whatever the numbers of both ends are
        ends.left.to_say = {"is anybody there"};
        std::size_t said = 0;
        for (int i = 0; i < 3000; ++i) {
            ends.pass(milliseconds(10));
            said += ends.from_a().empty() ? 0u : 1u;
        }
        BOOST_TEST(said == 9u);
        Line anew{{.self = NodeId{2}, .peer = NodeId{1}}};
        Talker other;
        anew.tick(ends.now);
        other.to_say = {"I am"};
        ends.left.heard.clear();
        ends.to_a(Ends::from(anew, other));
        BOOST_TEST((ends.left.heard == std::vector<std::string>{"I am"}));
        ends.left.to_say = {"welcome"};
        BOOST_REQUIRE(anew.receive(other, ends.from_a()));
        BOOST_TEST((other.heard == std::vector<std::string>{"welcome"}));
        ends.to_a(Ends::from(anew, other));
    }
}

BOOST_AUTO_TEST_CASE(noise_of_any_length_before_a_frame_costs_nothing) {
    Ends ends;
    ends.meet();
    unsigned drawn = 7;
    for (std::size_t size = 0; size < 1200; ++size) {
        Bytes noise(size);
        for (std::byte& byte : noise) {
            drawn = drawn * 1664525u + 1013904223u;
            byte = static_cast<std::byte>(drawn >> 24);
        }
        ends.to_b(noise);
        ends.left.to_say = {"x"};
        ends.to_b(ends.from_a());
        ends.to_a(ends.from_b());
        ends.settle();
        BOOST_REQUIRE(ends.right.heard.size() == size + 1);
    }
    BOOST_TEST(ends.a.counters().resent == 0u);
    const auto& counters = ends.b.counters();
    BOOST_TEST(counters.noise > 0u);
    BOOST_TEST(counters.damaged > 1000u);
    BOOST_TEST(counters.too_long > 0u);
}

BOOST_AUTO_TEST_CASE(frames_of_others_and_of_this_end_are_counted_and_dropped) {
    Ends ends;
    ends.meet();
    Line stranger{{.self = NodeId{1}, .peer = NodeId{2}, .pair = 3}};
    Talker other;
    other.to_say = {"not for you"};
    ends.to_b(Ends::from(stranger, other));
    BOOST_TEST(ends.b.counters().strangers == 1u);
    ends.left.to_say = {"for you"};
    const Bytes frame = ends.from_a();
    ends.to_a(frame);  // as the receiver of an RS-485 transceiver hears it
    BOOST_TEST(ends.a.counters().echoes == 1u);
    BOOST_TEST(ends.left.heard.empty());
    ends.to_b(frame);
    BOOST_TEST((ends.right.heard == std::vector<std::string>{"for you"}));
}

BOOST_AUTO_TEST_CASE(of_the_errors_of_a_node_those_are_told_after_which_it_hears_nothing) {
    for (const Error error : {Error::corrupt, Error::protocol, Error::faulted, Error::wrong_node}) {
        Ends ends;
        ends.meet();
        ends.right.answer = error;
        ends.left.to_say = {"x"};
        const Result<void> told = ends.b.receive(ends.right, ends.from_a());
        const bool is_final = error == Error::faulted || error == Error::wrong_node;
        BOOST_TEST((told.error() == (is_final ? error : Error::none)));
        BOOST_TEST(ends.b.counters().refused == 1u);
    }
}

BOOST_AUTO_TEST_CASE(frames_become_shorter_while_some_are_lost_and_longer_again) {
    transport::serial::FrameLength<1024> length;
    const auto line = [&length](std::size_t one_in, int bytes) {  // a byte in so many is damaged
        std::size_t left = one_in;
        while (bytes > 0) {
            const std::size_t frame = length.bytes();
            bytes -= static_cast<int>(frame);
            if (frame >= left) {
                length.lost(frame);
                left = one_in;
            } else {
                length.arrived(frame);
                left -= frame;
            }
        }
        return length.bytes();
    };
    BOOST_TEST(line(1u << 30, 10'000) == 1024u);
    // The best lengths are about 180 and 380.
    const std::size_t bad = line(500, 100'000);
    BOOST_TEST((bad > 120 && bad < 270));
    const std::size_t better = line(2500, 400'000);
    BOOST_TEST((better > 250 && better < 570));
    BOOST_TEST(line(20, 100'000) == 96u);
    BOOST_TEST(line(1u << 30, 1'000'000) == 1024u);
}

BOOST_AUTO_TEST_SUITE_END()
