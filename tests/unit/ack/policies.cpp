// SPDX-License-Identifier: BSL-1.0
// The acknowledgement policies as pure functions, for every group of up to five nodes, beside the plainest model.

#include "support/frames.hpp"
#include "support/require_each.hpp"

#include <replicator/ack/async.hpp>
#include <replicator/ack/majority.hpp>
#include <replicator/ack/quorum.hpp>
#include <replicator/ack/semi_sync.hpp>
#include <replicator/ack/sync.hpp>

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(policies)

namespace {

constexpr std::uint64_t held_max = 3;

struct Case {
    std::array<Holding, 4> followers{};
    std::size_t count = 0;
    Index leader;

    [[nodiscard]] Holdings holdings() const { return {leader, std::span(followers).first(count)}; }
    [[nodiscard]] std::size_t nodes() const { return count + 1; }
    /// Nodes that hold `index`, leader included.
    [[nodiscard]] std::size_t holders(std::uint64_t index) const {
        std::size_t found = leader.value >= index ? 1 : 0;
        for (std::size_t i = 0; i < count; ++i) found += followers[i].held.value >= index ? 1u : 0u;
        return found;
    }
    [[nodiscard]] std::size_t up() const {
        std::size_t found = 0;
        for (std::size_t i = 0; i < count; ++i) found += followers[i].up ? 1u : 0u;
        return found;
    }
};

/// Calls `check` with everything that can be: what each holds, who is up, who has the seat.
template <class Check>
void for_all_cases(Check&& check) {
    for (std::size_t count = 0; count <= 4; ++count) {
        std::size_t combinations = 1;
        for (std::size_t i = 0; i < count; ++i) combinations *= (held_max + 1) * 2;
        for (std::size_t number = 0; number < combinations; ++number) {
            for (std::size_t seat = 0; seat <= count; ++seat) {
                for (std::uint64_t leader = 0; leader <= held_max; ++leader) {
                    Case one;
                    one.count = count;
                    one.leader = Index{leader};
                    std::size_t rest = number;
                    for (std::size_t i = 0; i < count; ++i) {
                        one.followers[i] = {Index{rest / 2 % (held_max + 1)}, rest % 2 == 1, seat == i + 1};
                        rest /= (held_max + 1) * 2;
                    }
                    check(one);
                }
            }
        }
    }
}

/// The newest index for which `suffices` is true.
template <class Suffices>
std::uint64_t newest(Suffices&& suffices) {
    std::uint64_t index = held_max;
    while (index > 0 && !suffices(index)) --index;
    return index;
}

/// AP-1 and AP-2, for any policy.
template <class Policy>
void check_rules() {
    for_all_cases([](const Case& one) {
        // A group too small for the policy is not made.
        if (one.nodes() < Policy::holders_floor(one.nodes())) return;
        const Index answer = Policy::acknowledged(one.holdings());
        REPLICATOR_REQUIRE_EACH(answer <= one.leader);
        REPLICATOR_REQUIRE_EACH(answer == Index{} || one.holders(answer.value) >= Policy::holders_floor(one.nodes()));
        for (std::size_t i = 0; i < one.count; ++i) {
            Case more = one;
            ++more.followers[i].held;
            REPLICATOR_REQUIRE_EACH(Policy::acknowledged(more.holdings()) >= answer);
        }
        Case more = one;
        ++more.leader;
        REPLICATOR_REQUIRE_EACH(Policy::acknowledged(more.holdings()) >= answer);
    });
}

template <class Policy>
void check_counting(std::size_t wanted_of_five, bool degrades) {
    BOOST_TEST(Policy::holders(5) == wanted_of_five);
    for_all_cases([degrades](const Case& one) {
        const std::size_t wanted = Policy::holders(one.nodes());
        if (wanted > one.nodes()) return;
        const std::size_t needed = degrades && one.up() + 1 < wanted ? one.up() + 1 : wanted;
        const std::uint64_t expected =
            newest([&](std::uint64_t index) { return one.leader.value >= index && one.holders(index) >= needed; });
        REPLICATOR_REQUIRE_EACH(Policy::acknowledged(one.holdings()).value == expected);
        REPLICATOR_REQUIRE_EACH(Policy::satisfiable(one.holdings()) == (one.up() + 1 >= wanted));
    });
}

constexpr AskedStage as_log{};

}  // namespace

BOOST_AUTO_TEST_CASE(async_acknowledges_what_the_leader_holds) {
    for_all_cases([](const Case& one) {
        REPLICATOR_REQUIRE_EACH(ack::Async<>::acknowledged(one.holdings()) == one.leader);
        REPLICATOR_REQUIRE_EACH(ack::Async<>::satisfiable(one.holdings()));
    });
    check_rules<ack::Async<>>();
}

BOOST_AUTO_TEST_CASE(sync_acknowledges_what_all_hold) {
    for_all_cases([](const Case& one) {
        const auto expected = newest([&](std::uint64_t index) { return one.holders(index) == one.nodes(); });
        REPLICATOR_REQUIRE_EACH(ack::Sync<>::acknowledged(one.holdings()).value == expected);
        REPLICATOR_REQUIRE_EACH(ack::Sync<>::satisfiable(one.holdings()) == (one.up() == one.count));
    });
    check_rules<ack::Sync<>>();
}

BOOST_AUTO_TEST_CASE(sync_that_may_degrade_leaves_out_who_is_down) {
    using Policy = ack::Sync<as_log, WhenMissing::degrade>;
    for_all_cases([](const Case& one) {
        std::uint64_t expected = one.leader.value;
        for (std::size_t i = 0; i < one.count; ++i) {
            if (one.followers[i].up && one.followers[i].held.value < expected) expected = one.followers[i].held.value;
        }
        REPLICATOR_REQUIRE_EACH(Policy::acknowledged(one.holdings()).value == expected);
    });
    check_rules<Policy>();
}

BOOST_AUTO_TEST_CASE(quorums_count_holders) {
    check_counting<ack::Quorum<2>>(2, false);
    check_counting<ack::Quorum<3>>(3, false);
    check_counting<ack::Quorum<5>>(5, false);
    check_counting<ack::Quorum<3, as_log, WhenMissing::degrade>>(3, true);
    check_rules<ack::Quorum<2>>();
    check_rules<ack::Quorum<4>>();
    check_rules<ack::Quorum<3, as_log, WhenMissing::degrade>>();
}

BOOST_AUTO_TEST_CASE(a_majority_is_more_than_half) {
    check_counting<ack::Majority<>>(3, false);
    check_counting<ack::Majority<as_log, WhenMissing::degrade>>(3, true);
    check_rules<ack::Majority<>>();
    const std::array<std::size_t, 6> wanted{0, 1, 2, 2, 3, 3};
    for (std::size_t nodes = 1; nodes <= 5; ++nodes) BOOST_TEST(ack::Majority<>::holders(nodes) == wanted[nodes]);
}

BOOST_AUTO_TEST_CASE(semi_sync_acknowledges_what_the_leader_and_the_seat_hold) {
    using Waits = ack::SemiSync<>;
    using Degrades = ack::SemiSync<as_log, WhenMissing::degrade>;
    for_all_cases([](const Case& one) {
        const Holding* seat = nullptr;
        for (std::size_t i = 0; i < one.count; ++i) {
            if (one.followers[i].seat) seat = &one.followers[i];
        }
        const std::uint64_t both = seat == nullptr ? 0 : std::min(seat->held.value, one.leader.value);
        REPLICATOR_REQUIRE_EACH(Waits::acknowledged(one.holdings()).value == both);
        REPLICATOR_REQUIRE_EACH(Waits::satisfiable(one.holdings()) == (one.up() > 0));
        const bool seat_up = seat != nullptr && seat->up;
        const std::uint64_t expected = seat_up ? both : one.up() == 0 ? one.leader.value : 0;
        REPLICATOR_REQUIRE_EACH(Degrades::acknowledged(one.holdings()).value == expected);
    });
    check_rules<Waits>();
    check_rules<Degrades>();
}

BOOST_AUTO_TEST_CASE(the_guarantees_are_constants) {
    constexpr Stage received = Stage::received;
    const auto is = [](Guarantee guarantee, std::size_t nodes, std::size_t holders, std::size_t losses,
                       std::size_t hears) {
        return guarantee == Guarantee{received, nodes, holders, losses, hears};
    };
    static_assert(guarantee_of<ack::Async<>>(3, received) == Guarantee{received, 3, 1, 0, 3});
    for (std::size_t n = 2; n <= 5; ++n) {
        BOOST_TEST(is(guarantee_of<ack::Async<>>(n, received), n, 1, 0, n));
        BOOST_TEST(is(guarantee_of<ack::SemiSync<>>(n, received), n, 2, 1, n - 1));
        BOOST_TEST(is(guarantee_of<ack::Sync<>>(n, received), n, n, n - 1, 1));
        BOOST_TEST(is(guarantee_of<ack::Quorum<2>>(n, received), n, 2, 1, n - 1));
        const std::size_t majority = n / 2 + 1;
        BOOST_TEST(is(guarantee_of<ack::Majority<>>(n, received), n, majority, majority - 1, n - majority + 1));
        // Whoever may degrade promises no more than the leader alone.
        using Degrades = ack::Sync<as_log, WhenMissing::degrade>;
        BOOST_TEST(is(guarantee_of<Degrades>(n, received), n, 1, 0, n));
        BOOST_TEST(is(guarantee_of<ack::SemiSync<as_log, WhenMissing::degrade>>(n, received), n, 1, 0, n));
        BOOST_TEST(is(guarantee_of<ack::Quorum<2, as_log, WhenMissing::degrade>>(n, received), n, 1, 0, n));
        BOOST_TEST(is(guarantee_of<ack::Majority<as_log, WhenMissing::degrade>>(n, received), n, 1, 0, n));
    }
}

BOOST_AUTO_TEST_CASE(the_stage_is_that_of_the_log_unless_it_is_asked_for) {
    BOOST_TEST((AskedStage{}.on(Stage::durable) == Stage::durable));
    BOOST_TEST((AskedStage{}.on(Stage::received) == Stage::received));
    BOOST_TEST((AskedStage{Stage::applied}.on(Stage::received) == Stage::applied));
    BOOST_TEST((AskedStage{ack::Sync<Stage::received>::stage}.on(Stage::durable) == Stage::received));
}

BOOST_AUTO_TEST_SUITE_END()
