// SPDX-License-Identifier: BSL-1.0
// What a follower makes of what it is sent, and what it tells its leader about it.

#include "support/cluster.hpp"
#include "support/one_follower.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

BOOST_AUTO_TEST_SUITE(follower)

namespace {

using namespace replicator;
using namespace replicator::core;
using support::at;
using support::epoch_of;
using support::write_bytes;
using support::one_follower::check;
using support::one_follower::entries_of;
using support::one_follower::Following;
using support::one_follower::Log;

}  // namespace

BOOST_AUTO_TEST_CASE(an_ack_says_all_that_the_follower_holds) {
    Following node;
    BOOST_TEST(node.follower.owes());  // the link holds
    Ack ack = node.ack();
    BOOST_TEST(ack.received == Index{});
    BOOST_TEST(ack.credit == 4096u);
    BOOST_TEST((!ack.echo && !ack.refusal && !ack.snapshot));
    BOOST_TEST(!node.follower.owes());

    node.take(0, 5, 3);
    BOOST_TEST(node.follower.owes());
    ack = node.ack();
    BOOST_TEST(ack.received == Index{5});
    BOOST_TEST(ack.durable == Index{});  // the log is no disk
    BOOST_TEST(ack.applied == Index{3});
    BOOST_TEST(ack.credit == 4096u - 2 * write_bytes);
    BOOST_TEST(node.self.commit == Index{3});
    BOOST_TEST(!node.follower.owes());
    node.follower.heartbeat_due();
    BOOST_TEST(node.follower.owes());
}

BOOST_AUTO_TEST_CASE(what_was_on_a_former_link_is_void) {
    Following node;
    node.take(0, 5);
    BOOST_REQUIRE(node.begin(node.append_after(5, 0, 4)));
    node.follower.flushed();
    BOOST_TEST(node.follower.owes());
    node.follower.unlinked();
    BOOST_TEST(!node.follower.owes());
    node.follower.flushed();  // nothing is verified, so there is nothing to tell
    BOOST_TEST(!node.follower.owes());
    node.follower.settle(node.self, node.applier);
    BOOST_TEST(node.self.commit == Index{});
    BOOST_TEST(node.ack().received == Index{});
    // The next one begins with what the leader says.
    node.follower.linked({});
    node.take(5, 0, 2);
    BOOST_TEST(node.ack().received == Index{5});
    BOOST_TEST(node.self.commit == Index{2});
}

BOOST_AUTO_TEST_CASE(what_an_append_stands_behind_tells_the_epoch_of_the_last_entry) {
    Following node;
    node.take(0, 5);
    support::epochs_of(node.self) = {};  // forgotten
    node.follower.linked({});
    BOOST_REQUIRE(node.begin(node.append_after(5, 0)));
    BOOST_TEST((node.self.last() == at(1, 5)));
}

// An append behind the last one needs no look at where logs part; what does not plainly follow gets it.
BOOST_AUTO_TEST_CASE(an_append_behind_the_last_one_must_follow_it_in_epoch_and_chain) {
    const auto error_of = [](auto&& change) {
        Following node;
        node.take(0, 5);
        static_cast<void>(node.ack());
        Append append = node.append_after(5, 0);
        change(node, append);
        return node.begin(append) ? Error::none : node.ack().refusal->error;
    };
    BOOST_TEST((error_of([](Following&, Append&) {}) == Error::none));
    BOOST_TEST((error_of([](Following&, Append& append) { append.previous.epoch = epoch_of(2); }) == Error::discarded));
    BOOST_TEST((error_of([](Following&, Append& append) { append.previous_chain = Chain{77}; }) == Error::discarded));
    BOOST_TEST((error_of([](Following&, Append& append) { append.previous.index = Index{6}; }) == Error::discarded));
    // A state stands there since, whose last entry is another one.
    BOOST_TEST((error_of([](Following& node, Append&) {
                    support::log_of(node.self).reset(Index{5}, Chain{88});
                    node.follower.stand_at_state(node.self);
                }) == Error::discarded));
}

BOOST_AUTO_TEST_CASE(a_link_begins_without_the_refusal_and_the_echo_of_the_former_one) {
    Following node;
    Append append = node.append_after(5, 0);
    append.timing = Echo{Instant{7}, 3};
    BOOST_TEST(!node.begin(append));
    node.follower.unlinked();
    const Ack ack = node.ack();
    BOOST_TEST((!ack.refusal && !ack.echo));
    // Its rounds are counted from the beginning, too.
    node.follower.linked({});
    static_cast<void>(node.ack());
    append = node.append_after(0, 0);
    append.timing = Echo{Instant{8}, 1};
    BOOST_REQUIRE(node.begin(append));
    static_cast<void>(node.ack());
    append.timing = Echo{Instant{9}, 3};
    BOOST_REQUIRE(node.begin(append));
    BOOST_TEST(node.follower.owes());
}

BOOST_AUTO_TEST_CASE(a_send_time_is_echoed_once_and_a_new_round_at_once) {
    Following node;
    node.take(0, 5);
    static_cast<void>(node.ack());
    const auto owes_after = [&node](std::uint64_t sent, std::uint64_t round) {
        Append append = node.append_after(5, 0);
        append.timing = Echo{Instant{sent}, round};
        BOOST_REQUIRE(node.begin(append));
        return node.follower.owes();
    };
    BOOST_TEST(!owes_after(100, 0));
    BOOST_TEST(!owes_after(200, 0));
    const Ack ack = node.ack();
    BOOST_REQUIRE(ack.echo);
    BOOST_TEST((ack.echo->sent == Instant{200}));
    BOOST_TEST(!node.ack().echo);
    BOOST_TEST(owes_after(300, 1));
    BOOST_TEST(node.ack().echo->round == 1u);
    BOOST_TEST(!owes_after(400, 1));
    BOOST_TEST(owes_after(500, 2));
}

BOOST_AUTO_TEST_CASE(entries_in_pieces_of_any_size_are_the_same_whether_they_are_new_or_not) {
    for (std::size_t size = 1; size < 160; ++size) {
        Following node;
        node.take(0, 5, 0, size);
        BOOST_TEST(node.self.log().chain() == node.leader.self.log().chain());
        BOOST_TEST(node.ack().received == Index{5});
        // A new link: all come again, and two more.
        node.follower.linked({});
        node.leader.write(2);
        node.take(0, 7, 6, size);
        BOOST_TEST(node.self.log().chain() == node.leader.self.log().chain());
        BOOST_TEST(node.ack().received == Index{7});
        BOOST_TEST(node.applier.applied() == Index{6});
        BOOST_TEST(node.self.epochs().all().size() == 1u);
    }
}

BOOST_AUTO_TEST_CASE(an_append_has_as_many_entries_as_it_says) {
    for (const std::uint64_t said : {4u, 6u}) {
        Following node;
        BOOST_REQUIRE(node.begin(node.append_after(0, said)));
        BOOST_TEST(node.feed(entries_of(node.leader, 0, 5)) == Error::protocol);
    }
    // Nor may it end within one.
    Following node;
    BOOST_REQUIRE(node.begin(node.append_after(0, 5)));
    support::Bytes bytes = entries_of(node.leader, 0, 5);
    bytes.pop_back();
    BOOST_TEST(node.feed(bytes) == Error::protocol);
    // The next one begins anew.
    node.take(4, 1);
    BOOST_TEST(node.ack().received == Index{5});
}

BOOST_AUTO_TEST_CASE(damaged_entries_are_not_taken) {
    for (const std::size_t piece : {4096u, 10u}) {
        Following node;
        support::Bytes bytes = entries_of(node.leader, 0, 5);
        bytes.back() ^= std::byte{1};
        BOOST_REQUIRE(node.begin(node.append_after(0, 5)));
        Error error = Error::none;
        for (std::size_t from = 0; from < bytes.size() && error == Error::none; from += piece) {
            const auto rest = std::span<const std::byte>(bytes).subspan(from);
            error = node.feed(rest.first(smaller(rest.size(), piece)), rest.size() <= piece);
        }
        BOOST_TEST(error == Error::corrupt);
        BOOST_TEST(node.self.log().last() == Index{4});
    }
}

BOOST_AUTO_TEST_CASE(damage_on_the_way_is_told_where_something_was_verified) {
    Following node;
    static_cast<void>(node.ack());
    node.follower.damaged(node.self);
    BOOST_TEST(node.follower.owes());
    BOOST_TEST(!node.ack().refusal);
    node.take(0, 5);
    static_cast<void>(node.ack());
    node.follower.damaged(node.self);
    BOOST_TEST(node.follower.owes());
    const Ack ack = node.ack();
    BOOST_REQUIRE(ack.refusal);
    check(*ack.refusal, Error::corrupt, at(1, 5));
}

BOOST_AUTO_TEST_CASE(an_append_behind_something_else_is_refused_with_where_to_look) {
    Following node;
    node.take(0, 5, 2);
    static_cast<void>(node.ack());
    const auto refusal = [&node](Position previous, Chain chain, std::uint64_t commit = 0) {
        Append append;
        append.previous = previous;
        append.previous_chain = chain;
        append.commit = Index{commit};
        return node.refusal_of(append);
    };
    const Chain here = node.self.log().chain();
    check(refusal(at(1, 9), here), Error::discarded, at(1, 5));                 // behind the end
    check(refusal(at(2, 4), here), Error::discarded, at(1, 3));                 // of another epoch
    check(refusal(at(1, 4), Chain{1}), Error::discarded, at(1, 3));             // damaged
    check(refusal({Epoch{}, Index{4}}, Chain{1}), Error::discarded, at(1, 3));  // too old for the leader to know
    check(refusal(at(1, 1), Chain{1}), Error::discarded, at(1, 5));             // below what is committed
    BOOST_TEST((refusal(at(1, 9), here).commit == at(1, 2)));
    BOOST_TEST((node.self.role == Role::follower));
    // Nothing of it is taken, and the node does not forget what it had.
    BOOST_TEST(node.self.log().last() == Index{5});
    BOOST_TEST(node.ack().received == Index{5});
}

BOOST_AUTO_TEST_CASE(where_the_log_does_not_reach_back_the_leader_is_told_what_is_committed) {
    Following node;
    node.take(0, 5, 4);
    node.drop_through(4);
    static_cast<void>(node.ack());
    Append append;
    append.previous = at(1, 4);
    append.previous_chain = Chain{1};
    check(node.refusal_of(append), Error::discarded, at(1, 4));
}

BOOST_AUTO_TEST_CASE(a_leader_that_lacks_what_is_committed_stops_the_node_or_was_forced) {
    for (const bool forced : {false, true}) {
        Following node;
        node.take(0, 5, 4);
        node.self.epoch = epoch_of(3);
        node.follower.linked(forced ? at(3, 3) : Position{});
        static_cast<void>(node.ack());
        Append append;
        append.previous = at(3, 7);  // its log has epoch 3 from entry 3 on
        BOOST_TEST(!node.begin(append));
        BOOST_TEST((node.self.role == Role::follower));
        check(*node.ack().refusal, Error::discarded, at(1, 5));
        append.previous = at(3, 5);
        BOOST_TEST(!node.begin(append));
        check(*node.ack().refusal, Error::discarded, at(1, 4));
        append.previous = {epoch_of(0), Index{4}};  // older than anything here
        BOOST_TEST(!node.begin(append));
        BOOST_TEST((node.self.role == (forced ? Role::follower : Role::faulted)));
        if (!forced) {
            BOOST_TEST(node.self.fault == Error::diverged);
            continue;
        }
        const Ack ack = node.ack();
        BOOST_REQUIRE(ack.refusal);
        BOOST_TEST(ack.refusal->error == Error::diverged);
        BOOST_TEST((ack.refusal->commit == at(1, 4)));
    }
}

BOOST_AUTO_TEST_CASE(what_is_not_in_the_leaders_log_is_cut_and_handed_back) {
    for (const std::size_t piece : {4096u, 7u}) {
        Following node;
        node.take(0, 3, 2);
        // What this node has behind entry 3 is of its own.
        constexpr std::array<std::byte, 8> mine{std::byte{9}};
        node.put(EntryType::command, mine);
        node.put(EntryType::command, mine);
        BOOST_REQUIRE(node.begin(node.append_after(2, 3)));
        const support::Bytes bytes = entries_of(node.leader, 2, 3);
        for (std::size_t from = 0; from < bytes.size(); from += piece) {
            const auto rest = std::span<const std::byte>(bytes).subspan(from);
            BOOST_REQUIRE((node.feed(rest.first(smaller(rest.size(), piece)), rest.size() <= piece) == Error::none));
        }
        BOOST_TEST(node.self.log().last() == Index{3});
        BOOST_TEST(node.self.counters.discarded == 2u);
        BOOST_TEST((node.told.discarded == std::vector{at(1, 4), at(1, 5)}));
        const Ack ack = node.ack();
        BOOST_TEST(ack.received == Index{3});
        BOOST_REQUIRE(ack.refusal);
        check(*ack.refusal, Error::discarded, at(1, 3));
        node.take(3, 2);
        BOOST_TEST(node.self.log().chain() == node.leader.self.log().chain());
    }
}

BOOST_AUTO_TEST_CASE(an_entry_may_only_open_an_epoch_that_is_due) {
    const auto opens = [](std::uint64_t epoch, std::uint64_t of_link, std::size_t cut = 0) {
        Following node;
        node.take(0, 5);
        std::array<std::byte, epoch_start_bytes(0)> body{};
        EpochStartBody start;
        start.epoch = epoch_of(epoch);
        write_epoch_start(body.data(), start, Roster<3>{});
        node.leader.put(EntryType::epoch_start, std::span(body).first(body.size() - cut));
        node.self.epoch = epoch_of(of_link);
        BOOST_REQUIRE(node.begin(node.append_after(5, 1)));
        const Error error = node.feed(entries_of(node.leader, 5, 1));
        BOOST_TEST((error == Error::none) == (node.self.epochs().last() == epoch_of(epoch) && epoch > 1));
        return error;
    };
    BOOST_TEST(opens(2, 3) == Error::none);
    BOOST_TEST(opens(3, 3) == Error::none);
    BOOST_TEST(opens(4, 3) == Error::protocol);  // higher than that of its leader
    BOOST_TEST(opens(1, 3) == Error::protocol);  // no higher than the one before
    BOOST_TEST(opens(2, 3, 1) == Error::protocol);
}

BOOST_AUTO_TEST_CASE(a_full_log_takes_no_more_until_something_is_applied) {
    Following node;
    node.leader.write(200);
    std::uint64_t last = 205;
    node.take(0, last);
    Error refused = Error::none;
    while (refused == Error::none) {
        node.leader.drop_through(last);
        node.leader.write(1);
        BOOST_REQUIRE(node.begin(node.append_after(last, 1)));
        BOOST_REQUIRE((node.feed(entries_of(node.leader, last, 1)) == Error::none));
        const Ack ack = node.ack();
        if (ack.refusal) {
            refused = ack.refusal->error;
        } else {
            BOOST_TEST(ack.received == Index{++last});
        }
    }
    BOOST_TEST(refused == Error::log_full);
    BOOST_TEST(node.self.log().last() == Index{last});
    // The same append with news of what is committed.
    Append append = node.append_after(last, 1, last);
    BOOST_REQUIRE(node.begin(append));
    BOOST_REQUIRE((node.feed(entries_of(node.leader, last, 1)) == Error::none));
    BOOST_TEST(node.self.log().last() == Index{last + 1});
    BOOST_TEST(node.ack().applied == Index{last});
}

BOOST_AUTO_TEST_CASE(the_newest_commit_index_that_the_leader_knows_is_remembered_beyond_the_log) {
    Following node;
    node.take(0, 5, 9);
    BOOST_TEST((node.self.known_commit == at(1, 9)));
    BOOST_TEST(node.self.commit == Index{5});
    BOOST_REQUIRE(node.begin(node.append_after(5, 0, 8)));  // comes late
    BOOST_TEST((node.self.known_commit == at(1, 9)));
    node.leader.write(4);
    node.take(5, 2, 0);
    BOOST_TEST(node.self.commit == Index{7});
}

BOOST_AUTO_TEST_CASE(the_base_of_a_log_is_where_to_look_as_long_as_it_is_here) {
    Following node;
    support::log_of(node.self).reset(Index{3}, chain_at(node.leader.self.log(), Index{3}));
    support::epochs_of(node.self).push({epoch_of(1), Index{1}});
    node.applier.install({}, node.self.log().begin());
    node.self.commit = Index{3};
    node.take(3, 2, 4);
    static_cast<void>(node.ack());
    Append append;
    append.previous = at(1, 4);
    append.previous_chain = Chain{1};
    check(node.refusal_of(append), Error::discarded, at(1, 3));
}

BOOST_AUTO_TEST_CASE(an_entry_that_differs_from_one_that_is_committed_is_a_bug_or_forced) {
    for (const std::size_t piece : {4096u, 5u}) {
        for (const bool forced : {false, true}) {
            Following node;
            node.take(0, 5, 4);
            Log other;
            other.open_epoch(1);
            other.write(1);
            other.open_epoch(3, true);
            node.self.epoch = epoch_of(3);
            node.follower.linked(forced ? at(3, 3) : Position{});
            static_cast<void>(node.ack());
            BOOST_REQUIRE(node.begin(node.append_after(2, 1)));
            const support::Bytes bytes = entries_of(other, 2, 1);
            for (std::size_t from = 0; from < bytes.size(); from += piece) {
                const auto rest = std::span<const std::byte>(bytes).subspan(from);
                const auto part = rest.first(smaller(rest.size(), piece));
                BOOST_REQUIRE((node.feed(part, rest.size() <= piece) == Error::none));
            }
            BOOST_TEST(node.self.log().last() == Index{5});
            BOOST_TEST((node.self.role == (forced ? Role::follower : Role::faulted)));
            if (forced) check(*node.ack().refusal, Error::diverged, at(1, 2));
        }
    }
}

BOOST_AUTO_TEST_SUITE_END()
