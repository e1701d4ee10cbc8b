// SPDX-License-Identifier: BSL-1.0
// A group of nodes, each with a disk of its own that outlives it: they crash, are killed, and come back from there.
#pragma once

#include "cluster.hpp"

#include <replicator/log/file.hpp>
#include <replicator/storage/simulated.hpp>

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

namespace support {

/// Files of a few kilobytes, so that a test fills several.
struct SmallFiles : replicator::log::FileOptions {
    static constexpr std::size_t entry_bytes_max = 512;
    static constexpr std::size_t tail_bytes = 4096;
    static constexpr std::size_t segment_bytes = 4096;
    static constexpr std::size_t capacity_bytes = 32 * 1024;
    static constexpr std::size_t retained_bytes = 8 * 1024;
    static constexpr std::size_t segments_max = 64;
    static constexpr std::size_t record_bytes_max = 1024;
    static constexpr std::size_t block_bytes = 128;
    static constexpr std::size_t zeros_bytes_min = 512;
    static constexpr std::size_t zeros_bytes_flushed = 2048;
};

struct OnDisk : Small {
    static constexpr std::size_t state_interval_bytes = 2048;
    static constexpr std::size_t state_pieces_per_tick = 2;
};

using SmallLog = replicator::log::File<replicator::storage::Simulated, SmallFiles>;

template <class Ack, class Machine = Sum>
using DiskNode = replicator::Replicator<Machine, SmallLog, Ack, Network, OnDisk, Events>;

template <class Node_>
struct DiskGroup {
    explicit DiskGroup(std::size_t size, bool leads_again_ = false) : leads_again(leads_again_) {
        for (std::size_t i = 1; i <= size; ++i) {
            ids.push_back(id(i));
            disks.push_back(std::make_unique<replicator::storage::SimulatedDisk>(i));
            events.push_back(std::make_unique<Events>());
            nodes.push_back(nullptr);
        }
        for (std::size_t i = 1; i <= size; ++i) start(i);
        BOOST_REQUIRE(at(1).found(replicator::HistoryId{77}));
        network.settle();
    }
    ~DiskGroup() {
        BOOST_TEST(network.woken_twice == 0u);
        BOOST_TEST(network.not_woken == 0u);
    }

    static NodeId id(std::size_t number) { return NodeId{static_cast<std::uint32_t>(number)}; }
    Node_& at(std::size_t number) { return *nodes[number - 1]; }
    Events& events_of(std::size_t number) { return *events[number - 1]; }
    [[nodiscard]] bool runs(std::size_t number) const { return nodes[number - 1] != nullptr; }

    /// A process with this number starts on its disk.
    void start(std::size_t number, replicator::log::OnDamage on_damage = replicator::log::OnDamage::refuse) {
        auto log = SmallLog::open(replicator::storage::Simulated(*disks[number - 1]), "log",
                                  {.cluster = {},
                                   .group = {},
                                   .node = id(number),
                                   .incarnation = replicator::Incarnation{5000 * ++starts + number},
                                   .history = {}},
                                  on_damage);
        BOOST_REQUIRE_MESSAGE(log, "node " << number << ": " << log.error());
        const replicator::Config config{.node = id(number),
                                        .nodes = ids,
                                        .run = replicator::Run{1000 * ++starts + number},
                                        .cluster = {},
                                        .group = {},
                                        .leads_again = leads_again};
        nodes[number - 1] = std::make_unique<Node_>(network, config, std::move(*log), *events[number - 1]);
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
    std::vector<std::unique_ptr<Node_>> nodes;
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
