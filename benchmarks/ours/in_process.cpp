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
        if (!leader_.bootstrap(replicator::HistoryId{1})) fail("in process: bootstrap");
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

/// Two contenders that replicate the same commands, a slice each in turn: the memory of a machine that others use too
/// has moods, which last longer than a slice.
template <class ByHand, class Ours, class Command>
class Alternating {
public:
    Alternating(ByHand& by_hand, Ours& ours, const std::vector<Command>& commands, std::size_t batch,
                const Settings& settings)
        : by_hand_(by_hand), ours_(ours), commands_(commands), batch_(batch), settings_(settings) {}

    /// Nanoseconds per write of one round. Whoever is asked first measures both.
    double by_hand() { return ask().by_hand; }
    double ours() { return ask().ours; }

private:
    struct Spent {
        double by_hand = 0;
        double ours = 0;
    };

    const Spent& ask() {
        if (asked_++ % 2 == 0) measure();
        return spent_;
    }
    void measure() {
        run_for(settings_.warm_up * 2);
        run_for(settings_.length * 2);
    }
    void run_for(std::chrono::nanoseconds both) {
        spent_ = {};
        double slices = 0;
        for (const auto end = processor_time() + both; processor_time() < end; ++slices) {
            spent_.by_hand += slice(by_hand_);
            spent_.ours += slice(ours_);
        }
        spent_.by_hand /= slices;
        spent_.ours /= slices;
    }
    template <class Replicated>
    double slice(Replicated& replicated) {
        constexpr std::size_t writes = 65536;
        const auto began = processor_time();
        for (std::size_t i = 0; i < writes; i += batch_) {
            replicated.replicate(commands_.data() + i % commands_.size(), batch_);
        }
        return std::chrono::duration<double, std::nano>(processor_time() - began).count() / writes;
    }

    ByHand& by_hand_;
    Ours& ours_;
    const std::vector<Command>& commands_;
    std::size_t batch_;
    const Settings& settings_;
    Spent spent_;
    std::size_t asked_ = 0;
};

template <class Machine>
void compare(Report& report, const std::string& name, std::optional<Goal> goal_of_batches) {
    const std::string title = "in process, " + name + ", 64 B";
    if (!report.wants(title)) return;
    const auto commands = make_commands<64>(32768);  // a slice is twice these
    const auto by_hand = std::make_unique<baseline::TwoLogLoop<Machine, log_bytes>>();
    const auto ours = std::make_unique<Group<Machine>>();
    Alternating batches(*by_hand, *ours, commands, 256, report.settings());
    Alternating singly(*by_hand, *ours, commands, 1, report.settings());
    report.compare(
        {.title = title,
         .unit = "ns of processor time per write",
         .conditions = "one thread on core 0; leader and one follower; sync; alternating every 65,536 writes",
         .contenders = {
             {"two logs by hand, batches of 256", [&] { return batches.by_hand(); }, {}, {}},
             {"ours, batches of 256", [&] { return batches.ours(); }, 0, goal_of_batches},
             {"two logs by hand, depth 1", [&] { return singly.by_hand(); }, {}, {}},
             {"ours, depth 1", [&] { return singly.ours(); }, 2, {}},
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
