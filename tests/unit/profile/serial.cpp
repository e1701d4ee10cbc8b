// SPDX-License-Identifier: BSL-1.0
// A pair whose transport puts its own frames around those of the node, on a line that loses bytes.

#include <replicator/ack/semi_sync.hpp>
#include <replicator/profile/pair.hpp>
#include <replicator/transport/serial.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(pair_over_serial)

namespace {

struct Counter {
    struct Command {
        std::uint32_t add;
    };
    std::uint32_t total = 0;
    std::uint32_t apply(const Command& command) { return total += command.add; }
};

using Line = transport::Serial<128>;
using Node = Replicator<Counter, log::Ring<1024>, ack::SemiSync<>, Line, profile::Pair>;
constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

}  // namespace

BOOST_AUTO_TEST_CASE(writes_and_promotions_get_through) {
    Line left{{.self = nodes[0], .peer = nodes[1]}}, right{{.self = nodes[1], .peer = nodes[0]}};
    Node first{left, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node second{right, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    BOOST_REQUIRE(first.bootstrap(HistoryId{1}));
    Instant now{1'000'000};
    std::uint32_t bytes_so_far = 0, written = 0;
    const auto carry = [&](Node& from, Line& out, Node& to, Line& in) {
        Line::Buffer buffer;
        while (const std::size_t size = out.transmit(from, buffer)) {
            std::vector<std::byte> bytes;
            for (std::size_t i = 0; i < size; ++i) {
                if (++bytes_so_far % 397 != 0) bytes.push_back(buffer[i]);
            }
            BOOST_REQUIRE(in.receive(to, bytes));
        }
    };
    const auto pass = [&](int turns) {
        for (; turns > 0; --turns) {
            now = now + milliseconds(2);
            left.tick(now), right.tick(now);
            first.tick(now), second.tick(now);
            carry(first, left, second, right);
            carry(second, right, first, left);
        }
    };
    for (int i = 0; i < 300; ++i) {
        if (first.write({1})) ++written;
        pass(5);
    }
    pass(200);
    BOOST_TEST(written > 200u);
    BOOST_TEST(second.state().total == written);
    BOOST_TEST((first.acknowledged() == first.last().index));
    BOOST_REQUIRE(first.hand_over(nodes[1]));
    pass(1000);
    BOOST_TEST((second.role() == Role::leader));
    BOOST_TEST((first.role() == Role::follower));
}

BOOST_AUTO_TEST_SUITE_END()
