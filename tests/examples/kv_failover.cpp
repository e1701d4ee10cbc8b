// SPDX-License-Identifier: BSL-1.0
// REPLICAOF NO ONE, FAILOVER, POSITION and AFTER over a node that says what the test wants.

#include "kv/commands/position.hpp"
#include "kv_fake_node.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <string>
#include <string_view>
#include <thread>

namespace {

using kv::testing::Error;
using kv::testing::Index;
using kv::testing::NodeId;
using kv::testing::Role;
using replicator::Position;
using replicator::PromotionStep;

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kv_failover, kv::testing::Fixture)

BOOST_AUTO_TEST_CASE(a_promotion_is_answered_when_the_node_leads_and_is_confirmed) {
    node.now.role = Role::follower;
    BOOST_TEST(run({"REPLICAOF", "no", "one"}) == "waits");
    BOOST_TEST(!node.forced);
    for (const PromotionStep step : {PromotionStep::asking, PromotionStep::promising, PromotionStep::fetching}) {
        node.candidacy.step = step;
        BOOST_TEST(answer() == "");
    }
    node.candidacy.step = PromotionStep::leading;
    node.now.role = Role::leader;
    BOOST_TEST(answer() == "");
    node.is_confirmed = true;
    BOOST_TEST(answer() == "+OK\r\n");
}

BOOST_AUTO_TEST_CASE(a_refused_promotion_names_who_is_missing) {
    node.now.role = Role::follower;
    BOOST_TEST(run({"REPLICAOF", "NO", "ONE"}) == "waits");
    node.candidacy.step = PromotionStep::refused;
    node.candidacy.error = Error::nodes_missing;
    node.candidacy.heard = 1;
    node.candidacy.needed = 2;
    node.candidacy.missing_slots = {NodeId{1}, NodeId{3}};
    node.candidacy.missing_count = 2;
    BOOST_TEST(answer() == "-NODESMISSING heard 1 of 2, missing 1 3\r\n");
    node.candidacy.error = Error::stale_epoch;
    BOOST_TEST(answer().starts_with("-STALEEPOCH "));
    node.candidacy.error = Error::log_full;
    BOOST_TEST(answer() == "-ERR the promotion was refused: the log is full\r\n");
}

BOOST_AUTO_TEST_CASE(a_leader_that_nobody_confirms_says_so_and_goes_on) {
    BOOST_TEST(run({"REPLICAOF", "NO", "ONE", "FORCE"}) == "waits");
    BOOST_TEST(node.forced);
    node.candidacy.step = PromotionStep::leading;
    node.now.peer_slots[0].counts = true;
    BOOST_TEST(answer() == "");
    std::this_thread::sleep_for(std::chrono::milliseconds(510));
    BOOST_TEST(has(answer(), "-UNCONFIRMED leads in epoch 1, "));
    BOOST_TEST(has(answer(), "missing 3\r\n"));
    node.now.role = Role::follower;
    BOOST_TEST(answer().starts_with("-STALEEPOCH "));
}

BOOST_AUTO_TEST_CASE(what_is_no_promotion_is_refused_at_once) {
    BOOST_TEST(run({"REPLICAOF", "127.0.0.1", "7000"}).starts_with("-ERR REPLICAOF has only NO ONE"));
    BOOST_TEST(run({"REPLICAOF", "NO", "ONE", "PLEASE"}).starts_with("-ERR REPLICAOF has only NO ONE"));
    node.refuses = Error::not_bootstrapped;
    BOOST_TEST(run({"REPLICAOF", "NO", "ONE"}) == "-ERR the promotion was refused: the node holds no history\r\n");
}

BOOST_AUTO_TEST_CASE(a_hand_over_is_answered_when_the_other_leads) {
    BOOST_TEST(run({"FAILOVER", "TO", "2"}) == "waits");
    BOOST_TEST((node.handed_to == NodeId{2}));
    BOOST_TEST(answer() == "");
    node.now.role = Role::follower;
    node.now.leader = NodeId{};
    BOOST_TEST(answer() == "");
    node.now.leader = NodeId{2};
    BOOST_TEST(answer() == "+OK\r\n");
    node.now.role = Role::leader;
    BOOST_TEST(answer(true) == "-ERR node 2 did not take over\r\n");
}

BOOST_AUTO_TEST_CASE(without_a_name_it_goes_to_the_follower_that_holds_the_most) {
    BOOST_TEST(run({"FAILOVER"}).starts_with("-ERR FAILOVER needs a follower"));
    for (auto& peer : node.now.peer_slots) peer.connected = peer.counts = true;
    node.now.peer_slots[1].received = Index{42};
    BOOST_TEST(run({"FAILOVER"}) == "waits");
    BOOST_TEST((node.handed_to == NodeId{3}));
    node.refuses = Error::handing_over;
    BOOST_TEST(run({"FAILOVER"}) == "-ERR FAILOVER already in progress.\r\n");
    for (const std::string_view wrong : {"0", "-1", "x", "4294967296"}) {
        BOOST_TEST(run({"FAILOVER", "TO", wrong}).starts_with("-ERR FAILOVER has only TO"));
    }
    node.now.role = Role::follower;
    BOOST_TEST(run({"FAILOVER"}) == "-ERR FAILOVER is not valid when server is a replica.\r\n");
}

BOOST_AUTO_TEST_CASE(a_position_is_that_of_the_last_write_or_of_the_node) {
    BOOST_TEST(run({"POSITION"}) == "$8\r\n1:1:7:42\r\n");
    client.last_write = {{1, NodeId{1}, 7}, Index{9}};
    BOOST_TEST(run({"POSITION"}) == "$7\r\n1:1:7:9\r\n");
}

BOOST_AUTO_TEST_CASE(a_position_is_waited_for_until_it_is_applied_or_never_will_be) {
    node.now.applied = Index{8};
    BOOST_TEST(run({"AFTER", "1:1:7:9", "100"}) == "waits");
    BOOST_TEST((wait->deadline > std::chrono::steady_clock::now()));
    BOOST_TEST(answer() == "");
    BOOST_TEST(answer(true) == "$-1\r\n");
    node.now.applied = Index{9};
    BOOST_TEST(answer() == "+OK\r\n");
    node.now.epoch.counter = 2;
    BOOST_TEST(answer().starts_with("-DISCARDED "));
    BOOST_TEST(run({"AFTER", "1:1:7:9", "0"}) == "waits");
    BOOST_TEST(!wait->deadline.has_value());
    BOOST_TEST(run({"AFTER", "1:1:7:9", "-1"}) == "-ERR timeout is negative\r\n");
}

BOOST_AUTO_TEST_CASE(text_that_is_no_position_is_refused) {
    for (const std::string_view wrong : {"", "1", "1:2:3", "1:2:3:", "1:2:3:4:5", "1:2:3:x", "-1:2:3:4", " 1:2:3:4",
                                         "1:4294967296:3:4", "1:2:4294967296:4", "1:2:3:18446744073709551616"}) {
        BOOST_TEST(!kv::to_position(wrong).has_value(), wrong);
        BOOST_TEST(run({"AFTER", wrong, "1"}).starts_with("-ERR no position"), wrong);
    }
    const Position largest{{UINT64_MAX, NodeId{UINT32_MAX}, UINT32_MAX}, Index{UINT64_MAX}};
    BOOST_TEST((kv::to_position(kv::to_text(largest)) == largest));
}

BOOST_AUTO_TEST_CASE(info_and_role_show_how_far_a_promotion_is) {
    BOOST_TEST(has(run({"INFO", "replication"}), "replicator_promotion:none\r\n"));
    BOOST_TEST(has(run({"INFO", "replication"}), "replicator_confirmed:no\r\n"));
    node.is_confirmed = true;
    node.now.peer_slots[0].counts = true;
    node.now.peer_slots[0].lag_time = replicator::milliseconds(60);
    BOOST_TEST(has(run({"INFO", "replication"}), "replicator_confirmed:yes\r\n"));
    node.now.role = Role::follower;
    node.candidacy.step = PromotionStep::promising;
    node.candidacy.heard = 1;
    node.candidacy.needed = 2;
    node.candidacy.missing_slots[0] = NodeId{3};
    node.candidacy.missing_count = 1;
    const std::string text = run({"INFO", "replication"});
    for (const std::string_view line : {"replicator_promotion:promising\r\n", "replicator_promotion_heard:1 of 2\r\n",
                                        "replicator_promotion_missing:3\r\n"}) {
        BOOST_TEST(has(text, line), line);
    }
    BOOST_TEST(has(run({"ROLE"}), "\r\npromising\r\n"));
}

BOOST_AUTO_TEST_SUITE_END()
