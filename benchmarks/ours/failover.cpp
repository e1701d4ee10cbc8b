// SPDX-License-Identifier: BSL-1.0
// The pauses of failover: how long nothing is acknowledged when the synchronous follower goes, and how long nobody
// takes writes when leading is handed over; each beside what it cannot be less than.
#include "failover_group.hpp"

#include "../harness.hpp"
#include "../machines.hpp"
#include "../process.hpp"

#include <replicator/ack/semi_sync.hpp>
#include <replicator/asio/tcp.hpp>
#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>

#include <chrono>
#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace benchmark {
namespace {

using Machine = ArrayMachine<64, std::size_t{64} << 10>;
using Node = replicator::Replicator<Machine, replicator::log::Ring<(std::size_t{1} << 20)>, replicator::ack::SemiSync<>,
                                    replicator::transport::AsioTcp, ours::Limits, ours::SeatWatch>;
using Commands = std::span<const Node::Command>;
using ours::Clock;

constexpr const char* conditions =
    "a thread and an io_context for each node, leader on core 0, followers on the other cores; wait policy: block";
/// Clients that wait for their writes.
constexpr std::size_t clients = 16;

double microseconds(Clock::duration duration) { return std::chrono::duration<double, std::micro>(duration).count(); }
double microseconds(replicator::Duration duration) { return static_cast<double>(duration.microseconds); }

/// A silent peer is noticed at the first tick at which it has been silent for long enough.
double detection_us() {
    return microseconds(ours::Limits::failure_timeout) +
           microseconds(replicator::transport::TcpOptions{}.tick_interval);
}

struct Figures {
    double round_trip_us = 0;
    double pause_us = 0;
    double taken_in_us = 0;  ///< of this, since the seat was given to another follower
    double answered_us = 0;  ///< until the successor acknowledges a write
};

enum class Leaving : std::uint8_t { falls_silent, closes };

/// The follower in the seat goes; another one takes it.
Figures replace_follower(Commands commands, Leaving leaving) {
    ours::Threads<Node> group(3, commands);
    Figures figures;
    figures.round_trip_us = microseconds(group.round_trip());
    auto& leader = group.leader();
    auto& leaves = group.seated();
    leader.load(clients);
    const auto goes_on = [&] {
        const std::uint64_t before = leader.load().acknowledgements;
        ours::await([&] { return leader.load().acknowledgements >= before + 300; }, "failover: nothing acknowledged");
    };
    goes_on();
    leader.load(clients);
    leaving == Leaving::closes ? leaves.close_connections() : leaves.halt();
    ours::await([&] { return &group.seated() != &leaves; }, "failover: the seat stays");
    goes_on();
    leader.ask([&](auto& self) {
        figures.pause_us = microseconds(self.load().seat_pause());
        figures.taken_in_us = microseconds(self.load().seat_taken_in());
        return true;
    });
    return figures;
}

/// The leader lets another node lead while so many clients write.
Figures hand_over(Commands commands, std::size_t depth) {
    ours::Threads<Node> group(3, commands);
    Figures figures;
    figures.round_trip_us = microseconds(group.round_trip());
    auto& leader = group.leader();
    auto& successor = group[1];
    leader.load(depth);
    usleep(20'000);
    successor.load(clients);
    const Clock::time_point began = leader.ask([](auto& self) {
        const Clock::time_point now = Clock::now();
        if (!self.node().hand_over(ours::node_ids[1])) fail("failover: hand_over was refused");
        return now;
    });
    ours::await([&] { return successor.load().acknowledgements >= 100; }, "failover: the successor does not lead");
    successor.ask([&](auto& self) {
        figures.pause_us = microseconds(self.load().taken_at() - began);
        figures.answered_us = microseconds(self.load().answered_at() - began);
        return true;
    });
    return figures;
}

/// Takes one round's figures together, whoever is asked first.
template <class Measure>
class Rounds {
public:
    Rounds(std::size_t askers, Measure measure) : askers_(askers), measure_(std::move(measure)) {}

    const Figures& now() {
        if (asked_++ % askers_ == 0) figures_ = measure_();
        return figures_;
    }

private:
    std::size_t askers_;
    std::size_t asked_ = 0;
    Measure measure_;
    Figures figures_;
};

/// How soon a silent follower is noticed is in the options, and dwarfs the rest. One that closes is noticed as soon as
/// the system says so.
void replacement(Report& report, Commands commands, Leaving leaving) {
    const bool silent = leaving == Leaving::falls_silent;
    Rounds rounds(silent ? 4 : 3, [=] { return replace_follower(commands, leaving); });
    const Contender round_trip{"a round trip", [&] { return rounds.now().round_trip_us; }, {}, {}};
    const Contender bound{"failure_timeout, one tick and a round trip",
                          [&] { return detection_us() + rounds.now().round_trip_us; },
                          {},
                          {}};
    Comparison comparison{.title = "failover, semi-sync, the synchronous follower falls silent",
                          .unit = "us",
                          .conditions = conditions,
                          .contenders = {round_trip, bound}};
    const auto pause = [&] { return rounds.now().pause_us; };
    const auto taken_in = [&] { return rounds.now().taken_in_us; };
    if (silent) {
        comparison.contenders.push_back({"ours, without an acknowledgement", pause, 1, at_most(1)});
        comparison.contenders.push_back({"ours, of this after it was noticed", taken_in, 0, {}});
    } else {
        comparison.title = "failover, semi-sync, the synchronous follower closes";
        comparison.contenders = {round_trip,
                                 {"ours, without an acknowledgement", pause, 0, {}},
                                 {"ours, of this after it was noticed", taken_in, 0, at_most(1.5)}};
    }
    report.compare(comparison);
}

/// With many clients, what they have under way must be acknowledged first, which takes longer than one idle write.
void handing_over(Report& report, Commands commands, std::size_t depth, std::optional<Goal> goal) {
    Rounds rounds(3, [=] { return hand_over(commands, depth); });
    report.compare({.title = "failover, hand-over, " + std::to_string(depth) + " clients",
                    .unit = "us",
                    .conditions = conditions,
                    .contenders = {
                        {"two round trips", [&] { return 2 * rounds.now().round_trip_us; }, {}, {}},
                        {"ours, until the successor takes a write", [&] { return rounds.now().pause_us; }, 0, goal},
                        {"ours, until a write is acknowledged by it", [&] { return rounds.now().answered_us; }, 0, {}},
                    }});
}

}  // namespace
}  // namespace benchmark

int main(int count, char** arguments) {
    using namespace benchmark;
    Settings settings = settings_from(count, arguments);
    if (!settings.quick) settings.rounds = 9;
    Report report(settings);
    const auto commands = make_commands<64>(4096);
    replacement(report, commands, Leaving::falls_silent);
    replacement(report, commands, Leaving::closes);
    handing_over(report, commands, clients, at_most(1));
    handing_over(report, commands, 1024, {});
    handing_over(report, commands, 0, at_most(1));
    return 0;
}
