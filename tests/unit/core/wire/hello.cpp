// SPDX-License-Identifier: BSL-1.0
// The handshake: each thing in which two nodes must agree has its own error, and nothing else has one.

#include "support/frames.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/core/wire/hello.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>
#include <set>

using namespace replicator;
using namespace replicator::core;

BOOST_AUTO_TEST_SUITE(handshake)

namespace {

Hello from(std::uint32_t sender, std::uint32_t receiver) {
    Hello hello;
    hello.cluster = ClusterId{1}, hello.group = GroupId{2}, hello.history = HistoryId{3};
    hello.sender = NodeId{sender}, hello.receiver = NodeId{receiver};
    hello.schema = SchemaId{4}, hello.snapshot_format = 5, hello.policy = 6, hello.membership = 7;
    hello.entry_bytes_max = 100, hello.frame_bytes_max = 1000, hello.piece_bytes_max = 50;
    hello.window_bytes = 500, hello.log_bytes = 1000;
    return hello;
}

/// What the node that would say `mine` finds wrong with a peer that differs in this.
Error with(const std::function<void(Hello&)>& change) {
    Hello theirs = from(2, 1);
    change(theirs);
    return mismatch(from(1, 2), theirs);
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_nodes_may_talk) {
    BOOST_TEST(mismatch(from(1, 2), from(2, 1)) == Error::none);
    BOOST_TEST(with([](Hello&) {}) == Error::none);
}

BOOST_AUTO_TEST_CASE(every_difference_has_its_error) {
    BOOST_TEST(with([](Hello& h) { h.version_min = h.version_max = 1; }) == Error::wrong_version);
    BOOST_TEST(with([](Hello& h) { h.version_min = h.version_max = 3; }) == Error::wrong_version);
    BOOST_TEST(with([](Hello& h) { h.cluster = ClusterId{9}; }) == Error::wrong_cluster);
    BOOST_TEST(with([](Hello& h) { h.group = GroupId{9}; }) == Error::wrong_group);
    BOOST_TEST(with([](Hello& h) { h.sender = NodeId{9}; }) == Error::wrong_node);
    BOOST_TEST(with([](Hello& h) { h.receiver = NodeId{9}; }) == Error::wrong_node);
    BOOST_TEST(with([](Hello& h) { h.schema = SchemaId{9}; }) == Error::wrong_schema);
    BOOST_TEST(with([](Hello& h) { h.snapshot_format = 9; }) == Error::wrong_schema);
    BOOST_TEST(with([](Hello& h) { h.policy = 9; }) == Error::wrong_policy);
    BOOST_TEST(with([](Hello& h) { h.membership = 9; }) == Error::wrong_membership);
    BOOST_TEST(with([](Hello& h) { h.entry_bytes_max = 99; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.frame_bytes_max = 999; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.piece_bytes_max = 49; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.window_bytes = 901; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.log_bytes = 599; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.history = HistoryId{9}; }) == Error::wrong_history);
}

BOOST_AUTO_TEST_CASE(what_may_differ_does_not_matter) {
    BOOST_TEST(with([](Hello& h) { h.version_min = 0, h.version_max = 5; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.features = 1; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.history = HistoryId{}; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.window_bytes = 900; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.log_bytes = 600; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.flags = 31; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.run = Run{9}, h.incarnation = Incarnation{9}, h.nonce = 9; }) == Error::none);
    BOOST_TEST(with([](Hello& h) {
                   h.last = {{1, NodeId{1}, 1}, Index{9}}, h.commit = {{1, NodeId{1}, 1}, Index{9}};
               }) == Error::none);
}

BOOST_AUTO_TEST_CASE(the_policy_word_tells_policies_apart) {
    using enum Stage;
    std::set<std::uint32_t> words;
    std::size_t made = 0;
    const auto add = [&](std::uint32_t word) { words.insert(word), ++made; };
    for (const Stage stage : {received, durable, applied}) {
        add(policy_word<ack::Sync<>>(3, stage));
        add(policy_word<ack::SemiSync<>>(3, stage));
        add(policy_word<ack::Quorum<2>>(3, stage));
        add(policy_word<ack::Quorum<3>>(3, stage));
        add(policy_word<ack::Majority<>>(3, stage));
        add(policy_word<ack::Sync<AskedStage{}, WhenMissing::fail>>(3, stage));
        add(policy_word<ack::Sync<AskedStage{}, WhenMissing::degrade>>(3, stage));
    }
    BOOST_TEST(words.size() == made);
}

BOOST_AUTO_TEST_CASE(a_link_id_depends_on_everything_and_is_never_zero) {
    const Epoch epoch{1, NodeId{1}, 1};
    const LinkId link = link_id(epoch, Run{1}, Run{2}, 1);
    BOOST_TEST(link == link_id(epoch, Run{1}, Run{2}, 1));
    BOOST_TEST(link != link_id({2, NodeId{1}, 1}, Run{1}, Run{2}, 1));
    BOOST_TEST(link != link_id(epoch, Run{3}, Run{2}, 1));
    BOOST_TEST(link != link_id(epoch, Run{1}, Run{3}, 1));
    BOOST_TEST(link != link_id(epoch, Run{1}, Run{2}, 2));
    // Its lowest bit is set, whatever the others are.
    for (std::uint64_t nonce = 0; nonce < 100; ++nonce) {
        BOOST_REQUIRE(value(link_id(epoch, Run{1}, Run{2}, nonce)) % 2 == 1u);
    }
}

BOOST_AUTO_TEST_CASE(numbers_are_mixed_as_splitmix64_does) {
    BOOST_TEST(mix(1, 0) == 0xe220a8397b1dcdafu);
    BOOST_TEST(mix(2, 0) == 0x6e789e6aa1b965f4u);
    BOOST_TEST(mix(3, 0) == 0x06c45d188009454fu);
    BOOST_TEST(mix(1, 1) != mix(1, 0));
}

BOOST_AUTO_TEST_SUITE_END()
