// SPDX-License-Identifier: BSL-1.0
// The commands over a node that says what the test wants: refusals, outcomes, INFO and ROLE; and the command line.

#include "kv/base/options.hpp"
#include "kv/base/work.hpp"
#include "kv/commands/commands.hpp"
#include "kv/table/table.hpp"
#include "kv_fake_node.hpp"

#include <boost/test/unit_test.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

using replicator::Error;
using replicator::HistoryId;
using replicator::Index;
using replicator::NodeId;
using replicator::Role;

std::string told(kv::ReplyForm form, kv::WriteEnd end) {
    std::string text;
    kv::ReplyWriter reply(text, 2);
    kv::write_result(reply, form, end);
    return text;
}

kv::ServerOptions options(std::vector<const char*> arguments) { return kv::read_options(arguments); }

}  // namespace

BOOST_FIXTURE_TEST_SUITE(kv_commands, kv::testing::Fixture)

BOOST_AUTO_TEST_CASE(every_command_is_found_by_its_name_and_no_other) {
    std::string_view last;
    for (const kv::CommandType& type : kv::command_types()) {
        BOOST_TEST((last < type.name));
        last = type.name;
        std::string small(type.name);
        for (char& letter : small) letter = static_cast<char>(letter | 0x20);
        BOOST_TEST(kv::find_command(type.name) == &type);
        BOOST_TEST(kv::find_command(small) == &type);
        BOOST_TEST(kv::find_command(small + "x") == nullptr);
        BOOST_TEST((type.kind == kv::CommandType::Kind::write) == (type.plan != nullptr));
        BOOST_TEST((type.kind == kv::CommandType::Kind::wait) == (type.begin != nullptr));
    }
    BOOST_TEST(kv::find_command("") == nullptr);
    BOOST_TEST(kv::find_command("\xff") == nullptr);
}

BOOST_AUTO_TEST_CASE(what_a_node_does_not_serve_is_said_in_the_words_of_redis) {
    BOOST_TEST(refused("GET") == "");
    BOOST_TEST(refused("SET") == "");
    node.now.role = Role::follower;
    BOOST_TEST(refused("GET") == "");
    BOOST_TEST(refused("SET").starts_with("READONLY "));
    BOOST_TEST(run({"WAIT", "1", "10"}).starts_with("-ERR WAIT "));
    node.now.installing = true;
    BOOST_TEST(refused("GET").starts_with("LOADING "));
    BOOST_TEST(refused("SET").starts_with("LOADING "));
    BOOST_TEST(refused("PING").starts_with("LOADING "));
    node.now.installing = false;
    node.now.history = {};
    BOOST_TEST(refused("GET").starts_with("LOADING "));
    node.now.role = Role::faulted;
    node.now.fault = Error::diverged;
    BOOST_TEST(refused("GET") == "ERR this node stopped taking part: diverged from the leader");
    BOOST_TEST(refused("PING") == refused("GET"));
    BOOST_TEST(refused("INFO") == "");
}

BOOST_AUTO_TEST_CASE(a_server_that_stops_says_try_again_and_can_be_looked_at) {
    service.stopping = true;
    for (const char* const name : {"GET", "SET", "PING", "WAIT", "FAILOVER"}) {
        BOOST_TEST(refused(name).starts_with("TRYAGAIN "), name);
    }
    BOOST_TEST(refused("INFO") == "");
    BOOST_TEST(run({"REPLICATOR", "STATE"}) == "+stopping\r\n");
}

BOOST_AUTO_TEST_CASE(one_word_says_what_a_node_is) {
    const auto word = [this] { return run({"REPLICATOR", "STATE"}); };
    node.is_confirmed = true;
    // Of three nodes none but this one has said so lately, as under a policy that needs nobody.
    BOOST_TEST(word() == "+not_confirmed\r\n");
    BOOST_TEST(has(run({"INFO"}), "replicator_confirmed:no\r\n"));
    node.now.peer_slots[0].lag_time = replicator::milliseconds(60);
    node.now.peer_slots[0].counts = true;
    BOOST_TEST(word() == "+confirmed\r\n");
    BOOST_TEST(has(run({"INFO"}), "replicator_state:confirmed\r\n"));
    node.is_confirmed = false;
    BOOST_TEST(word() == "+not_confirmed\r\n");
    node.now.role = Role::follower;
    BOOST_TEST(word() == "+following\r\n");
    node.now.leader = NodeId{};
    BOOST_TEST(word() == "+leaderless\r\n");
    node.now.installing = true;
    BOOST_TEST(word() == "+loading\r\n");
    node.now.role = Role::faulted;
    BOOST_TEST(word() == "+faulted\r\n");
}

BOOST_AUTO_TEST_CASE(a_node_that_faulted_or_is_blank_does_not_look_healthy) {
    node.now.role = Role::faulted;
    node.now.fault = Error::log_failed;
    node.now.leader = NodeId{2};
    BOOST_TEST(has(run({"INFO"}), "master_link_status:down\r\n"));
    BOOST_TEST(has(run({"INFO"}), "replicator_fault:the log failed\r\n"));
    BOOST_TEST(has(run({"ROLE"}), "$7\r\nfaulted\r\n"));
    node.now.role = Role::follower;
    node.now.fault = Error::none;
    node.now.leader = NodeId{};
    node.now.history = {};
    BOOST_TEST(has(run({"INFO"}), "loading:1\r\n"));
    BOOST_TEST(has(run({"INFO"}), "master_link_status:down\r\n"));
}

BOOST_AUTO_TEST_CASE(the_longest_calls_of_the_loop_are_named_and_can_be_forgotten) {
    using namespace std::chrono_literals;
    BOOST_TEST(has(run({"INFO"}), "loop_longest_us:0\r\nloop_longest_work:other\r\nloop_longest_cpu_us:0\r\n"));
    service.loop.note(40ms, 1ms, kv::Work::flush);
    service.loop.note(30ms, 20ms, kv::Work::apply | kv::Work::save);
    service.loop.note(20ms, 19ms, kv::Work::load);
    const std::string info = run({"INFO", "stats"});
    BOOST_TEST(has(info, "loop_longest_us:40000\r\nloop_longest_work:flush\r\n"));
    BOOST_TEST(has(info, "loop_longest_cpu_us:20000\r\nloop_longest_cpu_work:apply+save\r\n"));
    BOOST_TEST(run({"CONFIG", "RESETSTAT"}) == "+OK\r\n");
    BOOST_TEST(has(run({"INFO"}), "loop_longest_us:0\r\nloop_longest_work:other\r\nloop_longest_cpu_us:0\r\n"));
}

BOOST_AUTO_TEST_CASE(what_was_done_has_a_name) {
    using kv::Work;
    static_cast<void>(Work::take());
    kv::Table table;
    const std::string_view words[] = {"key", "value"};
    table.apply({kv::Operation::set, 0, words});
    BOOST_TEST(Work::take() == Work::apply);
    BOOST_TEST(Work::take() == 0u);
    std::vector<std::byte> piece(static_cast<std::size_t>(table.bytes()));
    BOOST_TEST(table.freeze().save(0, piece) == piece.size());
    BOOST_TEST(Work::take() == Work::save);
    kv::Table other;
    BOOST_TEST(other.load(piece));
    BOOST_TEST(Work::name_of(Work::take()) == "load");
    BOOST_TEST(Work::name_of(Work::requests | Work::disposal | Work::flush) == "requests+disposal+flush");
}

BOOST_AUTO_TEST_CASE(an_address_that_nobody_announced_is_not_that_of_the_port_for_nodes) {
    node.now.role = Role::follower;
    node.now.leader = NodeId{3};
    BOOST_TEST(has(run({"INFO"}), "master_host:?\r\nmaster_port:0\r\n"));
    BOOST_TEST(has(run({"CONFIG", "GET", "replica-announce-ip"}), "\r\nkv1\r\n"));
    const auto read = options({"--node", "1", "--client-port", "7001", "--announce", "kv1.example:6379", "--peer",
                               "2=10.0.0.2:4702,client=kv2.example:7002", "--peer", "3=[::1]:4703"});
    BOOST_TEST(read.wrong == "");
    BOOST_TEST(read.peers.at(NodeId{2}).host == "10.0.0.2");
    BOOST_TEST(read.peers.at(NodeId{2}).port == 4702);
    BOOST_TEST(read.client_addresses.at(NodeId{1}).host == "kv1.example");
    BOOST_TEST(read.client_addresses.at(NodeId{2}).host == "kv2.example");
    BOOST_TEST(read.client_addresses.at(NodeId{2}).port == 7002);
    BOOST_TEST(read.client_addresses.count(NodeId{3}) == 0u);
    for (const char* const peer : {"2=1,client=", "2=1,client=x:0", "2=1,other=2", "2=,client=1"}) {
        BOOST_TEST(options({"--node", "1", "--peer", peer}).wrong != "", peer);
    }
}

BOOST_AUTO_TEST_CASE(a_full_leader_refuses_what_would_make_it_fuller) {
    const std::vector<std::string_view> words{"key", "value"};
    const std::string large(1000, 'v');
    const std::vector<std::string_view> fill{"large", large};
    node.contents.apply({kv::Operation::set, 0, fill});
    BOOST_TEST(refused("SET").starts_with("OOM "));
    BOOST_TEST(refused("APPEND").starts_with("OOM "));
    BOOST_TEST(refused("DEL") == "");
    BOOST_TEST(refused("FLUSHALL") == "");
    BOOST_TEST(refused("GET") == "");
}

BOOST_AUTO_TEST_CASE(every_end_of_a_write_is_told_as_what_it_is) {
    using kv::Reply;
    using kv::ReplyForm;
    BOOST_TEST(told(ReplyForm::ok, {}) == "+OK\r\n");
    BOOST_TEST(told(ReplyForm::number, {Error::none, true, {Reply::Kind::done, 5}, {}}) == ":5\r\n");
    BOOST_TEST(told(ReplyForm::yes_or_no, {}) == ":1\r\n");
    BOOST_TEST(told(ReplyForm::yes_or_no, {Error::none, true, {Reply::Kind::unchanged, 0}, {}}) == ":0\r\n");
    BOOST_TEST(told(ReplyForm::ok, {Error::none, true, {Reply::Kind::unchanged, 0}, {}}) == "$-1\r\n");
    BOOST_TEST(has(told(ReplyForm::number, {Error::none, true, {Reply::Kind::overflow, 0}, {}}), "-ERR increment"));
    BOOST_TEST(has(told(ReplyForm::number, {Error::none, false, {}, {}}), "-ERR the write was acknowledged, but"));
    BOOST_TEST(has(told(ReplyForm::ok, {Error::not_leader, true, {}, {}}), "-READONLY "));
    BOOST_TEST(has(told(ReplyForm::ok, {Error::handing_over, true, {}, {}}), "-TRYAGAIN "));
    BOOST_TEST(has(told(ReplyForm::ok, {Error::not_enough_followers, true, {}, {}}), "-NOREPLICAS "));
    BOOST_TEST(has(told(ReplyForm::ok, {Error::outcome_unknown, true, {}, {}}), "is unknown"));
    BOOST_TEST(has(told(ReplyForm::ok, {Error::stopped, true, {}, {}}), "is unknown"));
    BOOST_TEST(
        has(told(ReplyForm::ok, {Error::log_full, true, {}, {}}), "-ERR the write was refused: the log is full"));
}

BOOST_AUTO_TEST_CASE(info_shows_unknown_as_unknown_and_everything_of_replication) {
    const std::string text = run({"INFO", "replication"});
    for (const std::string_view line :
         {"role:master\r\n", "connected_slaves:1\r\n", "slave0:ip=127.0.0.1,port=7002,state=online,offset=41,lag=2\r\n",
          "master_replid:0000000000000abc000000010000000700000001\r\n", "master_repl_offset:42\r\n",
          "replicator_policy:semi-sync\r\n", "replicator_epoch:1\r\n", "replicator_losses_survived:1\r\n",
          "replicator_digest:0000000000000000\r\n", "replicator_peer2:connected=yes,state=streaming,",
          "replicator_peer3:connected=no,state=down,counts=no,seat=no,stuck=no,received=unknown,durable=unknown,"}) {
        BOOST_TEST(has(text, line), line);
    }
    BOOST_TEST(!has(text, "# Server"));
    BOOST_TEST(has(run({"info", "server", "CLIENTS"}), "# Clients\r\n"));
    BOOST_TEST(run({"info", "nonsense"}) == "$0\r\n\r\n");
}

BOOST_AUTO_TEST_CASE(info_says_when_the_disk_takes_nothing) {
    service.disk.emplace();
    BOOST_TEST(has(run({"INFO", "persistence"}), "aof_last_write_status:ok\r\n"));
    node.now.disk_full = true;
    BOOST_TEST(has(run({"INFO", "persistence"}), "aof_last_write_status:err\r\n"));
    node.now.disk_full = false;
    node.now.fault = Error::log_failed;
    BOOST_TEST(has(run({"INFO", "persistence"}), "aof_last_write_status:err\r\n"));
}

BOOST_AUTO_TEST_CASE(role_has_the_form_of_redis) {
    BOOST_TEST(run({"ROLE"}) ==
               "*3\r\n$6\r\nmaster\r\n:42\r\n*1\r\n*3\r\n$9\r\n127.0.0.1\r\n$4\r\n7002\r\n$2\r\n41\r\n");
    node.now.role = Role::follower;
    node.now.leader = NodeId{2};
    node.now.applied = Index{40};
    BOOST_TEST(run({"ROLE"}) == "*5\r\n$5\r\nslave\r\n$9\r\n127.0.0.1\r\n:7002\r\n$9\r\nconnected\r\n:40\r\n");
}

BOOST_AUTO_TEST_CASE(a_client_can_change_the_version_of_its_protocol) {
    BOOST_TEST(run({"HELLO"}).starts_with("*14\r\n"));
    BOOST_TEST(run({"HELLO", "3", "SETNAME", "me"}).starts_with("%7\r\n"));
    BOOST_TEST(client.protocol == 3);
    BOOST_TEST(client.name == "me");
    BOOST_TEST(has(run({"HELLO", "2", "AUTH", "a", "b"}), "-ERR AUTH"));
    BOOST_TEST(run({"HELLO", "2", "AUTH", "a"}) == "-ERR Syntax error in HELLO\r\n");
    BOOST_TEST(client.protocol == 3);
    BOOST_TEST(run({"GET", "none"}) == "_\r\n");
    BOOST_TEST(run({"HELLO", "2"}).starts_with("*14\r\n"));
}

BOOST_AUTO_TEST_CASE(the_command_line_is_read_or_what_is_wrong_is_named) {
    const kv::ServerOptions good = options({"--node", "2", "--listen", "0.0.0.0:5", "--peer", "1=6", "--peer",
                                            "3=[::1]:7", "--client-port", "8", "--ack", "sync", "--bootstrap"});
    BOOST_TEST(good.wrong == "");
    BOOST_TEST((good.node == NodeId{2} && good.listen.host == "0.0.0.0" && good.listen.port == 5));
    BOOST_TEST((good.peers.at(NodeId{1}).host == "127.0.0.1" && good.peers.at(NodeId{1}).port == 6));
    BOOST_TEST(
        (good.peers.at(NodeId{3}).host == "::1" && good.client.port == 8 && good.bootstrap && good.ack == "sync"));
    BOOST_TEST(options({}).wrong == "--node is missing");
    BOOST_TEST(options({"--node", "1"}).wrong == "--peer is missing: a group has at least two nodes");
    BOOST_TEST(options({"--node", "1", "--peer", "1=5"}).wrong == "--peer names this node itself");
    for (const auto& arguments : std::vector<std::vector<const char*>>{{"--node"},
                                                                       {"--node", "x"},
                                                                       {"--node", "-1"},
                                                                       {"--peer", "2"},
                                                                       {"--peer", "0=1"},
                                                                       {"--peer", "2=70000"},
                                                                       {"--nonsense", "1"},
                                                                       {"--listen", "1:2:x"},
                                                                       {"--listen", ":2"},
                                                                       {"--listen", "[]:2"},
                                                                       {"--listen", "[host]:2"},
                                                                       {"--listen", "::1:2"}}) {
        BOOST_TEST(options(arguments).wrong.starts_with("cannot understand "), arguments[0]);
    }
    for (const char* const name : {"localhost", "node-2.example", "4u", "x"}) {
        BOOST_TEST((kv::Address{name, 1}.is_name()), name);
    }
    for (const char* const address : {"127.0.0.1", "300.1", "::1", "fe80::1%eth0"}) {
        BOOST_TEST(!(kv::Address{address, 1}.is_name()), address);
    }
    BOOST_TEST(options({"--help"}).help);
    BOOST_TEST(has(kv::help_text(), "131072"));
}

BOOST_AUTO_TEST_SUITE_END()
