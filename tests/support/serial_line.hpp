// SPDX-License-Identifier: BSL-1.0
// Two nodes on a simulated serial line: bytes take their time, and what becomes of each is up to the test.
#pragma once

#include <replicator/transport/serial.hpp>
#include <replicator/types.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <span>
#include <vector>

namespace support {

inline constexpr replicator::NodeId left_node{1};
inline constexpr replicator::NodeId right_node{2};

/// Said for every byte that leaves an end: which one, its place among those of that end, and what arrives for it.
using Wire = std::function<std::vector<std::byte>(std::size_t from, std::uint64_t place, std::byte)>;

/// `Line` is a `transport::Serial`. 115,200 baud, start and stop bit included, are a byte in 86.8 us; time goes in
/// steps of one byte, and the loops of both ends turn as often as the test says.
template <class Node, class Line>
class SerialLine {
public:
    static constexpr bool is_half_duplex = requires(Line line) { line.transmitted(); };
    static constexpr std::uint64_t byte_ns = 86'806;

    struct End {
        Node& node;
        Line& line;
        std::deque<std::byte> out;  // in the UART
        std::vector<std::byte> in;  // arrived, and not yet looked at
        std::uint64_t sent = 0;
        std::uint64_t turn_due_ns = 0;
        bool was_sending = false;
    };

    SerialLine(Node& left, Line& left_line, Node& right, Line& right_line)
        : ends{End{left, left_line, {}, {}}, End{right, right_line, {}, {}}} {}

    std::array<End, 2> ends;
    Wire wire;
    std::uint64_t turn_us = 250;  // the loop of a board
    std::uint64_t collisions = 0;
    std::uint64_t errors = 0;

    [[nodiscard]] replicator::Instant now() const { return replicator::Instant{1'000'000 + now_ns_ / 1000}; }
    [[nodiscard]] std::uint64_t now_ms() const { return now_ns_ / 1'000'000; }

    void step() {
        now_ns_ += byte_ns;
        if (!ends[0].out.empty() && !ends[1].out.empty()) ++collisions;
        for (std::size_t i = 0; i < 2; ++i) carry(i);
        for (End& end : ends) {
            if (now_ns_ < end.turn_due_ns) continue;
            end.turn_due_ns = now_ns_ + turn_us * 1000;
            turn(end);
        }
    }
    void run(replicator::Duration duration) {
        const std::uint64_t end = now_ns_ + duration.microseconds * 1000;
        while (now_ns_ < end) step();
    }

    /// One turn of the loop of a board.
    void turn(End& end) {
        end.line.tick(now());
        if constexpr (is_half_duplex) {
            if (end.was_sending && end.out.empty()) end.line.transmitted();
            if (end.out.empty()) end.was_sending = false;
        }
        end.node.tick(now());
        if (!end.line.receive(end.node, end.in)) ++errors;
        end.in.clear();
        if (!end.out.empty()) return;
        typename Line::Buffer buffer;
        const std::size_t size = end.line.transmit(end.node, buffer);
        end.out.insert(end.out.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        if (size > 0) end.was_sending = true;
    }

private:
    void carry(std::size_t from) {
        End& sender = ends[from];
        if (sender.out.empty()) return;
        const std::byte byte = sender.out.front();
        sender.out.pop_front();
        auto& in = ends[1 - from].in;
        const std::uint64_t place = sender.sent++;
        if (!wire) return in.push_back(byte);
        const auto arrives = wire(from, place, byte);
        in.insert(in.end(), arrives.begin(), arrives.end());
    }

    std::uint64_t now_ns_ = 0;
};

}  // namespace support
