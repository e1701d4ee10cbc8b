// SPDX-License-Identifier: BSL-1.0
// Mistakes in a configuration that would make a group which never works: each is refused aloud.

#include <string>
#include <vector>

namespace {

std::vector<std::string> broken;

}  // namespace

#define REPLICATOR_ASSERT(condition) \
    (static_cast<bool>(condition) ? static_cast<void>(0) : broken.push_back(#condition))

#include <replicator/replicator.hpp>

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <optional>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(configuration)

namespace {

struct Counter {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add; }
};

using Node = Replicator<Counter, log::Ring<4096>, ack::SemiSync<>, transport::Memory>;

/// The assertions that a node breaks which is made so.
std::vector<std::string> broken_by(NodeId self, const std::vector<NodeId>& nodes, Run run = Run{1}) {
    broken.clear();
    transport::Memory network;
    const Node node{network, {.node = self, .nodes = nodes, .run = run}};
    return broken;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_sound_one_breaks_nothing) {
    BOOST_TEST(broken_by(NodeId{2}, {NodeId{3}, NodeId{2}, NodeId{1}}).empty());
}

BOOST_AUTO_TEST_CASE(a_node_stands_in_the_list_once) {
    BOOST_TEST(broken_by(NodeId{1}, {NodeId{1}, NodeId{2}, NodeId{2}}).size() == 1u);
    BOOST_TEST(broken_by(NodeId{1}, {NodeId{1}, NodeId{2}, NodeId{1}}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(nobody_is_not_a_node) {
    BOOST_TEST(broken_by(NodeId{1}, {NodeId{0}, NodeId{1}}).size() == 1u);
    BOOST_TEST(broken_by(NodeId{0}, {NodeId{1}, NodeId{0}}).size() >= 1u);
}

BOOST_AUTO_TEST_CASE(the_node_is_in_the_list_and_has_a_run) {
    BOOST_TEST(broken_by(NodeId{3}, {NodeId{1}, NodeId{2}}).size() == 1u);
    BOOST_TEST(broken_by(NodeId{1}, {NodeId{1}, NodeId{2}}, Run{}).size() == 1u);
}

BOOST_AUTO_TEST_CASE(a_network_has_a_node_once) {
    broken.clear();
    transport::Memory network;
    const std::vector<NodeId> nodes{NodeId{1}, NodeId{2}};
    std::optional<Node> first;
    first.emplace(network, Config{.node = nodes[0], .nodes = nodes, .run = Run{1}});
    const Node second{network, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    first.reset();
    first.emplace(network, Config{.node = nodes[0], .nodes = nodes, .run = Run{3}});
    BOOST_TEST(broken.empty());
    const Node again{network, {.node = nodes[1], .nodes = nodes, .run = Run{4}}};
    BOOST_TEST(broken.size() == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
