// SPDX-License-Identifier: BSL-1.0
// A leader and a follower in one thread, beside a loop with two logs written by hand.
#include "../baselines/two_log_loop.hpp"
#include "../counters.hpp"
#include "../harness.hpp"
#include "../machines.hpp"
#include "../process.hpp"

#include <replicator/log/ring.hpp>
#include <replicator/replicator.hpp>
#include <replicator/transport/memory.hpp>

#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include <time.h>

namespace benchmark {
namespace {

/// Both sides and both contenders: what they touch again and again then fits in the second cache.
constexpr std::size_t log_bytes = 256 * 1024;

template <class Machine>
class Group {
public:
    Group() {
        if (!leader_.found(replicator::HistoryId{1})) fail("in process: found");
        network_.settle();
    }
    void replicate(const typename Machine::Command* commands, std::size_t batch) {
        for (std::size_t i = 0; i != batch; ++i) {
            if (!leader_.write(commands[i])) fail("in process: a write was refused");
        }
        network_.deliver();
        if (leader_.acknowledged() != leader_.last().index) fail("in process: not acknowledged");
    }

private:
    using Node = replicator::Replicator<Machine, replicator::log::Ring<log_bytes>, replicator::ack::Sync<>,
                                        replicator::transport::Memory>;
    static constexpr replicator::NodeId nodes[] = {replicator::NodeId{1}, replicator::NodeId{2}};

    replicator::transport::Memory network_;
    Node leader_{network_, {.node = nodes[0], .nodes = nodes, .run = replicator::Run{1}}};
    Node follower_{network_, {.node = nodes[1], .nodes = nodes, .run = replicator::Run{2}}};
};

/// The processor time of this thread: what others run in between does not count.
std::chrono::nanoseconds processor_time() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return std::chrono::seconds(time.tv_sec) + std::chrono::nanoseconds(time.tv_nsec);
}

/// Nanoseconds per write of one round.
template <class Replicated, class Command>
double round(Replicated& replicated, const std::vector<Command>& commands, std::size_t batch,
             const Settings& settings) {
    auto measured_from = processor_time() + settings.warm_up;
    const auto end = measured_from + settings.length;
    std::size_t writes = 0;
    bool warm = false;
    for (std::size_t next = 0;;) {
        // The clock is a system call, so it is read once in so many writes.
        for (std::size_t i = 0; i < 16384; i += batch) {
            replicated.replicate(commands.data() + next, batch);
            next += batch;
            if (next + batch > commands.size()) next = 0;
        }
        const auto now = processor_time();
        writes += 16384;
        if (!warm && now >= measured_from) {
            warm = true;
            writes = 0;
            measured_from = now;
        }
        if (now >= end)
            return std::chrono::duration<double, std::nano>(now - measured_from).count() / static_cast<double>(writes);
    }
}

template <class Machine>
void compare(Report& report, const std::string& name, std::optional<Goal> goal_of_batches) {
    const std::string title = "in process, " + name + ", 64 B";
    if (!report.wants(title)) return;
    const auto commands = make_commands<64>(32768);
    const auto by_hand = std::make_unique<baseline::TwoLogLoop<Machine, log_bytes>>();
    const auto ours = std::make_unique<Group<Machine>>();
    const Settings& settings = report.settings();
    const auto hand = [&](std::size_t batch) {
        return [&, batch] { return round(*by_hand, commands, batch, settings); };
    };
    const auto our = [&](std::size_t batch) { return [&, batch] { return round(*ours, commands, batch, settings); }; };
    report.compare({.title = title,
                    .unit = "ns of processor time per write",
                    .conditions = "one thread on core 0; leader and one follower; sync",
                    .contenders = {
                        {"two logs by hand, batches of 256", hand(256), {}, {}},
                        {"ours, batches of 256", our(256), 0, goal_of_batches},
                        {"two logs by hand, depth 1", hand(1), {}, {}},
                        {"ours, depth 1", our(1), 2, {}},
                    }});
    const Counted before = counted(own_counts());
    for (std::size_t at = 0; at + 256 <= commands.size(); at += 256) ours->replicate(commands.data() + at, 256);
    const Counted counted_now = counted(own_counts()) - before;
    report.state(title, "ours, allocations, both nodes", "per write",
                 static_cast<double>(counted_now.allocations) / static_cast<double>(commands.size()), at_most(0));
}

}  // namespace
}  // namespace benchmark

int main(int count, char** arguments) {
    using namespace benchmark;
    pin_to(0);
    Report report(settings_from(count, arguments));
    compare<CounterMachine>(report, "counter", {});
    compare<ArrayMachine<64>>(report, "array", at_most(1.3));
    compare<MapMachine>(report, "map", {});
    return 0;
}
