// SPDX-License-Identifier: BSL-1.0
// Disks that stand still while their nodes answer: full, or in a flush that does not end.

#include "support/disk_group.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(stuck_disks)

using support::DiskGroup;
using support::DiskNode;
using support::pass;

namespace {

constexpr AskedStage as_log{};
using SemiSync = DiskGroup<DiskNode<ack::SemiSync<>>>;
using Received = DiskGroup<DiskNode<ack::SemiSync<Stage::received>>>;
using Applied = DiskGroup<DiskNode<ack::SemiSync<Stage::applied>>>;
using Fails = DiskGroup<DiskNode<ack::Majority<as_log, WhenMissing::fail>>>;

template <class Group>
PeerStatus peer(Group& group, std::size_t number) {
    for (const PeerStatus& each : group.at(1).status().peers()) {
        if (each.node == Group::id(number)) return each;
    }
    BOOST_FAIL("no such peer");
    return {};
}

/// How many milliseconds pass before a write is acknowledged; `most` when it is not by then.
template <class Group>
std::uint64_t acknowledged_after(Group& group, std::uint64_t most) {
    const Ticket ticket = group.write(1, 7);
    for (std::uint64_t passed = 0; passed < most; passed += 10) {
        if (group.at(1).outcome(ticket).state == WriteState::acknowledged) return passed;
        pass(group, 10);
    }
    return most;
}

template <class Group>
void expect_all_equal_in_the_end(Group& group) {
    for (auto& disk : group.disks) disk->faults = {};
    pass(group, 1500);
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        BOOST_TEST((group.at(i).state() == support::sum_of(group.written)));
        if (i > 1) BOOST_TEST(!peer(group, i).stuck);
    }
}

template <class Group>
void the_disk_of_the_seat_hangs() {
    Group group(3);
    group.write_many(1, 3);
    BOOST_REQUIRE(peer(group, 2).seat);
    group.disks[1]->faults.syncs_hang = true;
    const std::uint64_t waited = acknowledged_after(group, 2000);
    BOOST_TEST(waited >= 500u);
    BOOST_TEST(waited <= 530u);
    BOOST_TEST(peer(group, 3).seat);
    BOOST_TEST(peer(group, 2).stuck);
    BOOST_TEST(peer(group, 2).connected);
    BOOST_TEST((peer(group, 2).state == FollowerState::streaming));
    BOOST_TEST(group.at(1).status().satisfiable);
    for (int i = 0; i < 20; ++i) BOOST_TEST(acknowledged_after(group, 1000) <= 20u);
    BOOST_TEST(group.at(2).last().index == group.at(1).last().index);  // it is served
    expect_all_equal_in_the_end(group);
    BOOST_TEST(peer(group, 3).seat);
    BOOST_TEST(group.events_of(1).count("follower 2 down") == 0u);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_seat_moves_when_its_disk_hangs_in_a_flush) { the_disk_of_the_seat_hangs<SemiSync>(); }
BOOST_AUTO_TEST_CASE(the_same_at_stage_applied) { the_disk_of_the_seat_hangs<Applied>(); }

BOOST_AUTO_TEST_CASE(the_seat_moves_when_its_disk_is_full) {
    SemiSync group(3);
    group.write_many(1, 3);
    BOOST_REQUIRE(peer(group, 2).seat);
    group.disks[1]->faults.bytes_max = 0;
    std::uint64_t longest = 0;
    for (int i = 0; i < 400; ++i) {
        const std::uint64_t waited = acknowledged_after(group, 1000);
        BOOST_REQUIRE(waited < 1000);
        longest = waited < longest ? longest : waited;
    }
    BOOST_TEST(longest >= 500u);  // what was full is what had the seat
    BOOST_TEST(longest <= 530u);
    BOOST_TEST(peer(group, 3).seat);
    BOOST_TEST(group.at(1).status().satisfiable);
    expect_all_equal_in_the_end(group);
}

// What the leader's own disk does not hold is not acknowledged; no follower is to blame.
BOOST_AUTO_TEST_CASE(the_seat_stays_when_the_disk_of_the_leader_hangs) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.disks[0]->faults.syncs_hang = true;
    BOOST_TEST(acknowledged_after(group, 3000) == 3000u);
    BOOST_TEST(peer(group, 2).seat);
    BOOST_TEST(!peer(group, 2).stuck);
    BOOST_TEST(!peer(group, 3).stuck);
    group.disks[0]->faults.syncs_hang = false;
    pass(group, 100);
    BOOST_TEST(group.at(1).acknowledged() == group.at(1).last().index);
    expect_all_equal_in_the_end(group);
}

BOOST_AUTO_TEST_CASE(the_seat_stays_when_all_disks_hang) {
    SemiSync group(3);
    group.write_many(1, 3);
    for (auto& disk : group.disks) disk->faults.syncs_hang = true;
    BOOST_TEST(acknowledged_after(group, 3000) == 3000u);
    BOOST_TEST(peer(group, 2).seat);
    BOOST_TEST(!group.at(1).status().satisfiable);
    expect_all_equal_in_the_end(group);
    BOOST_TEST(peer(group, 2).seat);
}

// Nobody waits for that disk.
BOOST_AUTO_TEST_CASE(at_stage_received_a_flush_that_hangs_moves_nothing) {
    Received group(3);
    group.write_many(1, 3);
    BOOST_REQUIRE(peer(group, 2).seat);
    group.disks[1]->faults.syncs_hang = true;
    for (int i = 0; i < 20; ++i) {
        BOOST_TEST(acknowledged_after(group, 1000) <= 20u);
        pass(group, 100);
    }
    BOOST_TEST(peer(group, 2).seat);
    BOOST_TEST(!peer(group, 2).stuck);
    expect_all_equal_in_the_end(group);
}

BOOST_AUTO_TEST_CASE(a_majority_of_hanging_disks_is_missing) {
    Fails group(3);
    group.write_many(1, 3);
    group.disks[1]->faults.syncs_hang = true;
    BOOST_TEST(acknowledged_after(group, 1000) <= 20u);
    pass(group, 600);
    BOOST_TEST(peer(group, 2).stuck);
    BOOST_TEST(group.at(1).status().satisfiable);
    group.disks[2]->faults.syncs_hang = true;
    const Ticket ticket = group.write(1, 8);
    pass(group, 400);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    pass(group, 200);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::unknown));
    BOOST_TEST(!group.at(1).status().satisfiable);
    BOOST_TEST(group.at(1).write({9}).error() == Error::not_enough_followers);
    expect_all_equal_in_the_end(group);
    BOOST_TEST(group.at(1).status().satisfiable);
}

BOOST_AUTO_TEST_SUITE_END()
