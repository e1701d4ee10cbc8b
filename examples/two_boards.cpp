// SPDX-License-Identifier: BSL-1.0
// Two boards joined by a serial line that loses a byte now and then: what a main loop of firmware does, in one process.
// The same program runs as a group of two, and as a pair, which takes an eighth of the flash.

#include <replicator/api/clock32.hpp>
#include <replicator/profile/pair.hpp>
#include <replicator/replicator.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>
#include <span>

using namespace replicator;

struct Thermostat {
    struct Command {
        std::uint32_t room, degrees;
    };
    std::array<std::uint32_t, 4> degrees{};
    void apply(const Command& command) noexcept { degrees[command.room % degrees.size()] = command.degrees; }
};

template <class Profile>  // Options, for a group, or profile::Pair
struct Small : Profile {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 640;
    static constexpr std::size_t gather_bytes = 64;
    static constexpr std::size_t writes_pending_max = 8;
    static constexpr std::size_t epochs_max = 2;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t snapshot_pieces_in_flight_max = 1;
};

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};
using Pipe = std::deque<std::byte>;

template <class Node>
struct Board {
    Node& node;
    NodeId peer;
    Pipe& in;
    Pipe& out;
    Clock32<milliseconds(1)> clock{};  // the counter of a board wraps

    void turn(std::uint32_t counter) {
        for (; !in.empty(); in.pop_front()) {  // as an interrupt hands them over: one by one
            const Error error = node.receive(peer, std::span(&in.front(), 1)).error();
            if (after_error(Delivers::line, error) == AfterError::stop) return;
        }
        node.tick(clock.at(counter));
        std::array<std::byte, Node::transmit_bytes_min> frame;
        if (out.empty()) out.insert(out.end(), frame.begin(), frame.begin() + node.transmit(peer, frame));
    }
};

template <class Profile>
bool run(const char* name) {
    using Node = Replicator<Thermostat, log::Ring<1024>, ack::SemiSync<>, transport::Manual, Small<Profile>>;
    transport::Manual line;
    Node first{line, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node second{line, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    Pipe there, back;
    Board<Node> boards[] = {{first, nodes[1], back, there}, {second, nodes[0], there, back}};
    if (!first.bootstrap(HistoryId{1})) return false;

    std::uint32_t counter = ~std::uint32_t{0} - 500;  // half a second before it wraps
    for (std::uint32_t turn = 0; turn < 3000; ++turn, ++counter) {
        if (turn % 100 == 50 && !first.write({.room = 1, .degrees = 18 + turn / 1000})) return false;
        if (turn % 77 == 0 && !there.empty()) there.pop_back();
        for (Board<Node>& board : boards) board.turn(counter);
    }
    std::printf("%s: the second board has %u degrees; everything is acknowledged: %d\n", name,
                static_cast<unsigned>(second.state().degrees[1]), first.acknowledged() == first.last().index);
    return true;
}

int main() { return run<Options>("a group of two") && run<profile::Pair>("a pair") ? 0 : 1; }
