// SPDX-License-Identifier: BSL-1.0
// Nodes over logs on disks: they are killed and lose power, one by one and all at once, and come back.

#include "support/disk_group.hpp"

#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(restarts)

using support::DiskGroup;
using support::DiskNode;
using support::leader_of;
using support::pass;

namespace {

using SemiSync = DiskGroup<DiskNode<ack::SemiSync<>>>;

struct SeldomKept : support::OnDisk {
    static constexpr std::size_t state_interval_bytes = std::size_t{1} << 20;
};
using RareStates =
    Replicator<support::Sum, support::SmallLog, ack::SemiSync<>, support::Network, SeldomKept, support::Events>;

void begin_a_file(DiskGroup<RareStates>& group) {
    group.write_many(1, 1);
    group.rot_the_end(2);
    group.start(2, log::OnDamage::repair);
    pass(group, 300);
}

template <class Group>
void expect_all_written(Group& group) {
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        BOOST_TEST((group.at(i).state() == support::sum_of(group.written)), "node " << i);
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_write_is_acknowledged_only_when_disks_have_it) {
    SemiSync group(2);
    group.network.flushes = false;
    const Ticket ticket = group.write(1, 5);
    group.network.run();  // the follower flushes what it receives by itself
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    group.network.flush();
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
    BOOST_TEST(to_string(group.at(1).outcome(ticket).acknowledgement.stage) == to_string(Stage::durable));
}

BOOST_AUTO_TEST_CASE(a_follower_that_flushes_on_another_thread_says_so_when_it_is_done) {
    SemiSync group(2);
    group.disks[1]->faults.sync_polls = 3;
    const Ticket ticket = group.write(1, 5);
    group.network.run();
    BOOST_TEST((group.at(1).status().peers()[0].received == ticket.position.index));
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    group.network.advance(milliseconds(10));  // much less than the interval of heartbeats
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
}

BOOST_AUTO_TEST_CASE(a_killed_follower_comes_back_with_what_it_had) {
    SemiSync group(3);
    group.write_many(1, 10);
    const Index had = group.at(3).last().index;
    group.kill(3);
    group.write_many(1, 5);
    group.start(3);
    BOOST_TEST(group.at(3).last().index == had);
    pass(group, 300);
    expect_all_written(group);
    BOOST_TEST(group.at(1).status().peers()[1].snapshots == 0u);
    BOOST_TEST(group.at(1).status().peers()[1].counts);
}

BOOST_AUTO_TEST_CASE(all_are_killed_and_the_last_leader_leads_again) {
    SemiSync group(3, true);
    group.write_many(1, 20);
    for (std::size_t i = 1; i <= 3; ++i) group.kill(i);
    for (std::size_t i = 3; i >= 1; --i) group.start(i);
    pass(group, 2000);
    BOOST_REQUIRE(leader_of(group) == 1u);
    expect_all_written(group);
    group.write_many(1, 3);
    pass(group, 100);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(another_node_is_promoted_when_the_last_leader_stays_away) {
    SemiSync group(3);
    group.write_many(1, 20);
    for (std::size_t i = 1; i <= 3; ++i) group.kill(i);
    for (std::size_t i = 2; i <= 3; ++i) group.start(i);
    pass(group, 1000);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    BOOST_REQUIRE(leader_of(group) == 2u);
    group.write_many(2, 3);
    group.start(1);
    pass(group, 1000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(the_last_leader_does_not_lead_again_where_another_one_led) {
    SemiSync group(3, true);
    group.write_many(1, 3);
    group.kill(1);
    pass(group, 1000);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    group.write_many(2, 3);
    group.kill(2);
    group.start(1);
    pass(group, 1500);
    BOOST_TEST((group.at(1).promotion().error == Error::stale_epoch));
    // Nor does it ask again: who led since is for people to replace.
    std::size_t questions = 0;
    group.network.loses = [&questions](const support::Frame& frame) {
        questions += frame.type() == core::FrameType::promise_request ? 1u : 0u;
        return false;
    };
    pass(group, 1500);
    BOOST_TEST(questions == 0u);
    BOOST_TEST(leader_of(group) == 0u);
    group.start(2);
    pass(group, 3000);
    BOOST_TEST(leader_of(group) == 2u);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(a_person_may_take_the_risk_while_the_last_leader_asks_to_lead_again) {
    SemiSync group(3, true);
    group.write_many(1, 3);
    for (std::size_t i = 1; i <= 3; ++i) group.kill(i);
    group.start(1);
    // It asks by itself, again and again, and nobody answers.
    for (std::size_t i = 0; i < 20; ++i) pass(group, 13);
    BOOST_TEST(leader_of(group) == 0u);
    BOOST_REQUIRE(group.at(1).promote({.may_lose = true, .last_leader = {}}));
    pass(group, 1000);
    BOOST_TEST((group.at(1).role() == Role::leader));
    BOOST_TEST(group.at(1).promotion().forced);
}

BOOST_AUTO_TEST_CASE(a_promise_outlives_the_process) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.kill(1);
    pass(group, 1000);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    const Epoch promised = group.at(3).status().promised;
    group.kill(3);
    group.start(3);
    BOOST_TEST((group.at(3).status().promised == promised));
}

BOOST_AUTO_TEST_CASE(a_restart_reads_the_state_and_the_log_behind_it) {
    SemiSync group(2, true);
    group.write_many(1, 1500);  // the log keeps less than that
    pass(group, 500);
    BOOST_TEST((group.at(2).status().state > Index{100}));
    BOOST_TEST((group.at(2).status().first > Index{1}));
    const Index state = *group.at(2).status().state;
    for (std::size_t i = 1; i <= 2; ++i) group.kill(i);
    group.start(2);
    BOOST_TEST((group.at(2).applied() == state));
    BOOST_TEST(group.at(2).state().count > 0u);
    group.start(1);
    pass(group, 2000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(a_new_disk_gets_a_state_and_keeps_it) {
    SemiSync group(3);
    group.write_many(1, 400);
    pass(group, 500);
    group.wipe(3);
    group.start(3);
    pass(group, 1000);
    expect_all_written(group);
    const Index state = *group.at(3).status().state;
    BOOST_TEST((state > Index{0}));
    group.kill(3);
    group.start(3);
    BOOST_TEST((group.at(3).applied() >= state));
    pass(group, 1000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(a_torn_tail_is_suspect_until_the_leader_has_filled_it) {
    std::size_t suspects = 0;
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SemiSync group(2);
        group.write_many(1, 5);
        // The power fails in the middle of a call that the follower makes to its disk.
        group.disks[1]->cut_power_at(group.disks[1]->calls() + seed % 3);
        for (std::uint64_t i = 0; i < 5; ++i) group.write(1, i);
        group.network.run();
        group.crash(2, seed);
        group.start(2);
        BOOST_TEST((group.at(2).last().index >= Index{6}));
        suspects += group.at(2).status().suspect_from != Index{} ? 1u : 0u;
        pass(group, 1000);
        BOOST_TEST((group.at(2).status().suspect_from == Index{}));
        expect_all_written(group);
        group.kill(2);
        group.start(2);
        BOOST_TEST((group.at(2).status().suspect_from == Index{}));
    }
    BOOST_TEST(suspects > 0u);
}

BOOST_AUTO_TEST_CASE(a_follower_stays_suspect_until_what_it_lacked_is_flushed) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.rot_the_end(2);
    group.start(2);
    const Index suspect_from = group.at(2).status().suspect_from;
    BOOST_REQUIRE((suspect_from > Index{}));
    group.stall_flushes(2);
    pass(group, 500);
    BOOST_TEST((group.at(2).last() == group.at(1).last()));
    BOOST_TEST((group.at(2).status().suspect_from == Index{}));
    group.crash(2, 1);
    group.start(2);
    BOOST_TEST((group.at(2).status().suspect_from > Index{}));
}

BOOST_AUTO_TEST_CASE(a_suspect_node_that_leads_stays_suspect_until_what_it_fetched_is_flushed) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.rot_the_end(1);
    group.kill(2);
    group.start(1);
    group.start(2);
    BOOST_REQUIRE((group.at(1).status().suspect_from > Index{}));
    group.stall_flushes(1);
    pass(group, 300);
    BOOST_REQUIRE(group.at(1).promote());
    pass(group, 500);
    BOOST_REQUIRE((group.at(1).role() == Role::leader));
    group.crash(1, 1);
    group.start(1);
    BOOST_TEST((group.at(1).status().suspect_from > Index{}));
}

BOOST_AUTO_TEST_CASE(damage_to_what_was_flushed_is_refused_or_repaired_by_the_leader) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.kill(2);
    auto& disk = *group.disks[1];
    const auto names = disk.names("log");
    const auto segment = std::find_if(names.begin(), names.end(),
                                      [](const std::string& name) { return name.rfind("segment-", 0) == 0; });
    BOOST_REQUIRE(segment != names.end());
    auto bytes = *disk.contents("log", *segment);
    bytes[support::SmallFiles::block_bytes + 60] ^= std::byte{1};  // in the first record
    disk.put("log", *segment, std::move(bytes));
    log::Verdict verdict;
    const auto refused =
        support::SmallLog::open(storage::Simulated(disk), "log",
                                {.cluster = {}, .group = {}, .node = NodeId{2}, .incarnation = {}, .history = {}},
                                log::OnDamage::refuse, &verdict);
    BOOST_TEST((refused.error() == Error::corrupt));
    BOOST_TEST((verdict.index == Index{1}));
    group.start(2, log::OnDamage::repair);
    BOOST_TEST((group.at(2).status().suspect_from == Index{1}));
    pass(group, 1000);
    BOOST_TEST((group.at(2).status().suspect_from == Index{}));
    expect_all_written(group);
}

// What a process read may stand in the memory of the system only; whatever it writes next, one good slot must be on the
// disk at every moment.
BOOST_AUTO_TEST_CASE(a_restart_does_not_trust_metadata_that_may_not_be_on_the_disk) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.kill(1);
    pass(group, 1000);
    const Epoch promised = group.at(3).status().promised;
    // The next promise is written, and its flush fails.
    group.disks[2]->fail_at(group.disks[2]->calls() + 2, StorageError::failed, true);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 500);
    BOOST_REQUIRE((group.at(3).status().fault == Error::log_failed));
    group.kill(3);
    const auto open = [](storage::SimulatedDisk& disk) {
        return support::SmallLog::open(
            storage::Simulated(disk), "log",
            {.cluster = {}, .group = {}, .node = NodeId{3}, .incarnation = {}, .history = {}});
    };
    std::size_t call = 0;
    for (bool cut = true; cut;) {
        storage::SimulatedDisk disk = *group.disks[2];
        disk.cut_power_at(disk.calls() + ++call);
        cut = !open(disk);
        for (std::uint64_t seed = 1; seed <= 20; ++seed) {
            storage::SimulatedDisk found = disk.after_crash(seed);
            const auto log = open(found);
            BOOST_REQUIRE_MESSAGE(log, "cut in call " << call << ", seed " << seed << ": " << log.error());
            BOOST_TEST((log->metadata().promised >= promised));
        }
    }
    BOOST_TEST(call > 10u);
}

BOOST_AUTO_TEST_CASE(a_group_loses_power_and_nothing_acknowledged) {
    for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        SemiSync group(3, true);
        group.write_many(1, 8);
        group.network.flushes = false;
        std::vector<Ticket> tickets;
        for (std::uint64_t i = 0; i < 6; ++i) {
            tickets.push_back(group.write(1, i));
            if (seed % 3 != 0) group.network.run();
            if (seed % 2 == 0 && i == 3) group.network.flush();
        }
        std::size_t acknowledged = 8;
        for (const Ticket& ticket : tickets) {
            acknowledged += group.at(1).outcome(ticket).state == WriteState::acknowledged ? 1u : 0u;
        }
        for (std::size_t i = 1; i <= 3; ++i) group.crash(i, seed * 7 + i);
        group.network.flushes = true;
        for (std::size_t i = 1; i <= 3; ++i) group.start(i);
        pass(group, 2500);
        BOOST_REQUIRE_MESSAGE(leader_of(group) == 1u, "seed " << seed);
        BOOST_TEST(group.at(1).state().count >= acknowledged);
        group.written.resize(static_cast<std::size_t>(group.at(1).state().count));
        expect_all_written(group);
    }
}

BOOST_AUTO_TEST_CASE(a_state_that_is_being_received_leaves_the_old_one_until_it_is_whole) {
    DiskGroup<DiskNode<ack::SemiSync<>>> group(3);
    group.write_many(1, 30);
    support::isolate(group, 3);
    const Index had = group.at(3).applied();
    group.write_many(1, 3000);
    support::join_all(group);
    group.network.loses = [&group](const support::Frame& frame) {
        return frame.to == NodeId{3} && group.at(3).status().installing;
    };
    pass(group, 200);
    BOOST_TEST(group.at(3).status().installing);
    group.kill(3);
    group.network.loses = nullptr;
    group.start(3);
    BOOST_TEST((group.at(3).last().index >= had));
    pass(group, 1000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(founding_that_a_crash_interrupted_can_be_done_again) {
    SemiSync group(2);
    group.wipe(1);
    group.wipe(2);
    group.start(1);
    group.start(2);
    group.network.flushes = false;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{78}));
    group.kill(1);  // its first entry was not flushed
    group.start(1);
    group.network.flushes = true;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{79}));
    pass(group, 500);
    group.written.clear();
    group.write_many(1, 3);
    expect_all_written(group);
}

// What was acknowledged is somewhere, though not here any more.
BOOST_AUTO_TEST_CASE(a_node_that_gave_up_all_its_entries_founds_nothing) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.kill(1);
    auto& disk = *group.disks[0];
    for (const std::string& name : disk.names("log")) {
        if (name.rfind("segment-", 0) != 0) continue;
        auto bytes = *disk.contents("log", name);
        bytes[support::SmallFiles::block_bytes + 60] ^= std::byte{1};
        disk.put("log", name, std::move(bytes));
    }
    group.start(1, log::OnDamage::repair);
    BOOST_TEST((group.at(1).last().index == Index{}));
    BOOST_TEST((group.at(1).bootstrap(HistoryId{78}).error() == Error::already_bootstrapped));
}

BOOST_AUTO_TEST_CASE(a_log_of_somebody_else_is_refused) {
    SemiSync group(2);
    group.write_many(1, 3);
    group.kill(2);
    support::Network network;
    support::Events events;
    const DiskNode<ack::SemiSync<>> node(network, {.node = NodeId{1}, .nodes = group.ids, .run = Run{9}}, group.open(2),
                                         events);
    BOOST_TEST((node.role() == Role::faulted));
    BOOST_TEST((node.status().fault == Error::wrong_node));
}

BOOST_AUTO_TEST_CASE(another_program_is_refused) {
    SemiSync group(2);
    group.write_many(1, 3);
    group.kill(2);
    support::Network network;
    support::Events events;
    const DiskNode<ack::SemiSync<>, support::Text> node(network, {.node = NodeId{2}, .nodes = group.ids, .run = Run{9}},
                                                        group.open(2), events);
    BOOST_TEST((node.status().fault == Error::wrong_schema));
}

BOOST_AUTO_TEST_CASE(a_flush_that_fails_stops_the_node) {
    SemiSync group(2);
    group.write_many(1, 3);
    group.disks[1]->fail_at(group.disks[1]->calls() + 1, StorageError::failed, true);
    group.write(1, 4);
    group.network.settle();
    BOOST_TEST((group.at(2).role() == Role::faulted));
    BOOST_TEST((group.at(2).status().fault == Error::log_failed));
    BOOST_TEST((group.at(1).role() == Role::leader));
}

BOOST_AUTO_TEST_CASE(a_full_disk_refuses_writes_and_recovers) {
    SemiSync group(2);
    group.write_many(1, 3);
    group.disks[0]->faults.bytes_max = group.disks[0]->bytes();
    Error error = Error::none;
    for (std::uint64_t i = 0; i < 2000 && error == Error::none; ++i) {
        const auto ticket = group.at(1).write({i});
        error = ticket.error();
        if (ticket) group.written.push_back(i);
        group.network.settle();
    }
    BOOST_TEST((error == Error::log_full));
    BOOST_TEST((group.at(1).role() == Role::leader));
    group.disks[0]->faults = {};
    pass(group, 100);
    group.write(1, 9);
    pass(group, 100);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(at_stage_received_only_an_orderly_stop_keeps_the_incarnation) {
    DiskGroup<DiskNode<ack::SemiSync<Stage::received>>> group(3);
    group.write_many(1, 3);
    const auto& self = [&group](std::size_t node) -> auto& { return testing::Inspect::inside(group.at(node)).self(); };
    const Incarnation first = self(2).incarnation;
    BOOST_REQUIRE(group.at(2).close());
    BOOST_TEST((group.at(2).status().fault == Error::stopped));
    group.kill(2);
    group.start(2);
    BOOST_TEST((self(2).incarnation == first));
    group.kill(2);
    group.start(2);
    BOOST_TEST((self(2).incarnation != first));
    pass(group, 1000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_CASE(a_follower_with_more_epochs_than_it_remembers_finds_what_is_common) {
    DiskGroup<DiskNode<ack::Sync<>>> group(2);
    group.write_many(1, 300);
    pass(group, 500);
    BOOST_REQUIRE((group.at(1).status().state > Index{0}));
    support::isolate(group, 1);
    for (std::size_t i = 0; i < 12; ++i) {
        group.kill(1);
        group.start(1);
        pass(group, 20);
        BOOST_REQUIRE(group.at(1).promote());
        pass(group, 20);
        BOOST_REQUIRE((group.at(1).role() == Role::leader));
    }
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 300);
    for (std::size_t i = 1; i <= 2; ++i) {
        group.kill(i);
        group.start(i);
    }
    support::join_all(group);
    pass(group, 300);  // the other hears how far the epochs have come
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    BOOST_TEST(leader_of(group) == 2u);
    group.write_many(2, 3);
    pass(group, 500);
    expect_all_written(group);
    BOOST_TEST((group.at(1).last() == group.at(2).last()));
}

BOOST_AUTO_TEST_CASE(a_follower_that_cuts_all_epochs_it_remembers_knows_those_before) {
    DiskGroup<DiskNode<ack::Sync<>>> group(3);
    group.write_many(1, 300);
    pass(group, 500);
    support::isolate(group, 3);  // so that nothing more is committed
    group.kill(1);
    group.start(1);
    pass(group, 300);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 300);
    BOOST_REQUIRE(leader_of(group) == 0u);
    BOOST_REQUIRE((group.at(2).role() == Role::leader));
    group.write(2, 1);
    pass(group, 100);
    support::isolate(group, 1);
    for (std::size_t i = 0; i < 20; ++i) group.write(2, 2 + i);
    pass(group, 100);
    for (std::size_t i = 0; i < 12; ++i) {
        group.kill(1);
        group.start(1);
        pass(group, 20);
        BOOST_REQUIRE(group.at(1).promote());
        pass(group, 20);
    }
    for (std::size_t i = 1; i <= 2; ++i) {
        group.kill(i);
        group.start(i);
    }
    support::join_all(group);
    pass(group, 300);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1000);
    BOOST_TEST(leader_of(group) == 2u);
    BOOST_TEST((group.at(1).last() == group.at(2).last()));
    expect_all_written(group);
}

// Every end that rotted begins a file, and files go only when a state includes them.
BOOST_AUTO_TEST_CASE(many_small_files_are_a_reason_to_write_a_state) {
    DiskGroup<RareStates> group(2);
    for (std::size_t round = 0; round < support::SmallFiles::segments_max + 10; ++round) begin_a_file(group);
    expect_all_written(group);
}

// The files stay until something is appended, and a state of the same is no help.
BOOST_AUTO_TEST_CASE(one_state_is_enough_while_nothing_is_applied) {
    DiskGroup<RareStates> group(2);
    while (group.at(2).log().snapshot_index() == Index{}) begin_a_file(group);
    BOOST_TEST(group.at(2).log().is_crowded());
    const std::uint64_t calls = group.disks[1]->calls();
    pass(group, 1000);
    BOOST_TEST(group.disks[1]->calls() < calls + 100);
}

BOOST_AUTO_TEST_CASE(what_was_not_flushed_diverges_and_is_cut) {
    SemiSync group(3);
    group.write_many(1, 5);
    support::isolate(group, 1);
    pass(group, 1000);
    for (std::uint64_t i = 0; i < 3; ++i) static_cast<void>(group.at(1).write({i}));
    pass(group, 100);
    group.kill(1);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1500);
    group.write_many(2, 3);
    group.start(1);
    support::join_all(group);
    pass(group, 1500);
    expect_all_written(group);
    BOOST_TEST(group.events_of(1).count("discarded") == 3u);
    group.kill(1);
    group.start(1);
    pass(group, 1000);
    expect_all_written(group);
}

BOOST_AUTO_TEST_SUITE_END()
