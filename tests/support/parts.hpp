// SPDX-License-Identifier: BSL-1.0
// A node without its switchboard: its log and what it knows of itself, for tests of single parts of the core.
#pragma once

#include "history.hpp"
#include "machines.hpp"

#include <replicator/ack/semi_sync.hpp>
#include <replicator/authority/manual.hpp>
#include <replicator/codec/raw.hpp>
#include <replicator/core/applier.hpp>
#include <replicator/core/composition.hpp>
#include <replicator/core/history/roster.hpp>
#include <replicator/core/self.hpp>
#include <replicator/encoding/entry.hpp>
#include <replicator/log/ring.hpp>

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>

namespace support {

/// A composition over a ring that is small enough to be filled.
template <class Ack = replicator::ack::SemiSync<>, class Observer = replicator::NoObserver>
using PartsOf = replicator::core::Composition<Sum, replicator::codec::Raw<Sum::Command>, replicator::log::Ring<4096>,
                                              Ack, Small, Observer>;

/// Epochs of node 1, told apart by their counters.
constexpr replicator::Epoch epoch_of(std::uint64_t counter) { return {counter, replicator::NodeId{1}, 1}; }
constexpr replicator::Position at(std::uint64_t counter, std::uint64_t index) {
    return {epoch_of(counter), replicator::Index{index}};
}

/// Bytes of the entry of a write.
inline constexpr std::size_t write_bytes = replicator::entry_bytes(sizeof(Sum::Command));

/// Node 1 of three, or of up to five, with a log.
template <class Parts>
struct OneNode {
    explicit OneNode(std::size_t count = 3) {
        using replicator::NodeId;
        constexpr std::array all{NodeId{1}, NodeId{2}, NodeId{3}, NodeId{4}, NodeId{5}};
        const auto nodes = std::span(all).first(count);
        self.set({.node = nodes[0], .nodes = nodes, .run = replicator::Run{11}, .cluster = {}, .group = {}});
        self.history.adopt(replicator::HistoryId{5});
        log_of(self).reset(replicator::Index{}, replicator::Chain{});
        self.now = replicator::Instant{1'000'000};
        applier.install({}, self.log().begin());
    }

    void put(replicator::EntryType type, std::span<const std::byte> body) {
        using namespace replicator;
        const std::size_t bytes = entry_bytes(body.size());
        const auto room = log_of(self).reserve(bytes, bytes);
        BOOST_REQUIRE(!room.empty());
        std::memcpy(room.data() + entry_header_bytes, body.data(), body.size());
        log_of(self).append(bytes, 1, seal_entry(room.data(), type, 0, body.size(), self.log().chain()));
    }
    /// Writes the entry that opens an epoch, and remembers the epoch.
    void open_epoch(std::uint64_t counter, bool forced = false) {
        using namespace replicator;
        std::array<std::byte, core::epoch_start_bytes(0)> body{};
        core::EpochStartBody start;
        start.epoch = epoch_of(counter);
        start.forced = forced;
        core::write_epoch_start(body.data(), start, core::Roster<3>{});
        epochs_of(self).push({start.epoch, self.log().last() + 1, self.log().chain(), forced});
        self.epoch = start.epoch;
        put(EntryType::epoch_start, body);
    }
    void write(std::size_t times) {
        constexpr std::array<std::byte, sizeof(Sum::Command)> command{};
        for (; times > 0; --times) put(replicator::EntryType::command, command);
    }
    /// Lets the log go up to here: everything is committed, applied and dropped.
    void drop_through(std::uint64_t index) {
        self.commit = replicator::Index{index};
        const replicator::Chain chain = self.log().chain();
        log_of(self).reset(replicator::Index{index}, chain);
        applier.install({}, self.log().begin());
    }
    void pass(replicator::Duration time) { self.now = self.now + time; }

    replicator::core::Self<Parts> self;
    replicator::core::Applier<Parts> applier;
};

}  // namespace support
