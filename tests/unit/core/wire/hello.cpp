// SPDX-License-Identifier: BSL-1.0
// What a hello is made of: the word for a policy, and the numbers that tell links apart.

#include "support/frames.hpp"

#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/core/wire/hello.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <set>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(handshake)

using namespace replicator::core;

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
