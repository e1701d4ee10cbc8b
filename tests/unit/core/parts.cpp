// SPDX-License-Identifier: BSL-1.0
// The small parts of the core, one by one: epochs, entries in flight, roster, snapshot tail, admission, seat.

#include "support/cluster.hpp"
#include "support/history.hpp"
#include "support/progress.hpp"

#include <replicator/core/follow/follower.hpp>
#include <replicator/core/frozen.hpp>
#include <replicator/core/history/epochs.hpp>
#include <replicator/core/history/roster.hpp>
#include <replicator/core/lead/admission.hpp>
#include <replicator/core/lead/seat.hpp>
#include <replicator/core/lead/sender.hpp>
#include <replicator/core/newest_roster.hpp>
#include <replicator/core/peer/progress.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <random>
#include <span>
#include <utility>
#include <vector>

using namespace replicator;

namespace {

using core::Composition;

constexpr Epoch epoch(std::uint64_t counter) { return {counter, NodeId{1}, 1}; }

using Parts = Composition<support::Sum, codec::Raw<support::Sum::Command>, log::Ring<4096>, ack::SemiSync<>,
                          support::Small, NoObserver>;

}  // namespace

BOOST_AUTO_TEST_SUITE(epochs)

using namespace replicator::core;

BOOST_AUTO_TEST_CASE(every_index_has_the_epoch_that_wrote_it) {
    Epochs<4> epochs;
    BOOST_TEST(epochs.last() == Epoch{});
    BOOST_TEST(epochs.at(Index{5}) == Epoch{});
    epochs.push({epoch(1), Index{1}, Chain{10}});
    epochs.push({epoch(3), Index{5}, Chain{30}});
    BOOST_TEST(epochs.last() == epoch(3));
    BOOST_TEST(epochs.at(Index{0}) == Epoch{});
    BOOST_TEST(epochs.at(Index{1}) == epoch(1));
    BOOST_TEST(epochs.at(Index{4}) == epoch(1));
    BOOST_TEST(epochs.at(Index{5}) == epoch(3));
    BOOST_TEST(epochs.at(Index{500}) == epoch(3));
}

BOOST_AUTO_TEST_CASE(the_oldest_is_forgotten_and_still_stands_before_the_rest) {
    Epochs<2> epochs;
    for (std::uint64_t i = 1; i <= 4; ++i) epochs.push({epoch(i), Index{10 * i}, Chain{}});
    BOOST_TEST(epochs.all().size() == 2u);
    BOOST_TEST(epochs.at(Index{40}) == epoch(4));
    BOOST_TEST(epochs.at(Index{39}) == epoch(3));
    BOOST_TEST(epochs.at(Index{29}) == epoch(2));
}

BOOST_AUTO_TEST_CASE(a_cut_beyond_what_is_remembered_leaves_nothing_that_is_wrong) {
    Epochs<2> epochs;
    for (std::uint64_t i = 1; i <= 5; ++i) epochs.push({epoch(i), Index{10 * i}, Chain{}});
    epochs.cut(Index{35});
    BOOST_TEST(epochs.last() == epoch(3));
    epochs.learn({epoch(2), Index{25}});  // is known better
    BOOST_TEST(epochs.last() == epoch(3));
    epochs.cut(Index{25});
    BOOST_TEST(epochs.last() == Epoch{});
    BOOST_TEST(epochs.at(Index{34}) == Epoch{});
    epochs.learn({epoch(2), Index{24}});
    BOOST_TEST(epochs.last() == epoch(2));
    BOOST_TEST(epochs.at(Index{23}) == Epoch{});
}

BOOST_AUTO_TEST_CASE(a_cut_forgets_the_epochs_behind_it) {
    Epochs<4> epochs;
    for (std::uint64_t i = 1; i <= 3; ++i) epochs.push({epoch(i), Index{10 * i}, Chain{}});
    epochs.cut(Index{31});
    BOOST_TEST(epochs.last() == epoch(3));
    epochs.cut(Index{30});
    BOOST_TEST(epochs.last() == epoch(2));
    epochs.cut(Index{1});
    BOOST_TEST(epochs.last() == Epoch{});
    epochs.push({epoch(9), Index{1}, Chain{}});
    epochs.begin(Epoch{}, Index{}, Position{});
    BOOST_TEST(epochs.all().empty());
}

BOOST_AUTO_TEST_CASE(the_newest_common_position_is_found_in_few_steps) {
    // Two logs that part somewhere, told apart by epoch alone, as a model of what two nodes ask each other.
    std::mt19937_64 random(1);
    const auto pick = [&random](std::uint64_t low, std::uint64_t high) {
        return std::uniform_int_distribution<std::uint64_t>(low, high)(random);
    };
    for (int round = 0; round < 2000; ++round) {
        std::array<std::vector<std::uint64_t>, 2> logs;  // the epoch of each entry
        std::uint64_t counter = 0;
        const std::uint64_t common = pick(0, 6);
        for (std::uint64_t i = 0; i < common; ++i) logs[0].push_back(counter += pick(i == 0 ? 1 : 0, 1));
        logs[1] = logs[0];
        for (auto& log : logs) {
            const std::uint64_t more = pick(0, 6);
            for (std::uint64_t i = 0; i < more; ++i) {
                // Two logs never have different entries of one epoch, so each draws its own, odd or even.
                const std::uint64_t step = i == 0 ? 1 : pick(0, 1);
                if (step > 0) counter += 1;
                log.push_back(step > 0 ? counter : log.back());
            }
        }
        std::array<Epochs<16>, 2> epochs;
        for (std::size_t side = 0; side < 2; ++side) {
            for (std::size_t i = 0; i < logs[side].size(); ++i) {
                if (i > 0 && logs[side][i] == logs[side][i - 1]) continue;
                epochs[side].push({epoch(logs[side][i]), Index{i + 1}, Chain{}});
            }
        }
        const auto last = [&](std::size_t side) { return Position{epochs[side].last(), Index{logs[side].size()}}; };
        Position asked = epochs[0].newest_at_or_below(last(1), last(0).index);
        int steps = 0;
        while (asked.index != Index{} && epochs[1].at(asked.index) != asked.epoch) {
            const Position hint = epochs[1].newest_at_or_below(asked, last(1).index);
            BOOST_REQUIRE(hint.index <= asked.index);
            asked = epochs[0].newest_at_or_below(hint, last(0).index);
            BOOST_REQUIRE(++steps <= 16);
        }
        std::uint64_t agree = 0;
        while (agree < logs[0].size() && agree < logs[1].size() && logs[0][agree] == logs[1][agree]) ++agree;
        BOOST_REQUIRE_MESSAGE(asked.index.value == agree, "found " << asked.index << ", common is " << agree);
    }
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(in_flight)

using namespace replicator::core;

BOOST_AUTO_TEST_CASE(bytes_count_from_sending_to_the_ack_and_never_less) {
    std::mt19937_64 random(2);
    InFlight in_flight;
    std::deque<std::pair<Index, std::uint64_t>> model;
    std::uint64_t on_the_way = 0;
    Index last;
    for (int step = 0; step < 20'000; ++step) {
        if (random() % 2 == 0) {
            last = last + (1 + random() % 3);
            const std::uint64_t bytes = 8 * (1 + random() % 9);
            in_flight.sent(last, bytes);
            model.emplace_back(last, bytes);
            on_the_way += bytes;
        } else if (!model.empty()) {
            const Index held = model[random() % model.size()].first;
            in_flight.held(held);
            while (!model.empty() && model.front().first <= held) {
                on_the_way -= model.front().second;
                model.pop_front();
            }
        }
        BOOST_REQUIRE(in_flight.bytes() >= on_the_way);
        BOOST_REQUIRE(model.size() > 7 || in_flight.bytes() >= on_the_way);
        BOOST_REQUIRE(in_flight.empty() == (in_flight.bytes() == 0));
        if (model.empty()) BOOST_REQUIRE(in_flight.empty());
    }
    in_flight.sent(last + 1, 8);
    in_flight.clear();
    BOOST_TEST(in_flight.empty());
    BOOST_TEST(in_flight.bytes() == 0u);
}

BOOST_AUTO_TEST_CASE(frames_beyond_the_eighth_join_the_newest) {
    InFlight in_flight;
    for (std::uint64_t i = 1; i <= 10; ++i) in_flight.sent(Index{i}, 8);
    for (std::uint64_t i = 1; i <= 7; ++i) {
        in_flight.held(Index{i});
        BOOST_TEST(in_flight.bytes() == 8 * (10 - i));
    }
    in_flight.held(Index{9});
    BOOST_TEST(in_flight.bytes() == 24u);
    in_flight.held(Index{10});
    BOOST_TEST(in_flight.empty());
}

BOOST_AUTO_TEST_CASE(an_ack_in_the_middle_of_a_frame_frees_nothing) {
    InFlight in_flight;
    in_flight.sent(Index{10}, 80);
    in_flight.held(Index{9});
    BOOST_TEST(in_flight.bytes() == 80u);
    in_flight.held(Index{10});
    BOOST_TEST(in_flight.empty());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(roster)

using namespace replicator::core;

BOOST_AUTO_TEST_CASE(it_follows_from_the_entries) {
    const NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};
    Roster<5> leader;
    leader.set_nodes(nodes);
    leader.admit(NodeId{1}, Incarnation{11});
    leader.admit(NodeId{9}, Incarnation{99});  // nobody
    BOOST_TEST((leader.counting(NodeId{1}) == Incarnation{11}));
    BOOST_TEST((leader.counting(NodeId{9}) == Incarnation{}));

    alignas(8) std::array<std::byte, 256> entry{};
    const auto seal = [&entry](EntryType type, std::size_t length) {
        seal_entry(entry.data(), type, 0, length, Chain{});
        return entry.data();
    };
    const EpochStartBody body{.epoch = epoch(4),
                              .run = Run{5},
                              .policy = 6,
                              .seat = NodeId{3},
                              .forced = true,
                              .forced_from = Index{7},
                              .members = 3};
    write_epoch_start(entry.data() + entry_header_bytes, body, leader);
    seal(EntryType::epoch_start, epoch_start_bytes(3));
    const EpochStartBody read = read_epoch_start(entry.data() + entry_header_bytes);
    BOOST_TEST(read.epoch == epoch(4));
    BOOST_TEST((read.run == Run{5}));
    BOOST_TEST(read.policy == 6u);
    BOOST_TEST(read.forced);
    BOOST_TEST(read.forced_from == Index{7});
    BOOST_TEST(read.members == 3u);

    Roster<5> follower;
    follower.set_nodes(nodes);
    follower.take(entry.data(), Index{20});
    BOOST_TEST((follower.counting(NodeId{1}) == Incarnation{11}));
    BOOST_TEST(follower.seat == NodeId{3});
    BOOST_TEST(follower.seat_index == Index{20});

    ByteWriter(entry.data() + entry_header_bytes).put(NodeId{2}).put(std::uint32_t{0});
    follower.take(seal(EntryType::seat, SeatBody::bytes), Index{21});
    BOOST_TEST(follower.seat == NodeId{2});
    BOOST_TEST(follower.seat_index == Index{21});

    ByteWriter(entry.data() + entry_header_bytes).put(NodeId{3}).put(std::uint32_t{0}).put(Incarnation{33});
    follower.take(seal(EntryType::admit, AdmitBody::bytes), Index{22});
    BOOST_TEST((follower.counting(NodeId{3}) == Incarnation{33}));
    BOOST_TEST(follower.seat_index == Index{21});
}

BOOST_AUTO_TEST_CASE(bodies_of_another_size_say_nothing) {
    const NodeId nodes[] = {NodeId{1}, NodeId{0x02020202}};  // as the bytes below would say
    alignas(8) std::array<std::byte, 256> entry{};
    for (const EntryType type : {EntryType::epoch_start, EntryType::seat, EntryType::admit}) {
        for (std::size_t length = 0; length < 64; ++length) {
            const bool right = (type == EntryType::seat && length == SeatBody::bytes) ||
                               (type == EntryType::admit && length == AdmitBody::bytes) ||
                               (type == EntryType::epoch_start && length >= EpochStartBody::fixed_bytes);
            if (right) continue;
            entry.fill(std::byte{2});  // each time, for what an entry is padded with is zero
            Roster<5> roster;
            roster.set_nodes(nodes);
            seal_entry(entry.data(), type, 0, length, Chain{});
            roster.take(entry.data(), Index{9});
            BOOST_TEST(roster.seat == NodeId{});
            BOOST_TEST((roster.counting(nodes[1]) == Incarnation{}));
        }
    }
    // The shortest that says something.
    EpochStartBody start;
    start.seat = NodeId{1};
    write_epoch_start(entry.data() + entry_header_bytes, start, Roster<5>{});
    seal_entry(entry.data(), EntryType::epoch_start, 0, epoch_start_bytes(0), Chain{});
    Roster<5> roster;
    roster.take(entry.data(), Index{9});
    BOOST_TEST((roster.seat == NodeId{1} && roster.seat_index == Index{9}));
}

BOOST_AUTO_TEST_CASE(a_snapshot_carries_roster_and_epochs) {
    Epochs<Parts::Limits::epochs_max> epochs;
    for (std::uint64_t i = 1; i <= 5; ++i) epochs.push({epoch(i), Index{10 * i}, Chain{static_cast<std::uint32_t>(i)}});
    Roster<5> roster;
    const NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};
    roster.set_nodes(nodes);
    roster.admit(NodeId{2}, Incarnation{22});
    roster.seat = NodeId{3}, roster.seat_index = Index{44};
    std::array<std::byte, snapshot_tail_bytes_max<support::Small>> tail{};
    const std::size_t size = write_snapshot_tail<Parts>(tail.data(), epochs, roster);
    BOOST_TEST(size == 72u + 5 * 32 + 3 * 12);

    Epochs<Parts::Limits::epochs_max> epochs_read;
    Roster<5> roster_read;
    BOOST_TEST(read_snapshot_tail<Parts>(std::span(tail).first(size), epochs_read, roster_read));
    BOOST_TEST(epochs_read.all().size() == 5u);
    BOOST_TEST(epochs_read.at(Index{39}) == epoch(3));
    BOOST_TEST((roster_read.counting(NodeId{2}) == Incarnation{22}));
    BOOST_TEST(roster_read.seat == NodeId{3});
    BOOST_TEST(roster_read.seat_index == Index{44});
    BOOST_TEST(roster_read.size == 3u);

    for (std::size_t wrong = 0; wrong < tail.size(); ++wrong) {
        if (wrong == size) continue;
        BOOST_TEST(!read_snapshot_tail<Parts>(std::span(tail).first(wrong), epochs_read, roster_read));
    }
    for (const std::uint64_t count : {std::uint64_t{6}, std::uint64_t{4}, ~std::uint64_t{0}, std::uint64_t{1} << 62}) {
        store(tail.data(), count);
        BOOST_TEST(!read_snapshot_tail<Parts>(std::span(tail).first(size), epochs_read, roster_read));
    }
    // What is refused leaves all as it was: a last epoch that begins no later than the one before.
    store(tail.data(), std::uint64_t{5});
    store(tail.data() + 56 + 4 * 32 + 16, std::uint64_t{40});
    BOOST_TEST(!read_snapshot_tail<Parts>(std::span(tail).first(size), epochs_read, roster_read));
    BOOST_TEST(epochs_read.all().size() == 5u);
    BOOST_TEST(epochs_read.last() == epoch(5));
    BOOST_TEST(roster_read.seat == NodeId{3});
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(admission)

using namespace replicator::core;

BOOST_AUTO_TEST_CASE(so_many_nodes_must_confirm) {
    // min(n - 1, max(w, n - w + 1))
    BOOST_TEST(confirmations_needed(2, 2) == 1u);
    BOOST_TEST(confirmations_needed(3, 2) == 2u);
    BOOST_TEST(confirmations_needed(3, 3) == 2u);
    BOOST_TEST(confirmations_needed(3, 1) == 2u);
    BOOST_TEST(confirmations_needed(5, 2) == 4u);
    BOOST_TEST(confirmations_needed(5, 3) == 3u);
    BOOST_TEST(confirmations_needed(5, 4) == 4u);
    BOOST_TEST(confirmations_needed(5, 5) == 4u);
}

BOOST_AUTO_TEST_CASE(a_new_incarnation_counts_only_when_enough_confirmed_after_it_appeared) {
    std::array<Peer, 2> peers{};
    peers[0].id = NodeId{2}, peers[1].id = NodeId{3};
    Roster<5> roster;
    const NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}};
    roster.set_nodes(nodes);
    Progress& candidate = peers[0].progress;
    Progress& other = peers[1].progress;
    const auto counts = [&] { return may_count(roster, std::span<const Peer>(peers), peers[0], 3, 2); };
    candidate.incarnation = Incarnation{2};
    support::set_state(candidate, FollowerState::streaming);
    BOOST_TEST(counts());  // never counted: nothing was promised
    support::set_state(candidate, FollowerState::catching_up);
    BOOST_TEST(!counts());
    support::set_state(candidate, FollowerState::streaming);
    roster.admit(NodeId{2}, Incarnation{1});
    BOOST_TEST(!counts());
    candidate.appeared_in_round = 5;
    other.counts = true, other.round = 4;
    BOOST_TEST(!counts());
    other.round = 5;
    BOOST_TEST(counts());
    other.counts = false;
    BOOST_TEST(!counts());
    roster.admit(NodeId{2}, Incarnation{2});
    BOOST_TEST(counts());
    candidate.counts = true;
    BOOST_TEST(!counts());
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(seat)

using namespace replicator::core;

namespace {

struct Group {
    Group() {
        const NodeId nodes[] = {NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{1}, .cluster = {}, .group = {}});
        self.now = Instant{100'000'000};
        for (std::size_t i = 0; i < 3; ++i) {
            peers[i].id = NodeId{static_cast<std::uint32_t>(i + 2)};
            peers[i].progress.counts = true;
            support::set_state(peers[i].progress, FollowerState::streaming);
            peers[i].progress.received = Index{10};
        }
        support::roster_of(self).seat = NodeId{2};
    }
    NodeId next(Index acknowledged = Index{10}) { return next_seat(self, std::span<const Peer>(peers), acknowledged); }

    Self<Parts> self;
    std::array<Peer, 3> peers{};
};

}  // namespace

BOOST_AUTO_TEST_CASE(it_stays_while_its_holder_is_up) {
    Group group;
    group.peers[1].progress.received = Index{99};
    BOOST_TEST(group.next() == NodeId{});
}

BOOST_AUTO_TEST_CASE(the_most_complete_gets_it_and_of_equals_the_first) {
    Group group;
    support::set_state(group.peers[0].progress, FollowerState::down);
    BOOST_TEST(group.next() == NodeId{3});
    group.peers[2].progress.received = Index{11};
    BOOST_TEST(group.next() == NodeId{4});
}

BOOST_AUTO_TEST_CASE(who_counts_not_or_is_behind_is_not_eligible) {
    Group group;
    support::set_state(group.peers[0].progress, FollowerState::down);
    group.peers[1].progress.received = Index{9};
    BOOST_TEST(group.next() == NodeId{4});
    group.peers[2].progress.counts = false;
    BOOST_TEST(group.next() == NodeId{});
    group.peers[2].progress.counts = true;
    support::set_state(group.peers[2].progress, FollowerState::catching_up);
    BOOST_TEST(group.next() == NodeId{});
    group.peers[0].progress.counts = false;
    support::set_state(group.peers[0].progress, FollowerState::streaming);
    BOOST_TEST(group.next() == NodeId{});
}

BOOST_AUTO_TEST_CASE(who_lost_it_lately_comes_last) {
    Group group;
    support::set_state(group.peers[0].progress, FollowerState::down);
    group.peers[1].progress.lost_seat = true;
    group.peers[1].progress.seat_lost_at = group.self.now;
    group.peers[1].progress.received = Index{50};
    BOOST_TEST(group.next() == NodeId{4});
    support::set_state(group.peers[2].progress, FollowerState::down);
    BOOST_TEST(group.next() == NodeId{3});  // better than nobody
    support::set_state(group.peers[2].progress, FollowerState::streaming);
    group.self.now = group.self.now + support::Small::seat_rest_interval;
    BOOST_TEST(group.next() == NodeId{3});
}

BOOST_AUTO_TEST_CASE(it_leaves_a_stuck_one_only_for_one_that_got_further) {
    Group group;
    group.peers[0].progress.stuck = true;
    BOOST_TEST(group.next() == NodeId{});
    group.peers[2].progress.received = Index{11};
    BOOST_TEST(group.next() == NodeId{4});
    group.peers[2].progress.stuck = true;
    BOOST_TEST(group.next() == NodeId{});
    group.peers[1].progress.received = Index{12};
    BOOST_TEST(group.next(Index{13}) == NodeId{});
    BOOST_TEST(group.next(Index{12}) == NodeId{3});
}

BOOST_AUTO_TEST_CASE(who_was_sent_more_and_stands_still_is_stuck) {
    Progress follower;
    support::set_state(follower, FollowerState::streaming);
    const auto look = [&](std::uint64_t at) {
        watch<Parts>(follower, Instant{} + milliseconds(at));
        return follower.stuck;
    };
    follower.received = follower.sent_last = Index{10};
    BOOST_TEST(!look(1000));
    BOOST_TEST(!look(9000));
    follower.sent_last = Index{12};
    BOOST_TEST(!look(9400));
    BOOST_TEST(!look(9899));
    BOOST_TEST(look(9900));
    follower.received = Index{11};
    BOOST_TEST(!look(9901));
    BOOST_TEST(!look(10400));
    BOOST_TEST(look(10401));
    follower.received = Index{12};
    BOOST_TEST(!look(10402));
    support::set_state(follower, FollowerState::snapshot);
    follower.sent_last = Index{13};
    BOOST_TEST(!look(20000));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(newest_roster)

using namespace replicator::core;

namespace {

void give_seat(Self<Parts>& self, NodeId node) {
    const std::size_t bytes = entry_bytes(SeatBody::bytes);
    const auto room = support::log_of(self).reserve(bytes, bytes);
    BOOST_REQUIRE(!room.empty());
    ByteWriter(room.data() + entry_header_bytes).put(node).put(std::uint32_t{0});
    support::log_of(self).append(bytes, 1,
                                 seal_entry(room.data(), EntryType::seat, 0, SeatBody::bytes, self.log().chain()));
}

}  // namespace

// The log then begins behind the state, and counts its bytes from there.
BOOST_AUTO_TEST_CASE(it_goes_on_behind_a_state_that_was_received) {
    Self<Parts> self;
    Applier<Parts> applier;
    support::log_of(self).reset(Index{}, Chain{});
    applier.install({}, self.log().begin());
    for (std::uint32_t node = 1; node <= 3; ++node) give_seat(self, NodeId{node});
    NewestRoster<Parts> roster;
    BOOST_TEST((roster.of(self, applier).seat == NodeId{3}));

    support::log_of(self).reset(self.log().last(), self.log().chain());
    applier.install({}, self.log().begin());
    give_seat(self, NodeId{2});
    BOOST_TEST((roster.of(self, applier).seat == NodeId{2}));
    BOOST_TEST((roster.of(self, applier).seat_index == Index{4}));
}

BOOST_AUTO_TEST_SUITE_END()

BOOST_AUTO_TEST_SUITE(links_of_logs)

using namespace replicator::core;

namespace {

void put(Self<Parts>& self, EntryType type, std::span<const std::byte> body) {
    const std::size_t bytes = entry_bytes(body.size());
    const auto room = support::log_of(self).reserve(bytes, bytes);
    BOOST_REQUIRE(!room.empty());
    std::memcpy(room.data() + entry_header_bytes, body.data(), body.size());
    support::log_of(self).append(bytes, 1, seal_entry(room.data(), type, 0, body.size(), self.log().chain()));
}
void begin_epoch(Self<Parts>& self, std::uint64_t counter) {
    std::array<std::byte, epoch_start_bytes(0)> body;
    EpochStartBody start;
    start.epoch = epoch(counter);
    write_epoch_start(body.data(), start, Roster<3>{});
    put(self, EntryType::epoch_start, body);
}

}  // namespace

// Its log is of two epochs, of which it remembers none.
BOOST_AUTO_TEST_CASE(it_learns_the_epoch_of_the_end_of_its_log_and_of_nothing_before) {
    Self<Parts> self;
    Applier<Parts> applier;
    support::log_of(self).reset(Index{}, Chain{});
    applier.install({}, self.log().begin());
    constexpr std::array<std::byte, 8> command{};
    begin_epoch(self, 1);
    put(self, EntryType::command, command);
    put(self, EntryType::command, command);
    begin_epoch(self, 2);
    put(self, EntryType::command, command);

    Follower<Parts> follower;
    const auto append_after = [&](Epoch of, std::uint64_t index, std::uint32_t count) {
        Append append;
        append.previous = {of, Index{index}};
        append.previous_chain = chain_at(self.log(), Index{index});
        append.count = count;
        return follower.begin_append(self, append);
    };
    BOOST_REQUIRE(append_after(epoch(1), 2, 0));
    BOOST_TEST(self.epochs().at(Index{5}) == Epoch{});
    BOOST_REQUIRE(append_after(epoch(1), 2, 3));
    const EntryRun run = self.log().read(self.log().seek(Index{3}));
    const std::vector<std::byte> theirs(run.bytes.begin(), run.bytes.end());
    BOOST_TEST((follower.entries(self, applier, theirs, true) == Error::none));
    BOOST_TEST(self.epochs().at(Index{5}) == epoch(2));
    BOOST_TEST(self.epochs().at(Index{2}) == Epoch{});
}

// An ack that says nothing yet looks like agreement on an empty log.
BOOST_AUTO_TEST_CASE(a_follower_that_committed_more_than_it_was_asked_about_is_asked_again) {
    Self<Parts> self;
    support::log_of(self).reset(Index{}, Chain{});
    constexpr std::array<std::byte, 8> command{};
    begin_epoch(self, 1);
    support::epochs_of(self).push({epoch(1), Index{1}, Chain{}});
    for (int i = 0; i < 4; ++i) put(self, EntryType::command, command);

    Peer peer;
    Sender<Parts> sender;
    sender.begin(self, peer, Hello{});
    peer.progress.probe_owed = false;
    Ack ack;
    sender.on_ack(self, peer, ack);
    BOOST_TEST((peer.progress.state() == FollowerState::catching_up));

    const Position theirs{epoch(1), Index{3}};
    ack.refusal = Refusal{Error::discarded, theirs, theirs};
    sender.on_ack(self, peer, ack);
    BOOST_TEST((peer.progress.state() == FollowerState::probing));
    BOOST_TEST((peer.progress.previous == theirs));
}

BOOST_AUTO_TEST_SUITE_END()
