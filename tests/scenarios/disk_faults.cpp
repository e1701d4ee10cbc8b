// SPDX-License-Identifier: BSL-1.0
// Orders of events over logs on disks that are easy to get wrong: each of these once went wrong.

#include "support/disk_group.hpp"

#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(disk_faults)

using support::DiskGroup;
using support::DiskNode;
using support::leader_of;
using support::pass;

namespace {

using SemiSync = DiskGroup<DiskNode<ack::SemiSync<>>>;

/// Three nodes; the write is acknowledged by nodes 1 and 2, node 3 was cut off, and node 2 has lost it since. No node
/// runs but 2 and 3.
[[nodiscard]] std::size_t acknowledged_and_lost_on_2(SemiSync& group, bool disk_is_full = false) {
    group.write_many(1, 3);
    support::isolate(group, 3);
    group.write_many(1, 1);
    BOOST_REQUIRE(group.at(1).acknowledged() == group.at(1).last().index);
    const auto last = group.at(1).last().index;
    group.rot_the_end(2);
    group.kill(1);
    if (disk_is_full) group.disks[1]->faults.bytes_max = 0;
    group.start(2);
    BOOST_REQUIRE(group.at(2).last().index < last);
    BOOST_REQUIRE(group.at(2).status().suspect_from != Index{});
    support::join_all(group);
    return group.written.size();
}

/// Nodes 2 and 3 must not lead as if nothing were missing.
void expect_not_lost(SemiSync& group, std::size_t acknowledged) {
    pass(group, 100);
    BOOST_REQUIRE(group.at(3).promote());
    pass(group, 2500);
    const std::size_t leader = leader_of(group);
    BOOST_TEST((leader == 0 || group.at(leader).state().count >= acknowledged));
}

}  // namespace

// A suspect node that all were heard for leads, and is whole in memory; its disk is not yet.
BOOST_AUTO_TEST_CASE(suspicion_lasts_until_what_was_fetched_is_on_the_disk) {
    for (std::uint64_t seed = 1; seed <= 20; ++seed) {
        SemiSync group(3);
        const std::size_t acknowledged = acknowledged_and_lost_on_2(group);
        group.start(1);
        support::join_all(group);
        pass(group, 100);
        group.stall_flushes(2);
        group.network.loses = [](const support::Frame& frame) {
            return frame.to == NodeId{3} && frame.type() == core::FrameType::append;
        };
        BOOST_REQUIRE(group.at(2).promote());
        pass(group, 100);
        BOOST_REQUIRE(group.at(2).role() == Role::leader);
        group.kill(1);
        group.network.loses = nullptr;
        group.crash(2, seed);
        group.disks[1]->faults = {};
        group.start(2);
        expect_not_lost(group, acknowledged);
    }
}

// A promotion by force that does not come to pass vouches for nothing.
BOOST_AUTO_TEST_CASE(suspicion_outlives_a_promotion_for_which_there_is_no_room) {
    SemiSync group(3);
    const std::size_t acknowledged = acknowledged_and_lost_on_2(group, true);
    pass(group, 100);
    BOOST_REQUIRE(group.at(2).promote({.may_lose = true, .last_leader = {}, .unless_led = false}));
    pass(group, 3000);
    BOOST_REQUIRE((group.at(2).promotion().step == PromotionStep::refused));
    BOOST_TEST(to_string(group.at(2).promotion().error) == to_string(Error::log_full));
    BOOST_TEST((group.at(2).status().suspect_from != Index{}));
    group.disks[1]->faults = {};
    expect_not_lost(group, acknowledged);
}

// The keeper of states writes one, and before time passes another one is begun to be received, and given up.
BOOST_AUTO_TEST_CASE(a_received_state_that_was_given_up_took_the_file_of_the_kept_one) {
    SemiSync group(3);
    group.write_many(1, 10);
    group.disks[2]->faults.sync_polls = 100'000;
    for (int i = 0; i < 150; ++i) group.write_many(1, 1);
    pass(group, 200);  // node 3 has a state to keep, and waits for its log to come as far
    BOOST_TEST((group.at(3).status().state < group.at(3).applied()));
    support::isolate(group, 3);
    for (int i = 0; i < 3000; ++i) group.write_many(1, 1);
    pass(group, 500);
    BOOST_REQUIRE(group.at(1).status().first > group.at(3).last().index + 1);
    bool all = false;
    group.network.loses = [&all](const support::Frame& frame) {
        if (frame.to != NodeId{3}) return false;
        return frame.type() == core::FrameType::snapshot_piece ||
               (all && frame.type() == core::FrameType::snapshot_begin);
    };
    support::join_all(group);
    group.network.run();
    BOOST_REQUIRE(group.at(3).status().installing);
    all = true;
    BOOST_REQUIRE(group.at(2).promote());
    group.network.run();
    BOOST_REQUIRE(group.at(2).role() == Role::leader);
    BOOST_REQUIRE(!group.at(3).status().installing);
    group.disks[2]->faults = {};
    while (group.at(3).log().flushing()) group.at(3).flush();
    group.network.tick(milliseconds(10));
    group.network.loses = nullptr;
    pass(group, 2000);
    BOOST_TEST((group.at(3).state() == group.at(2).state()));
}

// Every entry of a full log was acknowledged, but after a restart nobody knows before somebody leads.
BOOST_AUTO_TEST_CASE(a_full_log_has_room_for_the_entry_that_opens_an_epoch) {
    SemiSync group(3, true);
    Error error = Error::none;
    for (std::uint64_t i = 0; i < 5000 && error == Error::none; ++i) {
        const auto ticket = group.at(1).write({i});  // no time passes, so no state is kept
        error = ticket.error();
        if (ticket) group.written.push_back(i);
        group.network.run();
    }
    BOOST_REQUIRE(error == Error::log_full);
    BOOST_REQUIRE(group.at(1).acknowledged() == group.at(1).last().index);
    for (std::size_t i = 1; i <= 3; ++i) group.kill(i);
    for (std::size_t i = 1; i <= 3; ++i) group.start(i);
    pass(group, 5000);
    BOOST_TEST(to_string(group.at(1).promotion().error) == to_string(Error::none));
    BOOST_REQUIRE(leader_of(group) == 1u);
    BOOST_TEST((group.at(1).state() == support::sum_of(group.written)));
    group.write_many(1, 10);
    pass(group, 500);
    for (std::size_t i = 1; i <= 3; ++i) BOOST_TEST((group.at(i).state() == support::sum_of(group.written)));
}

// With another policy a promotion would hear fewer nodes than the writes of before need.
BOOST_AUTO_TEST_CASE(another_policy_or_membership_over_the_same_log_is_refused) {
    SemiSync group(3);
    group.write_many(1, 3);
    support::isolate(group, 3);
    group.write_many(1, 1);
    for (std::size_t i = 1; i <= 3; ++i) group.kill(i);
    support::Events events;
    {
        support::Network network;
        DiskNode<ack::Sync<>> node(network, {.node = NodeId{3}, .nodes = group.ids, .run = Run{9}}, group.open(3),
                                   events);
        BOOST_TEST(to_string(node.status().fault) == to_string(Error::wrong_policy));
        static_cast<void>(node.promote());  // hears one of three, itself
        network.advance(milliseconds(2000));
        BOOST_TEST((node.role() != Role::leader));
    }
    {
        support::Network network;
        const NodeId others[] = {NodeId{3}, NodeId{4}};
        DiskNode<ack::SemiSync<>> node(network, {.node = NodeId{3}, .nodes = others, .run = Run{10}}, group.open(3),
                                       events);
        BOOST_TEST(to_string(node.status().fault) == to_string(Error::wrong_membership));
        static_cast<void>(node.promote());
        network.advance(milliseconds(2000));
        BOOST_TEST((node.role() != Role::leader));
    }
}

// Incarnation 0 means unknown, and is what a node that never counted has in the log: it would count at once.
BOOST_AUTO_TEST_CASE(a_log_without_an_incarnation_is_refused) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.wipe(3);
    support::Network network;
    support::Events events;
    const DiskNode<ack::SemiSync<>> node(network, {.node = NodeId{3}, .nodes = group.ids, .run = Run{9}}, group.open(3),
                                         events);
    BOOST_TEST((node.status().fault == Error::wrong_node));
}

namespace {

/// Understands no command while `deaf`.
struct Picky {
    struct Command {
        std::uint64_t add;
    };
    struct Codec {
        static constexpr SchemaId schema{4711};
        [[maybe_unused]] static constexpr std::size_t command_bytes_max = 8;
        [[nodiscard]] static std::size_t size(const Command&) noexcept { return 8; }
        static void encode(const Command& command, std::span<std::byte> to) noexcept {
            std::memcpy(to.data(), &command.add, 8);
        }
        template <class Call>
        [[nodiscard]] static bool decode(std::span<const std::byte> from, Call&& call) noexcept {
            if (deaf) return false;
            Command command{};
            std::memcpy(&command.add, from.data(), 8);
            call(static_cast<const Command&>(command));
            return true;
        }
    };
    static inline bool deaf = false;
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

}  // namespace

// What a candidate fetches may be committed, and its state machine may refuse it.
BOOST_AUTO_TEST_CASE(a_candidate_that_faults_does_not_lead) {
    support::Cluster<support::Node<ack::SemiSync<>, Picky>> group(3);
    BOOST_REQUIRE(group.at(1).write({1}));
    group.network.settle();
    support::isolate(group, 3);
    BOOST_REQUIRE(group.at(1).write({2}));
    pass(group, 300);
    BOOST_REQUIRE(group.at(2).applied() == group.at(2).last().index);
    group.stop(1);
    support::join_all(group);
    pass(group, 1000);
    Picky::deaf = true;
    BOOST_REQUIRE(group.at(3).promote());
    group.network.run();
    BOOST_TEST(to_string(group.at(3).status().fault) == to_string(Error::undecodable));
    BOOST_TEST(to_string(group.at(3).role()) == to_string(Role::faulted));
    BOOST_TEST(group.events_of(3).count("role leader") == 0u);
    Picky::deaf = false;
}

// The founder loses power after others have heard of the history, and before it has that on its disk.
BOOST_AUTO_TEST_CASE(founding_is_heard_of_only_when_it_lasts) {
    SemiSync group(2);
    group.wipe(1);
    group.wipe(2);
    group.start(1);
    group.start(2);
    group.network.flushes = false;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{78}));
    group.network.run();
    group.kill(1);
    group.start(1);
    group.network.flushes = true;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{79}));
    pass(group, 500);
    group.written.clear();
    group.write_many(1, 3);
    pass(group, 100);
    for (std::size_t i = 1; i <= 2; ++i) BOOST_TEST((group.at(i).state() == support::sum_of(group.written)));
}

// The others need not wait until the founder would say hello again.
BOOST_AUTO_TEST_CASE(founding_is_heard_of_as_soon_as_it_lasts) {
    SemiSync group(2);
    group.wipe(1);
    group.wipe(2);
    group.start(1);
    group.start(2);
    group.network.flushes = false;
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{78}));
    group.network.run();
    BOOST_TEST((group.at(2).leader() == NodeId{}));
    group.network.flush();
    group.network.run();
    BOOST_TEST((group.at(2).leader() == NodeId{1}));
}

BOOST_AUTO_TEST_CASE(a_disk_that_fails_while_a_history_begins_stops_the_node_at_once) {
    SemiSync group(2);
    group.wipe(1);
    group.start(1);
    group.disks[0]->faults.write_errors = 1'000'000;
    BOOST_TEST((group.at(1).bootstrap(HistoryId{78}).error() == Error::log_failed));
    BOOST_TEST((group.at(1).role() == Role::faulted));
    BOOST_TEST((group.at(1).status().fault == Error::log_failed));
}

// A promise that cannot be kept is none, so nobody leads in its place.
BOOST_AUTO_TEST_CASE(a_leader_whose_disk_takes_no_promise_leads_on) {
    SemiSync group(3);
    std::optional<core::Hello> hello;
    group.network.loses = [&hello](const support::Frame& frame) {
        const bool wanted = frame.type() == core::FrameType::hello && frame.from == NodeId{3} && frame.to == NodeId{1};
        if (wanted) hello = core::read_hello(frame.bytes.data());
        return false;
    };
    group.network.cut(NodeId{1}, NodeId{3});
    group.network.join(NodeId{1}, NodeId{3});
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(hello);
    hello->promised = {9, NodeId{3}, 1};
    for (const bool takes : {false, true}) {
        group.disks[0]->faults.no_memory = !takes;
        BOOST_TEST(bool(group.at(1).receive(NodeId{3}, support::hello_frame(*hello))));
        BOOST_TEST((group.at(1).role() == (takes ? Role::follower : Role::leader)));
        BOOST_TEST(group.at(1).status().promised.counter == (takes ? 9u : 1u));
    }
}

// What they answer is written down only where it tells of a promise that is news.
BOOST_AUTO_TEST_CASE(a_candidate_hears_answers_also_while_its_disk_takes_nothing) {
    SemiSync group(3);
    group.write_many(1, 3);
    group.disks[1]->faults.no_memory = true;
    BOOST_REQUIRE(group.at(2).promote());
    group.network.run();
    BOOST_TEST((group.at(2).promotion().step == PromotionStep::refused));
    BOOST_TEST((group.at(2).promotion().error == Error::log_full));
    BOOST_TEST((group.at(2).status().fault == Error::none));
}

namespace {

struct Narrow : support::OnDisk {
    static constexpr std::size_t command_bytes_max = 16;
};
template <class Limits>
using TextNode =
    Replicator<support::Text, support::SmallLog, ack::SemiSync<>, support::Network, Limits, support::Events>;

}  // namespace

// Followers with the new limits would call the old commands corrupt, and never get beyond them.
BOOST_AUTO_TEST_CASE(a_log_with_larger_commands_than_the_limits_allow_is_refused) {
    DiskGroup<TextNode<support::OnDisk>> group(2);
    const std::vector<std::byte> long_command(190, std::byte{7});
    support::isolate(group, 2);
    BOOST_REQUIRE(group.at(1).write(long_command));
    group.network.settle();
    group.kill(1);
    group.kill(2);
    support::Network network;
    support::Events events;
    std::vector<std::unique_ptr<TextNode<Narrow>>> nodes;
    for (std::size_t i = 1; i <= 2; ++i) {
        const Config config{.node = group.ids[i - 1], .nodes = group.ids, .run = Run{90 + i}};
        nodes.push_back(std::make_unique<TextNode<Narrow>>(network, config, group.open(i), events));
    }
    BOOST_TEST(to_string(nodes[0]->status().fault) == to_string(Error::wrong_limits));
    static_cast<void>(nodes[0]->promote());
    network.advance(milliseconds(2000), milliseconds(10));
    for (const std::string& error : network.errors) BOOST_TEST(error != to_string(Error::corrupt));
}

// The state on the disk includes all of a log that is full. Nothing is left to apply, so nothing else would release it.
BOOST_AUTO_TEST_CASE(a_full_log_that_is_in_the_state_has_room_after_a_restart) {
    SemiSync group(3);
    for (std::uint64_t i = 0; i < 5000; ++i) {
        const auto ticket = group.at(1).write({i});  // no time passes, so no state is kept
        if (!ticket) break;
        group.written.push_back(i);
        group.network.run();
    }
    group.kill(3);
    group.start(3);
    group.network.run();  // it is told at once how much is committed
    pass(group, 100);
    BOOST_REQUIRE(group.at(3).log().snapshot_index() == group.at(3).last().index);
    group.kill(3);
    group.write_many(1, 10);
    group.start(3);
    pass(group, 1000);
    BOOST_TEST((group.at(3).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_SUITE_END()
