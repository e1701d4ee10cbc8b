// SPDX-License-Identifier: BSL-1.0
// No write allocates once a node is warm: for every policy over both logs in memory, on leader and followers together.

#include "support/machines.hpp"
#include "unit/allocation/counter.hpp"

#include <replicator/log/memory.hpp>
#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(allocation_of_writes)

namespace {

struct Limits : Options {
    static constexpr std::size_t nodes_max = 3;
    static constexpr std::size_t frame_bytes_max = 16 * 1024;
    static constexpr std::size_t writes_pending_max = 256;
    static constexpr std::size_t snapshot_piece_bytes_max = 1024;
};

using Ring = log::Ring<32 * 1024>;
using Memory = log::Memory<32 * 1024, 8 * 1024>;

template <class Log, class Ack>
void writes_allocate_nothing() {
    using Node = Replicator<support::Sum, Log, Ack, transport::Memory, Limits>;
    transport::Memory network;
    const NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};
    const auto node = [&](std::uint32_t id) {
        const Config config{.node = NodeId{id}, .nodes = nodes, .run = Run{id}, .cluster = {}, .group = {}};
        return std::make_unique<Node>(network, config);
    };
    const auto leader = node(1);
    const auto first = node(2);
    const auto second = node(3);
    BOOST_REQUIRE(leader->bootstrap(HistoryId{1}));
    network.advance(milliseconds(5));

    std::uint64_t written = 0;
    Ticket last;
    const auto write = [&](std::uint64_t turns) {
        for (std::uint64_t turn = 0; turn < turns; ++turn) {
            for (int i = 0; i < 100; ++i) {
                const auto ticket = leader->write({++written});
                if (!ticket) return false;
                last = *ticket;
            }
            network.settle();
        }
        return true;
    };
    // Several times around the log.
    BOOST_REQUIRE(write(100));
    const std::size_t before = allocation::count();
    const bool accepted = write(50);
    const std::size_t after = allocation::count();
    BOOST_TEST(accepted);
    BOOST_TEST(after - before == 0u);
    // And it all was for real.
    BOOST_TEST((leader->outcome(last).state == WriteState::acknowledged));
    BOOST_TEST(leader->state().count == written);
    BOOST_TEST((leader->state() == first->state()));
    BOOST_TEST((leader->state() == second->state()));
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_counter_counts) {
    const std::size_t before = allocation::count();
    // Through a volatile pointer, or the compiler leaves it out.
    std::uint64_t* volatile number = new std::uint64_t(1);
    delete number;
    BOOST_TEST(allocation::count() - before == 1u);
}

BOOST_AUTO_TEST_CASE(ring_async) { writes_allocate_nothing<Ring, ack::Async<>>(); }
BOOST_AUTO_TEST_CASE(ring_semi_sync) { writes_allocate_nothing<Ring, ack::SemiSync<>>(); }
BOOST_AUTO_TEST_CASE(ring_sync) { writes_allocate_nothing<Ring, ack::Sync<>>(); }
BOOST_AUTO_TEST_CASE(ring_quorum) { writes_allocate_nothing<Ring, ack::Quorum<2>>(); }
BOOST_AUTO_TEST_CASE(ring_majority) { writes_allocate_nothing<Ring, ack::Majority<>>(); }
BOOST_AUTO_TEST_CASE(memory_async) { writes_allocate_nothing<Memory, ack::Async<>>(); }
BOOST_AUTO_TEST_CASE(memory_semi_sync) { writes_allocate_nothing<Memory, ack::SemiSync<>>(); }
BOOST_AUTO_TEST_CASE(memory_sync) { writes_allocate_nothing<Memory, ack::Sync<>>(); }
BOOST_AUTO_TEST_CASE(memory_quorum) { writes_allocate_nothing<Memory, ack::Quorum<2>>(); }
BOOST_AUTO_TEST_CASE(memory_majority) { writes_allocate_nothing<Memory, ack::Majority<>>(); }

BOOST_AUTO_TEST_CASE(a_ring_allocates_nothing_ever) {
    const std::size_t before = allocation::count();
    {
        static transport::Memory network;
        using Node = Replicator<support::Sum, Ring, ack::Sync<>, transport::Memory, Limits>;
        const NodeId nodes[] = {NodeId{1}, NodeId{2}};
        static Node leader{network, {.node = nodes[0], .nodes = nodes, .run = Run{1}, .cluster = {}, .group = {}}};
        static Node follower{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}, .cluster = {}, .group = {}}};
        static_cast<void>(leader.bootstrap(HistoryId{1}));
        network.settle();
        for (std::uint64_t i = 0; i < 100; ++i) static_cast<void>(leader.write({i}));
        network.settle();
        // A snapshot too: the follower was away for too long.
        network.cut(nodes[0], nodes[1]);
        for (std::uint64_t i = 0; i < 100; ++i) static_cast<void>(leader.write({i}));
        network.join(nodes[0], nodes[1]);
        network.settle();
    }
    BOOST_TEST(allocation::count() - before == 0u);
}

BOOST_AUTO_TEST_SUITE_END()
