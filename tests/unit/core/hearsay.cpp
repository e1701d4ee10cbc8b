// SPDX-License-Identifier: BSL-1.0
// What a node knows of others by what they said: how far somebody committed, and from whom it takes entries.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/wire/promise.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <optional>
#include <span>

BOOST_AUTO_TEST_SUITE(hearsay)

namespace {

using namespace replicator;
using support::at;
using support::epoch_of;
using support::one;
using support::three;
using support::two;

}  // namespace

BOOST_AUTO_TEST_CASE(the_newest_commit_that_was_heard_of_counts_unless_a_forced_epoch_replaced_it) {
    support::OneNode<support::PartsOf<>> node;
    const auto known_after = [&node](Position position, Epoch newest_forced = {}) {
        node.self.learn_commit(position, newest_forced);
        return node.self.known_commit;
    };
    BOOST_TEST((known_after(at(2, 5)) == at(2, 5)));
    BOOST_TEST((known_after(at(2, 4)) == at(2, 5)));
    BOOST_TEST((known_after(at(1, 9)) == at(2, 5)));
    BOOST_TEST((known_after(at(3, 1)) == at(3, 1)));
    // An epoch that was forced since may lack it.
    BOOST_TEST((known_after(at(2, 4), epoch_of(3)) == at(3, 1)));
    BOOST_TEST((known_after(at(2, 4), epoch_of(4)) == at(2, 4)));
}

BOOST_AUTO_TEST_CASE(who_lost_its_leader_takes_entries_from_nobody) {
    support::Majority group(3);
    const auto& self = testing::Inspect::inside(group.at(2)).self();
    BOOST_REQUIRE((self.leader == one && self.source == one));
    group.network.cut(one, two);
    BOOST_TEST((self.leader == NodeId{} && self.source == NodeId{}));
}

// Although the answer of the third node is missing, so that the candidate binds nobody yet.
BOOST_AUTO_TEST_CASE(an_answer_that_tells_of_a_higher_promise_ends_the_link_to_the_leader_at_once) {
    support::Async group(3);
    std::optional<core::PromiseReply> reply;
    group.network.loses = [&reply](const support::Frame& frame) {
        if (frame.type() != core::FrameType::promise_reply) return false;
        if (frame.from == three) reply = core::read_promise_reply(frame.bytes.data());
        return true;
    };
    BOOST_REQUIRE(group.at(2).promote());
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE((reply && group.at(2).leader() == one));
    reply->promised = {9, three, 1};
    std::array<std::byte, core::frame_head_bytes_max> head{};
    const std::size_t size = write_head(head.data(), *reply);
    BOOST_TEST(bool(group.at(2).receive(three, std::span<const std::byte>(head).first(size))));
    BOOST_TEST(group.at(2).status().promised.counter == 9u);
    BOOST_TEST(group.at(2).leader() == NodeId{});
    BOOST_TEST((group.at(2).promotion().step == PromotionStep::asking));
}

BOOST_AUTO_TEST_SUITE_END()
