// SPDX-License-Identifier: BSL-1.0
// The short way of a frame: it takes what is nothing unusual, and has not changed a byte of the node where it takes
// nothing. A group without it says and does the same.

#include "support/cluster.hpp"
#include "support/history.hpp"

#include <replicator/core/node/short_way.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <vector>

BOOST_AUTO_TEST_SUITE(short_way)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::Bytes;

template <class Composition>
bool take(NodeParts<Composition>& parts, Peer& peer, std::span<const std::byte>& bytes) {
    return ShortWay<Composition>::take(parts, peer, bytes);
}

/// A leader and its follower, and a frame that the one owes the other: an append of two writes, and then the ack.
struct Pair : support::Sync {
    Pair() : support::Sync(2) {
        write(1);
        write(2);
        network.collect();
        BOOST_REQUIRE(network.queue.size() == 1u);
        frame = network.queue.front().bytes;
    }
    /// From now on it is about the ack.
    void deliver() {
        network.inject(network.queue.front());
        network.queue.clear();
        network.collect();
        BOOST_REQUIRE(network.queue.size() == 1u);
        frame = network.queue.front().bytes;
    }
    [[nodiscard]] auto& parts_of(std::size_t number) { return testing::Inspect::inside(at(number)).parts(); }
    [[nodiscard]] Peer& peer_of(std::size_t number) { return parts_of(number).peers()[0]; }

    /// True when the node takes the frame the short way. When not, no byte of it is another than before.
    bool takes(std::size_t number) {
        auto& parts = parts_of(number);
        const auto* const begin = reinterpret_cast<const std::byte*>(&parts);
        const Bytes before(begin, begin + sizeof parts);
        std::span<const std::byte> bytes(frame);
        const bool taken = take(parts, peer_of(number), bytes);
        BOOST_TEST(bytes.size() == (taken ? 0 : frame.size()));
        if (!taken) BOOST_TEST((before == Bytes(begin, begin + sizeof parts)));
        return taken;
    }
    /// Writes a number into the frame, whose head is whole again then.
    template <class Integer>
    void put(std::size_t at, Integer integer) {
        store(frame.data() + at, integer);
        const std::size_t size = head_bytes(frame.data());
        if (size != 0) store(frame.data() + 12, head_checksum(frame.data(), size - frame_header_bytes));
    }
    template <class Integer>
    void add(std::size_t at, Integer integer) {
        put(at, static_cast<Integer>(load<Integer>(frame.data() + at) + integer));
    }

    Bytes frame;
};

struct Case {
    std::string title;
    std::function<void(Pair&)> make;
};

constexpr std::size_t append_head = PlainAppend::head_bytes;

}  // namespace

BOOST_AUTO_TEST_CASE(entries_and_their_ack_take_the_short_way) {
    Pair pair;
    BOOST_REQUIRE(head_bytes(pair.frame.data()) == append_head);
    const Index last = pair.at(2).last().index;
    BOOST_TEST(pair.takes(2));
    BOOST_TEST(pair.at(2).last().index == last + 2);
    Pair acked;
    acked.deliver();
    BOOST_REQUIRE(head_bytes(acked.frame.data()) == PlainAck::head_bytes);
    BOOST_TEST(acked.takes(1));
    BOOST_TEST(acked.at(1).acknowledged() == acked.at(1).last().index);
}

BOOST_AUTO_TEST_CASE(an_append_of_which_anything_is_unusual_changes_nothing_on_the_short_way) {
    const std::vector<Case> cases{
        {"nothing came", [](Pair& pair) { pair.frame.clear(); }},
        {"part of the head came", [](Pair& pair) { pair.frame.resize(append_head - 1); }},
        {"part of the entries came", [](Pair& pair) { pair.frame.pop_back(); }},
        {"no entries", [](Pair& pair) { pair.frame.resize(append_head), pair.put(4, 0u), pair.put(36, 0u); }},
        {"another version", [](Pair& pair) { pair.add(0, std::uint8_t{1}); }},
        {"another type", [](Pair& pair) { pair.put(2, value(FrameType::snapshot_piece)); }},
        {"a block", [](Pair& pair) { pair.put(3, append_flags::timed); }},
        {"another link", [](Pair& pair) { pair.add(8, 1u); }},
        {"no link", [](Pair& pair) { pair.put(8, 0u), pair.peer_of(2).link = LinkId{}; }},
        {"a damaged head", [](Pair& pair) { pair.frame[20] ^= std::byte{1}; }},
        {"longer than a frame may be", [](Pair& pair) { pair.frame.resize(4096), pair.put(4, 4096u - 40); }},
        {"a gap before it", [](Pair& pair) { pair.add(16, std::uint64_t{1}); }},
        {"it goes back", [](Pair& pair) { pair.add(16, ~std::uint64_t{0}); }},
        {"another chain before it", [](Pair& pair) { pair.add(32, 1u); }},
        {"fewer entries than said", [](Pair& pair) { pair.add(36, 1u); }},
        {"more entries than said", [](Pair& pair) { pair.put(36, 1u); }},
        {"a damaged entry", [](Pair& pair) { pair.frame.back() ^= std::byte{1}; }},
        {"an entry that is too long", [](Pair& pair) { store(pair.frame.data() + append_head, 0x00ffffffu); }},
        {"an entry that is no command",
         [](Pair& pair) {
             std::byte* const entry = pair.frame.data() + append_head;
             store(entry, load<std::uint32_t>(entry) | std::uint32_t{value(EntryType::seat)} << 24);
         }},
        {"another epoch", [](Pair& pair) { ++pair.parts_of(2).self.epoch.counter; }},
        {"nothing is verified on the link", [](Pair& pair) { pair.parts_of(2).follower.unlinked(); }},
        {"a state is being received", [](Pair& pair) { pair.parts_of(2).self.incoming.id = SnapshotId{7}; }},
        {"the beginning of a frame is looked for", [](Pair& pair) { pair.peer_of(2).inbound.hunt(); }},
        {"another frame has come in part",
         [](Pair& pair) {
             std::span<const std::byte> some = std::span(pair.frame).first(10);
             BOOST_REQUIRE((pair.peer_of(2).inbound.next(some).kind == FrameReader::Event::Kind::need_more));
         }},
        {"it comes to a leader", [](Pair& pair) { pair.parts_of(2).self.role = Role::leader; }},
        {"it comes from who fetches", [](Pair& pair) { pair.peer_of(2).fetches = true; }},
        {"the log is full",
         [](Pair& pair) {
             // As long as nothing of it is released, it cannot make room either.
             auto& log = support::log_of(pair.parts_of(2).self);
             log = {};
             log.reset(Index{100}, Chain{});
             for (auto room = log.reserve(8, 8); !room.empty(); room = log.reserve(8, 8)) {
                 log.append(8, 1, seal_entry(room.data(), EntryType::command, 0, 0, log.chain()));
             }
             pair.parts_of(2).follower.stand_at_state(pair.parts_of(2).self);
         }},
    };
    for (const Case& unusual : cases) {
        BOOST_TEST_CONTEXT(unusual.title) {
            Pair pair;
            unusual.make(pair);
            BOOST_TEST(!pair.takes(2));
            pair.network.queue.clear();
        }
    }
}

BOOST_AUTO_TEST_CASE(an_ack_of_which_anything_is_unusual_changes_nothing_on_the_short_way) {
    const std::vector<Case> cases{
        {"part of it came", [](Pair& pair) { pair.frame.pop_back(); }},
        {"another type", [](Pair& pair) { pair.put(2, value(FrameType::append)); }},
        {"a block", [](Pair& pair) { pair.put(3, ack_flags::echo); }},
        {"a tail", [](Pair& pair) { pair.frame.resize(pair.frame.size() + 8), pair.put(4, 8u); }},
        {"another link", [](Pair& pair) { pair.add(8, 1u); }},
        {"a damaged head", [](Pair& pair) { pair.frame[20] ^= std::byte{1}; }},
        {"more than it was sent", [](Pair& pair) { pair.add(16, std::uint64_t{1}); }},
        {"more on the disk than it was sent", [](Pair& pair) { pair.add(24, std::uint64_t{99}); }},
        {"the follower is stuck", [](Pair& pair) { pair.peer_of(1).progress.stuck = true; }},
        {"it catches up", [](Pair& pair) { pair.peer_of(1).progress.catch_up([](FollowerState) {}); }},
        {"it is asked where it stands", [](Pair& pair) { pair.peer_of(1).progress.probe([](FollowerState) {}); }},
        {"the leader hands over", [](Pair& pair) { pair.parts_of(1).self.successor = support::two; }},
        {"the leader drains", [](Pair& pair) { pair.parts_of(1).self.draining = true; }},
        {"it comes to a follower", [](Pair& pair) { pair.parts_of(1).self.role = Role::follower; }},
        {"it comes to a donor",
         [](Pair& pair) {
             pair.parts_of(1).self.role = Role::follower;
             pair.peer_of(1).fetches = true;
         }},
    };
    for (const Case& unusual : cases) {
        BOOST_TEST_CONTEXT(unusual.title) {
            Pair pair;
            pair.deliver();
            unusual.make(pair);
            BOOST_TEST(!pair.takes(1));
            pair.network.queue.clear();
        }
    }
}

namespace {

struct WithShortWay : support::Small {
    static constexpr bool has_short_way = true;
};
struct WithoutShortWay : support::Small {
    static constexpr bool has_short_way = false;
};

/// All that is said in a group that writes, loses frames, changes its leader and catches up; and what it counted.
template <class Limits>
std::string story() {
    using Node = support::Node<ack::Majority<>, support::Sum, log::Ring<4096>, Limits>;
    support::Cluster<Node> group(3);
    std::uint64_t frames = 0;
    std::string said;
    group.network.loses = [&](const support::Frame& frame) {
        said += std::to_string(value(frame.from)) + '>' + std::to_string(value(frame.to)) + ' ' +
                support::hex(frame.bytes) + '\n';
        return ++frames % 17 == 0;
    };
    std::size_t leader = 1;
    for (std::uint64_t i = 0; i < 120; ++i) {
        if (i == 60) support::promote(group, leader = 2);
        static_cast<void>(group.at(leader).write({i}));
        if (i % 3 == 0) group.network.run();
        if (i % 7 == 0) support::pass(group, 30);
    }
    support::pass(group, 2000);
    for (std::size_t node = 1; node <= 3; ++node) {
        const Counters counters = group.at(node).status().counters;
        said += std::to_string(counters.frames_received) + ' ' + std::to_string(counters.applied) + '\n';
    }
    group.network.loses = nullptr;
    BOOST_TEST(group.at(1).applied() == group.at(2).last().index);
    return said;
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_the_short_way_a_group_says_and_does_the_same) {
    BOOST_TEST((story<WithShortWay>() == story<WithoutShortWay>()));
}

BOOST_AUTO_TEST_SUITE_END()
