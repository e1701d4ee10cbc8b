// SPDX-License-Identifier: BSL-1.0
// Random fault schedules over every acknowledgement policy and both logs in memory. REPLICATOR_SCHEDULES sets how many,
// REPLICATOR_SEED runs a single one.

#include "simulation/world.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdlib>
#include <string>

namespace {

using namespace replicator;
using namespace replicator::tests;

using SmallRing = log::Ring<1024, 256>;
using SmallMemory = log::Memory<2048, 512, 256>;

std::uint64_t number_from(const char* name, std::uint64_t otherwise) {
    const char* const text = std::getenv(name);
    return text == nullptr ? otherwise : std::strtoull(text, nullptr, 0);
}

struct Totals {
    std::uint64_t seeds = 0;
    std::uint64_t events = 0;
    std::uint64_t acknowledged = 0;
};

template <class Log, class Ack>
void explore(const char* name, std::size_t nodes_min, std::size_t nodes_max) {
    constexpr std::uint64_t compositions = 10;
    const std::uint64_t single = number_from("REPLICATOR_SEED", 0);
    const std::uint64_t count = single != 0 ? 1 : number_from("REPLICATOR_SCHEDULES", 100'000) / compositions;
    Totals totals;
    for (std::uint64_t i = 0; i < count; ++i) {
        const std::uint64_t seed = single != 0 ? single : i + 1;
        World<Log, Ack> world(seed, nodes_min + seed % (nodes_max - nodes_min + 1));
        const std::string failure = world.run();
        totals.events += world.events();
        totals.acknowledged += world.acknowledged();
        if (!failure.empty()) {
            BOOST_ERROR(std::string(name) + ", REPLICATOR_SEED=" + std::to_string(seed) + ": " + failure);
            return;
        }
    }
    BOOST_TEST_MESSAGE(name << ": " << count << " schedules, " << totals.events << " events, " << totals.acknowledged
                            << " writes acknowledged");
    BOOST_TEST((single != 0 || totals.acknowledged > count));
}

}  // namespace

BOOST_AUTO_TEST_SUITE(schedules)

BOOST_AUTO_TEST_CASE(async_ring) { explore<SmallRing, ack::Async<>>("async, ring", 2, 4); }
BOOST_AUTO_TEST_CASE(sync_ring) { explore<SmallRing, ack::Sync<>>("sync, ring", 2, 4); }
BOOST_AUTO_TEST_CASE(semi_sync_ring) { explore<SmallRing, ack::SemiSync<>>("semi-sync, ring", 2, 5); }
BOOST_AUTO_TEST_CASE(quorum_ring) { explore<SmallRing, ack::Quorum<2>>("quorum of 2, ring", 2, 5); }
BOOST_AUTO_TEST_CASE(majority_ring) { explore<SmallRing, ack::Majority<>>("majority, ring", 2, 5); }
BOOST_AUTO_TEST_CASE(async_memory) { explore<SmallMemory, ack::Async<>>("async, memory", 2, 4); }
BOOST_AUTO_TEST_CASE(sync_applied) { explore<SmallMemory, ack::Sync<Stage::applied>>("sync applied, memory", 2, 4); }
BOOST_AUTO_TEST_CASE(semi_sync_memory) { explore<SmallMemory, ack::SemiSync<>>("semi-sync, memory", 2, 5); }
BOOST_AUTO_TEST_CASE(quorum_memory) { explore<SmallMemory, ack::Quorum<3>>("quorum of 3, memory", 3, 5); }
BOOST_AUTO_TEST_CASE(majority_applied) {
    explore<SmallMemory, ack::Majority<Stage::applied>>("majority applied, memory", 2, 5);
}

BOOST_AUTO_TEST_SUITE_END()
