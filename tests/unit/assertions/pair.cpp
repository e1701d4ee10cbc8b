// SPDX-License-Identifier: BSL-1.0
// Mistakes in the configuration of a pair: each is refused aloud.

#include <string>
#include <vector>

namespace {

std::vector<std::string> broken_by_pair;

}  // namespace

#define REPLICATOR_ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : broken_by_pair.push_back(#condition))

#include <replicator/ack/semi_sync.hpp>
#include <replicator/profile/pair.hpp>
#include <replicator/transport/manual.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(configuration_of_a_pair)

namespace {

struct Counter {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

constexpr NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};

std::size_t broken_by(const Config& config) {
    using Node = Replicator<Counter, log::Ring<1024>, ack::SemiSync<>, transport::Manual, profile::Pair>;
    broken_by_pair.clear();
    transport::Manual line;
    const Node node{line, config};
    return broken_by_pair.size();
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_pair_is_told_of_two_nodes) {
    const std::span<const NodeId> two = std::span(nodes).first(2);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = two, .run = Run{1}}) == 0u);
    BOOST_TEST(broken_by({.node = NodeId{2}, .nodes = two, .run = Run{std::uint64_t{1} << 32}}) == 0u);
    BOOST_TEST(broken_by({.node = NodeId{2}, .nodes = two, .run = Run{0x1'0000'0001}}) == 0u);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = nodes, .run = Run{1}}) >= 1u);
    BOOST_TEST(broken_by({.node = NodeId{3}, .nodes = two, .run = Run{1}}) >= 1u);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = two}) >= 1u);
}

BOOST_AUTO_TEST_CASE(a_pair_has_no_cluster_and_does_not_lead_again) {
    const std::span<const NodeId> two = std::span(nodes).first(2);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = two, .run = Run{1}, .cluster = ClusterId{5}}) == 1u);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = two, .run = Run{1}, .group = GroupId{5}}) == 1u);
    BOOST_TEST(broken_by({.node = NodeId{1}, .nodes = two, .run = Run{1}, .leads_again = true}) == 1u);
}

BOOST_AUTO_TEST_CASE(any_history_but_none_may_be_drawn) {
    using Node = Replicator<Counter, log::Ring<1024>, ack::SemiSync<>, transport::Manual, profile::Pair>;
    broken_by_pair.clear();
    transport::Manual line;
    Node node{line, {.node = NodeId{1}, .nodes = std::span(nodes).first(2), .run = Run{1}}};
    BOOST_TEST(static_cast<bool>(node.bootstrap(HistoryId{0x1'0000'0001})));
    BOOST_TEST(!node.status().blank);
    BOOST_TEST(broken_by_pair.empty());
    static_cast<void>(node.bootstrap(HistoryId{}));
    BOOST_TEST(broken_by_pair.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
