// SPDX-License-Identifier: BSL-1.0
// A clock that goes back: an assertion says so, and without one the node counts it and goes on.

#include <string>
#include <vector>

namespace {

std::vector<std::string> broken_by_clock;

}  // namespace

#define REPLICATOR_ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : broken_by_clock.push_back(#condition))

#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(clock_assertions)

namespace {

struct Counter {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

constexpr NodeId both[] = {NodeId{1}, NodeId{2}};

/// Two nodes that have a link, whose time is given from outside.
struct Pair {
    using Node = Replicator<Counter, log::Ring<4096>, ack::SemiSync<>, transport::Manual>;

    transport::Manual none;
    Node leader{none, {.node = both[0], .nodes = both, .run = Run{1}}};
    Node follower{none, {.node = both[1], .nodes = both, .run = Run{2}}};

    explicit Pair(Instant began) {
        broken_by_clock.clear();
        BOOST_REQUIRE(leader.bootstrap(HistoryId{1}));
        for (std::uint64_t ms = 0; ms < 100; ++ms) turn(began + milliseconds(ms));
        BOOST_REQUIRE(follower.leader() == both[0]);
    }
    static void carry(Node& from, Node& to) {
        alignas(8) static std::array<std::byte, Node::transmit_bytes_min> buffer;
        while (const std::size_t size = from.transmit(to.id(), buffer)) {
            BOOST_REQUIRE(to.receive(from.id(), std::span(buffer).first(size)));
        }
    }
    void turn(Instant now) {
        leader.tick(now);
        follower.tick(now);
        carry(leader, follower);
        carry(follower, leader);
    }
    [[nodiscard]] std::uint64_t jumps() const { return follower.status().counters.clock_jumps_back; }
    /// What the follower thinks after the leader was silent for longer than a failure takes.
    [[nodiscard]] bool notices_silence(Instant from) {
        for (std::uint64_t ms = 0; ms < 600; ++ms) follower.tick(from + milliseconds(ms));
        return follower.leader() == NodeId{};
    }
};

constexpr std::uint64_t wraps_us = std::uint64_t{1} << 32;

}  // namespace

BOOST_AUTO_TEST_CASE(a_counter_that_wraps_is_said_aloud_and_does_not_stop_the_time) {
    Pair pair(Instant{wraps_us - 100'000});
    BOOST_TEST(broken_by_clock.empty());
    pair.turn(Instant{0});
    BOOST_TEST(broken_by_clock.size() == 2u);  // one for each node
    BOOST_TEST(pair.jumps() == 1u);
    for (std::uint64_t ms = 0; ms < 1000; ++ms) pair.turn(Instant{ms * 1000});
    BOOST_TEST((pair.follower.leader() == both[0]));
    BOOST_TEST(pair.jumps() == 1u);
    BOOST_TEST(pair.notices_silence(Instant{1'000'000}));
}

BOOST_AUTO_TEST_CASE(a_clock_that_stumbles_is_waited_for) {
    Pair pair(Instant{10'000'000});
    pair.turn(Instant{10'060'000});
    BOOST_TEST(broken_by_clock.empty());
    BOOST_TEST(pair.jumps() == 0u);
    BOOST_TEST(pair.notices_silence(Instant{10'060'000}));
    BOOST_TEST(pair.jumps() == 0u);
}

BOOST_AUTO_TEST_CASE(a_widened_counter_breaks_nothing) {
    Clock32<Duration{1}> clock;
    Pair pair(clock.at(static_cast<std::uint32_t>(wraps_us - 200'000)));
    for (std::uint64_t us = wraps_us - 100'000; us < wraps_us + 1'000'000; us += 1000) {
        pair.turn(clock.at(static_cast<std::uint32_t>(us)));
    }
    BOOST_TEST(broken_by_clock.empty());
    BOOST_TEST(pair.jumps() == 0u);
    BOOST_TEST(pair.notices_silence(clock.at(static_cast<std::uint32_t>(wraps_us + 1'000'000))));
}

BOOST_AUTO_TEST_SUITE_END()
