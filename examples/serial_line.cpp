// SPDX-License-Identifier: BSL-1.0
// The loop of a board whose UART loses one byte in 500: an interrupt puts what comes into a queue, the loop takes it
// out and fills the UART when it is empty. Both boards run in one process here, as a group of two and as a pair.

#include <replicator/profile/pair.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/byte_queue.hpp>
#include <replicator/transport/serial.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <deque>

using namespace replicator;

struct Odometer {
    struct Command {
        std::uint32_t metres;
    };
    std::uint32_t total = 0;
    void apply(const Command& command) noexcept { total += command.metres; }
};
template <class Profile>
struct Small : Profile {
    static constexpr std::size_t nodes_max = 2, frame_bytes_max = 640, gather_bytes = 64, writes_pending_max = 16;
    static constexpr std::size_t epochs_max = 2, snapshot_piece_bytes_max = 64;
};
constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

template <class Profile>
struct Board {
    using Line = transport::Serial<640>;
    using Node = Replicator<Odometer, log::Ring<1024>, ack::SemiSync<>, Line, Small<Profile>>;

    Line line;
    Node node;
    transport::ByteQueue<256> came{};  // put in by the interrupt
    std::deque<std::byte> going{};     // the UART, which hardware empties

    Board(NodeId self, NodeId peer, Run run)
        : line({.self = self, .peer = peer}), node(line, {.node = self, .nodes = nodes, .run = run}) {}

    bool turn(Instant now) {
        line.tick(now);
        node.tick(now);
        for (auto bytes = came.front(); !bytes.empty(); bytes = came.front()) {
            if (!line.receive(node, bytes)) return false;  // the node has stopped
            came.pop(bytes.size());
        }
        typename Line::Buffer buffer;
        const std::size_t size = going.empty() ? line.transmit(node, buffer) : 0;
        going.insert(going.end(), buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        return true;
    }
    void carry_to(Board& other, std::uint32_t& carried) {  // what the wire does in a millisecond at 115,200 baud
        for (int i = 0; i < 11 && !going.empty(); ++i, going.pop_front()) {
            if (++carried % 500 != 0) other.came.put(going.front());
        }
    }
};

template <class Profile>
bool run(const char* name) {
    Board<Profile> first{nodes[0], nodes[1], Run{1}}, second{nodes[1], nodes[0], Run{2}};
    if (!first.node.bootstrap(HistoryId{1})) return false;
    std::uint32_t carried = 0;
    for (std::uint32_t ms = 1; ms <= 5000; ++ms) {
        if (ms >= 500 && ms < 4500 && ms % 20 == 0 && !first.node.write({.metres = 1})) return false;
        if (!first.turn(Instant{ms * 1000u}) || !second.turn(Instant{ms * 1000u})) return false;
        first.carry_to(second, carried);
        second.carry_to(first, carried);
    }
    std::printf("%s: %u metres on the second board\n", name, static_cast<unsigned>(second.node.state().total));
    return true;
}

int main() { return run<Options>("a group of two") && run<profile::Pair>("a pair") ? 0 : 1; }
