// SPDX-License-Identifier: BSL-1.0
// Nodes that went back in time: disks that are put back from an older copy, and run numbers that are used again. Who
// knows better says so; and nobody is taken for one of them who lost nothing that it had vouched for.

#include "support/disk_group.hpp"

#include <replicator/core/wire/hello.hpp>
#include <replicator/testing/inspect.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

using namespace replicator;

BOOST_AUTO_TEST_SUITE(past)

using core::FrameType;
using support::DiskGroup;
using support::DiskNode;
using support::one;
using support::pass;
using support::three;
using support::two;

namespace {

template <class Group>
const PeerStatus& peer_of(Group& group, std::size_t node, std::size_t peer) {
    static std::vector<PeerStatus> kept;
    const auto status = group.at(node).status();
    kept.assign(status.peers().begin(), status.peers().end());
    for (const PeerStatus& found : kept) {
        if (found.node == Group::id(peer)) return found;
    }
    return kept.front();
}

template <class Group>
std::uint64_t incarnation_of(Group& group, std::size_t node) {
    return value(testing::Inspect::inside(group.at(node)).self().incarnation);
}

/// Disks of which copies can be told from images.
template <class GivenNode>
struct Group : DiskGroup<GivenNode> {
    explicit Group(std::size_t size) : DiskGroup<GivenNode>(size) {
        for (std::size_t i = 1; i <= size; ++i) this->disks[i - 1]->volume = i;
        pass(*this, 300);
    }

    /// The disk of a node as it is now, for later.
    storage::SimulatedDisk image(std::size_t number) { return this->disks[number - 1]->after_kill(); }
    /// The process ends, and the next one finds an older disk. One that was put back file by file is on another volume.
    void put_back(std::size_t number, const storage::SimulatedDisk& older, std::uint64_t volume) {
        this->nodes[number - 1].reset();
        *this->disks[number - 1] = older;
        this->disks[number - 1]->volume = volume;
        this->start(number);
    }
    std::uint64_t refused(std::size_t number) { return this->events_of(number).count("refused"); }
};

using SemiSync = Group<DiskNode<ack::SemiSync<>>>;
using Majority = Group<DiskNode<ack::Majority<>>>;
using Received = Group<DiskNode<ack::Majority<Stage::received>>>;

/// A group in memory whose nodes can start under a run number that they had before.
template <class Ack>
struct Runs : support::Cluster<support::Node<Ack>> {
    using Base = support::Cluster<support::Node<Ack>>;
    using Base::Base;

    void start_again(std::size_t number) {
        const Run run = testing::Inspect::inside(this->at(number)).self().run;
        this->nodes[number - 1].reset();
        const Config config{.node = Base::id(number), .nodes = this->ids, .run = run, .cluster = {}, .group = {}};
        this->nodes[number - 1] =
            std::make_unique<support::Node<Ack>>(this->network, config, *this->events[number - 1]);
    }
};

/// What node 2 says of itself when it meets node 1 again, as if it said it once more now; the two are apart then.
template <class Group>
core::Hello said_again(Group& group) {
    std::optional<core::Hello> hello;
    group.network.loses = [&hello](const support::Frame& frame) {
        if (frame.type() == FrameType::hello && frame.from == two) hello = core::read_hello(frame.bytes.data());
        return false;
    };
    group.network.cut(one, two);
    group.network.join(one, two);
    group.network.run();
    group.network.loses = nullptr;
    BOOST_REQUIRE(hello);
    group.network.cut(one, two);
    pass(group, 300);
    hello->nonce += 100;
    hello->receiver_nonce = testing::Inspect::inside(group.at(1)).peers()[0].nonce;
    return *hello;
}

}  // namespace

// ---- Over memory ----

BOOST_AUTO_TEST_CASE(a_follower_that_starts_under_its_former_run_is_refused_on_both_sides) {
    Runs<ack::SemiSync<>> group(2);
    group.write(1);
    group.network.settle();
    group.start_again(2);  // and no connection is said to have broken
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 1, 2).refusal == Error::duplicate_node);
    BOOST_TEST(peer_of(group, 2, 1).refusal == Error::duplicate_node);
    BOOST_TEST((peer_of(group, 1, 2).state == FollowerState::refused));
    BOOST_TEST(!group.at(1).status().satisfiable);
    const Ticket pending = group.write(2);
    pass(group, 1000);
    BOOST_TEST(!group.acknowledged(pending));
    group.start(2);  // with a number of its own
    pass(group, 1000);
    BOOST_TEST(group.acknowledged(pending));
    BOOST_TEST(peer_of(group, 1, 2).refusal == Error::none);
}

BOOST_AUTO_TEST_CASE(it_is_refused_too_when_it_holds_a_part_again) {
    // Another leader sent it the beginning; this one heard more from it.
    Runs<ack::SemiSync<>> group(2);
    for (int i = 0; i < 5; ++i) group.write(1), group.network.settle();
    core::Hello hello = said_again(group);
    hello.last.index = Index{3};
    group.network.inject({two, one, support::hello_frame(hello)});
    BOOST_TEST(peer_of(group, 1, 2).refusal == Error::duplicate_node);
}

BOOST_AUTO_TEST_CASE(a_node_into_which_a_state_comes_holds_nothing_and_is_innocent) {
    Runs<ack::SemiSync<>> group(2);
    for (int i = 0; i < 5; ++i) group.write(1), group.network.settle();
    core::Hello hello = said_again(group);
    // The state replaces a log that had parted from the leader's.
    hello.last = Position{};
    hello.suspect_from = Index{1};
    group.network.inject({two, one, support::hello_frame(hello)});
    BOOST_TEST(peer_of(group, 1, 2).refusal == Error::none);
}

BOOST_AUTO_TEST_CASE(a_leader_that_starts_under_its_former_run_is_refused) {
    Runs<ack::SemiSync<>> group(2);
    group.write(1);
    group.network.settle();
    group.start_again(1);
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 2, 1).refusal == Error::duplicate_node);
    BOOST_TEST(peer_of(group, 1, 2).refusal == Error::duplicate_node);
}

BOOST_AUTO_TEST_CASE(and_so_is_one_that_founds_the_same_history_once_more) {
    Runs<ack::SemiSync<>> group(2);
    for (int i = 0; i < 3; ++i) group.write(1), group.network.settle();
    const Index had = group.at(2).last().index;
    group.start_again(1);
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{77}));  // the same epoch, another log
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 2, 1).refusal == Error::duplicate_node);
    BOOST_TEST(group.at(2).role() == Role::follower);
    BOOST_TEST(group.at(2).last().index == had);
}

BOOST_AUTO_TEST_CASE(a_hello_that_comes_late_proves_nothing) {
    Runs<ack::SemiSync<>> group(2);
    std::vector<support::Frame> hellos;
    group.network.loses = [&hellos](const support::Frame& frame) {
        if (frame.type() == FrameType::hello) hellos.push_back(frame);
        return false;
    };
    for (int round = 0; round < 3; ++round) {
        group.network.cut(one, two);
        pass(group, 200);
        group.network.join(one, two);
        group.network.run();
        group.write(1);
        group.network.settle();
    }
    BOOST_REQUIRE(hellos.size() >= 6u);
    for (const support::Frame& frame : std::vector(hellos)) {
        group.network.inject(frame);
        group.network.run();
        pass(group, 300);
        const Ticket ticket = group.write(1);
        pass(group, 300);
        BOOST_TEST(group.acknowledged(ticket));
    }
    BOOST_TEST(group.events_of(1).count("refused") == 0u);
    BOOST_TEST(group.events_of(2).count("refused") == 0u);
}

BOOST_AUTO_TEST_CASE(a_link_that_only_hellos_come_over_ends) {
    // The former process had shown nothing yet, so nothing proves that another one speaks; but that does not use the
    // link.
    Runs<ack::SemiSync<>> group(2, false);
    BOOST_REQUIRE(group.at(1).bootstrap(HistoryId{77}));
    group.network.loses = [](const support::Frame& frame) { return frame.type() == FrameType::append; };
    group.network.run();
    group.start_again(2);
    group.network.loses = nullptr;
    pass(group, 1000);
    const Ticket ticket = group.write(1);
    pass(group, 1000);
    const bool goes_on = group.acknowledged(ticket);
    const bool says_why = peer_of(group, 1, 2).refusal == Error::duplicate_node;
    BOOST_TEST((goes_on || says_why));
}

// ---- Over a disk ----

BOOST_AUTO_TEST_CASE(an_image_that_is_put_back_counts_only_as_a_new_incarnation) {
    SemiSync group(2);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.write_many(1, 20);
    const std::uint64_t before = incarnation_of(group, 2);
    group.network.cut(one, two);
    group.put_back(2, image, 2);
    BOOST_TEST(incarnation_of(group, 2) == before);  // nobody has told it
    group.network.join(one, two);
    bool counted_before_it_was_level = false;
    for (int i = 0; i < 100; ++i) {
        pass(group, 10);
        const bool less = group.at(2).last() < group.at(1).last();
        counted_before_it_was_level =
            counted_before_it_was_level || (less && peer_of(group, 1, 2).connected && peer_of(group, 1, 2).counts);
    }
    BOOST_TEST(!counted_before_it_was_level);
    BOOST_TEST(incarnation_of(group, 2) != before);
    BOOST_TEST(group.events_of(1).count("refused 2: the disk") == 1u);
    BOOST_TEST(group.events_of(2).count("refused 1: the disk") == 1u);
    BOOST_TEST(group.events_of(1).count("admitted 2") >= 1u);
    BOOST_TEST(peer_of(group, 1, 2).counts);
    const std::uint64_t told = incarnation_of(group, 2);
    group.kill(2);
    group.start(2);
    BOOST_TEST(incarnation_of(group, 2) == told);  // it stays that
    pass(group, 300);
    const Ticket ticket = group.write(1, 5);
    group.network.settle();
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_promotion_does_not_hear_it_before_it_was_admitted) {
    Majority group(3);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.write_many(1, 10);
    group.network.cut(two, three);
    group.network.cut(one, three);  // so that nobody confirms the leader's epoch
    group.put_back(2, image, 2);
    pass(group, 500);
    BOOST_TEST(peer_of(group, 1, 2).connected);
    BOOST_TEST(!peer_of(group, 1, 2).counts);
    BOOST_TEST((group.at(2).last() == group.at(1).last()));
    group.kill(1);
    group.network.join(two, three);
    // One of the two is not heard.
    BOOST_REQUIRE(group.at(3).promote());
    pass(group, 1500);
    BOOST_TEST(group.at(3).promotion().error == Error::nodes_missing);
    BOOST_TEST(group.at(3).promotion().heard == 1u);
    group.start(1);
    group.network.join(one, three);
    support::promote(group, 3);
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 3, 2).counts);
    BOOST_TEST((group.at(3).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_person_may_admit_it_by_name) {
    Majority group(3);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.write_many(1, 10);
    group.network.cut(one, three);
    group.network.cut(two, three);
    group.put_back(2, image, 2);
    pass(group, 500);
    const Ticket ticket = group.write(1, 1);
    pass(group, 100);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::pending));
    BOOST_REQUIRE(group.at(1).admit(two));
    pass(group, 100);
    BOOST_TEST((group.at(1).outcome(ticket).state == WriteState::acknowledged));
}

BOOST_AUTO_TEST_CASE(two_images_of_one_disk_never_get_the_same_incarnation) {
    SemiSync group(2);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.write_many(1, 20);
    group.put_back(2, image, 2);
    pass(group, 1000);
    const std::uint64_t first = incarnation_of(group, 2);
    group.write_many(1, 5);
    group.put_back(2, image, 2);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) != first);
    BOOST_TEST(peer_of(group, 1, 2).counts);
}

BOOST_AUTO_TEST_CASE(a_refusal_that_comes_twice_is_taken_once) {
    SemiSync group(2);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.write_many(1, 20);
    std::vector<support::Frame> refusals;
    group.network.loses = [&refusals](const support::Frame& frame) {
        if (frame.type() == FrameType::hello && core::read_hello(frame.bytes.data()).refusal == Error::older_copy) {
            refusals.push_back(frame);
        }
        return false;
    };
    group.put_back(2, image, 2);
    pass(group, 1000);
    BOOST_REQUIRE(!refusals.empty());
    const std::uint64_t told = incarnation_of(group, 2);
    for (const support::Frame& frame : refusals) group.network.inject(frame);
    group.network.run();
    pass(group, 300);
    BOOST_TEST(incarnation_of(group, 2) == told);
}

BOOST_AUTO_TEST_CASE(a_copied_folder_opens_as_a_new_incarnation) {
    // Two nodes: when the leader is gone, nobody else could tell.
    SemiSync group(2);
    group.write_many(1, 5);
    group.kill(2);
    group.start(2);  // notes which folder it is
    pass(group, 300);
    const auto copy = group.image(2);
    group.write_many(1, 20);
    const std::uint64_t before = incarnation_of(group, 2);
    group.kill(1);
    group.put_back(2, copy, 1002);
    const std::uint64_t first = incarnation_of(group, 2);
    BOOST_TEST(first != before);
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 1500);
    BOOST_TEST(group.at(2).promotion().error == Error::nodes_missing);
    BOOST_TEST(group.at(2).role() == Role::follower);
    group.kill(2);
    group.start(2);
    BOOST_TEST(incarnation_of(group, 2) == first);
    group.put_back(2, copy, 1003);
    BOOST_TEST(incarnation_of(group, 2) != first);
    group.start(1);
    support::promote(group, 1);
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 1, 2).counts);
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(so_does_the_copy_of_a_folder_in_which_no_history_had_begun) {
    Majority group(3);
    isolate(group, 3);
    group.wipe(3);
    group.disks[2]->volume = 3;
    group.start(3);
    const auto blank = group.image(3);
    join_all(group);
    group.write_many(1, 5);
    pass(group, 500);
    const std::uint64_t before = incarnation_of(group, 3);
    isolate(group, 3);
    group.put_back(3, blank, 1003);
    const std::uint64_t copy = incarnation_of(group, 3);
    BOOST_TEST(copy != before);
    join_all(group);
    pass(group, 1000);
    BOOST_TEST(peer_of(group, 1, 3).counts);
    group.kill(3);
    group.start(3);
    BOOST_TEST(incarnation_of(group, 3) == copy);
}

BOOST_AUTO_TEST_CASE(what_others_were_told_is_missed_when_copies_went_back) {
    // Node 3 hears what is committed, and lacks it; node 2 held it, and went back while the leader died.
    Majority group(3);
    group.write_many(1, 5);
    const auto image = group.image(2);
    group.network.loses = [](const support::Frame& frame) {
        if (frame.to != three || frame.type() != FrameType::append) return false;
        return core::read_append(frame.bytes.data(), core::load_header(frame.bytes.data()).flags, Epoch{}).count > 0;
    };
    group.write_many(1, 10);
    pass(group, 200);  // heartbeats go on
    const Index lost = group.at(1).commit();
    BOOST_REQUIRE((group.at(3).last().index < lost));
    group.network.loses = nullptr;
    group.kill(1);
    group.network.cut(two, one);
    group.put_back(2, image, 2);
    for (const std::size_t candidate : {3u, 2u}) {
        BOOST_REQUIRE(group.at(candidate).promote());
        pass(group, 1500);
        BOOST_TEST(group.at(candidate).promotion().error == Error::nodes_missing);
        BOOST_TEST(group.at(candidate).status().promised.counter == group.at(2).status().promised.counter);
    }
    // Who takes the risk takes it knowingly, and what is gone is not missed for ever.
    support::promote(group, 3, {.may_lose = true, .last_leader = {}});
    BOOST_TEST(group.at(3).promotion().forced);
    const Ticket ticket = group.write(3, 1);
    pass(group, 500);
    BOOST_TEST((group.at(3).outcome(ticket).state == WriteState::acknowledged));
    support::promote(group, 2);
    pass(group, 500);
    BOOST_TEST(!group.at(2).promotion().forced);
}

BOOST_AUTO_TEST_CASE(what_was_committed_is_no_obstacle_when_somebody_holds_it) {
    Majority group(3);
    group.write_many(1, 5);
    group.network.loses = [](const support::Frame& frame) {
        if (frame.to != three || frame.type() != FrameType::append) return false;
        return core::read_append(frame.bytes.data(), core::load_header(frame.bytes.data()).flags, Epoch{}).count > 0;
    };
    group.write_many(1, 10);
    pass(group, 200);
    BOOST_REQUIRE((group.at(3).last() < group.at(2).last()));
    group.network.loses = nullptr;
    group.kill(1);
    support::promote(group, 3);
    BOOST_TEST(!group.at(3).promotion().forced);
    pass(group, 500);
    BOOST_TEST((group.at(3).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_new_leader_that_has_committed_nothing_yet_is_no_obstacle) {
    // Its hello tells what was committed before its epoch, which is of an older one: nobody needs an entry of this one.
    Majority group(3);
    group.write_many(1, 5);
    pass(group, 300);
    group.network.loses = [](const support::Frame& frame) {
        return frame.from == two && frame.type() == FrameType::append;
    };
    BOOST_REQUIRE(group.at(2).promote());
    pass(group, 500);
    BOOST_REQUIRE((group.at(2).role() == Role::leader));
    BOOST_TEST(!group.at(2).confirmed());
    group.network.loses = nullptr;
    group.kill(2);
    support::promote(group, 3);
    BOOST_TEST(!group.at(3).promotion().forced);
}

// ---- The innocent ----

BOOST_AUTO_TEST_CASE(a_follower_after_a_power_cut_is_innocent) {
    for (std::uint64_t seed = 1; seed <= 30; ++seed) {
        SemiSync group(2);
        group.write_many(1, 8);
        group.disks[1]->cut_power_at(group.disks[1]->calls() + seed % 5);
        for (std::uint64_t i = 0; i < 5; ++i) group.write(1, i);
        group.network.run();
        group.crash(2, seed);
        group.start(2);
        const std::uint64_t back = incarnation_of(group, 2);
        pass(group, 1000);
        BOOST_TEST(group.refused(1) == 0u, "seed " << seed);
        BOOST_TEST(group.refused(2) == 0u, "seed " << seed);
        BOOST_TEST(incarnation_of(group, 2) == back);
        BOOST_TEST(peer_of(group, 1, 2).counts);
    }
}

BOOST_AUTO_TEST_CASE(what_was_received_and_not_flushed_may_be_lost) {
    // The stage of the policy is what counts, not what the leader knows to have been received.
    SemiSync group(2);
    group.write_many(1, 5);
    group.stall_flushes(2);
    for (int i = 0; i < 5; ++i) group.write(1, 7);
    pass(group, 50);
    BOOST_REQUIRE((peer_of(group, 1, 2).received == group.at(1).last().index));
    for (std::uint64_t seed = 1; (group.crash(2, seed), group.start(2), true) && seed < 20; ++seed) {
        if (group.at(2).last() < group.at(1).last()) break;
        group.stall_flushes(2);
        pass(group, 300);
    }
    BOOST_REQUIRE((group.at(2).last() < group.at(1).last()));
    const std::uint64_t back = incarnation_of(group, 2);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) == back);
    BOOST_TEST(group.refused(1) == 0u);
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(a_tail_that_a_newer_epoch_cut_is_innocent) {
    // Node 2 acknowledged entries of node 1 that nobody else has; the newer epoch of node 3 cuts them. Node 1 hears of
    // less, and of the newer promise with it.
    Majority group(3);
    group.write_many(1, 5);
    pass(group, 200);
    // Of five, which node 1 sends to node 2 alone, that hears no more than it acknowledges.
    group.network.cut(one, three);
    group.write_many(1, 5);
    const Index had = group.at(2).last().index;
    // Whoever forces an epoch without node 2 replaces what that has.
    group.network.cut(one, two);
    group.network.cut(two, three);
    support::promote(group, 3, {.may_lose = true, .last_leader = {}});
    group.network.join(two, three);
    pass(group, 1500);
    BOOST_REQUIRE((group.at(2).last().index < had));
    const std::uint64_t before = incarnation_of(group, 2);
    group.network.join(one, two);
    group.network.join(one, three);
    pass(group, 2000);
    BOOST_TEST(incarnation_of(group, 2) == before);
    BOOST_TEST(group.events_of(1).count("refused 2: the disk") == 0u);
    BOOST_TEST(group.at(1).role() == Role::follower);
    BOOST_TEST(peer_of(group, 3, 2).counts);
    BOOST_TEST(peer_of(group, 3, 1).counts);
}

BOOST_AUTO_TEST_CASE(an_uncommitted_tail_of_an_older_epoch_counts_for_nothing) {
    // Node 2 holds a longer log of an older epoch; in this one it acknowledged less. That it is cut is no proof.
    Majority group(3);
    group.write_many(1, 3);
    isolate(group, 1);
    for (int i = 0; i < 10; ++i) group.write(1, 50);
    group.written.resize(group.written.size() - 10);
    support::promote(group, 2);
    const std::uint64_t before = incarnation_of(group, 1);
    join_all(group);
    pass(group, 1000);
    for (int round = 0; round < 3; ++round) {
        isolate(group, 1);
        pass(group, 300);
        join_all(group);
        pass(group, 300);
    }
    BOOST_TEST(incarnation_of(group, 1) == before);
    BOOST_TEST(group.refused(2) == group.events_of(2).count("refused 1: the epoch is over"));
    BOOST_TEST(peer_of(group, 2, 1).counts);
}

BOOST_AUTO_TEST_CASE(a_log_with_a_rotten_end_is_innocent) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.rot_the_end(2);
    group.start(2);
    BOOST_REQUIRE((group.at(2).status().suspect_from > Index{}));
    const std::uint64_t back = incarnation_of(group, 2);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) == back);
    BOOST_TEST(group.refused(1) == 0u);
    BOOST_TEST(peer_of(group, 1, 2).counts);
}

BOOST_AUTO_TEST_CASE(a_repaired_log_is_innocent) {
    SemiSync group(2);
    group.write_many(1, 10);
    group.kill(2);
    auto& disk = *group.disks[1];
    for (const std::string& name : disk.names("log")) {
        if (name.rfind("segment-", 0) != 0) continue;
        auto bytes = *disk.contents("log", name);
        bytes[support::SmallFiles::block_bytes + 60] ^= std::byte{1};
        disk.put("log", name, std::move(bytes));
        break;
    }
    group.start(2, log::OnDamage::repair);
    BOOST_REQUIRE((group.at(2).status().suspect_from > Index{}));
    const std::uint64_t back = incarnation_of(group, 2);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) == back);
    BOOST_TEST(group.refused(1) == 0u);
    BOOST_TEST(peer_of(group, 1, 2).counts);
    BOOST_TEST((group.at(2).state() == support::sum_of(group.written)));
}

BOOST_AUTO_TEST_CASE(an_older_state_on_the_disk_is_innocent) {
    SemiSync group(2);
    group.write_many(1, 40);
    pass(group, 500);
    const Index had = group.at(2).applied();
    group.kill(2);
    group.start(2);
    BOOST_REQUIRE((group.at(2).applied() < had));  // the state is older than the log
    const std::uint64_t back = incarnation_of(group, 2);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) == back);
    BOOST_TEST(group.refused(1) == 0u);
    BOOST_TEST(peer_of(group, 1, 2).counts);
}

BOOST_AUTO_TEST_CASE(at_stage_received_an_unclean_end_is_a_new_incarnation_anyway) {
    Received group(3);
    group.write_many(1, 5);
    group.kill(2);
    group.start(2);
    pass(group, 1000);
    BOOST_TEST(group.refused(1) == 0u);
    BOOST_TEST(peer_of(group, 1, 2).counts);
    // An older image, restarted as often, would be the same once more.
    const auto image = group.image(2);
    group.write_many(1, 5);
    group.kill(2);
    group.start(2);
    pass(group, 1000);
    group.write_many(1, 5);
    const std::uint64_t counts = incarnation_of(group, 2);
    group.put_back(2, image, 2);
    BOOST_TEST(incarnation_of(group, 2) == counts);
    pass(group, 1000);
    BOOST_TEST(incarnation_of(group, 2) != counts);
    BOOST_TEST(group.events_of(1).count("refused 2: the disk") == 1u);
}

BOOST_AUTO_TEST_SUITE_END()
