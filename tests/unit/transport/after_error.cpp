// SPDX-License-Identifier: BSL-1.0
// What a loop does when `receive` returned an error, for each kind of link and each error; and that nodes do survive
// it.

#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(after_an_error)

static_assert(after_error(Delivers::stream, Error::none) == AfterError::go_on);
static_assert(after_error(Delivers::stream, Error::corrupt) == AfterError::close);
static_assert(after_error(Delivers::stream, Error::protocol) == AfterError::close);
static_assert(after_error(Delivers::stream, Error::wrong_node) == AfterError::close);
static_assert(after_error(Delivers::stream, Error::faulted) == AfterError::stop);
static_assert(after_error(Delivers::line, Error::corrupt) == AfterError::go_on);
static_assert(after_error(Delivers::line, Error::protocol) == AfterError::go_on);
static_assert(after_error(Delivers::line, Error::wrong_node) == AfterError::stop);
static_assert(after_error(Delivers::frames, Error::corrupt) == AfterError::go_on);
static_assert(after_error(Delivers::frames, Error::protocol) == AfterError::go_on);
static_assert(after_error(Delivers::frames, Error::wrong_version) == AfterError::go_on);
static_assert(after_error(Delivers::frames, Error::wrong_node) == AfterError::stop);
static_assert(after_error(Delivers::frames, Error::faulted) == AfterError::stop);

namespace {

struct Counter {
    struct Command {
        std::uint32_t add;
    };
    std::uint32_t total = 0;
    void apply(const Command& command) { total += command.add; }
};
struct Frames : transport::Manual {
    static constexpr Delivers delivers = Delivers::frames;
};

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

/// Noise comes between all frames, and the loops do what `after_error` says. Returns how many handshakes there were.
template <class Transport>
std::uint64_t handshakes_in_noise() {
    using Node = Replicator<Counter, log::Ring<4096>, ack::Sync<>, Transport>;
    static std::array<std::byte, Node::transmit_bytes_min> buffer;
    Transport none;
    Node left{none, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node right{none, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    BOOST_REQUIRE(left.bootstrap(HistoryId{1}));
    std::size_t errors = 0;
    const auto give = [&errors](Node& to, NodeId from, std::span<const std::byte> bytes) {
        const auto taken = to.receive(from, bytes);
        if (!taken) ++errors;
        if (after_error(Transport::delivers, taken.error()) == AfterError::close) to.disconnected(from);
        BOOST_REQUIRE((after_error(Transport::delivers, taken.error()) != AfterError::stop));
    };
    for (std::uint64_t ms = 1; ms < 2000; ++ms) {
        for (Node* node : {&left, &right}) {
            Node& other = node == &left ? right : left;
            node->tick(Instant{1'000'000 + ms * 1000});
            while (const std::size_t size = node->transmit(other.id(), buffer)) {
                give(other, node->id(), std::span(buffer).first(size));
                const std::array<std::byte, 3> noise{std::byte{1}, std::byte{2}, static_cast<std::byte>(ms)};
                if (ms % 3 == 0) give(other, node->id(), noise);
            }
        }
        if (ms % 10 == 0) BOOST_REQUIRE((left.write({1}) || ms < 300));
    }
    BOOST_TEST((errors > 0) == (Transport::delivers == Delivers::frames));
    BOOST_TEST(right.state().total >= left.state().total - 1);
    BOOST_TEST(left.state().total > 150u);
    return left.status().counters.handshakes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(noise_costs_no_handshake_on_a_line_and_with_frames) {
    BOOST_TEST(handshakes_in_noise<transport::Manual>() == 1u);
    BOOST_TEST(handshakes_in_noise<Frames>() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
