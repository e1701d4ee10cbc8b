// SPDX-License-Identifier: BSL-1.0
// Nodes without parts that others have: what is left works as ever, and what is gone takes no room.

#include "support/cluster.hpp"

#include <boost/test/unit_test.hpp>

#include <cstdint>
#include <type_traits>

BOOST_AUTO_TEST_SUITE(absent_parts)

namespace {

using namespace replicator;
using support::one;
using support::pass;

template <class Limits>
using Node = support::Node<ack::SemiSync<>, support::Sum, log::Ring<4096>, Limits>;
template <class Limits>
using Group = support::Cluster<Node<Limits>>;

struct Uncounted : support::Small {
    using Tallies = tallies::Absent;
};

template <class AnyGroup>
void expect_writes_acknowledged(AnyGroup& group) {
    Ticket last{};
    for (std::uint64_t i = 0; i < 5; ++i) last = group.write(i);
    pass(group, 100);
    BOOST_TEST(group.acknowledged(last));
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

}  // namespace

BOOST_AUTO_TEST_CASE(without_tallies_nothing_is_counted) {
    using Counts = std::remove_cvref_t<decltype(Node<Uncounted>::NodeStatus{}.counters)>;
    static_assert(std::is_same_v<Counts, NoCounters> && std::is_empty_v<NoCounters>);
    static_assert(sizeof(Node<Uncounted>) + sizeof(Counters) <= sizeof(Node<support::Small>));
    Group<Uncounted> group(2);
    expect_writes_acknowledged(group);
    BOOST_TEST((group.at(2).status().leader == one));
    pass(group, 2000);  // also late ticks are not counted
    expect_writes_acknowledged(group);
}

BOOST_AUTO_TEST_SUITE_END()
