// SPDX-License-Identifier: BSL-1.0
// What is committed is applied in order and once, and the last results are kept.

#include "support/cluster.hpp"
#include "support/parts.hpp"

#include <replicator/core/applier.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>

BOOST_AUTO_TEST_SUITE(applier)

namespace {

using namespace replicator;
using namespace replicator::core;

/// Counts, and returns nothing.
struct Silent {
    struct Command {
        std::uint64_t add;
    };
    std::uint64_t total = 0;
    void apply(const Command& command) { total += command.add + 1; }
};

template <class Machine>
using Parts = Composition<Machine, codec::Raw<typename Machine::Command>, log::Ring<4096>, ack::Async<>, support::Small,
                          NoObserver>;

/// The second entry may begin in a call, and the third may not.
struct Portion : support::Small {
    static constexpr std::size_t apply_bytes_per_call = support::write_bytes + 1;
};
using InPortions =
    Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, ack::Async<>, Portion, NoObserver>;

}  // namespace

BOOST_AUTO_TEST_CASE(it_goes_as_far_as_is_committed_and_here) {
    support::OneNode<Parts<support::Sum>> node;
    node.open_epoch(1);
    node.write(4);
    const auto applied_at = [&node](std::uint64_t commit) {
        node.self.commit = Index{commit};
        node.applier.advance(node.self);
        BOOST_TEST(node.applier.machine().count == node.self.counters.applied);
        return node.applier.applied().value;
    };
    BOOST_TEST(applied_at(0) == 0u);
    BOOST_TEST(applied_at(1) == 1u);
    BOOST_TEST(node.self.counters.applied == 0u);  // that is no command
    BOOST_TEST(applied_at(3) == 3u);
    BOOST_TEST(applied_at(3) == 3u);
    BOOST_TEST(applied_at(2) == 3u);
    BOOST_TEST(node.self.counters.applied == 2u);
    BOOST_TEST(applied_at(9) == 5u);
    BOOST_TEST(node.self.counters.applied == 4u);
    BOOST_TEST((node.applier.next().offset == node.self.log().end().offset));
}

BOOST_AUTO_TEST_CASE(it_goes_on_where_a_log_that_began_anew_has_its_entries) {
    support::OneNode<Parts<support::Sum>> node;
    node.applier.restart_at({Index{3}, 48});
    BOOST_TEST((node.applier.next().index == Index{3} && node.applier.next().offset == 48u));
    BOOST_TEST(node.applier.applied() == Index{2});
}

BOOST_AUTO_TEST_CASE(a_machine_that_returns_nothing_is_applied_as_well) {
    support::OneNode<Parts<Silent>> node;
    node.write(3);
    node.self.commit = Index{3};
    node.applier.advance(node.self);
    BOOST_TEST(node.applier.machine().total == 3u);
    BOOST_TEST((node.applier.result(Index{3}) != nullptr));
    BOOST_TEST((node.applier.result(Index{4}) == nullptr));
}

BOOST_AUTO_TEST_CASE(results_are_kept_until_as_many_came_after_them) {
    support::OneNode<Parts<support::Sum>> node;
    constexpr std::uint64_t kept = support::Small::writes_pending_max;
    node.write(kept + 1);
    node.self.commit = Index{kept};
    node.applier.advance(node.self);
    BOOST_TEST((node.applier.result(Index{1}) != nullptr));
    BOOST_TEST((node.applier.result(Index{kept + 1}) == nullptr));
    node.self.commit = Index{kept + 1};
    node.applier.advance(node.self);
    BOOST_TEST((node.applier.result(Index{1}) == nullptr));
    BOOST_TEST((node.applier.result(Index{2}) != nullptr));
    BOOST_TEST((node.applier.result(Index{kept + 1}) != nullptr));
}

BOOST_AUTO_TEST_CASE(a_call_applies_so_many_bytes_and_one_entry_at_least) {
    support::OneNode<InPortions> node;
    node.write(4);
    node.write(1);
    node.self.commit = Index{5};
    const auto applied_in_a_call = [&node] {
        node.applier.begin_call();
        node.applier.advance(node.self);
        node.applier.advance(node.self);  // of the same call
        return node.applier.applied().value;
    };
    BOOST_TEST(node.applier.is_behind(node.self));
    BOOST_TEST(applied_in_a_call() == 2u);
    BOOST_TEST(node.applier.machine().count == 2u);
    BOOST_TEST(applied_in_a_call() == 4u);
    BOOST_TEST(node.applier.is_behind(node.self));
    BOOST_TEST(applied_in_a_call() == 5u);
    BOOST_TEST(!node.applier.is_behind(node.self));
    BOOST_TEST(node.self.counters.applied == 5u);
    node.write(1);
    BOOST_TEST(!node.applier.is_behind(node.self));  // that is not committed
    node.self.commit = Index{6};
    BOOST_TEST(node.applier.is_behind(node.self));
    node.self.fail(Error::stopped);
    BOOST_TEST(!node.applier.is_behind(node.self));
}

BOOST_AUTO_TEST_CASE(what_cannot_be_decoded_stops_the_node_before_it) {
    support::OneNode<Parts<support::Sum>> node;
    node.write(2);
    constexpr std::array<std::byte, 4> no_command{};
    node.put(EntryType::command, no_command);
    node.write(1);
    node.self.commit = Index{4};
    node.applier.advance(node.self);
    BOOST_TEST((node.self.fault == Error::undecodable));
    BOOST_TEST(node.applier.applied() == Index{2});
}

BOOST_AUTO_TEST_SUITE_END()
