// SPDX-License-Identifier: BSL-1.0
// What comes from a former link, from a run that was there before, or from nowhere, must change nothing.

#include <replicator/replicator.hpp>
#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

BOOST_AUTO_TEST_SUITE(strangers)

namespace {

using namespace replicator;

struct Last {
    struct Command {
        std::uint32_t number;
    };
    std::uint32_t number = 0;
    void apply(const Command& command) { number = command.number; }
};
constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

using Bytes = std::vector<std::byte>;
using Node = Replicator<Last, log::Ring<4096>, ack::Async<>, transport::Manual>;

std::vector<Bytes> frames(Node& from, Node& to) {
    static std::array<std::byte, 65536> buffer;
    std::vector<Bytes> all;
    while (const std::size_t size = from.transmit(to.id(), buffer)) {
        all.emplace_back(buffer.begin(), buffer.begin() + static_cast<std::ptrdiff_t>(size));
    }
    return all;
}

void exchange(Node& a, Node& b) {
    for (int turn = 0; turn < 8; ++turn) {
        for (const Bytes& frame : frames(a, b)) BOOST_TEST(static_cast<bool>(b.receive(a.id(), frame)));
        for (const Bytes& frame : frames(b, a)) BOOST_TEST(static_cast<bool>(a.receive(b.id(), frame)));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_rest_of_a_former_leaders_frame_is_dropped) {
    transport::Manual none;
    Node old_leader{none, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Node new_leader{none, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    Node follower{none, {.node = nodes[2], .nodes = nodes, .run = Run{3}}};
    for (Node* node : {&old_leader, &new_leader, &follower}) node->tick(Instant{1'000'000});
    BOOST_TEST_REQUIRE(static_cast<bool>(old_leader.bootstrap(HistoryId{1})));
    for (int turn = 0; turn < 3; ++turn) exchange(old_leader, new_leader), exchange(old_leader, follower);

    // The head of an append has come, its entry has not.
    BOOST_TEST_REQUIRE(static_cast<bool>(old_leader.write({100})));
    const std::vector<Bytes> sent = frames(old_leader, follower);
    BOOST_TEST_REQUIRE(sent.size() == 1u);
    const std::size_t head = core::head_bytes(sent[0].data());
    const std::span<const std::byte> frame(sent[0]);
    BOOST_TEST(static_cast<bool>(follower.receive(old_leader.id(), frame.first(head))));

    auto& inside = testing::Inspect::inside(new_leader);
    BOOST_TEST_REQUIRE(
        static_cast<bool>(inside.relations().lead({inside.self().promised.counter + 1, nodes[1], 2}, false)));
    exchange(new_leader, follower);
    BOOST_TEST_REQUIRE((follower.leader() == new_leader.id()));

    const Position before = follower.last();
    BOOST_TEST(static_cast<bool>(follower.receive(old_leader.id(), frame.subspan(head))));
    BOOST_TEST((follower.last() == before));
}

BOOST_AUTO_TEST_CASE(a_run_number_that_is_used_again_is_refused_aloud) {
    using InMemory = Replicator<Last, log::Ring<4096>, ack::SemiSync<>, transport::Memory>;
    const std::span<const NodeId> two(nodes, 2);
    transport::Memory network;
    InMemory leader{network, {.node = nodes[0], .nodes = two, .run = Run{1}}};
    std::optional<InMemory> backup;
    backup.emplace(network, Config{.node = nodes[1], .nodes = two, .run = Run{2}, .cluster = {}, .group = {}});
    BOOST_TEST_REQUIRE(static_cast<bool>(leader.bootstrap(HistoryId{1})));
    network.settle();
    for (int i = 0; i < 3; ++i) {
        network.cut(nodes[0], nodes[1]);
        network.advance(milliseconds(50));
        network.join(nodes[0], nodes[1]);
        network.settle();
    }
    backup.reset();
    network.settle();
    backup.emplace(network, Config{.node = nodes[1], .nodes = two, .run = Run{2}, .cluster = {}, .group = {}});
    network.advance(milliseconds(200));
    const auto status = leader.status();
    BOOST_TEST((status.peers()[0].refusal == Error::duplicate_node));
}

BOOST_AUTO_TEST_CASE(a_snapshot_offset_that_was_never_sent_is_not_asked_of_the_state) {
    using Composition =
        core::Composition<Last, codec::Select<Last>, log::Ring<4096>, ack::Async<>, Options, NoObserver>;
    core::OutgoingSnapshots<Composition> sender;
    core::Progress follower;
    core::Ack ack;
    ack.snapshot = core::SnapshotOffset{SnapshotId{}, std::uint64_t{1} << 20};
    sender.moved(Instant{1}, follower, ack);
    BOOST_TEST(!follower.snapshot.begun);
    BOOST_TEST(follower.snapshot.offset == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
