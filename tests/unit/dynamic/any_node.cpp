// SPDX-License-Identifier: BSL-1.0
// A node behind a table of functions: each call reaches the member of that name, whatever the node is made of.

#include "support/small_files.hpp"

#include <replicator/authority/lease.hpp>
#include <replicator/dynamic/any_node.hpp>
#include <replicator/dynamic/visit_policy.hpp>
#include <replicator/log/file.hpp>
#include <replicator/log/memory.hpp>
#include <replicator/replicator.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>

BOOST_AUTO_TEST_SUITE(any_node)

namespace {

using namespace replicator;

struct Counter {
    struct Command {
        std::int32_t add;
    };
    std::int32_t total = 0;
    std::int32_t apply(const Command& command) { return total += command.add; }
};

struct Leased : Options {
    using Authority = authority::Lease;
    static constexpr std::size_t nodes_max = 3;
};

/// Keeps the name of the last call and its arguments, and gives each call an answer of its own.
struct Told {
    using Command = Counter::Command;
    using Stored = std::int32_t;
    using Outcome = replicator::Outcome<Stored>;
    using NodeStatus = replicator::NodeStatus<2>;
    static constexpr std::size_t transmit_bytes_min = 41;

    struct Log {
        static constexpr std::size_t capacity_bytes = 42;
        [[nodiscard]] static StorageFailure failure() noexcept { return {.call = "openat", .path = {}, .number = 43}; }
    };

    void hear(const char* name, std::uint64_t argument = 0) { heard = name + (" " + std::to_string(argument)); }

    NodeId id() { return NodeId{1}; }
    Result<void> bootstrap(HistoryId history) { return hear("bootstrap", value(history)), Error::faulted; }
    Result<Ticket> write(const Command& command) {
        return hear("write", static_cast<std::uint64_t>(command.add)), Ticket{{{}, Index{2}}};
    }
    Outcome outcome(Ticket ticket) {
        hear("outcome", ticket.position.index.value);
        return {.state = WriteState::acknowledged, .acknowledgement = {}, .result = 3, .result_kept = true};
    }
    const Counter& state() { return machine; }
    Result<const Counter*> read(Position after) {
        hear("read", after.index.value);
        return &machine;
    }
    Result<const Counter*> read(Session& session) {
        session.saw({{}, Index{4}});
        return Error::discarded;
    }
    Position position() { return {{}, Index{5}}; }
    Role role() { return Role::leader; }
    NodeId leader() { return NodeId{6}; }
    Position last() { return {{}, Index{7}}; }
    Index commit() { return Index{8}; }
    Index applied() { return Index{9}; }
    Index acknowledged() { return Index{10}; }
    NodeStatus status() {
        NodeStatus status;
        status.log_bytes = 11;
        return status;
    }
    bool confirmed() { return true; }
    bool confirmed(Instant now) { return hear("confirmed", now.microseconds), false; }
    static Guarantee guarantee(std::size_t nodes) { return {.nodes = nodes, .holders = 12}; }
    Result<void> promote(const PromotionOptions& options) {
        return hear("promote", options.may_lose ? 1 : 0), Error::not_bootstrapped;
    }
    PromotionStatus<2> promotion() {
        PromotionStatus<2> promotion;
        promotion.needed = 13;
        return promotion;
    }
    Result<void> hand_over(NodeId to) { return hear("hand_over", value(to)), Error::handing_over; }
    Result<void> drain(Duration within) { return hear("drain", within.microseconds), Error::busy; }
    DrainStatus drain_status() { return {.step = DrainStep::late, .error = Error::none, .successor = {}}; }
    Result<void> admit(NodeId node) { return hear("admit", value(node)), Error::log_full; }
    authority::Lease& authority() { return lease; }
    void connected(NodeId peer) { hear("connected", value(peer)); }
    void disconnected(NodeId peer) { hear("disconnected", value(peer)); }
    Result<void> receive(NodeId peer, std::span<const std::byte> bytes) {
        return hear("receive", value(peer) * 100 + bytes.size()), Error::corrupt;
    }
    std::size_t transmit(NodeId peer, std::span<std::byte> buffer) {
        return hear("transmit", value(peer) * 100 + buffer.size()), 14;
    }
    void tick(Instant now) {
        hear("tick", now.microseconds);
        ++ticks;
    }
    void flush() { hear("flush"); }
    Result<void> close() { return hear("close"), Error::log_failed; }
    const Log& log() { return log_; }

    std::string heard;
    int ticks = 0;
    Counter machine;
    authority::Lease lease;
    Log log_;
};

using Any = AnyNode<Counter, Leased>;

struct Small : Options {
    static constexpr std::size_t command_bytes_max = 64;
    static constexpr std::size_t window_bytes_max = 4096;
};

struct NeverStops : Options {
    static constexpr bool can_drain = false;
};

constexpr std::array nodes{NodeId{1}, NodeId{2}};

/// Compiled once for all nodes of the machine.
std::optional<std::int32_t> add(AnyNode<Counter> node, transport::Memory& network, std::int32_t amount) {
    const auto ticket = node.write({.add = amount});
    network.settle();
    if (!ticket) return std::nullopt;
    const auto outcome = node.outcome(*ticket);
    if (outcome.state != WriteState::acknowledged) return std::nullopt;
    return outcome.result;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_call_reaches_the_member_of_its_name) {
    Told told;
    const Any any = told;
    const auto heard = [&told] { return std::exchange(told.heard, ""); };

    BOOST_TEST((any.bootstrap(HistoryId{101}).error() == Error::faulted));
    BOOST_TEST(heard() == "bootstrap 101");
    BOOST_TEST(any.write({.add = 102})->position.index.value == 2u);
    BOOST_TEST(heard() == "write 102");
    BOOST_TEST(any.outcome({{{}, Index{103}}}).result == 3);
    BOOST_TEST(heard() == "outcome 103");
    BOOST_TEST(*any.read(Position{{}, Index{104}}) == &told.machine);
    BOOST_TEST(heard() == "read 104");
    BOOST_TEST(!any.confirmed(Instant{105}));
    BOOST_TEST(heard() == "confirmed 105");
    BOOST_TEST((any.promote({.may_lose = true}).error() == Error::not_bootstrapped));
    BOOST_TEST(heard() == "promote 1");
    BOOST_TEST((any.promote().error() == Error::not_bootstrapped));
    BOOST_TEST(heard() == "promote 0");
    BOOST_TEST((any.hand_over(NodeId{106}).error() == Error::handing_over));
    BOOST_TEST(heard() == "hand_over 106");
    BOOST_TEST((any.drain(Duration{107}).error() == Error::busy));
    BOOST_TEST(heard() == "drain 107");
    BOOST_TEST((any.admit(NodeId{108}).error() == Error::log_full));
    BOOST_TEST(heard() == "admit 108");
    any.connected(NodeId{109});
    BOOST_TEST(heard() == "connected 109");
    any.disconnected(NodeId{110});
    BOOST_TEST(heard() == "disconnected 110");
    std::array<std::byte, 7> bytes{};
    BOOST_TEST((any.receive(NodeId{2}, bytes).error() == Error::corrupt));
    BOOST_TEST(heard() == "receive 207");
    BOOST_TEST(any.transmit(NodeId{3}, bytes) == 14u);
    BOOST_TEST(heard() == "transmit 307");
    any.tick(Instant{111});
    BOOST_TEST(heard() == "tick 111");
    any.flush();
    BOOST_TEST(heard() == "flush 0");
    BOOST_TEST((any.close().error() == Error::log_failed));
    BOOST_TEST(heard() == "close 0");
}

BOOST_AUTO_TEST_CASE(each_answer_is_that_of_the_member_of_its_name) {
    Told told;
    const Any any = told;
    BOOST_TEST((any.id() == NodeId{1}));
    BOOST_TEST(&any.state() == &told.machine);
    Session session;
    BOOST_TEST((any.read(session).error() == Error::discarded));
    BOOST_TEST(session.newest().index.value == 4u);
    BOOST_TEST(any.position().index.value == 5u);
    BOOST_TEST((any.role() == Role::leader));
    BOOST_TEST((any.leader() == NodeId{6}));
    BOOST_TEST(any.last().index.value == 7u);
    BOOST_TEST(any.commit().value == 8u);
    BOOST_TEST(any.applied().value == 9u);
    BOOST_TEST(any.acknowledged().value == 10u);
    BOOST_TEST(any.status().log_bytes == 11u);
    BOOST_TEST(any.confirmed());
    BOOST_TEST(any.guarantee(5).nodes == 5u);
    BOOST_TEST(any.guarantee().nodes == 3u);
    BOOST_TEST(any.guarantee().holders == 12u);
    BOOST_TEST(any.promotion().needed == 13u);
    BOOST_TEST((any.drain_status().step == DrainStep::late));
    BOOST_TEST(&any.authority() == &told.lease);
    BOOST_TEST(any.transmit_bytes_min() == 41u);
    BOOST_TEST(any.log_bytes_max() == 42u);
    BOOST_TEST(any.log_failure().number == 43);
}

BOOST_AUTO_TEST_CASE(a_write_with_the_time_ticks_first) {
    Told told;
    BOOST_TEST(Any(told).write({.add = 5}, Instant{112})->position.index.value == 2u);
    BOOST_TEST(told.ticks == 1);
    BOOST_TEST(told.heard == "write 5");
}

BOOST_AUTO_TEST_CASE(a_copy_refers_to_the_same_node_and_one_without_a_node_says_so) {
    Told told;
    Any any = told;
    Any copy = any;
    copy.flush();
    BOOST_TEST(told.heard == "flush 0");
    BOOST_TEST(bool(copy));
    copy = Any();
    BOOST_TEST(!copy);
    BOOST_TEST(bool(any));
    static_assert(sizeof(Any) == 2 * sizeof(void*));
    static_assert(std::is_trivially_copyable_v<Any>);
}

BOOST_AUTO_TEST_CASE(one_function_writes_to_nodes_of_any_log_and_policy) {
    transport::Memory rings;
    Replicator<Counter, log::Ring<32768>, ack::Sync<>, transport::Memory> first{
        rings, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    Replicator<Counter, log::Ring<32768>, ack::Sync<>, transport::Memory> second{
        rings, {.node = nodes[1], .nodes = nodes, .run = Run{2}}};
    BOOST_REQUIRE(AnyNode<Counter>(first).bootstrap(HistoryId{1}));
    rings.settle();
    BOOST_TEST((add(first, rings, 5) == 5));
    BOOST_TEST((add(first, rings, 6) == 11));
    BOOST_TEST((add(second, rings, 7) == std::nullopt));
    BOOST_TEST(AnyNode<Counter>(second).state().total == 11);
    BOOST_TEST((AnyNode<Counter>(first).guarantee(2) == first.guarantee(2)));
    BOOST_TEST(AnyNode<Counter>(first).log_bytes_max() == 32768u);
    BOOST_TEST(bool(AnyNode<Counter>(first).close()));
    BOOST_TEST(*AnyNode<Counter>(first).log_failure().call == '\0');

    transport::Memory alone;
    Replicator<Counter, log::Memory<>, ack::Async<>, transport::Memory> other{
        alone, {.node = nodes[0], .nodes = nodes, .run = Run{3}}};
    BOOST_REQUIRE(AnyNode<Counter>(other).bootstrap(HistoryId{2}));
    BOOST_TEST((add(other, alone, 8) == 8));
    BOOST_TEST(AnyNode<Counter>(other).guarantee(2).holders == 1u);
}

BOOST_AUTO_TEST_CASE(a_log_on_a_disk_is_closed) {
    using Log = log::File<storage::Simulated, support::SmallFiles>;
    storage::SimulatedDisk disk(1);
    auto log = Log::open(storage::Simulated(disk), "log", {.node = nodes[0], .incarnation = Incarnation{7}});
    BOOST_REQUIRE(log);
    transport::Memory network;
    Replicator<Counter, Log, ack::Async<>, transport::Memory, Small> node{
        network, {.node = nodes[0], .nodes = nodes, .run = log->run()}, std::move(*log)};
    const AnyNode<Counter, Small> any = node;
    BOOST_TEST((any.status().fault == Error::none));
    BOOST_TEST(any.log_bytes_max() == support::SmallFiles::capacity_bytes);
    BOOST_TEST(bool(any.close()));
    BOOST_TEST((any.status().fault == Error::stopped));
    BOOST_TEST((any.close().error() == Error::faulted));
}

BOOST_AUTO_TEST_CASE(a_node_that_cannot_be_drained_is_no_hindrance) {
    constexpr auto drains = []<class Node>(Node* node) {
        return requires { node->drain(Duration{1}); };
    };
    static_assert(drains(static_cast<AnyNode<Counter>*>(nullptr)));
    static_assert(!drains(static_cast<AnyNode<Counter, NeverStops>*>(nullptr)));
    transport::Memory network;
    Replicator<Counter, log::Ring<32768>, ack::Async<>, transport::Memory, NeverStops> node{
        network, {.node = nodes[0], .nodes = nodes, .run = Run{1}}};
    BOOST_TEST((AnyNode<Counter, NeverStops>(node).id() == nodes[0]));
}

BOOST_AUTO_TEST_CASE(a_policy_is_found_by_its_name) {
    const auto kind_of = [](std::string_view name) {
        std::optional<PolicyKind> kind;
        const bool known = visit_policy<ack::Async<>, ack::SemiSync<>, ack::Quorum<2>, ack::Majority<>, ack::Sync<>>(
            name, [&kind]<class Ack>() { kind = Ack::kind; });
        BOOST_TEST(known == kind.has_value());
        return kind;
    };
    for (const PolicyKind kind :
         {PolicyKind::async, PolicyKind::semi_sync, PolicyKind::quorum, PolicyKind::majority, PolicyKind::sync}) {
        BOOST_TEST((kind_of(to_string(kind)) == kind));
    }
    BOOST_TEST(!kind_of(""));
    BOOST_TEST(!kind_of("a"));
    BOOST_TEST(!kind_of("asynchronous"));
    static_assert(visit_policy<ack::Sync<>>("sync", []<class Ack>() {}));
    static_assert(!visit_policy<ack::Sync<>>("async", []<class Ack>() {}));
}

BOOST_AUTO_TEST_SUITE_END()
