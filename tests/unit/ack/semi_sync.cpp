// SPDX-License-Identifier: BSL-1.0
// The replacement of the synchronous follower, in every order in which its steps can happen. The numbers are those of
// the catalogue of failures.

#include "support/cluster.hpp"
#include "support/require_each.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace replicator;
using namespace support;

BOOST_AUTO_TEST_SUITE(semi_sync)

namespace {

constexpr NodeId four{4};

PeerStatus of(const NodeStatus<4>& status, NodeId node) {
    for (const PeerStatus& peer : status.peers()) {
        if (peer.node == node) return peer;
    }
    BOOST_FAIL("no such peer");
    return {};
}

/// Four nodes: 1 leads, 2 has the seat, 3 is as far, 4 was away and catches up. One write is on its way to all, and
/// node 2 has answered it; the answer has not arrived.
class Replacement {
public:
    Replacement() : nodes(4) {
        nodes.network.cut(one, four);
        for (std::uint64_t i = 0; i < 3; ++i) nodes.write(i);
        nodes.network.settle();
        BOOST_REQUIRE(seat_of(nodes) == two);
        nodes.network.join(one, four);
        nodes.write(100);
        nodes.network.collect();
        // Node 2 gets the write, and its answer is kept back.
        std::deque<Frame> kept;
        for (const Frame& frame : nodes.network.queue) {
            if (frame.to == two) {
                nodes.network.inject(frame);
            } else {
                kept.push_back(frame);
            }
        }
        nodes.network.queue.clear();
        nodes.network.collect();
        for (const Frame& frame : nodes.network.queue) {
            if (frame.from == two) {
                late = frame;
            } else {
                kept.push_back(frame);
            }
        }
        nodes.network.queue = kept;
        BOOST_REQUIRE(late);
        before = nodes.at(1).acknowledged();
        BOOST_REQUIRE(before < nodes.at(1).last().index);
    }

    void step(char event) {
        const bool seat_was_down = of(nodes.at(1).status(), seat_of(nodes)).state == FollowerState::down;
        const NodeId seat_before = seat_of(nodes);
        switch (event) {
            case 'd': nodes.network.cut(one, two); break;            // the seat goes down
            case 'l': nodes.network.inject(*late); break;            // its late answer comes
            case 'o': nodes.network.run_between(one, three); break;  // the other one takes part
            case 'c': nodes.network.run_between(one, four); break;   // the one that was away catches up
            case 'r':                                                // the old one returns
                nodes.network.join(one, two);
                nodes.network.run_between(one, two);
                break;
            case 'w': nodes.write(200); break;
            case 't': nodes.network.tick(milliseconds(1)); break;
            default: BOOST_FAIL("no such event");
        }
        check(seat_before, seat_was_down);
    }

    void finish() {
        nodes.network.join(one, two);
        nodes.network.advance(milliseconds(250), milliseconds(10));
        REPLICATOR_REQUIRE_EACH(nodes.at(1).acknowledged() == nodes.at(1).last().index);
        for (std::size_t i = 1; i <= 4; ++i) REPLICATOR_REQUIRE_EACH((nodes.at(i).state() == sum_of(nodes.written)));
        // Node 3 never went away: at most one replacement, and nobody takes the seat back.
        REPLICATOR_REQUIRE_EACH(nodes.events_of(1).count("seat") <= 2);
    }

    SemiSync nodes;

private:
    void check(NodeId seat_before, bool seat_was_down) {
        const Index acknowledged = nodes.at(1).acknowledged();
        const NodeId seat = seat_of(nodes);
        REPLICATOR_REQUIRE_EACH(acknowledged >= before);
        // Whatever was acknowledged, the leader and whoever has the seat hold it.
        REPLICATOR_REQUIRE_EACH(nodes.at(1).last().index >= acknowledged);
        REPLICATOR_REQUIRE_EACH(nodes.at(value(seat)).last().index >= acknowledged);
        // While the seat is down and not given to another, nothing is acknowledged.
        if (seat_was_down && seat == seat_before && of(nodes.at(1).status(), seat).state == FollowerState::down) {
            REPLICATOR_REQUIRE_EACH(acknowledged == before);
        }
        // Nothing is acknowledged until the new one holds the entry that gave it the seat.
        if (seat != two && acknowledged > before) {
            const std::string prefix = "seat " + std::to_string(value(seat)) + " at ";
            for (const std::string& line : nodes.events_of(1).lines) {
                if (line.rfind(prefix, 0) != 0) continue;
                const Index given{std::stoull(line.substr(prefix.size()))};
                REPLICATOR_REQUIRE_EACH(nodes.at(value(seat)).last().index >= given);
                REPLICATOR_REQUIRE_EACH(acknowledged >= given);
            }
        }
        before = acknowledged;
    }

    std::optional<Frame> late;
    Index before;
};

}  // namespace

BOOST_AUTO_TEST_CASE(case_29_every_order_of_events_keeps_the_promise) {
    std::string order = "dlocrwt";
    std::sort(order.begin(), order.end());
    std::size_t orders = 0;
    do {
        BOOST_TEST_CONTEXT("order " << order) {
            Replacement replacement;
            for (const char event : order) replacement.step(event);
            replacement.finish();
        }
        ++orders;
    } while (std::next_permutation(order.begin(), order.end()));
    BOOST_TEST(orders == 5040u);
}

BOOST_AUTO_TEST_CASE(case_32_a_late_answer_of_the_former_one_counts_for_nothing) {
    Replacement replacement;
    const Index before = replacement.nodes.at(1).acknowledged();
    replacement.step('d');
    replacement.step('l');
    BOOST_TEST(replacement.nodes.at(1).acknowledged() == before);
    BOOST_TEST(seat_of(replacement.nodes) == three);
    replacement.step('o');
    BOOST_TEST(replacement.nodes.at(1).acknowledged() == replacement.nodes.at(1).last().index);
}

BOOST_AUTO_TEST_CASE(case_30_who_is_still_catching_up_does_not_get_the_seat) {
    SemiSync nodes(3);
    nodes.network.cut(one, three);
    for (std::uint64_t i = 0; i < 10; ++i) nodes.write(i);
    nodes.network.settle();
    const Index acknowledged = nodes.at(1).acknowledged();
    // Node 3 is linked, but no entry reaches it.
    nodes.network.loses = [](const Frame& frame) {
        return frame.to == three && frame.type() == core::FrameType::append &&
               core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
    nodes.network.join(one, three);
    nodes.network.settle();
    nodes.network.cut(one, two);
    nodes.write(11);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(nodes.at(1).acknowledged() == acknowledged);
    BOOST_TEST(!nodes.at(1).status().satisfiable);
    // Once it has caught up, it does.
    nodes.network.loses = nullptr;
    nodes.network.advance(milliseconds(150), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.at(1).acknowledged() == nodes.at(1).last().index);
}

BOOST_AUTO_TEST_CASE(case_33_a_flapping_follower_does_not_flap_the_seat) {
    SemiSync nodes(3);
    for (int round = 0; round < 20; ++round) {
        nodes.network.cut(one, two);
        nodes.write(1);
        nodes.network.settle();
        nodes.network.join(one, two);
        nodes.network.settle();
        BOOST_TEST(nodes.at(1).acknowledged() == nodes.at(1).last().index);
    }
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.events_of(1).count("seat") == 2u);
}

BOOST_AUTO_TEST_CASE(case_31_who_lost_the_seat_lately_gets_it_only_when_nobody_else_can) {
    SemiSync nodes(4);
    nodes.network.cut(one, two);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == three);
    nodes.network.join(one, two);
    nodes.network.settle();
    nodes.network.cut(one, three);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == four);  // though node 2 is the first of those that are complete
    nodes.network.cut(one, four);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == two);
}

BOOST_AUTO_TEST_CASE(case_30_with_nobody_left_nothing_is_acknowledged) {
    SemiSync nodes(3);
    nodes.network.cut(one, two);
    nodes.network.cut(one, three);
    const Ticket ticket = nodes.write(1);
    nodes.network.advance(milliseconds(3000), milliseconds(100));
    BOOST_TEST(!nodes.acknowledged(ticket));
    BOOST_TEST(!nodes.at(1).status().satisfiable);
    BOOST_TEST(bool(nodes.at(1).status().oldest_pending));
    nodes.network.join(one, three);
    nodes.network.settle();
    BOOST_TEST(nodes.acknowledged(ticket));
    BOOST_TEST(nodes.at(1).outcome(ticket).acknowledgement.holders == 2u);
}

namespace {

constexpr Duration timeout = Small::failure_timeout;
constexpr Duration shortly_before = milliseconds(timeout.microseconds / 1000 - 20);

/// Entries do not get to these nodes, and everything else does: what they hold stays, while they answer.
[[nodiscard]] auto no_entries_to(std::vector<NodeId> nodes) {
    return [nodes](const Frame& frame) {
        return std::find(nodes.begin(), nodes.end(), frame.to) != nodes.end() &&
               frame.type() == core::FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_seat_moves_when_the_node_that_has_it_is_stuck) {
    SemiSync nodes(3);
    nodes.network.advance(milliseconds(2000), milliseconds(10));
    nodes.network.loses = no_entries_to({two});
    const Ticket ticket = nodes.write(1);
    nodes.network.advance(shortly_before, milliseconds(10));
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(!of(nodes.at(1).status(), two).stuck);
    nodes.network.advance(milliseconds(40), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.acknowledged(ticket));
    BOOST_TEST(nodes.at(1).outcome(ticket).acknowledgement.holders == 2u);
    // The stuck one stays linked and is served.
    PeerStatus stuck = of(nodes.at(1).status(), two);
    BOOST_TEST(stuck.stuck);
    BOOST_TEST(stuck.connected);
    BOOST_TEST((stuck.state == FollowerState::streaming));
    BOOST_TEST(nodes.events_of(1).count("follower 2 down") == 0u);
    BOOST_TEST(!of(nodes.at(1).status(), three).stuck);
    // It is not eligible.
    nodes.network.cut(one, three);
    nodes.network.advance(milliseconds(100), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(!nodes.at(1).status().satisfiable);
    nodes.network.join(one, three);
    nodes.network.settle();
    // Once it moves, it is there again, and does not take the seat back.
    nodes.network.loses = nullptr;
    nodes.network.advance(milliseconds(150), milliseconds(10));
    BOOST_TEST(!of(nodes.at(1).status(), two).stuck);
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.events_of(1).count("seat") == 2u);
}

BOOST_AUTO_TEST_CASE(who_was_stuck_with_the_seat_rests) {
    SemiSync nodes(4);
    nodes.network.loses = no_entries_to({two});
    nodes.write(1);
    nodes.network.advance(milliseconds(600), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == three);
    nodes.network.loses = nullptr;
    nodes.network.advance(milliseconds(150), milliseconds(10));
    nodes.network.cut(one, three);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == four);  // though node 2 is the first of those that are complete
    nodes.network.cut(one, four);
    nodes.network.settle();
    BOOST_TEST(seat_of(nodes) == two);
}

BOOST_AUTO_TEST_CASE(the_seat_stays_where_it_gets_on_slowly) {
    SemiSync nodes(3);
    nodes.network.buffer_bytes = 160;  // few entries in each frame
    nodes.network.loses = no_entries_to({two});
    for (std::uint64_t i = 0; i < 10; ++i) nodes.write(i);
    for (std::uint64_t i = 0; i < 8; ++i) {
        const Index before = nodes.at(2).last().index;
        nodes.network.loses = no_entries_to({two});
        for (std::uint64_t n = 0; n < 6; ++n) nodes.write(n);
        nodes.network.advance(milliseconds(350), milliseconds(10));
        BOOST_TEST(nodes.at(2).last().index == before);
        BOOST_TEST(seat_of(nodes) == two);
        // One frame gets through, and there is more behind it.
        bool one_passed = false;
        nodes.network.loses = [&](const Frame& frame) {
            return no_entries_to({two})(frame) && std::exchange(one_passed, true);
        };
        while (nodes.at(2).last().index == before) nodes.network.advance(milliseconds(10), milliseconds(10));
        BOOST_TEST(nodes.at(2).last().index < nodes.at(1).last().index);
    }
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(nodes.events_of(1).count("seat") == 1u);
}

BOOST_AUTO_TEST_CASE(the_seat_stays_where_nobody_got_further) {
    SemiSync nodes(3);
    nodes.network.loses = no_entries_to({two, three});
    const Ticket ticket = nodes.write(1);
    nodes.network.advance(milliseconds(3000), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(nodes.events_of(1).count("seat") == 1u);
    BOOST_TEST(!nodes.at(1).status().satisfiable);
    BOOST_TEST(!nodes.acknowledged(ticket));
    // Nor when the other one just came back, and nobody can say yet whether it gets on.
    nodes.network.cut(one, three);
    nodes.network.join(one, three);
    nodes.network.advance(milliseconds(100), milliseconds(10));
    BOOST_TEST(!of(nodes.at(1).status(), three).stuck);
    BOOST_TEST((of(nodes.at(1).status(), three).state == FollowerState::streaming));
    BOOST_TEST(seat_of(nodes) == two);
    nodes.network.loses = no_entries_to({two});
    nodes.network.advance(milliseconds(150), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.acknowledged(ticket));
    BOOST_TEST(nodes.at(1).status().satisfiable);
}

BOOST_AUTO_TEST_CASE(who_is_sent_nothing_is_not_stuck) {
    SemiSync nodes(3);
    nodes.network.loses = no_entries_to({two, three});
    nodes.network.advance(milliseconds(3000), milliseconds(10));
    BOOST_TEST(nodes.at(1).status().satisfiable);
    // The time begins when something is sent, not when something moved last.
    nodes.network.loses = no_entries_to({two});
    nodes.write(1);
    nodes.network.advance(shortly_before, milliseconds(10));
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(nodes.at(1).status().satisfiable);
}

BOOST_AUTO_TEST_CASE(the_seat_stays_when_its_answers_are_late) {
    SemiSync nodes(3);
    const Duration latency = milliseconds(450);
    std::deque<std::pair<Instant, Frame>> late;
    bool holds_back = true;
    nodes.network.loses = [&](const Frame& frame) {
        if (!holds_back || frame.from != two || frame.to != one) return false;
        late.emplace_back(nodes.network.now() + latency, frame);
        return true;
    };
    for (std::uint64_t step = 0; step < 300; ++step) {
        if (step % 7 == 0) nodes.write(step);
        nodes.network.tick(milliseconds(10));
        for (; !late.empty() && late.front().first <= nodes.network.now(); late.pop_front()) {
            nodes.network.inject(late.front().second);
        }
        nodes.network.run();
        BOOST_REQUIRE(seat_of(nodes) == two);
        BOOST_REQUIRE(!of(nodes.at(1).status(), two).stuck);
    }
    BOOST_TEST(nodes.at(1).acknowledged() > Index{20});
}

BOOST_AUTO_TEST_CASE(the_seat_stays_after_the_leaders_own_absence) {
    SemiSync nodes(3);
    nodes.network.loses = no_entries_to({two});
    nodes.write(1);
    nodes.network.advance(milliseconds(200), milliseconds(10));
    nodes.network.loses = nullptr;
    // What node 2 answers meanwhile is not looked at yet.
    nodes.network.pause(one);
    nodes.network.advance(milliseconds(400), milliseconds(10));
    nodes.network.resume(one);
    nodes.network.tick(milliseconds(1));
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(!of(nodes.at(1).status(), two).stuck);
    nodes.network.advance(milliseconds(300), milliseconds(10));
    BOOST_TEST(seat_of(nodes) == two);
    BOOST_TEST(nodes.at(1).acknowledged() == nodes.at(1).last().index);
}

BOOST_AUTO_TEST_CASE(a_state_that_is_being_sent_is_not_stuck) {
    SemiSync nodes(3);
    nodes.network.loses = [](const Frame& frame) {
        return no_entries_to({three})(frame) || frame.type() == core::FrameType::snapshot_piece;
    };
    for (std::uint64_t i = 0; i < 300; ++i) {
        nodes.write(i);
        nodes.network.settle();
    }
    // On the same link on which it was sent entries in vain.
    BOOST_REQUIRE((of(nodes.at(1).status(), three).state == FollowerState::snapshot));
    for (int i = 0; i < 200; ++i) {
        nodes.network.advance(milliseconds(10), milliseconds(10));
        BOOST_REQUIRE(!of(nodes.at(1).status(), three).stuck);
    }
    nodes.network.loses = nullptr;
    nodes.network.advance(milliseconds(1000), milliseconds(10));
    BOOST_TEST((of(nodes.at(1).status(), three).state == FollowerState::streaming));
}

BOOST_AUTO_TEST_CASE(nobody_hands_over_to_who_is_stuck) {
    SemiSync nodes(3);
    nodes.network.loses = no_entries_to({three});
    nodes.write(1);
    nodes.network.advance(milliseconds(600), milliseconds(10));
    BOOST_TEST(nodes.at(1).hand_over(three).error() == Error::not_enough_followers);
    BOOST_TEST(bool(nodes.at(1).hand_over(two)));
}

BOOST_AUTO_TEST_CASE(whatever_entry_is_pending_its_age_is_known) {
    SemiSync nodes(3);
    nodes.network.loses = [](const Frame& frame) { return frame.type() == core::FrameType::ack; };
    nodes.network.cut(one, two);
    BOOST_TEST(seat_of(nodes) == three);
    BOOST_TEST(nodes.at(1).status().writes_pending == 1u);
    nodes.network.advance(milliseconds(20));
    const auto pending = nodes.at(1).status().oldest_pending;
    BOOST_REQUIRE(pending);
    BOOST_TEST(pending->microseconds == 20'000u);
    nodes.network.loses = nullptr;
    nodes.network.advance(milliseconds(100));
    BOOST_TEST(nodes.at(1).status().writes_pending == 0u);
    BOOST_TEST(!nodes.at(1).status().oldest_pending);
    // The entry that opens an epoch is one too.
    SemiSync alone(2, false);
    BOOST_REQUIRE(alone.at(1).bootstrap(HistoryId{1}));
    BOOST_TEST(alone.at(1).status().writes_pending == 1u);
    BOOST_TEST(bool(alone.at(1).status().oldest_pending));
}

BOOST_AUTO_TEST_CASE(followers_that_come_and_go_cannot_fill_the_log_with_the_seat) {
    Cluster<Node<ack::SemiSync<>, Sum, log::Ring<1024>>> nodes(3);
    auto& network = nodes.network;
    // The window is full, and no entry arrives anywhere: each follower is back, and goes before it holds its seat.
    network.loses = [](const Frame& frame) {
        return frame.type() == core::FrameType::append && core::load_header(frame.bytes.data()).tail_bytes > 0;
    };
    while (nodes.at(1).write({1})) nodes.written.push_back(1);
    for (int round = 0; round < 300; ++round) {
        const NodeId seat = nodes.at(1).status().peers()[0].seat ? two : three;
        network.cut(one, seat);
        network.run();
        network.join(one, seat);
        network.settle();
    }
    const std::size_t moves = nodes.events_of(1).count("seat");
    BOOST_TEST(moves > 4u);
    BOOST_TEST(moves < 12u);
    // One of them stays: it gets the seat, though the trouble has lasted, and everything goes on.
    const NodeId seat = nodes.at(1).status().peers()[0].seat ? two : three;
    network.cut(one, seat);
    network.loses = nullptr;
    network.advance(milliseconds(2000), milliseconds(10));
    BOOST_TEST(nodes.at(1).acknowledged() == nodes.at(1).last().index);
    BOOST_TEST(bool(nodes.at(1).write({2})));
    network.settle();
    BOOST_TEST(nodes.at(1).acknowledged() == nodes.at(1).last().index);
}

BOOST_AUTO_TEST_SUITE_END()
