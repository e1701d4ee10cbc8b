// SPDX-License-Identifier: BSL-1.0
// Two nodes on a serial line that loses, adds and flips bytes: the link stands, what is missing comes again, and bytes
// that only look like a frame change nothing. REPLICATOR_LINE_DAMAGES says how many damages to try.

#include "support/frames.hpp"

#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;
using support::Bytes;

BOOST_AUTO_TEST_SUITE(line)

namespace {

struct Setpoint {
    struct Command {
        std::uint32_t value;
        std::uint32_t times;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += std::uint64_t{command.value} * command.times; }
};

struct Small : Options {
    static constexpr std::size_t nodes_max = 2;
    static constexpr std::size_t frame_bytes_max = 1024;
    static constexpr std::size_t snapshot_piece_bytes_max = 64;
    static constexpr std::size_t epochs_max = 4;
    static constexpr std::size_t writes_pending_max = 64;
};

constexpr NodeId one{1};
constexpr NodeId two{2};
constexpr NodeId both[] = {one, two};
constexpr Instant began{1'000'000};

/// Between the writes and their acknowledgement after any single damage: two heartbeats, one retry, one round trip.
constexpr Duration patience =
    milliseconds((2 * Options::heartbeat_interval.microseconds + Options::retry_interval.microseconds) / 1000 + 2);

enum class Damage : std::uint8_t { none, lost, added, flipped };

/// Two nodes; every byte goes by itself. One of the bytes may be damaged.
template <class Machine, class Log = log::Ring<4096>, class Transport = transport::Manual>
struct Pair {
    using Node = Replicator<Machine, Log, ack::Sync<>, Transport, Small>;

    /// Called with every byte; says what arrives in its place.
    using Wire = std::function<Bytes(NodeId to, std::uint64_t place, std::byte)>;

    // In default members gcc 12 takes the configurations for dangling.
    Pair()
        : left{none, {.node = one, .nodes = both, .run = Run{11}}},
          right{none, {.node = two, .nodes = both, .run = Run{22}}} {}

    Transport none;
    Node left;
    Node right;
    Instant now = began;
    Wire wire;
    std::array<std::uint64_t, 2> carried{};
    std::size_t hellos = 0;
    std::size_t errors = 0;

    void carry(Node& from, Node& to) {
        alignas(8) std::array<std::byte, Node::transmit_bytes_min> buffer;
        while (const std::size_t size = from.transmit(to.id(), buffer)) {
            hellos += core::load_header(buffer.data()).type == core::FrameType::hello ? 1u : 0u;
            for (std::size_t i = 0; i < size; ++i) {
                const std::uint64_t place = carried[value(to.id()) - 1]++;
                const Bytes arrives = wire ? wire(to.id(), place, buffer[i]) : Bytes{buffer[i]};
                for (const std::byte& byte : arrives) {
                    if (!to.receive(from.id(), std::span(&byte, 1))) ++errors;
                }
            }
        }
    }
    void exchange() {
        carry(left, right);
        carry(right, left);
    }
    void turn(Duration step = milliseconds(1)) {
        now = now + step;
        left.tick(now);
        right.tick(now);
        exchange();
    }
    void run(std::uint64_t length_ms) {
        for (std::uint64_t i = 0; i < length_ms; ++i) turn();
    }
    [[nodiscard]] std::uint64_t handshakes() const {
        return left.status().counters.handshakes + right.status().counters.handshakes;
    }
};

typename Pair<Setpoint>::Wire damage(Damage kind, NodeId receiver, std::uint64_t at) {
    return [=](NodeId to, std::uint64_t place, std::byte byte) -> Bytes {
        if (kind == Damage::none || to != receiver || place != at) return {byte};
        switch (kind) {
            case Damage::lost: return {};
            case Damage::added: return {static_cast<std::byte>(at * 37), byte};
            default: return {byte ^ static_cast<std::byte>(1u << at % 8)};
        }
    };
}

/// Writes every few milliseconds for a while, and then now and then. Returns the longest wait for an acknowledgement,
/// which is noted every millisecond.
Duration play(Pair<Setpoint>& pair, std::uint64_t length_ms, std::uint64_t quiet_ms) {
    Duration longest;
    std::vector<std::pair<Ticket, Instant>> pending;
    for (std::uint64_t ms = 0; ms < length_ms + quiet_ms; ++ms) {
        if (ms < length_ms && ms % 7 == 0) {
            const auto ticket = pair.left.write({static_cast<std::uint32_t>(ms), 1});
            BOOST_REQUIRE(ticket);
            pending.emplace_back(*ticket, pair.now);
        }
        pair.turn();
        while (!pending.empty() && pair.left.outcome(pending.front().first).state == WriteState::acknowledged) {
            longest = std::max(longest, pair.now - pending.front().second);
            pending.erase(pending.begin());
        }
    }
    for (const auto& [ticket, written] : pending) longest = std::max(longest, pair.now - written);
    return longest;
}

std::size_t damages_to_try() {
    const char* const asked = std::getenv("REPLICATOR_LINE_DAMAGES");
    return asked == nullptr ? 3000 : std::strtoul(asked, nullptr, 10);
}

}  // namespace

BOOST_AUTO_TEST_CASE(after_any_single_damage_everything_goes_on_over_the_same_link) {
    const std::size_t all = damages_to_try();
    constexpr std::size_t ways = 6;  // three kinds of damage, to either node
    std::array<std::uint64_t, 2> link_made{};
    std::array<std::uint64_t, 2> carried{};
    {
        Pair<Setpoint> pair;
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        pair.run(10);
        link_made = pair.carried;
        play(pair, 150, 150);
        carried = pair.carried;
        BOOST_REQUIRE(pair.handshakes() == 2u);
    }
    for (std::size_t i = 0; i < all; ++i) {
        const auto kind = static_cast<Damage>(1 + i % 3);
        const NodeId receiver = i / 3 % 2 == 0 ? one : two;
        const std::size_t which = value(receiver) - 1;
        const std::uint64_t at =
            link_made[which] + i / ways * (carried[which] - link_made[which]) / ((all + ways - 1) / ways);
        Pair<Setpoint> pair;
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        pair.run(10);
        pair.wire = damage(kind, receiver, at);
        const Duration longest = play(pair, 150, 150 + patience.microseconds / 1000);
        const std::string what = "damage " + std::to_string(static_cast<int>(kind)) + " of byte " + std::to_string(at) +
                                 " to " + std::to_string(value(receiver));
        BOOST_REQUIRE_MESSAGE(longest <= patience, what << " took " << longest.microseconds / 1000 << " ms");
        BOOST_REQUIRE_MESSAGE(pair.handshakes() == 2u, what << " cost the link");
        BOOST_REQUIRE_MESSAGE(pair.errors == 0u, what << " was told as an error");
        BOOST_REQUIRE_MESSAGE(pair.right.state().total == pair.left.state().total, what);
        BOOST_REQUIRE_MESSAGE(
            pair.left.status().counters.frames_corrupt + pair.right.status().counters.frames_corrupt > 0,
            what << " was not noticed");
    }
}

BOOST_AUTO_TEST_CASE(a_damaged_handshake_is_repeated) {
    std::array<std::uint64_t, 2> carried{};
    {
        Pair<Setpoint> pair;
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        pair.run(10);
        carried = pair.carried;
    }
    for (std::size_t i = 0; i < 300; ++i) {
        const auto kind = static_cast<Damage>(1 + i % 3);
        const NodeId receiver = i / 3 % 2 == 0 ? one : two;
        Pair<Setpoint> pair;
        pair.wire = damage(kind, receiver, i / 6 * carried[value(receiver) - 1] / 50);
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        const Instant before = pair.now;
        while (!pair.left.status().peers()[0].connected && pair.now - before < milliseconds(1000)) pair.turn();
        const std::uint64_t took_ms = (pair.now - before).microseconds / 1000;
        BOOST_TEST(took_ms <= 310u, "damage " << i << " took " << took_ms << " ms");
    }
}

BOOST_AUTO_TEST_CASE(a_line_on_which_one_byte_in_500_is_damaged_carries_every_write) {
    for (const Damage kind : {Damage::lost, Damage::added, Damage::flipped}) {
        Pair<Setpoint> pair;
        std::uint64_t drawn = 1;
        pair.wire = [&drawn, kind](NodeId to, std::uint64_t place, std::byte byte) -> Bytes {
            drawn = drawn * 6364136223846793005u + 1442695040888963407u;
            if ((drawn >> 33) % 500 != 0) return {byte};
            return damage(kind, to, place)(to, place, byte);
        };
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        while (!pair.left.status().peers()[0].connected) pair.turn();
        const std::uint64_t handshakes = pair.handshakes();
        const std::size_t hellos = pair.hellos;
        std::uint64_t written = 0;
        for (std::uint64_t ms = 0; ms < 10'000; ++ms) {
            if (ms % 50 == 0 && ms < 9'000) written += pair.left.write({1, 1}) ? 1u : 0u;
            pair.turn();
        }
        BOOST_TEST(written == 180u);
        BOOST_TEST(pair.right.state().total == written);
        BOOST_TEST(pair.handshakes() == handshakes);
        BOOST_TEST(pair.hellos == hellos);
    }
}

namespace {

/// A command whose bytes are what its writer wants.
struct Notes {
    struct Command {
        std::array<std::byte, 400> text;
    };
    std::uint64_t count = 0;
    void apply(const Command&) { ++count; }
};

/// Whole frames that are valid in every way, as from node 1, except that the hello cannot know our number.
Bytes forgery(const Bytes& hello_of_one) {
    core::Hello hello = core::read_hello(hello_of_one.data());
    hello.promised = {99, one, 1};
    hello.nonce += 1000;
    hello.receiver_nonce = 12345;
    Bytes bytes = support::hello_frame(hello);
    core::PromiseRequest request;
    request.cluster = hello.cluster;
    request.history = hello.history;
    request.group = hello.group;
    request.sender = one;
    request.receiver = two;
    request.flags = core::ballot_flags::binding;
    request.run = hello.run;
    request.question = 7;
    request.epoch = {99, one, 1};
    request.membership = hello.membership;
    request.policy = hello.policy;
    std::array<std::byte, core::frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), request);
    bytes.insert(bytes.end(), head.begin(), head.begin() + static_cast<std::ptrdiff_t>(size));
    return bytes;
}

template <class Pair_>
Bytes overheard_hello(Pair_& pair) {
    alignas(8) std::array<std::byte, Pair_::Node::transmit_bytes_min> buffer;
    const std::size_t size = pair.left.transmit(two, buffer);
    BOOST_REQUIRE(size == core::frame_head_bytes_max);
    const Bytes frame(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    for (const std::byte& byte : frame) BOOST_REQUIRE(pair.right.receive(one, std::span(&byte, 1)));
    return frame;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_command_that_looks_like_frames_changes_nothing_when_a_byte_before_it_is_lost) {
    using Noted = Pair<Notes>;
    {
        // Whoever believed those frames would change.
        Noted pair;
        BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
        const Bytes bytes = forgery(overheard_hello(pair));
        pair.run(20);
        BOOST_REQUIRE(pair.right.receive(one, bytes));
        BOOST_REQUIRE(pair.right.status().promised.counter == 99u);
    }
    std::size_t noticed = 0;
    for (std::uint64_t lost = 0; lost < 90; ++lost) {
        for (const bool stands_still : {false, true}) {
            Noted pair;
            BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
            const Bytes bytes = forgery(overheard_hello(pair));
            pair.run(20);
            Notes::Command command{};
            BOOST_REQUIRE(bytes.size() <= command.text.size());
            std::memcpy(command.text.data(), bytes.data(), bytes.size());
            BOOST_REQUIRE(pair.left.write(command));
            const std::uint64_t first = pair.carried[1];
            pair.wire = [&](NodeId to, std::uint64_t place, std::byte byte) -> Bytes {
                if (to != two) return {byte};
                // Or nothing is lost, but the line stands still for so long that the rest is given up.
                if (stands_still && place == first + lost) {
                    for (int i = 0; i < 40; ++i) pair.now = pair.now + milliseconds(1), pair.right.tick(pair.now);
                }
                if (!stands_still && place == first + lost) return {};
                return {byte};
            };
            const std::uint64_t handshakes = pair.handshakes();
            pair.run(250);
            BOOST_REQUIRE(pair.right.status().promised.counter == 1u);
            BOOST_REQUIRE(pair.right.leader() == one);
            BOOST_REQUIRE(pair.left.role() == Role::leader);
            BOOST_REQUIRE(pair.handshakes() == handshakes);
            BOOST_REQUIRE(pair.right.state().count == 1u);
            noticed += pair.right.status().counters.frames_corrupt > 0 ? 1u : 0u;
        }
    }
    BOOST_TEST(noticed > 150u);
}

BOOST_AUTO_TEST_CASE(a_line_may_begin_within_a_command_that_looks_like_frames) {
    Pair<Notes> pair;
    BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
    const Bytes bytes = forgery(overheard_hello(pair));
    pair.run(20);
    pair.right.connected(one);
    BOOST_REQUIRE(pair.right.receive(one, bytes));
    BOOST_TEST(pair.right.status().promised.counter == 1u);
    pair.run(250);
    BOOST_TEST(pair.right.leader() == one);
}

BOOST_AUTO_TEST_CASE(damaged_entries_come_again_before_time_passes) {
    Pair<Setpoint> pair;
    BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
    pair.run(20);
    for (std::uint32_t i = 1; i < 5; ++i) BOOST_REQUIRE(pair.left.write({i, 1}));
    const auto ticket = pair.left.write({5, 1});
    BOOST_REQUIRE(ticket);
    pair.wire = damage(Damage::flipped, two, pair.carried[1] + 60);  // behind the head, whatever is in that
    pair.exchange();
    BOOST_TEST(pair.right.status().counters.frames_corrupt == 1u);
    BOOST_TEST((pair.left.outcome(*ticket).state == WriteState::pending));
    pair.exchange();
    BOOST_TEST((pair.left.outcome(*ticket).state == WriteState::acknowledged));
}

namespace {

struct Stream : transport::Manual {
    static constexpr Delivers delivers = Delivers::stream;
};
struct Datagrams : transport::Manual {
    static constexpr Delivers delivers = Delivers::frames;
};

/// What node 2 makes of a hello that comes in two halves, with silence between them, and then whole.
template <class Transport>
struct Halves {
    bool first_accepted = false;
    bool rest_accepted = false;
    bool heard_in_halves = false;
    bool heard_whole = false;

    Halves() {
        Pair<Setpoint, log::Ring<4096>, Transport> pair;
        alignas(8) std::array<std::byte, core::frame_head_bytes_max> hello;
        alignas(8) std::array<std::byte, core::frame_head_bytes_max> answer;
        BOOST_REQUIRE(pair.left.transmit(two, hello) == hello.size());
        pair.right.tick(began);
        BOOST_REQUIRE(pair.right.transmit(one, answer) != 0);
        const auto frame = std::span<const std::byte>(hello);
        first_accepted = static_cast<bool>(pair.right.receive(one, frame.first(150)));
        for (std::uint64_t ms = 0; ms < 60; ++ms) pair.right.tick(began + milliseconds(ms));
        rest_accepted = static_cast<bool>(pair.right.receive(one, frame.subspan(150)));
        heard_in_halves = pair.right.transmit(one, answer) != 0;
        static_cast<void>(pair.right.receive(one, frame));
        heard_whole = pair.right.transmit(one, answer) != 0;
    }
};

}  // namespace

BOOST_AUTO_TEST_CASE(on_a_stream_a_part_of_a_frame_waits_for_the_rest) {
    const Halves<Stream> seen;
    BOOST_TEST((seen.first_accepted && seen.rest_accepted));
    BOOST_TEST(seen.heard_in_halves);
}

BOOST_AUTO_TEST_CASE(on_a_line_a_part_of_a_frame_is_given_up_after_silence) {
    const Halves<transport::Manual> seen;
    BOOST_TEST((seen.first_accepted && seen.rest_accepted));
    BOOST_TEST(!seen.heard_in_halves);
    BOOST_TEST(seen.heard_whole);
}

BOOST_AUTO_TEST_CASE(of_frames_a_part_is_damaged) {
    const Halves<Datagrams> seen;
    BOOST_TEST((!seen.first_accepted && !seen.rest_accepted));
    BOOST_TEST(!seen.heard_in_halves);
    BOOST_TEST(seen.heard_whole);
}

BOOST_AUTO_TEST_CASE(on_a_stream_damage_is_told) {
    Pair<Setpoint, log::Ring<4096>, Stream> pair;
    BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
    pair.run(10);
    const std::array<std::byte, 4> nonsense{};
    BOOST_TEST(pair.right.receive(one, nonsense).error() == Error::corrupt);
    BOOST_TEST(pair.right.leader() == one);  // the transport decides what becomes of the connection
}

BOOST_AUTO_TEST_CASE(two_nodes_that_begin_in_the_middle_of_noise_find_each_other) {
    Pair<Setpoint> pair;
    std::array<std::byte, 700> noise{};
    for (std::size_t i = 0; i < noise.size(); ++i) noise[i] = static_cast<std::byte>(i * i + i / 7);
    noise[300] = std::byte{0x01}, noise[301] = std::byte{0x52}, noise[302] = std::byte{0x01}, noise[303] = std::byte{0};
    BOOST_REQUIRE(pair.left.receive(two, noise));
    BOOST_REQUIRE(pair.right.receive(one, noise));
    BOOST_REQUIRE(pair.left.bootstrap(HistoryId{1}));
    pair.run(2 * Options::retry_interval.microseconds / 1000 + 10);
    BOOST_TEST(pair.right.leader() == one);
}

BOOST_AUTO_TEST_CASE(hellos_are_said_no_more_often_than_the_retry_interval_and_answered_four_times) {
    alignas(8) std::array<std::byte, core::frame_head_bytes_max> buffer;
    // Nobody is there, and somebody reports the link as bad all the time.
    Pair<Setpoint> alone;
    std::size_t said = 0;
    for (int ms = 0; ms < 1000; ++ms) {
        alone.left.connected(two);
        alone.now = alone.now + milliseconds(1);
        alone.left.tick(alone.now);
        said += alone.left.transmit(two, buffer) != 0 ? 1u : 0u;
    }
    BOOST_TEST(said <= 10u);
    BOOST_TEST(said >= 9u);
    // The peer says the same for ever, and then something new every time.
    for (const bool news : {false, true}) {
        Pair<Setpoint> pair;
        BOOST_REQUIRE(pair.left.transmit(two, buffer) != 0);
        core::Hello hello = core::read_hello(buffer.data());
        pair.right.tick(began);
        BOOST_REQUIRE(pair.right.transmit(one, buffer) != 0);
        std::size_t answers = 0;
        for (int i = 0; i < 500; ++i) {
            pair.right.tick(began + Duration{10u * static_cast<unsigned>(i)});
            if (news) ++hello.nonce;
            BOOST_REQUIRE(pair.right.receive(one, support::hello_frame(hello)));
            while (pair.right.transmit(one, buffer) != 0) ++answers;
        }
        BOOST_TEST(answers == (news ? 4u : 1u));
    }
}

BOOST_AUTO_TEST_SUITE_END()
