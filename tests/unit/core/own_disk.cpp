// SPDX-License-Identifier: BSL-1.0
// A node and its own disk, without its peers: what it writes of its state with each tick, where it goes on after a
// restart, and what it makes of a disk that refuses.

#include "support/disk_group.hpp"
#include "support/odd_log.hpp"
#include "support/parts.hpp"

#include <replicator/codec/raw.hpp>
#include <replicator/core/applier.hpp>
#include <replicator/core/disk/log_rules.hpp>
#include <replicator/core/disk/restore.hpp>
#include <replicator/core/disk/state_keeper.hpp>
#include <replicator/core/snapshot/incoming.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <utility>

BOOST_AUTO_TEST_SUITE(own_disk)

namespace {

using namespace replicator;
using namespace replicator::core;

/// A state of five and a half pieces, which counts how often one was asked for.
struct Pages {
    struct Command {
        std::uint64_t page;
    };
    static constexpr std::size_t bytes = 5 * 64 + 32;
    static inline std::size_t saves = 0;

    std::size_t apply(const Command&) { return 0; }
    [[nodiscard]] std::size_t save(std::uint64_t offset, std::span<std::byte> to) const {
        ++saves;
        const std::size_t left = bytes - static_cast<std::size_t>(offset);
        const std::size_t size = left < to.size() ? left : to.size();
        for (std::size_t i = 0; i < size; ++i) to[i] = static_cast<std::byte>(offset / 64);
        return size;
    }
    bool load(std::span<const std::byte>) { return true; }
};

using Log = support::Odd<support::SmallLog>;
using Parts = Composition<Pages, codec::Raw<Pages::Command>, Log, ack::Majority<>, support::OnDisk, NoObserver>;

/// A process of node 1 on its disk, as far as it needs no peers.
struct Process {
    explicit Process(storage::SimulatedDisk& disk, log::OnDamage on_damage = log::OnDamage::refuse) {
        constexpr std::array nodes{NodeId{1}, NodeId{2}, NodeId{3}};
        self.set({.node = NodeId{1}, .nodes = nodes, .run = Run{11}, .cluster = {}, .group = {}});
        self.now = Instant{1'000'000};
        auto log = support::SmallLog::open(
            storage::Simulated(disk), "log",
            {.cluster = {}, .group = {}, .node = NodeId{1}, .incarnation = Incarnation{11}, .history = {}}, on_damage);
        BOOST_REQUIRE_MESSAGE(log, log.error());
        static_cast<support::SmallLog&>(support::log_of(self)) = std::move(*log);
    }

    Error restore() {
        const Error error = Restore<Parts>::run(self, applier);
        keeper.begin(applier.next());
        return error;
    }
    /// The node takes up a history.
    void begin() {
        self.history.adopt(HistoryId{5});
        applier.restart_at(self.log().begin());
        const auto note = LogRules::of(self).write();
        BOOST_REQUIRE(self.history.remember([this, &note](auto& metadata) {
            metadata.history = self.history.id();
            static_cast<void>(metadata.set_note(note));
        }));
    }
    void put(EntryType type, std::span<const std::byte> body) {
        const std::size_t bytes = entry_bytes(body.size());
        const auto room = support::log_of(self).reserve(bytes, bytes);
        BOOST_REQUIRE(!room.empty());
        std::memcpy(room.data() + entry_header_bytes, body.data(), body.size());
        support::log_of(self).append(bytes, 1, seal_entry(room.data(), type, 0, body.size(), self.log().chain()));
    }
    void open_epoch(std::uint64_t counter) {
        std::array<std::byte, epoch_start_bytes(0)> body{};
        EpochStartBody start;
        start.epoch = support::epoch_of(counter);
        write_epoch_start(body.data(), start, Roster<3>{});
        put(EntryType::epoch_start, body);
    }
    /// So many writes are on the disk, and `committed` of all entries are committed.
    void write(std::size_t times, std::uint64_t committed) {
        constexpr std::array<std::byte, sizeof(Pages::Command)> command{};
        for (; times > 0; --times) put(EntryType::command, command);
        BOOST_REQUIRE((support::log_of(self).flush() == Error::none && self.log().flushed() == self.log().last()));
        self.commit = Index{committed};
        applier.advance(self);
    }
    /// How many pieces the next tick asks for.
    std::size_t tick() {
        const std::size_t before = Pages::saves;
        keeper.tick(self, applier, false);
        return Pages::saves - before;
    }

    Self<Parts> self;
    Applier<Parts> applier;
    StateKeeper<Parts> keeper;
};

/// Enough of them that a state is due.
constexpr std::size_t many = 100;

/// A process does this, and is killed.
template <class Does>
void let(storage::SimulatedDisk& disk, log::OnDamage on_damage, Does&& does) {
    storage::SimulatedDisk found;
    {
        Process process(disk, on_damage);
        does(process);
        found = disk.after_kill();
    }
    disk = std::move(found);
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_tick_writes_so_many_pieces_of_the_state) {
    storage::SimulatedDisk disk;
    Process process(disk);
    BOOST_REQUIRE(process.restore() == Error::none);
    process.begin();
    process.write(10, 10);
    BOOST_TEST(process.tick() == 0u);  // none is due
    process.write(many, many);
    constexpr std::size_t pieces = Parts::Limits::state_pieces_per_tick;
    BOOST_TEST(process.tick() == pieces);
    BOOST_TEST(process.tick() == pieces);
    BOOST_TEST(process.tick() == 6 - 2 * pieces);
    BOOST_TEST(process.self.log().snapshot_index() == Index{});
    BOOST_TEST(process.tick() == 1u);  // there are no more
    BOOST_TEST(process.self.log().snapshot_index() == Index{many});
    BOOST_TEST(process.tick() == 0u);
}

BOOST_AUTO_TEST_CASE(a_node_without_a_state_reads_its_log_from_the_beginning) {
    storage::SimulatedDisk disk;
    let(disk, log::OnDamage::refuse, [](Process& process) {
        BOOST_REQUIRE(process.restore() == Error::none);
        process.begin();
        process.write(4, 4);
        process.open_epoch(3);
        process.write(5, 10);
    });
    Process process(disk);
    BOOST_TEST(process.restore() == Error::none);
    BOOST_TEST((process.self.log().last() == Index{10} && process.applier.applied() == Index{}));
    BOOST_REQUIRE(process.self.epochs().all().size() == 1u);
    const EpochStart& start = process.self.epochs().all()[0];
    BOOST_TEST((start.epoch == support::epoch_of(3) && start.first == Index{5} && !start.forced));
    BOOST_TEST(start.chain_before == chain_at(process.self.log(), Index{4}));
    process.write(0, 10);
    BOOST_TEST(process.applier.applied() == Index{10});
    BOOST_TEST((process.self.role == Role::follower));
}

BOOST_AUTO_TEST_CASE(a_log_that_lost_what_is_in_the_state_begins_anew_behind_it) {
    storage::SimulatedDisk disk;
    let(disk, log::OnDamage::refuse, [](Process& process) {
        BOOST_REQUIRE(process.restore() == Error::none);
        process.begin();
        process.write(many, many);
        for (int i = 0; i < 5; ++i) process.tick();
        BOOST_REQUIRE(process.self.log().snapshot_index() == Index{many});
    });
    support::rot_the_end(disk);
    const storage::SimulatedDisk damaged = disk;
    let(disk, log::OnDamage::repair, [](Process& process) {
        BOOST_REQUIRE(process.self.log().last() < Index{many});
        BOOST_TEST(process.restore() == Error::none);
        BOOST_TEST((process.self.log().base().index == Index{many} && process.applier.applied() == Index{many}));
    });
    let(disk, log::OnDamage::refuse, [](Process& process) {
        BOOST_TEST(process.restore() == Error::none);
        BOOST_TEST(process.self.log().last() == Index{many});
    });
    // Unless the disk does not take that.
    disk = damaged;
    Process process(disk, log::OnDamage::repair);
    disk.faults.write_errors = 1'000'000;
    BOOST_TEST(process.restore() == Error::log_failed);
}

// Whatever the disk refuses, and when: the state is there when the log begins behind it, even if the files of before
// could not be removed.
BOOST_AUTO_TEST_CASE(a_state_takes_the_place_of_the_old_one_with_its_log_or_not_at_all) {
    std::size_t installed = 0;
    std::size_t refused = 0;
    for (std::uint64_t call = 1; call <= 20; ++call) {
        storage::SimulatedDisk disk;
        Process process(disk);
        auto& self = process.self;
        BOOST_REQUIRE(process.restore() == Error::none);
        process.begin();
        process.write(10, 3);
        Epochs<Parts::Limits::epochs_max> epochs;
        std::array<std::byte, snapshot_tail_bytes_max<Parts::Limits>> bytes{};
        const auto tail =
            std::span(bytes).first(write_snapshot_tail<Parts>(bytes.data(), epochs, self.applied_roster()));
        SnapshotBegin begin;
        begin.id = SnapshotId{3};
        begin.position = support::at(1, 50);
        begin.history = self.history.id();
        begin.schema = Parts::Codec::schema;
        begin.policy = self.policy();
        begin.tail_checksum = checksum(tail);
        IncomingSnapshot<Parts> install;
        BOOST_REQUIRE(install.gather_begin(begin, tail.size(), false));
        BOOST_REQUIRE((install.gather(self, tail, true) == IncomingSnapshot<Parts>::Step::begun));
        disk.fail_at(disk.calls() + call, StorageError::shortage);
        const bool finished = install.finish(self, process.applier, Index{10});
        const bool begins_anew = self.log().fault() == Error::none && self.log().base().index == Index{50};
        BOOST_TEST(finished == begins_anew, "call " << call);
        BOOST_TEST(self.commit == Index{finished ? 50u : 3u});
        BOOST_TEST(process.applier.applied() == self.commit);
        BOOST_TEST(!self.installing());
        ++(finished ? installed : refused);
    }
    BOOST_TEST((installed > 0 && refused > 0));
}

BOOST_AUTO_TEST_SUITE_END()
