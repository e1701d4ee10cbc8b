// SPDX-License-Identifier: BSL-1.0
// A group of nodes on a test network, numbered from 1; node 1 is bootstrapped and leads unless a test does it itself.
#pragma once

#include "machines.hpp"
#include "network.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>
#include <replicator/basic_replicator.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace support {

/// Writes down what a node tells.
struct Events {
    std::vector<std::string> lines;

    void on_role(replicator::Role role, replicator::Epoch epoch) { note() << "role " << role << ' ' << epoch; }
    void on_leader(NodeId node, replicator::Epoch) { note() << "leader " << node; }
    void on_follower(NodeId node, replicator::FollowerState state) {
        note() << "follower " << node << ' ' << to_string(state);
    }
    void on_seat(NodeId node, replicator::Index index) { note() << "seat " << node << " at " << index; }
    void on_admitted(NodeId node, replicator::Incarnation) { note() << "admitted " << node; }
    void on_refused(NodeId node, replicator::Error error) { note() << "refused " << node << ": " << error; }
    void on_discarded(replicator::Position position, std::span<const std::byte>) {
        note() << "discarded " << text(position);
    }
    void on_diverged(NodeId node, replicator::Position common, replicator::Position last) {
        note() << "diverged " << node << " after " << common.index << " up to " << last.index;
    }
    void on_fault(replicator::Error error) { note() << "fault: " << error; }

    [[nodiscard]] std::size_t count(const std::string& start) const {
        std::size_t found = 0;
        for (const std::string& line : lines) found += line.rfind(start, 0) == 0 ? 1u : 0u;
        return found;
    }

private:
    struct Line {
        explicit Line(std::vector<std::string>& to) : lines(to) {}
        ~Line() { lines.push_back(out.str()); }
        template <class Value>
        Line& operator<<(const Value& value) {
            out << value;
            return *this;
        }
        std::vector<std::string>& lines;
        std::ostringstream out;
    };
    Line note() { return Line(lines); }
};

template <class Ack, class Machine = Sum, class Log = replicator::log::Ring<4096>, class Limits = Small>
using Node = replicator::Replicator<Machine, Log, Ack, Network, Limits, Events>;

/// Two or more nodes of one type.
template <class GivenNode>
struct Cluster {
    explicit Cluster(std::size_t size, bool bootstraps = true) {
        for (std::size_t i = 1; i <= size; ++i) ids.push_back(id(i));
        for (std::size_t i = 1; i <= size; ++i) {
            events.push_back(std::make_unique<Events>());
            nodes.push_back(nullptr);
            start(i);
        }
        if (bootstraps) {
            BOOST_REQUIRE(at(1).bootstrap(replicator::HistoryId{77}));
            network.settle();
        }
    }

    ~Cluster() {
        // What every node owes its transport, whatever the test was about.
        BOOST_TEST(network.woken_twice == 0u);
        BOOST_TEST(network.not_woken == 0u);
    }

    static NodeId id(std::size_t number) { return NodeId{static_cast<std::uint32_t>(number)}; }
    GivenNode& at(std::size_t number) { return *nodes[number - 1]; }
    Events& events_of(std::size_t number) { return *events[number - 1]; }

    /// A blank node takes the place of the one that had this number.
    void start(std::size_t number) {
        nodes[number - 1].reset();
        const replicator::Config config{.node = id(number),
                                        .nodes = ids,
                                        .run = replicator::Run{1000 * ++runs + number},
                                        .cluster = {},
                                        .group = {}};
        nodes[number - 1] = std::make_unique<GivenNode>(network, config, *events[number - 1]);
    }
    void stop(std::size_t number) { nodes[number - 1].reset(); }

    /// Writes, and wants it to be accepted.
    replicator::Ticket write(std::uint64_t add) {
        const auto ticket = at(1).write({add});
        BOOST_REQUIRE_MESSAGE(ticket, "write refused: " << ticket.error());
        written.push_back(add);
        return *ticket;
    }
    [[nodiscard]] bool acknowledged(replicator::Ticket ticket) {
        return at(1).outcome(ticket).state == replicator::WriteState::acknowledged;
    }

    Network network;
    std::vector<NodeId> ids;
    std::vector<std::unique_ptr<Events>> events;
    std::vector<std::unique_ptr<GivenNode>> nodes;
    std::vector<std::uint64_t> written;
    std::uint64_t runs = 0;
};

using Async = Cluster<Node<replicator::ack::Async<>>>;
using SemiSync = Cluster<Node<replicator::ack::SemiSync<>>>;
using Majority = Cluster<Node<replicator::ack::Majority<>>>;
using Sync = Cluster<Node<replicator::ack::Sync<>>>;
using AsyncTexts = Cluster<Node<replicator::ack::Async<>, Text>>;

inline constexpr NodeId one{1};
inline constexpr NodeId two{2};
inline constexpr NodeId three{3};
inline constexpr NodeId four{4};
inline constexpr NodeId five{5};

/// Who is the synchronous follower, as node 1 says; NodeId{} for nobody.
[[nodiscard]] inline NodeId seat_of(SemiSync& group) {
    NodeId seat{};
    const auto status = group.at(1).status();
    for (const replicator::PeerStatus& peer : status.peers()) {
        if (!peer.seat) continue;
        BOOST_REQUIRE(seat == NodeId{});
        seat = peer.node;
    }
    return seat;
}

template <class Group>
void isolate(Group& group, std::size_t node) {
    for (std::size_t other = 1; other <= group.nodes.size(); ++other) {
        if (other != node) group.network.cut(Group::id(node), Group::id(other));
    }
}

template <class Group>
void join_all(Group& group) {
    for (std::size_t a = 1; a <= group.nodes.size(); ++a) {
        for (std::size_t b = a + 1; b <= group.nodes.size(); ++b) group.network.join(Group::id(a), Group::id(b));
    }
}

/// Lets so many milliseconds go by.
template <class Group>
void pass(Group& group, std::uint64_t time) {
    group.network.advance(replicator::milliseconds(time), replicator::milliseconds(10));
}

/// A node opens an epoch, without asking anybody.
template <class Group>
void lead(Group& group, std::size_t node, std::uint64_t counter) {
    const replicator::Epoch epoch{counter, Group::id(node), static_cast<std::uint32_t>(node)};
    BOOST_REQUIRE(replicator::testing::Inspect::inside(group.at(node)).relations().lead(epoch, false));
    group.network.tick(replicator::milliseconds(1));
}

/// A node is promoted, and must succeed.
template <class Group>
void promote(Group& group, std::size_t node, const replicator::PromotionOptions& options = {}) {
    BOOST_REQUIRE(group.at(node).promote(options));
    pass(group, 1500);
    BOOST_TEST_INFO("step " << to_string(group.at(node).promotion().step) << ", "
                            << to_string(group.at(node).promotion().error));
    BOOST_REQUIRE(group.at(node).role() == replicator::Role::leader);
}

/// A node that a test made the leader must accept this write.
template <class Group>
replicator::Ticket write_at(Group& group, std::size_t node, std::uint64_t add) {
    const auto ticket = group.at(node).write({add});
    BOOST_REQUIRE(ticket);
    return *ticket;
}

template <class Group>
void expect_all_equal(Group& group) {
    for (std::size_t i = 2; i <= group.nodes.size(); ++i) {
        BOOST_TEST((group.at(i).last() == group.at(1).last()));
        BOOST_TEST((group.at(i).state() == group.at(1).state()));
        BOOST_TEST(group.at(i).applied() == group.at(1).applied());
    }
}

}  // namespace support
