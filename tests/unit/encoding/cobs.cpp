// SPDX-License-Identifier: BSL-1.0
// Consistent overhead byte stuffing, by its known examples, around runs of 254 bytes, and on damaged lines.

#include <replicator/encoding/cobs.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <random>
#include <span>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(cobs_coding)

namespace {

using Bytes = std::vector<std::byte>;

Bytes bytes(std::initializer_list<int> values) {
    Bytes result;
    for (const int value : values) result.push_back(static_cast<std::byte>(value));
    return result;
}
/// The bytes from `first` to `last`, over 255 to 0 and on.
Bytes run(int first, int count) {
    Bytes result;
    for (int i = 0; i < count; ++i) result.push_back(static_cast<std::byte>(first + i));
    return result;
}
Bytes operator+(Bytes a, const Bytes& b) {
    a.insert(a.end(), b.begin(), b.end());
    return a;
}

/// Coded in place, as it is done with what a node wrote: the frame stands at the end of the room.
Bytes coded(const Bytes& frame) {
    Bytes room(cobs::bytes_max(frame.size()));
    const auto at_end = std::span(room).last(frame.size());
    std::copy(frame.begin(), frame.end(), at_end.begin());
    room.resize(cobs::encode(room.data(), at_end));
    return room;
}

struct Line {
    cobs::Decoder<600> decoder;

    cobs::Taken take(const Bytes& line) {
        cobs::Taken taken = cobs::Taken::nothing;
        for (const std::byte byte : line) taken = decoder.take(byte);
        return taken;
    }
    Bytes frame() const { return {decoder.frame().begin(), decoder.frame().end()}; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(known_examples) {
    const struct {
        Bytes frame, line;
    } table[] = {
        {bytes({}), bytes({1, 0})},
        {bytes({0}), bytes({1, 1, 0})},
        {bytes({0, 0}), bytes({1, 1, 1, 0})},
        {bytes({0, 0x11, 0}), bytes({1, 2, 0x11, 1, 0})},
        {bytes({0x11, 0x22, 0, 0x33}), bytes({3, 0x11, 0x22, 2, 0x33, 0})},
        {bytes({0x11, 0x22, 0x33, 0x44}), bytes({5, 0x11, 0x22, 0x33, 0x44, 0})},
        {bytes({0x11, 0, 0, 0}), bytes({2, 0x11, 1, 1, 1, 0})},
        {run(1, 253), bytes({254}) + run(1, 253) + bytes({0})},
        {run(1, 254), bytes({255}) + run(1, 254) + bytes({0})},
        {run(0, 255), bytes({1, 255}) + run(1, 254) + bytes({0})},
        {run(1, 255), bytes({255}) + run(1, 254) + bytes({2, 255, 0})},
        {run(2, 254) + bytes({0}), bytes({255}) + run(2, 254) + bytes({1, 1, 0})},
        {run(3, 253) + bytes({0, 1}), bytes({254}) + run(3, 253) + bytes({2, 1, 0})},
    };
    Line line;
    for (const auto& row : table) {
        BOOST_REQUIRE((coded(row.frame) == row.line));
        BOOST_REQUIRE((line.take(row.line) == cobs::Taken::frame));
        BOOST_REQUIRE((line.frame() == row.frame));
    }
}

BOOST_AUTO_TEST_CASE(every_length_comes_back_with_one_zero_at_its_end) {
    std::mt19937 random{1};
    Line line;
    for (std::size_t size = 0; size <= 600; ++size) {
        for (const unsigned zero_in : {0u, 2u, 40u}) {
            Bytes frame(size);
            for (std::byte& byte : frame) {
                byte = static_cast<std::byte>(zero_in != 0 && random() % zero_in == 0 ? 0 : 1 + random() % 255);
            }
            const Bytes sent = coded(frame);
            BOOST_REQUIRE(sent.size() <= cobs::bytes_max(size));
            BOOST_REQUIRE(std::count(sent.begin(), sent.end(), std::byte{0}) == 1);
            BOOST_REQUIRE((line.take(sent) == cobs::Taken::frame));
            BOOST_REQUIRE((line.frame() == frame));
        }
    }
}

BOOST_AUTO_TEST_CASE(whatever_came_before_the_frame_behind_the_next_zero_is_found) {
    std::mt19937 random{2};
    const Bytes frame = run(250, 40);
    Line line;
    for (int round = 0; round < 2000; ++round) {
        Bytes noise(random() % 1000);
        for (std::byte& byte : noise) byte = static_cast<std::byte>(random());
        static_cast<void>(line.take(noise + bytes({0})));
        BOOST_REQUIRE((line.take(coded(frame)) == cobs::Taken::frame));
        BOOST_REQUIRE((line.frame() == frame));
    }
}

BOOST_AUTO_TEST_CASE(what_is_no_frame_is_told_apart) {
    Line line;
    BOOST_TEST((line.take(bytes({0})) == cobs::Taken::nothing));
    BOOST_TEST((line.take(bytes({0, 0, 0})) == cobs::Taken::nothing));
    BOOST_TEST((line.take(bytes({5, 1, 2, 0})) == cobs::Taken::broken));
    BOOST_TEST((line.take(coded(run(0, 600))) == cobs::Taken::frame));
    BOOST_TEST((line.take(coded(run(0, 601))) == cobs::Taken::too_long));
    BOOST_TEST((line.take(coded(run(0, 100'000))) == cobs::Taken::too_long));
    BOOST_TEST((line.take(coded(run(0, 600))) == cobs::Taken::frame));
}

BOOST_AUTO_TEST_SUITE_END()
