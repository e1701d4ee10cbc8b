// SPDX-License-Identifier: BSL-1.0
// In what two nodes must agree: each thing has its own error, and nothing else has one.

#include "support/cluster.hpp"
#include "support/history.hpp"
#include "support/one_link.hpp"

#include <replicator/core/peer/fill_header.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <functional>

BOOST_AUTO_TEST_SUITE(agreement)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::one_link::Limits;
using support::one_link::Node;
using support::one_link::Parts;

constexpr std::uint64_t window = Parts::window_bytes;
constexpr std::uint64_t entry = Parts::entry_bytes_max;
constexpr std::uint64_t log_bytes = Parts::commands_bytes_max;

/// What node 1 finds wrong with a node 2 that says this besides.
Error with(
    const std::function<void(Hello&)>& change, const std::function<void(Node&)>& mine = [](Node&) {}) {
    Node node;
    Hello theirs = node.theirs();
    mine(node);
    change(theirs);
    return mismatch(node.self, node.peer.id, theirs);
}

}  // namespace

BOOST_AUTO_TEST_CASE(equal_nodes_may_talk) {
    BOOST_TEST(with([](Hello&) {}) == Error::none);
}

BOOST_AUTO_TEST_CASE(every_difference_has_its_error) {
    BOOST_TEST(with([](Hello& h) { h.version_min = h.version_max = 1; }) == Error::wrong_version);
    BOOST_TEST(with([](Hello& h) { h.version_min = h.version_max = 3; }) == Error::wrong_version);
    BOOST_TEST(with([](Hello& h) { h.cluster = ClusterId{9}; }) == Error::wrong_cluster);
    BOOST_TEST(with([](Hello& h) { h.group = GroupId{9}; }) == Error::wrong_group);
    BOOST_TEST(with([](Hello& h) { h.sender = NodeId{3}; }) == Error::wrong_node);
    BOOST_TEST(with([](Hello& h) { h.receiver = NodeId{3}; }) == Error::wrong_node);
    BOOST_TEST(with([](Hello& h) { h.schema = SchemaId{9}; }) == Error::wrong_schema);
    BOOST_TEST(with([](Hello& h) { ++h.snapshot_format; }) == Error::wrong_schema);
    BOOST_TEST(with([](Hello& h) { ++h.policy; }) == Error::wrong_policy);
    BOOST_TEST(with([](Hello& h) { ++h.membership; }) == Error::wrong_membership);
    BOOST_TEST(with([](Hello& h) { --h.entry_bytes_max; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { --h.frame_bytes_max; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { --h.piece_bytes_max; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.window_bytes = log_bytes - entry + 1; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.log_bytes = window + entry - 1; }) == Error::wrong_limits);
    BOOST_TEST(with([](Hello& h) { h.history = HistoryId{9}; }) == Error::wrong_history);
}

BOOST_AUTO_TEST_CASE(what_may_differ_does_not_matter) {
    BOOST_TEST(with([](Hello& h) { h.version_min = 0, h.version_max = 5; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.version_min = 0; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.version_max = 5; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.history = HistoryId{}; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.window_bytes = log_bytes - entry; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.log_bytes = window + entry; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.flags = 7; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.run = Run{9}, h.incarnation = Incarnation{9}, h.nonce = 9; }) == Error::none);
    BOOST_TEST(with([](Hello& h) { h.last = at(9, 9), h.commit = at(9, 8), h.suspect_from = Index{1}; }) ==
               Error::none);
}

BOOST_AUTO_TEST_CASE(a_node_that_holds_nothing_is_of_no_history) {
    const auto another = [](Hello& h) { h.history = HistoryId{9}; };
    BOOST_TEST(with(another, [](Node& node) { node.self.history.adopt(HistoryId{}); }) == Error::none);
    BOOST_TEST(with(another, [](Node& node) { support::log_of(node.self).reset(Index{}, Chain{}); }) == Error::none);
    // But for one that once held something.
    BOOST_TEST(with(another, [](Node& node) {
                   support::log_of(node.self).reset(Index{}, Chain{});
                   node.self.lost_through = Index{1};
               }) == Error::wrong_history);
}

BOOST_AUTO_TEST_SUITE_END()
