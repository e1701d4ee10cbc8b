// SPDX-License-Identifier: BSL-1.0
// A node of a group and a node of a pair at the two ends of one line: refused by name, and nothing changes.

#include <replicator/profile/pair.hpp>
#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(profiles_that_meet)

namespace {

struct Sum {
    struct Command {
        std::uint32_t add;
    };
    std::uint32_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}};

template <class Transport, class Limits>
using Node = Replicator<Sum, log::Ring<4096>, ack::SemiSync<>, Transport, Limits>;

/// All that `from` says reaches `to`, in pieces of `piece` bytes.
template <class From, class To>
void carry(From& from, To& to, std::size_t piece) {
    static std::byte buffer[512 * 1024];
    for (int frames = 0; frames < 10; ++frames) {
        const std::size_t size = from.transmit(to.id(), buffer);
        if (size == 0) return;
        for (std::size_t at = 0; at < size; at += piece) {
            const std::size_t bytes = size - at < piece ? size - at : piece;
            static_cast<void>(to.receive(from.id(), std::span(buffer).subspan(at, bytes)));
        }
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_pair_refuses_a_group_on_a_line_by_name) {
    for (const std::size_t piece : {std::size_t{1}, std::size_t{7}, std::size_t{1000}}) {
        transport::Manual line;
        Node<transport::Manual, Options> group{line, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
        Node<transport::Manual, profile::Pair> pair{line, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
        BOOST_REQUIRE(group.bootstrap(HistoryId{1}));
        for (std::uint64_t now = 1; now < 50; ++now) {
            group.tick({now * 20000});
            pair.tick({now * 20000});
            carry(group, pair, piece);
            carry(pair, group, piece);
        }
        const auto status = pair.status();
        BOOST_TEST((status.peers()[0].refusal == Error::wrong_version));
        BOOST_TEST(status.counters.refusals > 0u);
        BOOST_TEST(!status.peers()[0].connected);
        BOOST_TEST(status.blank);
        BOOST_TEST((status.role == Role::follower));
        BOOST_TEST(group.status().counters.frames_corrupt > 0u);
        BOOST_TEST(!group.status().peers()[0].connected);
        BOOST_TEST((group.role() == Role::leader));
    }
}

BOOST_AUTO_TEST_CASE(a_pair_and_a_group_that_exchange_frames_refuse_each_other_by_name) {
    transport::Memory network;
    Node<transport::Memory, profile::Pair> pair{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node<transport::Memory, Options> group{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    BOOST_REQUIRE(pair.bootstrap(HistoryId{1}));
    network.advance(milliseconds(500));
    BOOST_TEST((pair.status().peers()[0].refusal == Error::wrong_version));
    BOOST_TEST((group.status().peers()[0].refusal == Error::wrong_version));
    BOOST_TEST(pair.status().counters.refusals > 0u);
    BOOST_TEST(group.status().counters.refusals > 0u);
    BOOST_TEST(!pair.status().peers()[0].connected);
    BOOST_TEST(!group.status().peers()[0].connected);
    BOOST_TEST((group.last().index == Index{}));
    BOOST_TEST((pair.role() == Role::leader));
}

struct Heard {
    std::vector<Error> refusals;
    void on_refused(NodeId node, Error error) {
        if (node == nodes[0]) refusals.push_back(error);
    }
};
struct Larger : profile::Pair {
    static constexpr std::size_t frame_bytes_max = 256;
};

BOOST_AUTO_TEST_CASE(a_refusal_is_told_once) {
    transport::Memory network;
    Heard heard;
    Node<transport::Memory, profile::Pair> first{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    const Config config{.node = nodes[1], .nodes = nodes, .run = Run{2}};
    Replicator<Sum, log::Ring<4096>, ack::SemiSync<>, transport::Memory, Larger, Heard> second{network, config, heard};
    network.advance(milliseconds(500));
    BOOST_TEST((heard.refusals == std::vector<Error>{Error::wrong_limits}));
    BOOST_TEST(second.status().counters.refusals > 1u);
}

BOOST_AUTO_TEST_SUITE_END()
