// SPDX-License-Identifier: BSL-1.0
// Two nodes on transport::Serial: what a damaged byte costs, what a lossy line still carries, and who transmits on one
// pair of wires. Time is simulated, so every figure is the same each time. REPLICATOR_LINE_DAMAGES says how many
// damages to try.

#include "support/serial_line.hpp"

#include <replicator/pair/node.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/serial.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(serial)

namespace {

struct Setpoints {
    struct Command {
        std::uint32_t place, value, when, source;
    };
    std::array<std::uint32_t, 8> values{};
    std::uint64_t count = 0;
    void apply(const Command& command) noexcept {
        values[command.place % values.size()] = command.value;
        ++count;
    }
};
static_assert(sizeof(Setpoints::Command) == 16);

struct Small : Options {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 640;
    static constexpr std::size_t gather_bytes = 64;
    static constexpr std::size_t writes_pending_max = 8;
    static constexpr std::size_t epochs_max = 2;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t snapshot_pieces_in_flight_max = 1;
};
template <class Limits, transport::Duplex Way = transport::Duplex::full>
struct Boards {
    using Line = transport::Serial<640, Way>;
    using Node = Replicator<Setpoints, log::Ring<1024>, ack::SemiSync<>, Line, Limits>;

    static constexpr NodeId both[] = {support::left_node, support::right_node};

    // In default members gcc 12 takes the configurations for dangling.
    Boards()
        : left_line{{.self = both[0], .peer = both[1]}},
          right_line{{.self = both[1], .peer = both[0]}},
          left{left_line, {.node = both[0], .nodes = both, .run = Run{11}}},
          right{right_line, {.node = both[1], .nodes = both, .run = Run{22}}},
          line{left, left_line, right, right_line} {
        BOOST_REQUIRE(left.bootstrap(HistoryId{1}));
    }

    Line left_line;
    Line right_line;
    Node left;
    Node right;
    support::SerialLine<Node, Line> line;

    [[nodiscard]] bool linked() const { return left.status().peers()[0].connected; }
    [[nodiscard]] std::uint64_t handshakes() const {
        return left.status().counters.handshakes + right.status().counters.handshakes;
    }
};

/// A reproducible line on which one byte in `one_in` is lost or flipped.
support::Wire lossy(std::uint64_t one_in, std::uint64_t seed) {
    return [one_in, drawn = seed](std::size_t, std::uint64_t, std::byte byte) mutable -> std::vector<std::byte> {
        drawn = drawn * 6364136223846793005u + 1442695040888963407u;
        if ((drawn >> 33) % one_in != 0) return {byte};
        if ((drawn >> 20 & 1) != 0) return {};
        return {byte ^ static_cast<std::byte>(1u << (drawn >> 21) % 8)};
    };
}

struct Figures {
    std::uint64_t written = 0;
    std::uint64_t acknowledged = 0;
    std::uint64_t longest_gap_ms = 0;
    std::uint64_t bytes = 0;  // of the leader
};

/// Writes `per_second` commands for `seconds`; 0: as many as are taken. A gap is a time in which something waits for
/// its acknowledgement and nothing is acknowledged.
template <class Board>
Figures play(Board& boards, std::uint64_t per_second, std::uint64_t seconds) {
    Figures figures;
    while (!boards.linked() && boards.line.now_ms() < 5000) boards.line.step();
    boards.line.run(milliseconds(500));
    const std::uint64_t begin = boards.line.now_ms();
    const std::uint64_t before = boards.left.acknowledged().value;
    const std::uint64_t bytes = boards.line.ends[0].sent;
    std::uint64_t last = before, moved_at = begin;
    for (std::uint64_t ms = begin; ms < begin + seconds * 1000; ms = boards.line.now_ms()) {
        const std::uint64_t due = per_second == 0 ? ~std::uint64_t{0} : (ms - begin) * per_second / 1000 + 1;
        while (figures.written < due && boards.left.write({static_cast<std::uint32_t>(ms), 1, 2, 3})) {
            if (boards.left.acknowledged().value == before + figures.written) moved_at = ms;
            ++figures.written;
        }
        boards.line.step();
        const std::uint64_t now = boards.left.acknowledged().value;
        if (now != last) moved_at = ms, last = now;
        if (now != before + figures.written) {
            figures.longest_gap_ms = std::max(figures.longest_gap_ms, ms - moved_at);
        }
    }
    figures.bytes = boards.line.ends[0].sent - bytes;
    figures.acknowledged = boards.left.acknowledged().value - before;
    boards.line.run(milliseconds(1000));
    BOOST_TEST(boards.left.acknowledged().value == before + figures.written);
    BOOST_TEST((boards.right.last().index == boards.left.last().index));
    BOOST_TEST(boards.line.errors == 0u);
    return figures;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_lossy_line_carries_50_commands_a_second) {
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Boards<Small> boards;
        boards.line.wire = lossy(500, seed);
        const Figures figures = play(boards, 50, 60);
        BOOST_TEST_MESSAGE("serial, 1 byte in 500, 50/s: " << figures.acknowledged << " of " << figures.written
                                                           << " acknowledged, longest gap " << figures.longest_gap_ms
                                                           << " ms");
        BOOST_TEST(figures.written >= 3000u);
        BOOST_TEST(figures.longest_gap_ms <= 300u);
    }
}

BOOST_AUTO_TEST_CASE(a_saturated_lossy_line_carries_60_percent_of_a_clean_one) {
    Boards<Small> clean;
    const Figures whole = play(clean, 0, 30);
    for (std::uint64_t seed = 1; seed <= 3; ++seed) {
        Boards<Small> boards;
        boards.line.wire = lossy(500, seed);
        const Figures figures = play(boards, 0, 30);
        const auto& counters = boards.left_line.counters();
        BOOST_TEST_MESSAGE("serial, saturated: clean "
                           << whole.acknowledged / 30 << "/s, 1 byte in 500 " << figures.acknowledged / 30
                           << "/s, frames of " << boards.left_line.frame_bytes() << "; resent " << counters.resent
                           << " of " << counters.sent);
        BOOST_TEST(figures.acknowledged * 100 >= whole.acknowledged * 60);
    }
}

namespace {

struct PairOptions : pair::Options {
    using Delivery = pair::delivery::Frames;
    static constexpr std::size_t frame_bytes_max = 240;
};
struct PairBoards {
    using Line = transport::Serial<240>;
    using Node = pair::Node<Setpoints, ack::SemiSync<>, PairOptions>;

    Line left_line{{.self = support::left_node, .peer = support::right_node}};
    Line right_line{{.self = support::right_node, .peer = support::left_node}};
    Node left{{.node = support::left_node, .peer = support::right_node, .run = 1}};
    Node right{{.node = support::right_node, .peer = support::left_node, .run = 2}};
    support::SerialLine<Node, Line> line{left, left_line, right, right_line};

    PairBoards() { BOOST_REQUIRE(left.bootstrap(HistoryId{1})); }
};

/// Bytes on the line for each of `count` commands that go in one frame.
template <class Board>
double bytes_a_command(Board& boards, std::uint32_t count) {
    boards.line.run(milliseconds(400));
    while (!boards.line.ends[0].out.empty() || !boards.line.ends[1].out.empty()) boards.line.step();
    for (std::uint32_t i = 0; i < count; ++i) BOOST_REQUIRE(boards.left.write({i, 1, 2, 3}));
    typename Board::Line::Buffer buffer;
    const std::size_t size = boards.left_line.transmit(boards.left, buffer);
    BOOST_REQUIRE(boards.right_line.receive(boards.right, std::span(buffer).first(size)));
    return static_cast<double>(size) / count;
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_a_command_of_16_bytes_takes_on_the_line) {
    for (const std::uint32_t count : {4u, 8u}) {
        Boards<Small> group;
        const double of_group = bytes_a_command(group, count);
        PairBoards pair;
        const double of_pair = bytes_a_command(pair, count);
        BOOST_TEST_MESSAGE("serial, " << count << " commands a frame: " << of_group << " bytes each in a group, "
                                      << of_pair << " in a pair");
        BOOST_TEST(of_group <= (count == 4 ? 40.0 : 32.0));
        BOOST_TEST(of_pair <= (count == 4 ? 28.0 : 24.0));
        BOOST_TEST((pair.right.status().last == pair.left.status().last));
    }
}

namespace {

enum class Damage : std::uint8_t { lost = 1, added, flipped };

support::Wire damage(Damage kind, std::size_t end, std::uint64_t at) {
    return [=](std::size_t from, std::uint64_t place, std::byte byte) -> std::vector<std::byte> {
        if (from != end || place != at) return {byte};
        switch (kind) {
            case Damage::lost: return {};
            case Damage::added: return {static_cast<std::byte>(at * 37), byte};
            default: return {byte ^ static_cast<std::byte>(1u << at % 8)};
        }
    };
}

/// Between a write and its acknowledgement after any single damage: two heartbeats, one retry, one round trip.
constexpr Duration patience =
    milliseconds((2 * Options::heartbeat_interval.microseconds + Options::retry_interval.microseconds) / 1000 + 30);

/// Writes every few milliseconds for a while. Returns the longest wait for an acknowledgement.
template <class Board>
Duration write_for(Board& boards, std::uint64_t length_ms, std::uint64_t quiet_ms) {
    Duration longest;
    std::vector<std::pair<Ticket, Instant>> pending;
    const std::uint64_t begin = boards.line.now_ms();
    std::uint64_t due = 0;
    while (boards.line.now_ms() < begin + length_ms + quiet_ms) {
        const std::uint64_t ms = boards.line.now_ms() - begin;
        if (ms < length_ms && ms >= due) {
            due = ms + 19;
            const auto ticket = boards.left.write({static_cast<std::uint32_t>(ms), 1, 2, 3});
            BOOST_REQUIRE(ticket);
            pending.emplace_back(*ticket, boards.line.now());
        }
        boards.line.step();
        while (!pending.empty() && boards.left.outcome(pending.front().first).state == WriteState::acknowledged) {
            longest = std::max(longest, boards.line.now() - pending.front().second);
            pending.erase(pending.begin());
        }
    }
    for (const auto& [ticket, written] : pending) longest = std::max(longest, boards.line.now() - written);
    return longest;
}

std::size_t damages_to_try() {
    const char* const asked = std::getenv("REPLICATOR_LINE_DAMAGES");
    return asked == nullptr ? 3000 : std::strtoul(asked, nullptr, 10);
}

}  // namespace

BOOST_AUTO_TEST_CASE(after_any_single_damage_everything_goes_on_over_the_same_link) {
    constexpr std::uint64_t length_ms = 250, quiet_ms = 250;
    const std::size_t all = damages_to_try();
    constexpr std::size_t ways = 6;  // three kinds of damage, from either end
    std::array<std::uint64_t, 2> before{}, after{};
    {
        Boards<Small> boards;
        boards.line.run(milliseconds(200));
        for (std::size_t i = 0; i < 2; ++i) before[i] = boards.line.ends[i].sent;
        BOOST_TEST((write_for(boards, length_ms, quiet_ms) < milliseconds(60)));
        for (std::size_t i = 0; i < 2; ++i) after[i] = boards.line.ends[i].sent;
        BOOST_REQUIRE(boards.handshakes() == 2u);
    }
    Duration worst;
    for (std::size_t i = 0; i < all; ++i) {
        const auto kind = static_cast<Damage>(1 + i % 3);
        const std::size_t end = i / 3 % 2;
        const std::uint64_t at = before[end] + i / ways * (after[end] - before[end]) / ((all + ways - 1) / ways);
        Boards<Small> boards;
        boards.line.run(milliseconds(200));
        boards.line.wire = damage(kind, end, at);
        const Duration longest = write_for(boards, length_ms, quiet_ms);
        worst = std::max(worst, longest);
        const std::string what = "damage " + std::to_string(static_cast<int>(kind)) + " of byte " + std::to_string(at) +
                                 " of end " + std::to_string(end);
        BOOST_REQUIRE_MESSAGE(longest <= patience, what << " took " << longest.microseconds / 1000 << " ms");
        BOOST_REQUIRE_MESSAGE(boards.handshakes() == 2u, what << " cost the link");
        BOOST_REQUIRE_MESSAGE(boards.line.errors == 0u, what << " was told as an error");
        BOOST_REQUIRE_MESSAGE((boards.right.last().index == boards.left.last().index), what);
    }
    BOOST_TEST_MESSAGE("serial, single damages: " << all << ", longest wait " << worst.microseconds / 1000 << " ms");
}

BOOST_AUTO_TEST_CASE(on_one_pair_of_wires_both_never_transmit_at_once) {
    for (const std::uint64_t one_in : {1u << 30, 500u, 100u}) {
        for (const bool leads_right : {false, true}) {
            for (const std::uint64_t turn_us : {250u, 2000u}) {
                Boards<Small, transport::Duplex::half> boards;
                boards.line.turn_us = turn_us;
                boards.line.run(milliseconds(500));
                BOOST_REQUIRE(boards.linked());
                if (leads_right) {  // the end that only answers
                    boards.line.run(milliseconds(1000));
                    BOOST_REQUIRE(boards.left.hand_over(support::right_node));
                    boards.line.run(milliseconds(1000));
                    BOOST_REQUIRE((boards.right.role() == Role::leader));
                }
                auto& leader = leads_right ? boards.right : boards.left;
                boards.line.wire = lossy(one_in, 1);
                std::uint64_t written = 0;
                const std::uint64_t begin = boards.line.now_ms();
                for (std::uint64_t ms = begin; ms < begin + 10'000; ms = boards.line.now_ms()) {
                    if ((ms - begin) / 50 >= written && leader.write({1, 2, 3, 4})) ++written;
                    boards.line.step();
                }
                boards.line.wire = nullptr;
                boards.line.run(milliseconds(1000));
                BOOST_TEST(boards.line.collisions == 0u);
                BOOST_TEST(boards.line.errors == 0u);
                BOOST_TEST(written >= (one_in == 100 ? 10u : 190u));
                BOOST_TEST((leader.acknowledged() == leader.last().index));
                BOOST_TEST_MESSAGE("half-duplex, 1 byte in " << one_in << ", turns of " << turn_us << " us: " << written
                                                             << " acknowledged, " << boards.left_line.counters().resent
                                                             << " sent again");
            }
        }
    }
}

BOOST_AUTO_TEST_CASE(on_one_pair_of_wires_loops_that_pause_do_not_collide) {
    for (const std::uint64_t pause_us : {4'000u, 15'000u, 60'000u}) {
        for (std::uint64_t seed = 1; seed <= 5; ++seed) {
            Boards<Small, transport::Duplex::half> boards;
            boards.line.wire = lossy(500, seed);
            std::uint64_t drawn = seed, written = 0;
            for (std::uint64_t ms = 0; ms < 10'000; ms = boards.line.now_ms()) {
                drawn = drawn * 6364136223846793005u + 1442695040888963407u;
                boards.line.turn_us = (drawn >> 33) % 200 == 0 ? pause_us : 300;  // of the next turn of either end
                if (ms > 1000 && ms / 100 > written && boards.left.write({1, 2, 3, 4})) ++written;
                boards.line.step();
            }
            boards.line.wire = nullptr;
            boards.line.turn_us = 300;
            boards.line.run(milliseconds(2000));
            BOOST_TEST(boards.line.collisions == 0u);
            BOOST_TEST((boards.left.acknowledged() == boards.left.last().index));
            BOOST_TEST(written > 20u);
        }
    }
}

BOOST_AUTO_TEST_CASE(on_one_pair_of_wires_an_end_that_starts_anew_does_not_collide) {
    for (std::uint64_t offset = 0; offset < 60; ++offset) {
        Boards<Small, transport::Duplex::half> boards;
        boards.line.run({1'000'000 + offset * 700});
        for (const bool left_goes : {true, false}) {
            auto& end = boards.line.ends[left_goes ? 0 : 1];
            using Line = typename Boards<Small, transport::Duplex::half>::Line;
            const auto& self = Boards<Small>::both[left_goes ? 0 : 1];
            const auto& peer = Boards<Small>::both[left_goes ? 1 : 0];
            Line& line = left_goes ? boards.left_line : boards.right_line;
            // The board starts anew, and what it was about to send is gone.
            end.out.clear();
            end.in.clear();
            end.was_sending = false;
            std::destroy_at(&line);
            std::construct_at(&line, transport::SerialOptions{.self = self, .peer = peer});
            BOOST_REQUIRE(boards.left.write({1, 2, 3, 4}));
            boards.line.run(milliseconds(1000));
            BOOST_REQUIRE(boards.line.collisions == 0u);
            BOOST_REQUIRE((boards.left.acknowledged() == boards.left.last().index));
        }
    }
}

BOOST_AUTO_TEST_CASE(frames_of_another_group_on_the_same_line_are_refused) {
    Boards<Small> boards;
    boards.line.run(milliseconds(200));
    // A board of another cluster, with the same numbers, is on the wire too.
    using Line = Boards<Small>::Line;
    Line stray_line{{.self = support::left_node, .peer = support::right_node}};
    Boards<Small>::Node stray(
        stray_line,
        {.node = support::left_node, .nodes = Boards<Small>::both, .run = Run{33}, .cluster = ClusterId{77}});
    BOOST_REQUIRE(stray.bootstrap(HistoryId{9}));
    std::size_t said = 0;
    for (int i = 0; i < 50; ++i) {
        boards.line.run(milliseconds(100));
        stray_line.tick(boards.line.now());
        stray.tick(boards.line.now());
        Line::Buffer buffer;
        const std::size_t size = stray_line.transmit(stray, buffer);
        said += size > 0 ? 1u : 0u;
        // Between two frames of the other board.
        while (!boards.line.ends[0].out.empty()) boards.line.step();
        auto& in = boards.line.ends[1].in;
        in.insert(in.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        BOOST_REQUIRE(boards.left.write({1, 2, 3, 4}));
    }
    boards.line.run(milliseconds(500));
    BOOST_TEST(said >= 10u);
    BOOST_TEST((boards.left.acknowledged() == boards.left.last().index));
    BOOST_TEST(boards.handshakes() == 2u);
    BOOST_TEST((boards.right.leader() == support::left_node));
}

BOOST_AUTO_TEST_SUITE_END()
