// SPDX-License-Identifier: BSL-1.0
// A scenario: how bad the network is, and what happens to the nodes when. All of it follows from one seed, and it can
// be written down, shortened and run again.
#pragma once

#include "network/faults.hpp"
#include "random.hpp"

#include "../types.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace replicator::sim {

enum class EventKind : std::uint8_t {
    write,        ///< clients write `amount` commands at once on the leader
    crash,        ///< the machine of `node` loses power; a new process starts, which is blank if the log was in memory
    pause,        ///< `node` stands still for `amount` milliseconds
    cut,          ///< nothing gets from `node` to `other`, nor back
    cut_one_way,  ///< nothing gets from `node` to `other`
    bridge,       ///< only `node` gets through to everybody; the others are in two halves
    clog,         ///< what goes from `node` to `other` stands still for `amount` milliseconds, and then comes at once
    heal,         ///< all cuts end
    reconnect,    ///< all connections break, and are made again
    clock_jump,   ///< the clock of `node` jumps ahead by `amount` milliseconds
    clock_stop,   ///< the clock of `node` stands still for `amount` milliseconds
    promote,      ///< somebody tells `node` to lead, if that loses nothing
    force,        ///< somebody tells `node` to lead, whatever that loses
    hand_over,    ///< whoever leads is told to let `node` lead
    drain,        ///< whoever leads drains, for `amount` milliseconds at most, ends in order, and comes back
    stop,         ///< the same with `node`; one that does not lead ends without a drain
    kill,         ///< the process of `node` ends, the machine goes on; a new process starts from the disk
    wipe,         ///< `node` gets a new disk
    rot,          ///< the process of `node` ends, and something on its disk is damaged
    blackout,     ///< all nodes lose power at once
    disk_error,   ///< the disk of `node` fails, in one of several ways, within the next `amount` milliseconds
    disk_full,    ///< for `amount` milliseconds
    repeat,       ///< what came from `node` to `other` in the last `amount` milliseconds comes again
    disk_hang,    ///< no flush of the disk of `node` ends for `amount` milliseconds
    image,        ///< an image of the disk of `node` is taken
    restore,      ///< the disk of `node` goes back to that, as an image, or with an odd `amount` file by file
    same_run,     ///< the process of `node` starts again under its run number; only where the log is in memory
};

[[nodiscard]] constexpr const char* to_string(EventKind kind) noexcept {
    switch (kind) {
        case EventKind::write: return "write";
        case EventKind::crash: return "crash";
        case EventKind::pause: return "pause";
        case EventKind::cut: return "cut";
        case EventKind::cut_one_way: return "cut_one_way";
        case EventKind::bridge: return "bridge";
        case EventKind::clog: return "clog";
        case EventKind::heal: return "heal";
        case EventKind::reconnect: return "reconnect";
        case EventKind::clock_jump: return "clock_jump";
        case EventKind::clock_stop: return "clock_stop";
        case EventKind::promote: return "promote";
        case EventKind::force: return "force";
        case EventKind::hand_over: return "hand_over";
        case EventKind::drain: return "drain";
        case EventKind::stop: return "stop";
        case EventKind::kill: return "kill";
        case EventKind::wipe: return "wipe";
        case EventKind::rot: return "rot";
        case EventKind::blackout: return "blackout";
        case EventKind::disk_error: return "disk_error";
        case EventKind::disk_full: return "disk_full";
        case EventKind::repeat: return "repeat";
        case EventKind::disk_hang: return "disk_hang";
        case EventKind::image: return "image";
        case EventKind::restore: return "restore";
        case EventKind::same_run: return "same_run";
    }
    return "unknown";
}

struct Event {
    Duration at;  ///< since the scenario began
    EventKind kind = EventKind::write;
    std::uint32_t node = 0;  ///< counted from 0; the leader is 0
    std::uint32_t other = 0;
    std::uint32_t amount = 0;

    friend bool operator==(const Event&, const Event&) = default;
};

/// How slow disks are, and what nodes do that come back from them.
struct DiskConditions {
    Duration flush_delay_max{100};  ///< from asking for a flush to its beginning
    unsigned sync_polls = 0;        ///< so often a flush is looked at before it is done
    bool leads_again = false;       ///< who led last wants to lead again
};

struct Scenario {
    std::uint64_t seed = 0;
    std::size_t nodes = 3;
    NetworkFaults network;
    DiskConditions disks{};
    std::vector<std::int32_t> clock_skews;  ///< of each node, in thousandths
    std::vector<Event> events;              ///< in the order of their times
    Duration length = milliseconds(500);    ///< of the part with faults
    bool leaders_fail = false;              ///< leaders crash, and others are promoted
    /// Nobody comes to promote another one when whoever takes over from the first leader dies, or when that leader is
    /// stopped in order. If the one that died had not led, somebody leads by itself in time.
    bool nobody_comes = false;
};

/// How long and how busy the scenarios are that `draw_scenario` makes. The times fit the timeouts of the nodes: faults
/// should last from less than a heartbeat to several failure timeouts.
struct ScenarioBounds {
    std::size_t nodes_min = 2;
    std::size_t nodes_max = 5;
    Duration length_min = milliseconds(100);
    Duration length_max = milliseconds(600);
    std::uint32_t writes_at_once_max = 60;
    Duration fault_length_max = milliseconds(120);
    bool leaders_fail = false;    ///< leaders crash, and others are promoted
    bool disks = false;           ///< disks fail; set where the log is on a disk
    bool disks_hang = true;       ///< where disks fail, some hang or are full for longer than a failure timeout
    bool takeovers = false;       ///< nothing happens but a takeover whose candidate dies, see `draw_takeover`
    bool orderly_stops = false;   ///< nothing happens but an orderly stop of the leader, see `draw_orderly_stop`
    bool drains = true;           ///< where leaders fail, nodes are also stopped in order
    bool lines = false;           ///< nodes are joined by serial lines, which damage bytes
    bool slow = false;            ///< connections carry a few bytes in a second
    bool copies_go_back = false;  ///< nodes start from older copies, and under run numbers that they had before
};

namespace detail {

/// Faults that a node does not outlive.
[[nodiscard]] constexpr bool ends_nodes(EventKind kind) noexcept {
    return kind == EventKind::crash || (kind >= EventKind::kill && kind <= EventKind::disk_error) ||
           kind == EventKind::restore || kind == EventKind::same_run;
}

/// Faults of one kind, spread over the scenario.
inline void spread(Random& random, Scenario& scenario, EventKind kind, std::uint64_t count,
                   const ScenarioBounds& bounds) {
    for (; count > 0; --count) {
        Event event;
        event.kind = kind;
        event.at = Duration{random.below(scenario.length.microseconds)};
        event.node = static_cast<std::uint32_t>(random.below(scenario.nodes));
        event.other = static_cast<std::uint32_t>((event.node + random.between(1, scenario.nodes - 1)) % scenario.nodes);
        event.amount = static_cast<std::uint32_t>(random.between(1, bounds.fault_length_max.microseconds / 1000));
        // The first leader is not lost where nobody could take its place.
        if (ends_nodes(kind) && event.node == 0 && !scenario.leaders_fail) continue;
        scenario.events.push_back(event);
    }
}

/// In one seed out of three there is such a fault at all, so that each is often seen without the others.
[[nodiscard]] inline std::uint64_t sometimes(Random& random, std::uint64_t most) {
    return random.below(3) == 0 ? random.below(most + 1) : 0;
}

inline void draw_network(Random& random, NetworkFaults& network, bool extreme) {
    network.loss = sometimes(random, extreme ? 500'000 : network.stream ? 10'000 : 150'000);
    network.duplication = sometimes(random, extreme ? 500'000 : 100'000);
    network.corruption = sometimes(random, extreme ? 200'000 : 20'000);
    network.truncation = sometimes(random, extreme ? 200'000 : 20'000);
    network.one_byte_reads = sometimes(random, 50'000);
    network.split_reads = sometimes(random, 300'000);
}

/// What operators do when leaders fail, and before they do. In one seed out of six, somebody takes the risk of a loss.
inline void spread_succession(Random& random, Scenario& scenario, std::uint64_t most, const ScenarioBounds& bounds) {
    spread(random, scenario, EventKind::promote, random.between(1, 2 * most), bounds);
    spread(random, scenario, EventKind::hand_over, sometimes(random, most), bounds);
    if (random.below(6) == 0) spread(random, scenario, EventKind::force, random.between(1, most), bounds);
}

inline void spread_disk_faults(Random& random, Scenario& scenario, std::uint64_t most, const ScenarioBounds& bounds) {
    for (const EventKind kind : {EventKind::crash, EventKind::kill, EventKind::wipe, EventKind::rot,
                                 EventKind::disk_error, EventKind::disk_full}) {
        spread(random, scenario, kind, sometimes(random, most), bounds);
    }
    if (scenario.leaders_fail) spread(random, scenario, EventKind::blackout, sometimes(random, most / 2 + 1), bounds);
}

/// Disks that stand still beside healthy ones, while their nodes answer. They have numbers of their own, so that what
/// else happens in a seed does not depend on them.
inline void spread_standing_disks(Scenario& scenario, std::uint64_t most, const ScenarioBounds& bounds) {
    Random random(scenario.seed ^ 0x6469'736b);
    for (const EventKind kind : {EventKind::disk_hang, EventKind::disk_full}) {
        const std::size_t before = scenario.events.size();
        spread(random, scenario, kind, sometimes(random, most), bounds);
        for (std::size_t i = before; i < scenario.events.size(); ++i) scenario.events[i].amount *= 4;
    }
}

inline void draw_disks(Random& random, DiskConditions& disks) {
    disks.flush_delay_max = Duration{std::array<std::uint64_t, 4>{0, 200, 3'000, 40'000}[random.below(4)]};
    disks.sync_polls = random.below(3) == 0 ? static_cast<unsigned>(random.between(1, 4)) : 0;
    disks.leads_again = random.below(2) == 0;
}

/// Drawn apart, so that scenarios without lines stay what they are.
inline void draw_line(Random&& random, NetworkFaults& network) {
    network.line = true;
    network.stream = false;
    network.bytes_lost = sometimes(random, 3'000);
    network.bytes_added = sometimes(random, 3'000);
    network.bytes_flipped = sometimes(random, 3'000);
}

/// Drawn apart, so that scenarios without slow lines stay what they are. The longest frame may take longer than a
/// silent peer is waited for; handshakes and heartbeats get through. Transports write one frame at a time, or two.
inline void draw_rate(Random&& random, NetworkFaults& network) {
    if (!network.stream) network.loss = sometimes(random, 10'000);
    network.stream = true;
    network.bytes_per_second = random.between(7'500, random.below(3) == 0 ? 60'000 : 11'000);
    network.in_flight_bytes_max = network.bytes_per_second < 9'000 || random.below(2) == 0 ? 1 : 300;
    network.delay_max = (std::min)(network.delay_max, milliseconds(2));
}

/// From a source of its own, so that all else is what it is without this.
inline void spread_past(Scenario& scenario, const ScenarioBounds& bounds) {
    Random random(scenario.seed ^ 0x9a57);
    const std::uint64_t most = scenario.length.microseconds / 100'000 + 1;
    if (!bounds.disks) return spread(random, scenario, EventKind::same_run, random.between(1, most), bounds);
    spread(random, scenario, EventKind::image, random.between(1, 2 * most), bounds);
    spread(random, scenario, EventKind::restore, random.between(1, most), bounds);
}

/// Orderly stops, and nodes that die in the middle of them. From a source of its own, so that all else is what it is
/// without this. Some are given less time than a heartbeat takes, some more than several failure timeouts.
inline void spread_orderly_stops(Scenario& scenario, const ScenarioBounds& bounds) {
    Random random(scenario.seed ^ 0x6472'6169'6e);
    const std::uint64_t most = scenario.length.microseconds / 100'000 + 1;
    const std::size_t before = scenario.events.size();
    spread(random, scenario, EventKind::drain, sometimes(random, 2 * most), bounds);
    spread(random, scenario, EventKind::stop, sometimes(random, most), bounds);
    const std::size_t stops = scenario.events.size();
    for (std::size_t i = before; i < stops; ++i) {
        Event& stop = scenario.events[i];
        if (random.below(2) == 0) stop.amount *= 8;
        if (random.below(3) != 0) continue;
        const Duration after{random.below(scenario.network.delay_max.microseconds * 12)};
        const EventKind kind = random.below(2) == 0 ? EventKind::crash : EventKind::kill;
        scenario.events.push_back(
            {Duration{stop.at.microseconds + after.microseconds}, kind, stop.other, stop.node, stop.amount});
    }
}

}  // namespace detail

/// The scenario of a seed. One in twenty has no faults, so that a check which is too strict shows; one in ten has some
/// fault of the network at an extreme rate.
[[nodiscard]] inline Scenario draw_scenario(std::uint64_t seed, const ScenarioBounds& bounds) {
    Random random(seed);
    Scenario scenario;
    scenario.seed = seed;
    scenario.leaders_fail = bounds.leaders_fail;
    scenario.nodes = random.between(bounds.nodes_min, bounds.nodes_max);
    scenario.clock_skews.resize(scenario.nodes);
    scenario.length = Duration{random.between(bounds.length_min.microseconds, bounds.length_max.microseconds)};
    NetworkFaults& network = scenario.network;
    network.stream = random.below(2) == 0;
    network.delay_max = Duration{network.delay_min.microseconds + random.below(random.below(4) == 0 ? 40'000 : 2'000)};
    network.in_flight_bytes_max = random.below(3) == 0 ? 700 : 16 * 1024;

    const auto writes_at_once_max = static_cast<std::uint32_t>(random.between(1, bounds.writes_at_once_max));
    for (Duration at{}; at < scenario.length; at.microseconds += random.between(1'000, 25'000)) {
        const auto amount = static_cast<std::uint32_t>(random.between(1, writes_at_once_max));
        scenario.events.push_back({at, EventKind::write, 0, 0, amount});
    }
    if (random.below(20) != 0) {
        detail::draw_network(random, network, random.below(10) == 0);
        const std::uint64_t most = scenario.length.microseconds / 40'000 + 1;
        for (const EventKind kind :
             {EventKind::crash, EventKind::pause, EventKind::cut, EventKind::cut_one_way, EventKind::bridge,
              EventKind::clog, EventKind::reconnect, EventKind::clock_jump, EventKind::clock_stop}) {
            detail::spread(random, scenario, kind, detail::sometimes(random, most), bounds);
        }
        if (scenario.leaders_fail) detail::spread_succession(random, scenario, most, bounds);
        detail::spread(random, scenario, EventKind::heal, random.below(most + 1), bounds);
        const bool skewed = random.below(3) == 0;
        for (std::int32_t& skew : scenario.clock_skews) {
            if (skewed) skew = static_cast<std::int32_t>(random.below(201)) - 100;
        }
        detail::spread(random, scenario, EventKind::repeat, detail::sometimes(random, 4 * most), bounds);
        if (bounds.disks) detail::spread_disk_faults(random, scenario, most, bounds);
        if (bounds.disks && bounds.disks_hang) detail::spread_standing_disks(scenario, most, bounds);
        if (scenario.leaders_fail && bounds.drains) detail::spread_orderly_stops(scenario, bounds);
    }
    if (bounds.disks) detail::draw_disks(random, scenario.disks);
    if (bounds.lines) detail::draw_line(Random(~seed), network);
    if (bounds.slow) detail::draw_rate(Random(seed ^ 0x510), network);
    if (bounds.copies_go_back) detail::spread_past(scenario, bounds);
    std::stable_sort(scenario.events.begin(), scenario.events.end(),
                     [](const Event& a, const Event& b) { return a.at < b.at; });
    return scenario;
}

}  // namespace replicator::sim
