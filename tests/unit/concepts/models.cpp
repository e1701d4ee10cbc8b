// SPDX-License-Identifier: BSL-1.0
// The policies of the library, and the smallest complete models in the comments, satisfy the concepts; what lacks a
// part does not. All of it is checked while this file is compiled.

#include "support/cluster.hpp"

#include <replicator/concepts/ack_policy.hpp>
#include <replicator/concepts/codec.hpp>
#include <replicator/concepts/log_policy.hpp>
#include <replicator/concepts/state_machine.hpp>
#include <replicator/concepts/transport.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/transport/manual.hpp>
#include <replicator/transport/memory.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(models)

namespace {

struct Counter {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};
struct WithoutApply {
    struct Command {};
};
struct WithoutDefault : Counter {
    explicit WithoutDefault(int) {}
};
struct OnlySaves {
    using Command = int;
    std::string text;
    void apply(const Command&) {}
    std::size_t save(std::uint64_t, std::span<std::byte>) const { return 0; }
};
struct Saves : OnlySaves {
    bool load(std::span<const std::byte>) { return true; }
};
struct MoveOnly : Saves {
    std::unique_ptr<int> number;
};
struct Freezes {
    using Command = int;
    std::unique_ptr<int> number;
    void apply(const Command&) {}
    OnlySaves freeze() { return {}; }
    bool load(std::span<const std::byte>) { return true; }
};
struct ManualModel {
    template <class Node>
    void wake(Node&, NodeId) noexcept {}
};
struct WakeMayThrow {
    template <class Node>
    void wake(Node&, NodeId) {}
};

static_assert(StateMachine<Counter> && RawSaveable<Counter> && Snapshotable<Counter>);
static_assert(std::is_same_v<ApplyResult<Counter>, std::int32_t>);
static_assert(!StateMachine<WithoutApply> && !HasApply<WithoutApply> && HasCommand<WithoutApply>);
static_assert(!StateMachine<WithoutDefault>);
static_assert(StateMachine<OnlySaves> && !Snapshotable<OnlySaves>);
static_assert(CopySaveable<Saves> && Snapshotable<Saves> && !RawSaveable<Saves>);
static_assert(!Snapshotable<MoveOnly>);
static_assert(StateMachine<Freezes> && Freezable<Freezes> && Snapshotable<Freezes>);
static_assert(Snapshotable<support::Text> && Snapshotable<support::Sum>);

static_assert(LogPolicy<log::Ring<4096>> && LogPolicy<log::Memory<>>);
static_assert(!LogPolicy<int>);

static_assert(AckPolicy<ack::Async<>> && AckPolicy<ack::SemiSync<>> && AckPolicy<ack::Sync<Stage::applied>> &&
              AckPolicy<ack::Quorum<2>> && AckPolicy<ack::Majority<>>);
static_assert(!AckPolicy<int>);

static_assert(Transport<ManualModel> && Transport<transport::Manual> && Transport<transport::Memory> &&
              Transport<support::Network>);
static_assert(!Transport<WakeMayThrow> && !Transport<int>);

using Node = support::Node<ack::SemiSync<>>;
static_assert(Node::stage == Stage::received);
static_assert(Node::command_bytes_max == sizeof(support::Sum::Command));
static_assert(Node::guarantee(3) == Guarantee{Stage::received, 3, 2, 1, 2});
static_assert(!std::is_copy_constructible_v<Node> && !std::is_move_constructible_v<Node>);
static_assert(std::is_same_v<support::Node<ack::Async<>, support::Text>::Stored, std::size_t>);

}  // namespace

BOOST_AUTO_TEST_CASE(names_of_all_values_are_known) {
    for (int i = 0; i <= static_cast<int>(Error::log_failed); ++i) {
        BOOST_TEST(std::string(to_string(static_cast<Error>(i))) != "unknown error");
    }
    BOOST_TEST(std::string(to_string(static_cast<Error>(255))) == "unknown error");
    for (int i = 0; i <= static_cast<int>(FollowerState::snapshot); ++i) {
        BOOST_TEST(std::string(to_string(static_cast<FollowerState>(i))) != "unknown");
    }
    for (int i = 1; i <= static_cast<int>(PolicyKind::sync); ++i) {
        BOOST_TEST(std::string(to_string(static_cast<PolicyKind>(i))) != "unknown");
    }
    for (int i = 0; i < 3; ++i) {
        BOOST_TEST(std::string(to_string(static_cast<Stage>(i))) != "unknown");
        BOOST_TEST(std::string(to_string(static_cast<Role>(i))) != "unknown");
    }
}

BOOST_AUTO_TEST_CASE(an_observer_is_told_what_happens_in_order) {
    support::Cluster<Node> group(3);
    const std::vector<std::string> expected{
        "role leader 1",          "follower 2 probing",   "follower 3 probing", "follower 2 catching up",
        "follower 3 catching up", "follower 2 streaming", "admitted 2",         "seat 2 at 3",
        "follower 3 streaming",   "admitted 3",
    };
    BOOST_TEST(group.events_of(1).lines == expected, boost::test_tools::per_element());
    BOOST_TEST(group.events_of(2).lines == std::vector<std::string>{"leader 1"}, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_SUITE_END()
