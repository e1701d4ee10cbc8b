// SPDX-License-Identifier: BSL-1.0
// Machines that would be others on other nodes, found on one; and those that would not, left alone.

#include "support/cluster.hpp"

#include <replicator/machine/twin_check.hpp>
#include <replicator/state/frozen.hpp>
#include <replicator/state/loader.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <map>
#include <span>
#include <string>

BOOST_AUTO_TEST_SUITE(machine_twin_check)

using namespace replicator;

using machine::TwinCheck;
using machine::TwinFault;

namespace {

struct Add {
    std::uint64_t add;
};

struct Fine {
    using Command = Add;
    std::uint64_t total = 0;
    std::uint64_t apply(const Add& command) { return total += command.add; }
};

/// Looks at something outside of the state, as a clock.
struct Clocked {
    using Command = Add;
    std::uint64_t total = 0;
    inline static std::uint64_t clock = 0;
    void apply(const Add& command) { total += command.add + ++clock; }
};
struct ClockedResult {
    using Command = Add;
    std::uint64_t total = 0;
    inline static std::uint64_t clock = 0;
    std::uint64_t apply(const Add& command) { return (total += command.add) + ++clock; }
};

/// Its address decides.
struct Addressed {
    using Command = Add;
    std::uint64_t total = 0;
    void apply(const Add&) { total += reinterpret_cast<std::uintptr_t>(this); }
};

/// Saves one of two members.
struct Forgetful {
    using Command = Add;
    std::map<std::uint64_t, std::uint64_t> seen;
    std::uint64_t last = 0;
    std::uint64_t apply(const Add& command) {
        seen[command.add] += last;
        last = command.add;
        return last;
    }
    auto freeze() const { return state::Frozen(seen); }
    bool load(std::span<const std::byte> piece) { return loader.take(piece, seen); }
    state::Loader loader;
};

/// Does not understand itself.
struct Stubborn {
    using Command = Add;
    std::map<std::uint64_t, std::uint64_t> seen;
    void apply(const Add& command) { ++seen[command.add]; }
    auto freeze() const { return state::Frozen(seen); }
    bool load(std::span<const std::byte>) { return false; }
};

struct Digested {
    using Command = Add;
    std::uint64_t total = 0;
    std::uint64_t noise = 0;  // of no interest
    inline static std::uint64_t clock = 0;
    void apply(const Add& command) { total += command.add, noise = ++clock; }
    std::uint64_t digest() const { return total; }
};

template <class Machine>
TwinCheck<Machine, 8> after(std::uint64_t commands) {
    TwinCheck<Machine, 8> twin;
    for (std::uint64_t i = 1; i <= commands; ++i) twin.apply({i});
    return twin;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_machine_that_depends_on_its_commands_alone_is_left_alone) {
    BOOST_TEST((after<Fine>(100).fault() == TwinFault::none));
    BOOST_TEST(after<Fine>(100).machine().total == 5050u);
    BOOST_TEST((after<Digested>(100).fault() == TwinFault::none));
}

BOOST_AUTO_TEST_CASE(each_kind_of_fault_is_found_at_its_command) {
    const auto found = [](const auto& twin, TwinFault fault, std::uint64_t at) {
        BOOST_TEST(to_string(twin.fault()) == to_string(fault));
        BOOST_TEST(twin.fault_at() == at);
    };
    found(after<Clocked>(100), TwinFault::state, 8);
    found(after<ClockedResult>(100), TwinFault::result, 1);
    found(after<Addressed>(100), TwinFault::state, 8);
    found(after<Stubborn>(100), TwinFault::load, 8);
    // What was left out is missed by the first command after the snapshot, and seen at the next.
    found(after<Forgetful>(8), TwinFault::none, 0);
    found(after<Forgetful>(100), TwinFault::state, 16);
}

BOOST_AUTO_TEST_CASE(nodes_with_and_without_it_understand_each_other) {
    using Plain = support::Node<ack::Sync<>, Fine>;
    using Twin = support::Node<ack::Sync<>, TwinCheck<Fine>>;
    static_assert(value(SchemaId{codec::Select<Fine>::schema}) == value(SchemaId{TwinCheck<Fine>::Codec::schema}));
    support::Network network;
    const NodeId ids[] = {NodeId{1}, NodeId{2}};
    support::Events first, second;
    Plain leader{network, {.node = ids[0], .nodes = ids, .run = Run{1}, .cluster = {}, .group = {}}, first};
    BOOST_REQUIRE(leader.bootstrap(HistoryId{5}));
    Twin follower{network, {.node = ids[1], .nodes = ids, .run = Run{2}, .cluster = {}, .group = {}}, second};
    network.settle();
    // Far more than the log holds, so that the state is sent too.
    for (std::uint64_t i = 1; i <= 1000; ++i) {
        BOOST_REQUIRE(leader.write({i}));
        network.settle();
    }
    BOOST_TEST(follower.state().machine().total == leader.state().total);
    BOOST_TEST((follower.state().fault() == TwinFault::none));
}

BOOST_AUTO_TEST_SUITE_END()
