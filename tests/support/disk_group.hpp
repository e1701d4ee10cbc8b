// SPDX-License-Identifier: BSL-1.0
// A group of nodes, each with a disk of its own that outlives it: they crash, are killed, and come back from there.
#pragma once

#include "cluster.hpp"
#include "small_files.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace support {

struct OnDisk : Small {
    static constexpr std::size_t state_interval_bytes = 2048;
    static constexpr std::size_t state_pieces_per_tick = 2;
};

using SmallLog = replicator::log::File<replicator::storage::Simulated, SmallFiles>;

template <class Ack, class Machine = Sum>
using DiskNode = replicator::Replicator<Machine, SmallLog, Ack, Network, OnDisk, Events>;

/// The last record of the log rots, so that the entries in it are gone.
inline void rot_the_end(replicator::storage::SimulatedDisk& disk) {
    std::string newest;
    for (const std::string& name : disk.names("log")) {
        if (name.rfind("segment-", 0) == 0 && newest < name) newest = name;
    }
    auto bytes = *disk.contents("log", newest);
    std::size_t end = bytes.size();
    while (end > 0 && bytes[end - 1] == std::byte{0}) --end;
    bytes[end - 1] ^= std::byte{0x55};
    disk.put("log", newest, std::move(bytes));
}

template <class GivenNode>
struct DiskGroup {
    explicit DiskGroup(std::size_t size, bool again = false) : leads_again(again) {
        for (std::size_t i = 1; i <= size; ++i) {
            ids.push_back(id(i));
            disks.push_back(std::make_unique<replicator::storage::SimulatedDisk>(i));
            events.push_back(std::make_unique<Events>());
            nodes.push_back(nullptr);
        }
        for (std::size_t i = 1; i <= size; ++i) start(i);
        BOOST_REQUIRE(at(1).bootstrap(replicator::HistoryId{77}));
        network.settle();
    }
    ~DiskGroup() {
        BOOST_TEST(network.woken_twice == 0u);
        BOOST_TEST(network.not_woken == 0u);
    }

    static NodeId id(std::size_t number) { return NodeId{static_cast<std::uint32_t>(number)}; }
    GivenNode& at(std::size_t number) { return *nodes[number - 1]; }
    Events& events_of(std::size_t number) { return *events[number - 1]; }
    [[nodiscard]] bool runs(std::size_t number) const { return nodes[number - 1] != nullptr; }

    /// The log on the disk of a node. A new disk becomes that of `incarnation`.
    [[nodiscard]] SmallLog open(std::size_t number,
                                replicator::log::OnDamage on_damage = replicator::log::OnDamage::refuse,
                                replicator::Incarnation incarnation = {}) {
        auto log = SmallLog::open(
            replicator::storage::Simulated(*disks[number - 1]), "log",
            {.cluster = {}, .group = {}, .node = id(number), .incarnation = incarnation, .history = {}}, on_damage);
        BOOST_REQUIRE_MESSAGE(log, "node " << number << ": " << log.error());
        return std::move(*log);
    }
    /// A process with this number starts on its disk.
    void start(std::size_t number, replicator::log::OnDamage on_damage = replicator::log::OnDamage::refuse) {
        const std::uint64_t drawn = 1000 * ++starts + number;
        const replicator::Config config{.node = id(number),
                                        .nodes = ids,
                                        .run = replicator::Run{drawn},
                                        .cluster = {},
                                        .group = {},
                                        .leads_again = leads_again};
        nodes[number - 1] = std::make_unique<GivenNode>(
            network, config, open(number, on_damage, replicator::Incarnation{drawn}), *events[number - 1]);
    }
    /// The process is gone; what it had written is there.
    void kill(std::size_t number) {
        auto found = disks[number - 1]->after_kill();
        nodes[number - 1].reset();
        *disks[number - 1] = std::move(found);
    }
    /// The machine loses power; of what was not flushed, anything may be there.
    void crash(std::size_t number, std::uint64_t seed) {
        auto found = disks[number - 1]->after_crash(seed);
        nodes[number - 1].reset();
        *disks[number - 1] = std::move(found);
    }
    /// The process is killed, and meanwhile the last record of its log rots.
    void rot_the_end(std::size_t number) {
        kill(number);
        support::rot_the_end(*disks[number - 1]);
    }
    /// From now on its flushes take so long that none is done.
    void stall_flushes(std::size_t number) { disks[number - 1]->faults.sync_polls = 1'000'000; }
    /// A new disk.
    void wipe(std::size_t number) {
        nodes[number - 1].reset();
        *disks[number - 1] = replicator::storage::SimulatedDisk(++starts);
    }

    replicator::Ticket write(std::size_t number, std::uint64_t add) {
        const auto ticket = at(number).write({add});
        BOOST_REQUIRE_MESSAGE(ticket, "write refused: " << ticket.error());
        written.push_back(add);
        return *ticket;
    }
    void write_many(std::size_t number, std::size_t count) {
        for (std::size_t i = 0; i < count; ++i) {
            write(number, 100 + i);
            network.settle();
        }
    }

    Network network;
    std::vector<NodeId> ids;
    std::vector<std::unique_ptr<replicator::storage::SimulatedDisk>> disks;
    std::vector<std::unique_ptr<Events>> events;
    std::vector<std::unique_ptr<GivenNode>> nodes;
    std::vector<std::uint64_t> written;
    std::uint64_t starts = 0;
    bool leads_again;
};

/// The number of the node that leads and knows it; 0 when none does.
template <class Group>
[[nodiscard]] std::size_t leader_of(Group& group) {
    for (std::size_t i = 1; i <= group.nodes.size(); ++i) {
        const bool leads = group.runs(i) && group.at(i).role() == replicator::Role::leader;
        if (leads && group.at(i).confirmed()) return i;
    }
    return 0;
}

}  // namespace support
