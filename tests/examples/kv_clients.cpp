// SPDX-License-Identifier: BSL-1.0
// CLIENT: what is told of all clients, and which of them are closed.

#include "kv_fake_node.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

namespace kv::testing {

/// Three clients, of which `client`, the second, asks.
struct Three : Fixture {
    Three() {
        prepare(first, 1, "10.0.0.1:5001");
        prepare(client, 2, "10.0.0.2:5002");
        prepare(third, 3, "::1:5003");
        third.since -= std::chrono::seconds(100);
        third.waits = true;
        third.command = "WAIT";
        service.close_client = [this](std::uint64_t id) { closed.push_back(id); };
    }

    void prepare(kv::Client& one, std::uint64_t id, const char* address) {
        one.id = id;
        one.address = address;
        one.local_address = "10.0.0.9:7001";
        one.since = one.active = std::chrono::steady_clock::now();
        service.all_clients.emplace(id, &one);
    }

    std::string lines(std::vector<std::string_view> words) {
        const std::string text = run(words);
        return std::to_string(std::count(text.begin(), text.end(), '\n') - 2);
    }
    std::string killed(std::vector<std::string_view> words) {
        closed.clear();
        std::string text = run(words);
        text.erase(text.size() - 2);
        for (const std::uint64_t id : closed) text += " " + std::to_string(id);
        return text;
    }

    kv::Client first;
    kv::Client third;
    std::vector<std::uint64_t> closed;
};

}  // namespace kv::testing

BOOST_FIXTURE_TEST_SUITE(kv_clients, kv::testing::Three)

BOOST_AUTO_TEST_CASE(a_client_says_who_it_is) {
    BOOST_TEST(run({"CLIENT", "ID"}) == ":2\r\n");
    BOOST_TEST(run({"CLIENT", "GETNAME"}) == "$-1\r\n");
    BOOST_TEST(run({"CLIENT", "SETNAME", "me"}) == "+OK\r\n");
    BOOST_TEST(run({"CLIENT", "GETNAME"}) == "$2\r\nme\r\n");
    BOOST_TEST(run({"CLIENT", "SETINFO", "LIB-NAME", "ioredis"}) == "+OK\r\n");
    BOOST_TEST(run({"CLIENT", "SETINFO", "lib-ver", "5.0"}) == "+OK\r\n");
    BOOST_TEST(run({"CLIENT", "SETINFO", "LIB-COLOUR", "red"}).starts_with("-ERR Unrecognized"));
    const std::string long_name(65, 'x');
    for (const std::string& bad : {std::string("a b"), std::string("a\nid=1"), long_name}) {
        BOOST_TEST(run({"CLIENT", "SETNAME", bad}).starts_with("-ERR Client names"));
        BOOST_TEST(run({"CLIENT", "SETINFO", "LIB-NAME", bad}).starts_with("-ERR that has"));
        BOOST_TEST(run({"HELLO", "2", "SETNAME", bad}).starts_with("-ERR Syntax"));
    }
    BOOST_TEST(has(run({"CLIENT", "INFO"}),
                   "id=2 addr=10.0.0.2:5002 laddr=10.0.0.9:7001 name=me age=0 idle=0 flags=N db=0 cmd=NULL "
                   "user=default resp=2 lib-name=ioredis lib-ver=5.0\n"));
}

BOOST_AUTO_TEST_CASE(all_clients_are_listed_or_those_that_are_meant) {
    BOOST_TEST(lines({"CLIENT", "LIST"}) == "3");
    BOOST_TEST(has(run({"CLIENT", "LIST"}),
                   "id=3 addr=::1:5003 laddr=10.0.0.9:7001 name= age=100 idle=0 flags=b "
                   "db=0 cmd=wait user=default resp=2 lib-name= lib-ver=\n"));
    BOOST_TEST(lines({"CLIENT", "LIST", "ID", "3", "1", "9"}) == "2");
    BOOST_TEST(lines({"CLIENT", "LIST", "TYPE", "normal"}) == "3");
    BOOST_TEST(run({"CLIENT", "LIST", "TYPE", "pubsub"}) == "$0\r\n\r\n");
    for (const std::vector<std::string_view>& words : std::vector<std::vector<std::string_view>>{
             {"CLIENT", "LIST", "TYPE"}, {"CLIENT", "LIST", "TYPE", "odd"}, {"CLIENT", "LIST", "ID", "x"}}) {
        BOOST_TEST(run(words) == "-ERR syntax error\r\n");
    }
}

BOOST_AUTO_TEST_CASE(clients_are_closed_one_by_one_or_by_what_they_share) {
    BOOST_TEST(killed({"CLIENT", "KILL", "10.0.0.1:5001"}) == "+OK 1");
    BOOST_TEST(killed({"CLIENT", "KILL", "10.0.0.1:1"}) == "-ERR No such client");
    BOOST_TEST(killed({"CLIENT", "KILL", "ID", "3"}) == ":1 3");
    BOOST_TEST(killed({"CLIENT", "KILL", "ADDR", "::1:5003", "ID", "1"}) == ":0");
    BOOST_TEST(killed({"CLIENT", "KILL", "LADDR", "10.0.0.9:7001"}) == ":2 1 3");
    BOOST_TEST(killed({"CLIENT", "KILL", "TYPE", "normal", "MAXAGE", "50"}) == ":1 3");
    BOOST_TEST(killed({"CLIENT", "KILL", "TYPE", "pubsub"}) == ":0");
    BOOST_TEST(killed({"CLIENT", "KILL", "USER", "other"}) == ":0");
    for (const std::vector<std::string_view>& words :
         std::vector<std::vector<std::string_view>>{{"CLIENT", "KILL"},
                                                    {"CLIENT", "KILL", "ID", "x"},
                                                    {"CLIENT", "KILL", "ID", "1", "SKIPME"},
                                                    {"CLIENT", "KILL", "ID", "1", "SKIPME", "maybe"}}) {
        BOOST_TEST(killed(words) == "-ERR syntax error");
    }
    BOOST_TEST(!client.quits);
    // Who means itself hears the answer first.
    BOOST_TEST(killed({"CLIENT", "KILL", "USER", "default", "SKIPME", "no"}) == ":3 1 3");
    BOOST_TEST(client.quits);
    client.quits = false;
    BOOST_TEST(killed({"CLIENT", "KILL", "10.0.0.2:5002"}) == "+OK");
    BOOST_TEST(client.quits);
}

BOOST_AUTO_TEST_SUITE_END()
