// SPDX-License-Identifier: BSL-1.0
// Slow lines, in simulated time: a frame may take longer than a silent peer is waited for, and the group goes on.

#include "support/machines.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/core/wire/frame.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>
#include <replicator/sim/network/network.hpp>
#include <replicator/sim/random.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <span>
#include <vector>

namespace {

using namespace replicator;

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

/// Counts the bytes that it is given, and is as large as somebody likes when it is saved.
struct Bulk {
    using Command = std::span<const std::byte>;

    struct Codec {
        static constexpr SchemaId schema{0x42756c6b01};
        static constexpr std::size_t size_max = 130 * 1024;
        static std::size_t size(Command command) { return command.size(); }
        static void encode(Command command, std::span<std::byte> to) {
            std::copy(command.begin(), command.end(), to.begin());
        }
        template <class Use>
        static bool decode(std::span<const std::byte> from, Use&& use) {
            return use(from), true;
        }
    };

    std::vector<std::byte> bytes;

    void apply(Command command) { bytes.insert(bytes.end(), command.begin(), command.end()); }
    std::size_t save(std::uint64_t offset, std::span<std::byte> piece) const {
        const std::size_t size = std::min(piece.size(), bytes.size() - static_cast<std::size_t>(offset));
        std::copy_n(bytes.begin() + static_cast<std::ptrdiff_t>(offset), size, piece.begin());
        return size;
    }
    bool load(std::span<const std::byte> piece) {
        bytes.insert(bytes.end(), piece.begin(), piece.end());
        return true;
    }
};

struct Large : Options {
    static constexpr std::size_t command_bytes_max = 130 * 1024;
    static constexpr std::size_t writes_pending_max = 8192;
};
struct Serial : Options {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t epochs_max = 4;
    static constexpr std::size_t frame_bytes_max = 768;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t writes_pending_max = 64;
};

using BulkNode = Replicator<Bulk, log::Memory<16 * 1024 * 1024>, ack::Async<>, sim::Network, Large>;
/// Its log forgets what a follower needs that comes late.
using ForgetfulNode = Replicator<Bulk, log::Ring<512 * 1024, 160 * 1024>, ack::Async<>, sim::Network, Large>;

/// Two nodes on a network that carries so many bytes in a second each way.
template <class Node>
class Group {
public:
    Group(std::uint64_t bytes_per_second, Duration delay, std::size_t buffer_bytes = 256 * 1024)
        : rate_(bytes_per_second),
          network_(1, faults(bytes_per_second, delay, buffer_bytes),
                   std::max(Node::transmit_bytes_min, Large::frame_bytes_max)) {
        network_.set_nodes(nodes);
        leader = start(0);
        BOOST_TEST_REQUIRE(static_cast<bool>(leader->bootstrap(HistoryId{1})));
    }

    void write(std::size_t count, std::size_t bytes) {
        const std::vector<std::byte> value(bytes, std::byte{7});
        for (; count > 0; --count) BOOST_TEST_REQUIRE(static_cast<bool>(leader->write(value)));
    }
    void join() { follower = start(1); }

    void advance(Duration duration) {
        for (const Instant end = now + duration; now < end;) {
            now = now + milliseconds(1);
            while (network_.next_arrival(now + milliseconds(1)) <= now) network_.deliver(now);
            if (now.microseconds % 5'000 != 0) continue;
            leader->tick(now);
            if (follower) follower->tick(now);
            network_.pump(now);
        }
    }
    /// How long it takes until the follower has everything; `limit` at most.
    Duration catch_up(Duration limit) {
        const Instant began = now;
        while (follower->applied() != leader->last().index && now - began < limit) advance(milliseconds(5));
        return now - began;
    }

    /// What part of the line carried entries, in thousandths.
    [[nodiscard]] std::uint64_t part_used(std::uint64_t bytes, Duration took) const {
        return bytes * 1'000'000'000 / rate_ / took.microseconds;
    }
    [[nodiscard]] std::uint64_t sent() const { return leader->status().counters.bytes_sent; }
    [[nodiscard]] std::uint64_t handshakes() const { return leader->status().counters.handshakes; }

private:
    static sim::NetworkFaults faults(std::uint64_t bytes_per_second, Duration delay, std::size_t buffer_bytes) {
        sim::NetworkFaults faults;
        faults.delay_min = faults.delay_max = delay;
        faults.bytes_per_second = bytes_per_second;
        faults.in_flight_bytes_max = buffer_bytes;
        return faults;
    }
    std::unique_ptr<Node> start(std::size_t place) {
        auto node = std::make_unique<Node>(
            network_, Config{.node = nodes[place], .nodes = nodes, .run = Run{place + 1}, .cluster = {}, .group = {}});
        node->tick(now);
        return node;
    }

    std::uint64_t rate_;
    sim::Network network_;

public:
    std::unique_ptr<Node> leader;
    std::unique_ptr<Node> follower;
    Instant now{1'000'000};
};

/// A serial line, which takes the next frame when the last one is out, and carries bytes one by one.
struct Uart {
    std::deque<std::byte> wire;
    std::uint64_t credit = 0;  // millionths of a byte

    template <class Node>
    void carry(Node& from, Node& to, std::uint64_t bytes_per_second) {
        alignas(8) std::array<std::byte, Node::transmit_bytes_min> buffer;
        if (wire.empty()) {
            const std::size_t size = from.transmit(to.id(), buffer);
            wire.assign(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
        }
        for (credit += bytes_per_second * 1'000; credit >= 1'000'000 && !wire.empty(); credit -= 1'000'000) {
            feed(from.id(), to, wire.front());
            wire.pop_front();
        }
        if (wire.empty()) credit = 0;
    }
    template <class Node>
    static void feed(NodeId from, Node& to, std::byte byte) {
        if (!to.receive(from, {&byte, 1})) to.connected(from);
    }
};

/// A line whose bytes wait for each other for as long as it takes.
struct Stream : transport::Manual {
    static constexpr Delivers delivers = Delivers::stream;
};

/// Two boards.
template <class Line = transport::Manual>
struct Boards {
    using SerialNode = Replicator<support::Sum, log::Ring<8192>, ack::Async<>, Line, Serial>;

    Line none;
    SerialNode left{none, {.node = nodes[0], .nodes = nodes, .run = Run{1}, .cluster = {}, .group = {}}};
    SerialNode right{none, {.node = nodes[1], .nodes = nodes, .run = Run{2}, .cluster = {}, .group = {}}};
    Uart there;
    Uart back;
    bool right_hears = true;
    std::uint64_t now_ms = 0;

    Boards() { BOOST_TEST_REQUIRE(static_cast<bool>(left.bootstrap(HistoryId{1}))); }

    void write(std::size_t count) {
        for (; count > 0; --count) BOOST_TEST_REQUIRE(static_cast<bool>(left.write({1})));
    }
    void step(std::uint64_t bytes_per_second) {
        left.tick(Instant{now_ms * 1000});
        right.tick(Instant{now_ms * 1000});
        if (right_hears) there.carry(left, right, bytes_per_second);
        if (right_hears) back.carry(right, left, bytes_per_second);
        ++now_ms;
    }
    /// Only the right one lives, and hears so many bytes in a second that mean nothing.
    void step_alone(std::uint64_t noise_per_second) {
        right.tick(Instant{now_ms * 1000});
        const std::uint64_t due = noise_per_second * (now_ms + 1) / 1000 - noise_per_second * now_ms / 1000;
        for (std::uint64_t i = 0; i < due; ++i) Uart::feed(nodes[0], right, static_cast<std::byte>(noise.next()));
        ++now_ms;
    }
    /// Until the left one is in the middle of a frame with entries.
    void step_into_a_frame(std::uint64_t bytes_per_second) {
        while (right.state().count < 10) step(bytes_per_second);
        const auto inside = [this] { return there.wire.size() > 150 && there.wire.size() < 200; };
        while (!inside()) step(bytes_per_second);
        BOOST_TEST_REQUIRE((right.status().leader == nodes[0]));
    }

    sim::Random noise{1};
};

BOOST_AUTO_TEST_SUITE(slow_lines)

BOOST_AUTO_TEST_CASE(small_values_catch_up_at_nine_tenths_of_the_line) {
    Group<BulkNode> group(200'000, milliseconds(1));
    group.write(4000, 1000);
    group.join();
    const Duration took = group.catch_up(milliseconds(60'000));
    BOOST_TEST(group.part_used(4000 * 1000, took) >= 900u);
    BOOST_TEST(group.handshakes() == 1u);
}

BOOST_AUTO_TEST_CASE(large_values_catch_up_at_nine_tenths_of_the_line) {
    Group<BulkNode> group(200'000, milliseconds(1));
    group.write(31, 128 * 1024);
    group.join();
    const Duration took = group.catch_up(milliseconds(60'000));
    BOOST_TEST(group.part_used(31 * 128 * 1024, took) >= 900u);
    BOOST_TEST(group.handshakes() == 1u);
}

BOOST_AUTO_TEST_CASE(a_long_line_is_not_taken_for_a_slow_one) {
    Group<BulkNode> group(4'000'000, milliseconds(300), 16 * 1024 * 1024);
    group.write(12'000, 1000);
    group.join();
    const Duration took = group.catch_up(milliseconds(60'000));
    // Three seconds at the rate of the line; the first are spent to find out how much fits on it.
    BOOST_TEST(took.microseconds <= 14'000'000u);
    BOOST_TEST(group.handshakes() == 1u);
}

BOOST_AUTO_TEST_CASE(what_is_written_later_does_not_wait_behind_seconds_of_others) {
    Group<BulkNode> group(200'000, milliseconds(1), 16 * 1024 * 1024);
    group.write(4000, 1000);
    group.join();
    group.advance(milliseconds(5000));
    const std::uint64_t had = group.follower->last().index.value;
    const std::uint64_t sent = group.sent();
    // Everything that has left the leader arrives within a failure timeout.
    group.advance(Options::failure_timeout);
    BOOST_TEST((group.follower->last().index.value - had) * 1000 * 10 >= 200'000u / 2 * 9);
    BOOST_TEST(sent <= group.follower->status().counters.bytes_received);
}

BOOST_AUTO_TEST_CASE(pieces_of_a_state_are_sent_once) {
    Group<ForgetfulNode> group(200'000, milliseconds(1));
    group.write(2000, 1000);
    group.join();
    group.catch_up(milliseconds(60'000));
    BOOST_TEST((group.follower->applied() == group.leader->last().index));
    BOOST_TEST(group.sent() <= 2'000'000u * 11 / 10);
    BOOST_TEST(group.handshakes() == 1u);
}

BOOST_AUTO_TEST_CASE(serial_lines_catch_up_on_one_link) {
    for (const std::uint64_t bytes_per_second : {1920u, 960u, 480u}) {
        Boards<> boards;
        boards.write(40);
        while (boards.now_ms < 15'000 && boards.right.state().count < 40) boards.step(bytes_per_second);
        BOOST_TEST(boards.right.state().count == 40u, "at " << bytes_per_second << " bytes a second");
        while (boards.now_ms < 30'000) boards.step(bytes_per_second);
        BOOST_TEST(boards.left.status().counters.handshakes == 1u, "at " << bytes_per_second << " bytes a second");
        BOOST_TEST(boards.right.status().counters.handshakes == 1u, "at " << bytes_per_second << " bytes a second");
    }
}

BOOST_AUTO_TEST_CASE(a_state_passes_a_serial_line) {
    for (const std::uint64_t bytes_per_second : {960u, 480u}) {
        Boards<> boards;
        boards.right_hears = false;
        for (int i = 0; i < 1000; ++i) {
            boards.write(1);
            boards.step(bytes_per_second);
        }
        boards.right_hears = true;
        boards.right.connected(nodes[0]);
        const std::uint64_t began = boards.now_ms;
        while (boards.now_ms < began + 20'000 && boards.right.state().count < 1000) boards.step(bytes_per_second);
        BOOST_TEST(boards.right.state().count == 1000u, "at " << bytes_per_second << " bytes a second");
        BOOST_TEST(boards.left.status().peers()[0].snapshots == 1u);
        while (boards.now_ms < began + 30'000) boards.step(bytes_per_second);
        BOOST_TEST(boards.left.status().counters.handshakes == 1u, "at " << bytes_per_second << " bytes a second");
    }
}

BOOST_AUTO_TEST_CASE(a_peer_that_dies_within_a_frame_is_down_in_time) {
    Boards<> boards;
    boards.write(40);
    boards.step_into_a_frame(480);
    const std::uint64_t died = boards.now_ms;
    while (boards.right.status().leader != NodeId{} && boards.now_ms < died + 10'000) boards.step_alone(0);
    BOOST_TEST(boards.now_ms - died <= 510u);
    BOOST_TEST(boards.now_ms - died >= 490u);
}

BOOST_AUTO_TEST_CASE(noise_is_no_sign_of_life) {
    for (const std::uint64_t bytes_per_second : {480u, 960u, 11'520u}) {
        Boards<> boards;
        boards.write(40);
        boards.step_into_a_frame(480);
        const std::uint64_t died = boards.now_ms;
        const auto leads = [&boards] { return boards.right.status().leader != NodeId{}; };
        while (leads() && boards.now_ms < died + 10'000) boards.step_alone(bytes_per_second);
        // The first of it may lie in what was left of the frame.
        BOOST_TEST(boards.now_ms - died <= 1000u, "at " << bytes_per_second << " bytes a second");
        for (const std::uint64_t end = boards.now_ms + 20'000; boards.now_ms < end;) {
            boards.step_alone(bytes_per_second);
            BOOST_TEST_REQUIRE(!leads());
        }
    }
}

BOOST_AUTO_TEST_CASE(a_frame_without_an_end_is_given_up) {
    Boards<Stream> boards;
    boards.write(40);
    boards.step_into_a_frame(480);
    const std::uint64_t died = boards.now_ms;
    std::uint64_t given_up = 0;
    while (given_up == 0 && boards.now_ms < died + 10'000) {
        boards.right.tick(Instant{boards.now_ms * 1000});
        if (boards.now_ms++ % 100 != 0 || boards.there.wire.empty()) continue;
        BOOST_TEST((boards.right.status().leader == nodes[0]));
        const std::byte byte = boards.there.wire.front();
        boards.there.wire.pop_front();
        if (!boards.right.receive(nodes[0], {&byte, 1})) given_up = boards.now_ms;
    }
    BOOST_TEST(given_up - died >= 1000u);
    BOOST_TEST(given_up - died <= 2100u);
}

BOOST_AUTO_TEST_SUITE_END()

}  // namespace
